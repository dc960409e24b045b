package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// fake is a cluster with one database that can be imported into. Any uid from 200 on is a database that answers every
// request with that number for its status.
type fake struct {
	*httptest.Server
	waiting chan struct{} // gets a value when somebody looks at database 3, whose import never ends

	mu    sync.Mutex
	steps []string // what is left of the import into database 1
	last  string   // the query and the body of the last request to list, or with a body
}

const idle = `"import_status":"","import_progress":0.0,"import_failure_reason":""`

func newFake() *fake {
	f := &fake{waiting: make(chan struct{}, 100), steps: []string{idle}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/bdbs", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.last = r.URL.RawQuery
		io.WriteString(w, `[{"uid":1,"name":"sessions"},{"uid":3,"name":"carts\u001b[2J","memory_size":9007199254740991}]`)
	})
	mux.HandleFunc("POST /v1/bdbs", f.create)
	mux.HandleFunc("GET /v1/bdbs/6", playing("pending", "pending", "active"))
	mux.HandleFunc("GET /v1/bdbs/8", playing("pending", "creation-failed"))
	mux.HandleFunc("GET /v1/bdbs/9", playing("pending"))
	mux.HandleFunc("GET /v1/bdbs/1", f.database)
	mux.HandleFunc("PUT /v1/bdbs/1", f.echo)
	mux.HandleFunc("DELETE /v1/bdbs/1", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("DELETE /v1/bdbs/3", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"uid":3,"status":"delete-pending","action_uid":"a1"}`)
	})
	mux.HandleFunc("POST /v1/bdbs/1/actions/import", f.start)
	mux.HandleFunc("PUT /v1/bdbs/1/actions/import_reset_status", f.reset)
	mux.HandleFunc("GET /v1/bdbs/3", func(w http.ResponseWriter, r *http.Request) {
		f.waiting <- struct{}{}
		io.WriteString(w, `{"uid":3,"import_status":"importing","import_progress":62.5}`)
	})
	mux.HandleFunc("PUT /v1/bdbs/2/actions/import_reset_status", busyOnce())
	mux.HandleFunc("GET /v1/bdbs/4", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("GET /v1/bdbs/5", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://10.0.0.7:9443/v1/bdbs/5", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("GET /v1/modules", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "["+module+"]") })
	mux.HandleFunc("GET /v1/modules/b14385b09778a335835ee3ae380bbc77", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, module) })
	mux.HandleFunc("/v1/bdbs/{uid}/", refuse)
	for _, path := range []string{"/v1/bdbs/{uid}/availability", "/v1/local/bdbs/{uid}/endpoint/availability"} {
		mux.HandleFunc(path, unavailable)
	}
	mux.HandleFunc("/v1/bdbs/{uid}", refuse)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("/ending/healthz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/last", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		io.WriteString(w, f.last)
	})
	f.Server = httptest.NewServer(authenticated(mux))
	return f
}

const module = `{"uid":"b14385b09778a335835ee3ae380bbc77","module_name":"bf","semantic_version":"8.0.1","capabilities":["backup_restore","types"],"crdb":{}}`

func authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); r.URL.Path != "/last" && !strings.HasSuffix(r.URL.Path, "/healthz") && (user != "admin@example.com" || password != "opensesame") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers with the status that the uid is, 404 if it is none, and a code where the contract has one.
func refuse(w http.ResponseWriter, r *http.Request) {
	status, err := strconv.Atoi(r.PathValue("uid"))
	if err != nil || status < 200 || status > 599 {
		status = http.StatusNotFound
	}
	codes := map[int]string{
		400: "invalid_schema", 403: "unauthorized_action", 404: "db_not_exist", 406: "unsupported_module_capabilities",
		409: "busy", 413: "request_too_large", 500: "internal_error",
	}
	w.WriteHeader(status)
	if code := codes[status]; code != "" {
		fmt.Fprintf(w, `{"error_code":%q,"description":"no: %s"}`, code, code)
	}
}

// unavailable is refuse for an operation about availability.
func unavailable(w http.ResponseWriter, r *http.Request) {
	switch uid := r.PathValue("uid"); uid {
	case "1":
	case "503":
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"error_code":"bdb_unavailable_port_unbound","description":"BDB %s is not available"}`, uid)
	default:
		refuse(w, r)
	}
}

func busyOnce() http.HandlerFunc {
	var again atomic.Bool
	return func(w http.ResponseWriter, _ *http.Request) {
		if !again.Swap(true) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusConflict)
		}
	}
}

// create answers as echo does, but for the names of databases that are pending at first.
func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	settings := httptest.NewRecorder()
	f.echo(settings, r)
	for name, uid := range map[string]int{"slow": 6, "hopeless": 8, "stuck": 9} {
		if strings.Contains(settings.Body.String(), strconv.Quote(name)) {
			fmt.Fprintf(w, `{"uid":%d,"status":"pending"}`, uid)
			return
		}
	}
	io.Copy(w, settings.Body)
}

// playing answers each request with the next of these statuses, and goes on with the last.
func playing(statuses ...string) http.HandlerFunc {
	var next atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		at := min(int(next.Add(1)), len(statuses)) - 1
		fmt.Fprintf(w, `{"uid":7,"status":%q,"endpoints":[{"addr":["127.0.0.1"],"port":12000}],"reimport":{"data_plane":"local"}}`, statuses[at])
	}
}

// echo answers with the settings it was sent, and keeps them.
func (f *fake) echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = r.URL.RawQuery + "\n" + string(body)
	w.Write(body)
}

func (f *fake) database(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintf(w, `{"uid":1,"name":"sessions","status":"active","memory_size":1073741824,"unknown":{"b":[],"a":[1,null,true]},%s}`, f.steps[0])
	if len(f.steps) > 1 {
		f.steps = f.steps[1:]
	}
}

func (f *fake) start(w http.ResponseWriter, r *http.Request) {
	f.echo(httptest.NewRecorder(), r)
	f.mu.Lock()
	defer f.mu.Unlock()
	end := `"import_status":"succeeded","import_progress":100,"reimport":{"import_keys":1004,"import_total_keys":1004,"import_keys_per_second":9000}`
	if strings.Contains(f.last, "broken") {
		end = `"import_status":"failed","import_progress":0,"import_failure_reason":"file-corrupted"`
	}
	f.steps = []string{`"import_status":"initializing"`, `"import_status":"importing","import_progress":50`,
		`"import_status":"importing","import_progress":60,"reimport":{"import_keys":502,"import_total_keys":1004,"import_keys_per_second":9000,"import_seconds_left":75}`, end}
}

func (f *fake) reset(http.ResponseWriter, *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps = []string{`"import_status":"idle"`}
}

// environment is how the command reaches the fake.
func (f *fake) environment() []string {
	return []string{
		"REDIS_ENTERPRISE_URL=" + f.URL, "REDIS_ENTERPRISE_USER=admin@example.com", "REDIS_ENTERPRISE_PASSWORD=opensesame",
	}
}

func startFake(t *testing.T) *fake {
	f := newFake()
	t.Cleanup(f.Close)
	return f
}
