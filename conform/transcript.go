package conform

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/secret"
)

// Transcript keeps exchanges for people and for Diff: as text that says what was asked and answered, and not by whom, when and
// with which secret. Secrets are ***; times, ids and hosts have names instead, an id the same one everywhere. Members of
// objects are sorted, and an exchange that is as the one before is left out.
//
// The zero value has no exchanges. It is safe for concurrent use.
type Transcript struct {
	mu      sync.Mutex
	mask    secret.Mask
	all     []recorded
	size    int // of the bodies
	leftOut int
	hosts   map[string]bool
}

// recorded is an exchange without its secrets, as far as they were known when it was added.
type recorded struct {
	method, target     string
	status             int
	sentHeader, header http.Header
	sent, received     []byte
	sentSize, size     int
}

// maxTranscript is how many bytes of bodies a Transcript keeps. It counts the exchanges that come later.
const maxTranscript = 64 << 20

// Add adds an exchange. Of r it reads all but the body. Of a body that is not JSON it keeps the size alone.
func (t *Transcript) Add(r *http.Request, sent []byte, status int, header http.Header, received []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.size += len(sent) + len(received); t.size > maxTranscript {
		t.leftOut++
		return
	}
	for _, host := range []string{r.Host, r.URL.Host} {
		t.addHost(host)
	}
	if to, err := url.Parse(header.Get("Location")); err == nil {
		t.addHost(to.Host)
	}
	if r.URL.User != nil {
		password, _ := r.URL.User.Password()
		t.mask.Learn(password)
	}
	t.all = append(t.all, recorded{
		method: r.Method, target: t.target(r.URL), status: status,
		sentHeader: t.shown(r.Header), header: t.shown(header),
		sent: t.maskedJSON(sent), received: t.maskedJSON(received), sentSize: len(sent), size: len(received),
	})
}

// target shows no values but those of parameters that the contract has: what else a query may have, nobody knows.
func (t *Transcript) target(u *url.URL) string {
	path, query, found := strings.Cut(t.mask.Target(u), "?")
	if !found {
		return path
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, value, _ := strings.Cut(pair, "="); value != "" && name != "fields" && name != "dry_run" {
			plain, _ := url.QueryUnescape(value) // nothing if it cannot be
			t.mask.Learn(plain)
			pairs[i] = name + "=" + secret.Shown
		}
	}
	return path + "?" + strings.Join(pairs, "&")
}

// harmless are the headers whose values are shown.
var harmless = []string{
	"Accept", "Accept-Encoding", "Allow", "Authorization", "Cache-Control", "Cluster-State-Id", "Connection", "Content-Encoding", "Content-Length",
	"Content-Type", "Date", "Expect", "Location", "Origin", "Retry-After", "Sec-Fetch-Site", "Server", "Transfer-Encoding", "User-Agent", "Vary",
	"Www-Authenticate", "X-Api-Version", "X-Envoy-Upstream-Service-Time", "X-Request-Id",
}

func (t *Transcript) shown(h http.Header) http.Header {
	masked := t.mask.Header(h)
	for name, values := range masked {
		if !slices.Contains(harmless, name) {
			masked[name] = slices.Repeat([]string{secret.Shown}, len(values))
		}
	}
	return masked
}

// maskedJSON returns nil for what is not JSON, in which nobody could find the secrets.
func (t *Transcript) maskedJSON(body []byte) []byte {
	if _, _, err := contract.Decode(body); err != nil {
		return nil
	}
	return t.mask.JSON(body)
}

func (t *Transcript) addHost(host string) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "" {
		return
	}
	if t.hosts == nil {
		t.hosts = map[string]bool{}
	}
	t.hosts[host] = true
}

const transcriptHead = "# reimport conform transcript, version 1"

// WriteTo implements io.WriterTo. It writes all exchanges in the order in which they were added.
func (t *Transcript) WriteTo(w io.Writer) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := &counting{to: bufio.NewWriter(w)}
	out.line(transcriptHead)
	n := &names{mask: &t.mask, ids: map[string]string{}}
	for _, host := range slices.SortedFunc(maps.Keys(t.hosts), longestFirst) {
		n.hosts = append(n.hosts, hostText(host))
	}
	before := ""
	for _, x := range t.all {
		if text := n.exchange(x); text != before {
			out.line("")
			out.line(text)
			before = text
		}
	}
	if t.leftOut > 0 {
		out.line(fmt.Sprintf("\n# %d exchanges more are left out", t.leftOut))
	}
	if out.err == nil {
		out.err = out.to.Flush()
	}
	return out.n, out.err
}

func longestFirst(a, b string) int {
	if len(a) != len(b) {
		return len(b) - len(a)
	}
	return strings.Compare(a, b)
}

type counting struct {
	to  *bufio.Writer
	n   int64
	err error
}

func (c *counting) line(text string) {
	if c.err != nil {
		return
	}
	n, err := fmt.Fprintln(c.to, text)
	c.n, c.err = c.n+int64(n), err
}
