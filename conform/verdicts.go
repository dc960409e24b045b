package conform

import (
	"bytes"
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"
)

// verdicts remembers what was found, for clients that ask the same again and again. The zero value knows nothing.
type verdicts struct {
	hash  maphash.Hash
	known map[uint64]Findings
}

// maxVerdicts is how many are remembered before all are forgotten.
const maxVerdicts = 4096

// request is checkRequest.
func (v *verdicts) request(c Checker, r *http.Request, body []byte, whole bool) Findings {
	if !whole {
		return c.checkRequest(r, body, false)
	}
	judge := func() Findings { return c.CheckRequest(r, body) }
	return v.of(judge, r.Method, r.URL.RequestURI(), strings.Join(r.Header["Authorization"], "\x00"), r.Header.Get("Content-Type"), string(body))
}

// response is the end of a watcher.
func (v *verdicts) response(x *relayed) Findings {
	w := x.watcher
	if whole := x.received.whole(); w.pipe != nil || !whole {
		return w.end(whole)
	}
	judge := func() Findings { return w.judge(bytes.NewReader(w.held)) }
	return w.head.and(v.of(judge, x.request.Method, x.request.URL.EscapedPath(), strconv.Itoa(x.response.StatusCode),
		x.response.Header.Get("Content-Encoding"), string(w.held)))
}

// of returns what was found when these parts came before, or else what judge finds.
func (v *verdicts) of(judge func() Findings, parts ...string) Findings {
	v.hash.Reset()
	for _, part := range parts {
		_, _ = v.hash.WriteString(part) // which never fail
		_ = v.hash.WriteByte(0)
	}
	sum := v.hash.Sum64()
	found, known := v.known[sum]
	if !known {
		if found = judge(); v.known == nil || len(v.known) == maxVerdicts {
			v.known = map[uint64]Findings{}
		}
		v.known[sum] = found
	}
	return found
}
