package conform

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/reimport/reimport/gen/api"
)

// ProxyConfig is what a Proxy is made of.
type ProxyConfig struct {
	// Upstream is the server, to whose URL the paths of requests are added.
	Upstream *url.URL
	// TLS is for connections to the server; nil for the system's certificates.
	TLS     *tls.Config
	Checker Checker
	// Strict answers requests that break the contract, instead of passing them on: 401 if the credentials are missing, and 400
	// for all else.
	Strict bool
	// Report takes each breach, in the order in which the exchanges end, in one goroutine. While it does not return, exchanges
	// wait in the end.
	Report func(Breach)
	// Failed takes why an exchange with the server broke off.
	Failed func(error)
	// Transcript, if it is not nil, takes the exchanges that were passed on.
	Transcript *Transcript
}

// Summary is what has passed a Proxy.
type Summary struct {
	Exchanges int `json:"exchanges"`
	Breaches  int `json:"breaches"`
	Notes     int `json:"notes"`
}

func (s Summary) String() string {
	return fmt.Sprintf("exchanges %d, breaches %d, notes %d", s.Exchanges, s.Breaches, s.Notes)
}

// Proxy is an http.Handler that passes requests on to a server and its answers back, and holds both against the contract.
// It leaves unchanged what the two say, but for the Host, which is the server's, and what HTTP has for a single connection.
// It follows no redirects. If the server breaks off, so does the Proxy.
type Proxy struct {
	cfg      ProxyConfig
	upstream *upstream
	reverse  httputil.ReverseProxy

	buffers buffers
	under   sync.WaitGroup // the requests under way
	passed  chan *relayed
	done    chan struct{}

	verdicts *verdicts

	mu      sync.Mutex
	summary Summary
}

// maxWaiting is how many exchanges may wait to be judged, which hold 128 KiB each at most.
const maxWaiting = 256

// NewProxy returns a Proxy. The caller closes it.
func NewProxy(cfg ProxyConfig) *Proxy {
	if cfg.Report == nil {
		cfg.Report = func(Breach) {}
	}
	if cfg.Failed == nil {
		cfg.Failed = func(error) {}
	}
	p := &Proxy{cfg: cfg, upstream: newUpstream(cfg.TLS), verdicts: newVerdicts(), passed: make(chan *relayed, maxWaiting), done: make(chan struct{})}
	p.reverse = httputil.ReverseProxy{
		Rewrite:      p.rewrite,
		ErrorHandler: p.breakOff,
		BufferPool:   &p.buffers,
		ErrorLog:     log.New(io.Discard, "", 0), // ErrorHandler has what matters
		Transport:    p.upstream,
	}
	go p.judge()
	return p
}

// relayed is a request and its response on their way.
type relayed struct {
	request  *http.Request
	sent     *sent
	flush    func() error
	response *http.Response
	watcher  *watcher
	received *passing
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// net/http adds these to answers that lack them.
	w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
	x := &relayed{request: r, sent: &sent{ReadCloser: r.Body, whole: r.ContentLength == 0}, flush: http.NewResponseController(w).Flush}
	r.Body = x.sent
	p.under.Add(1)
	defer p.end(x)
	if p.cfg.Strict && p.refuse(w, x) {
		return
	}
	reverse := p.reverse
	reverse.ModifyResponse = func(response *http.Response) error { return p.watch(x, response) }
	reverse.ServeHTTP(w, r)
}

// refuse answers a request that breaks the contract, and reports whether it has.
func (p *Proxy) refuse(w http.ResponseWriter, x *relayed) bool {
	data, err := io.ReadAll(io.LimitReader(x.sent, maxSent))
	if err != nil {
		panic(http.ErrAbortHandler) // the client has broken off
	}
	breaches := p.cfg.Checker.CheckRequest(x.request, data).Breaches
	if len(breaches) == 0 {
		x.sent.again(data)
		return false
	}
	status, b := http.StatusBadRequest, breaches[0]
	if b.code == api.ErrorCodeUnauthorized {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="reimport", charset="UTF-8"`)
	}
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("X-Request-Id", strconv.FormatUint(rand.Uint64(), 36)) //nolint:gosec // it only tells requests apart
	w.WriteHeader(status)
	// Nothing can be said to a client that has gone.
	_ = json.NewEncoder(w).Encode(api.Error{ErrorCode: string(b.code), Description: b.Where + ": expected " + b.Expected})
	return true
}

// rewrite gives a request the address of the server, and puts back what a ReverseProxy takes out.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	u, in := *p.cfg.Upstream, r.In.URL
	u.RawPath = strings.TrimSuffix(u.EscapedPath(), "/") + in.EscapedPath()
	u.Path = strings.TrimSuffix(u.Path, "/") + in.Path
	u.RawQuery, u.ForceQuery = in.RawQuery, in.ForceQuery
	r.Out.URL, r.Out.Host = &u, ""
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, given := r.In.Header[name]; given {
			r.Out.Header[name] = values
		}
	}
}

// watch has the body of a response judged while it passes.
func (p *Proxy) watch(x *relayed, response *http.Response) error {
	if response.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	x.response = response
	x.watcher = p.cfg.Checker.watch(x.request, response.StatusCode, response.Header)
	x.watcher.held = p.buffers.Get()[:0]
	x.received = &passing{ReadCloser: response.Body, watcher: x.watcher, flush: x.flush}
	if p.cfg.Transcript != nil {
		x.received.keep = maxItem
	}
	response.Body = x.received
	if response.Close {
		response.Header.Set("Connection", "close")
	}
	return nil
}

// passing is the body of a response on its way to the client.
type passing struct {
	io.ReadCloser
	watcher *watcher
	flush   func() error
	err     error // why there is no more
	keep    int   // how many bytes to keep
	kept    []byte
}

// Read implements io.Reader. It has the client get all that has come before it reports that the server has broken off.
func (b *passing) Read(p []byte) (n int, err error) {
	if b.err == nil {
		n, b.err = b.ReadCloser.Read(p)
		_, _ = b.watcher.Write(p[:n])
		b.kept = append(b.kept, p[:min(n, b.keep-len(b.kept))]...)
	}
	if n > 0 && !b.whole() {
		return n, nil
	}
	if b.err != nil && !b.whole() {
		_ = b.flush() // the connection is about to be closed
	}
	return n, b.err
}

func (b *passing) whole() bool { return b.err == io.EOF } //nolint:errorlint // as a Reader returns it

// breakOff ends the client's connection as the server has ended the proxy's, or as if it had.
func (p *Proxy) breakOff(_ http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		p.cfg.Failed(fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err))
	}
	panic(http.ErrAbortHandler)
}

// end has an exchange judged. If nobody has to be told, that is done here: a client that asks the same again waits for a look
// at what is known, and for no other goroutine.
func (p *Proxy) end(x *relayed) {
	defer p.under.Done()
	if p.cfg.Transcript == nil {
		if found, known := p.verdicts.on(p.cfg.Checker, x, false); known && len(found.Breaches) == 0 {
			p.count(found)
			p.buffers.release(x)
			return
		}
	}
	p.passed <- x
}

func (p *Proxy) count(found Findings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.summary.Exchanges++
	p.summary.Breaches += len(found.Breaches)
	p.summary.Notes += len(found.Notes)
}

// judge takes the exchanges in the order in which they have ended.
func (p *Proxy) judge() {
	defer close(p.done)
	for x := range p.passed {
		found, _ := p.verdicts.on(p.cfg.Checker, x, true)
		if p.cfg.Transcript != nil && x.response != nil {
			sent, _ := x.sent.taken()
			p.cfg.Transcript.Add(x.request, sent, x.response.StatusCode, x.response.Header, x.received.kept)
		}
		p.count(found)
		p.buffers.release(x)
		for _, b := range found.Breaches {
			p.cfg.Report(b)
		}
	}
}

// Close waits for the requests under way, and returns when all exchanges have been judged. There must be no new requests.
func (p *Proxy) Close() Summary {
	p.under.Wait()
	close(p.passed)
	<-p.done
	p.upstream.close()
	return p.summary
}

// buffers is the pool of a ReverseProxy.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

// release takes back what an exchange that has been judged has held.
func (b *buffers) release(x *relayed) {
	if x.watcher != nil {
		b.Put(x.watcher.held[:cap(x.watcher.held)])
		x.watcher.held = nil
	}
}
