package conform

import (
	"hash/maphash"
	"strconv"
	"sync"
)

// verdicts remembers what was found, for clients that ask the same again and again.
type verdicts struct {
	seed maphash.Seed

	mu    sync.Mutex
	known map[uint64]Findings
}

// maxVerdicts is how many are remembered before all are forgotten.
const maxVerdicts = 4096

func newVerdicts() *verdicts {
	return &verdicts{seed: maphash.MakeSeed(), known: map[uint64]Findings{}}
}

// on returns what is found in an exchange that has ended, unless nothing like it is known and judge is false.
func (v *verdicts) on(c Checker, x *relayed, judge bool) (found Findings, known bool) {
	sent, whole := x.sent.taken()
	found, known = v.of(v.request(x, sent, whole), judge, func() Findings { return c.checkRequest(x.request, sent, whole) })
	if !known || x.watcher == nil {
		return found, known
	}
	whole = x.received.whole()
	if x.watcher.pipe != nil || !whole {
		if !judge {
			return found, false
		}
		return found.and(x.watcher.end(whole)), true
	}
	body, known := v.of(v.response(x), judge, func() Findings { return x.watcher.judge(x.watcher.text()) })
	return found.and(x.watcher.head).and(body), known
}

// request is the sum of all that a check of the request looks at.
func (v *verdicts) request(x *relayed, sent []byte, whole bool) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	r := x.request
	for _, part := range []string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Content-Type"), strconv.FormatBool(whole), strconv.FormatInt(r.ContentLength, 10)} {
		part0(&h, part)
	}
	for _, login := range r.Header["Authorization"] {
		part0(&h, login)
	}
	part0(&h, "")
	_, _ = h.Write(sent) // which never fails
	return h.Sum64()
}

// response is the sum of all that a check of the body looks at.
func (v *verdicts) response(x *relayed) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	for _, part := range []string{x.request.Method, x.request.URL.EscapedPath(), strconv.Itoa(x.response.StatusCode), x.response.Header.Get("Content-Encoding")} {
		part0(&h, part)
	}
	_, _ = h.Write(x.watcher.held)
	return h.Sum64()
}

func part0(h *maphash.Hash, text string) {
	_, _ = h.WriteString(text)
	_ = h.WriteByte(0)
}

func (v *verdicts) of(sum uint64, judge bool, find func() Findings) (found Findings, known bool) {
	v.mu.Lock()
	found, known = v.known[sum]
	v.mu.Unlock()
	if known || !judge {
		return found, known
	}
	found = find()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) == maxVerdicts {
		clear(v.known)
	}
	v.known[sum] = found
	return found, true
}
