package control_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/event/eventtest"
)

func emulator(t testing.TB) *control.Emulator {
	t.Helper()
	e, err := control.New(func(context.Context, event.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestRefusedFaults: what cannot be put is refused by the name of a field, and changes nothing.
func TestRefusedFaults(t *testing.T) {
	e := emulator(t)
	kept := control.Fault{Name: "kept", Operation: "getBDB", Code: "db_not_exist"}
	if err := e.Faults.Put(kept); err != nil {
		t.Fatal(err)
	}
	before := e.Faults.List()
	for name, c := range map[string]struct {
		change func(*control.Fault)
		field  string
	}{
		"no name":                        {func(f *control.Fault) { f.Name = "" }, "name"},
		"a long name":                    {func(f *control.Fault) { f.Name = strings.Repeat("ä", 65) }, "name"},
		"no operation":                   {func(f *control.Fault) { f.Operation = "" }, "operation"},
		"another operation":              {func(f *control.Fault) { f.Operation = "GET /v1/bdbs" }, "operation"},
		"a negative uid":                 {func(f *control.Fault) { f.UID = -1 }, "uid"},
		"a uid of no database":           {func(f *control.Fault) { f.UID = database.MaxUID + 1 }, "uid"},
		"a uid of a listing":             {func(f *control.Fault) { f.Operation, f.UID = "listBDBs", 1 }, "uid"},
		"a uid of a module":              {func(f *control.Fault) { f.Operation, f.UID = "getModule", 1 }, "uid"},
		"a negative number":              {func(f *control.Fault) { f.First = -1 }, "first"},
		"every negative":                 {func(f *control.Fault) { f.Every = -1 }, "every"},
		"a share above 1":                {func(f *control.Fault) { f.Share = 1.1 }, "share"},
		"a share that is no number":      {func(f *control.Fault) { f.Share = math.NaN() }, "share"},
		"two ways to choose":             {func(f *control.Fault) { f.First, f.Share = 1, 0.5 }, "first"},
		"a seed without a share":         {func(f *control.Fault) { f.Seed = 1 }, "seed"},
		"a negative delay":               {func(f *control.Fault) { f.Delay = -1 }, "delay"},
		"another time to close":          {func(f *control.Fault) { f.Code, f.Close = "", "now" }, "close"},
		"a close after an answer":        {func(f *control.Fault) { f.Close = control.CloseBody }, "close"},
		"nothing":                        {func(f *control.Fault) { f.Code = "" }, "status"},
		"a description of nothing":       {func(f *control.Fault) { f.Code, f.Delay, f.Description = "", 1, "x" }, "description"},
		"a success":                      {func(f *control.Fault) { f.Code, f.Status = "", 200 }, "status"},
		"a status of another operation":  {func(f *control.Fault) { f.Code, f.Status = "", 409 }, "status"},
		"a status of no operation":       {func(f *control.Fault) { f.Code, f.Status = "", 503 }, "status"},
		"a status with several codes":    {func(f *control.Fault) { f.Code, f.Status = "", 400 }, "code"},
		"a code of another status":       {func(f *control.Fault) { f.Status = 401 }, "code"},
		"a code of another operation":    {func(f *control.Fault) { f.Code = "module_not_exist" }, "code"},
		"a code that the contract lacks": {func(f *control.Fault) { f.Code = "teapot" }, "code"},
		"a code whose status it lacks":   {func(f *control.Fault) { f.Code = "busy" }, "code"},
	} {
		t.Run(name, func(t *testing.T) {
			f := control.Fault{Name: "refused", Operation: "getBDB", Code: "db_not_exist"}
			c.change(&f)
			var refusal *database.FieldError
			if err := e.Faults.Put(f); !errors.As(err, &refusal) || refusal.Field != c.field || refusal.Expected == "" {
				t.Errorf("%+v: %v, want a word on %s", f, err, c.field)
			}
			if after := e.Faults.List(); !slices.Equal(after, before) {
				t.Errorf("the faults are %+v", after)
			}
		})
	}
}

// TestDocumentedAnswers puts each refusal that the contract documents, and gets it with the header that the contract declares.
func TestDocumentedAnswers(t *testing.T) {
	c := start(t)
	client := c.client("HTTP/1.1")
	doc, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, op := range doc.Operations {
		path := strings.ReplaceAll(op.Path, "{uid}", "1")
		for text, response := range op.Spec.Responses.Map() {
			status, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			if status == http.StatusOK {
				continue
			}
			for _, example := range response.Value.Content["application/json"].Examples {
				members, _ := example.Value.Value.(map[string]any)
				code, _ := members["error_code"].(string)
				tried++
				c.put(control.Fault{Name: "f", Operation: op.ID, Status: status, Code: code})
				a := c.call(client, op.Method, path, "")
				if a.status != status || !strings.HasPrefix(a.body, `{"description":"`) || !strings.HasSuffix(a.body, `","error_code":"`+code+"\"}\n") || api.ErrorCode(code).Status() != status {
					t.Errorf("%s %d %s: %d %s", op.ID, status, code, a.status, a.body)
				}
				for name := range response.Value.Headers {
					if a.header.Get(name) == "" {
						t.Errorf("%s %d: no %s", op.ID, status, name)
					}
				}
				if code == "unauthorized_action" && !strings.Contains(a.body, op.Spec.Extensions["x-permission"].(string)) {
					t.Errorf("%s: %s", op.ID, a.body)
				}
			}
		}
	}
	if tried < 80 {
		t.Errorf("%d answers are documented", tried)
	}
}

// TestAnswerIsTheServersOwn compares refusals with those that the server gives without a fault.
func TestAnswerIsTheServersOwn(t *testing.T) {
	c := start(t)
	anonymous := func(r *http.Request) { r.Header.Del("Authorization") }
	as := func(user string) func(*http.Request) { return func(r *http.Request) { r.SetBasicAuth(user, password) } }
	for _, row := range []struct {
		operation, method, path, body string
		change                        func(*http.Request)
		code                          string
	}{
		{"resetBDBImportStatus", "PUT", "/v1/bdbs/3/actions/import_reset_status", "{}", as(admin), "busy"},
		{"resetBDBImportStatus", "PUT", "/v1/bdbs/6/actions/import_reset_status", "", as(admin), "unsupported_module_capabilities"},
		{"resetBDBImportStatus", "PUT", "/v1/bdbs/2/actions/import_reset_status", "", as(viewer), "unauthorized_action"},
		{"deleteBDB", "DELETE", "/v1/bdbs/2", "", as(viewer), "unauthorized_action"},
		{"getBDB", "GET", "/v1/bdbs/99", "", as(admin), "db_not_exist"},
		{"getBDB", "HEAD", "/v1/bdbs/99", "", as(admin), "db_not_exist"},
		{"getModule", "GET", "/v1/modules/" + strings.Repeat("0", 32), "", as(admin), "module_not_exist"},
		{"listBDBs", "GET", "/v1/bdbs", "", anonymous, "unauthorized"},
		{"createBDB", "POST", "/v1/bdbs", `{"uid": 1, "name": "x", "memory_size": 0}`, as(admin), "uid_exists"},
	} {
		for _, keepAlive := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s %s %t", row.method, row.operation, row.code, keepAlive), func(t *testing.T) {
				ask := func() string { return c.text(row.method, row.path, row.body, row.change, keepAlive) }
				c.Faults.ClearAll()
				real := ask()
				c.put(control.Fault{Name: "f", Operation: row.operation, Code: row.code})
				if faulted := ask(); faulted != real || c.Faults.List()[0].Struck != 1 {
					t.Errorf("the answer is\n%s\nthe server's own\n%s", faulted, real)
				}
			})
		}
	}
}

// TestFirst: as many requests as the fault says are struck, however many come at once.
func TestFirst(t *testing.T) {
	c := start(t)
	c.put(control.Fault{Name: "f", Operation: "getBDB", UID: 1, First: 3, Status: 500})
	var failed atomic.Int64
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			w := httptest.NewRecorder()
			c.Node.ServeHTTP(w, c.request("GET", "/v1/bdbs/1?fields=uid", ""))
			if w.Code == http.StatusInternalServerError {
				failed.Add(1)
			}
		})
	}
	calls.Wait()
	if f := c.Faults.List()[0]; failed.Load() != 3 || f.Seen != 100 || f.Struck != 3 {
		t.Errorf("%d failed: %+v", failed.Load(), f)
	}
}

// pattern is which of n GETs of database 1 are struck, by the first letter of the fault's name.
func pattern(t testing.TB, e *control.Emulator, n int) string {
	t.Helper()
	h := e.Wrap(http.NotFoundHandler())
	for range n {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/v1/bdbs/1", nil))
	}
	var p strings.Builder
	for _, x := range e.Trace.Since(e.Trace.Last() - n) {
		p.WriteString((x.Fault + ".")[:1])
	}
	return p.String()
}

func TestChoices(t *testing.T) {
	e := emulator(t)
	put := func(faults ...control.Fault) {
		t.Helper()
		for _, f := range faults {
			if err := e.Faults.Put(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	a := control.Fault{Name: "a", Operation: "getBDB", Delay: 1}
	first, every, share, other := a, a, a, a
	first.First, every.Every, share.Share, share.Seed = 2, 3, 0.5, 7
	other.UID = 2
	b := a
	b.Name, b.First = "b", 1
	bEvery := b
	bEvery.First, bEvery.Every = 0, 2
	for name, row := range map[string]struct {
		faults []control.Fault
		want   string
	}{
		"all":                      {[]control.Fault{a}, "aaaaaa"},
		"the first two":            {[]control.Fault{first}, "aa...."},
		"every third":              {[]control.Fault{every}, "..a..a"},
		"another database":         {[]control.Fault{other}, "......"},
		"one after the other":      {[]control.Fault{first, b}, "aab..."},
		"in the other order":       {[]control.Fault{b, first}, "baa..."},
		"put anew":                 {[]control.Fault{first, b, first}, "baa..."},
		"every second of the rest": {[]control.Fault{every, bEvery}, ".ba.ba"},
	} {
		t.Run(name, func(t *testing.T) {
			e.Faults.ClearAll()
			put(row.faults...)
			if got := pattern(t, e, 6); got != row.want {
				t.Errorf("struck are %s, want %s", got, row.want)
			}
		})
	}
	t.Run("a share", func(t *testing.T) {
		e.Faults.ClearAll()
		put(share)
		once := pattern(t, e, 64)
		put(share)
		if again := pattern(t, e, 64); again != once {
			t.Errorf("the same seed strikes\n%s and\n%s", once, again)
		}
		share.Seed++
		put(share)
		if another := pattern(t, e, 64); another == once {
			t.Error("another seed strikes the same")
		}
		if n := strings.Count(once, "a"); n < 16 || n > 48 {
			t.Errorf("half of 64 are %d", n)
		}
	})
}

// TestCounted: a HEAD is a request for the operation of the GET, and requests that the server would refuse count.
func TestCounted(t *testing.T) {
	c := start(t)
	client := c.client("HTTP/1.1")
	c.put(control.Fault{Name: "f", Operation: "getBDB", First: 1, Delay: 1})
	c.put(control.Fault{Name: "g", Operation: "getBDB", Every: 100, Delay: 1})
	c.call(client, "HEAD", "/v1/bdbs/1", "")
	c.call(client, "GET", "/v1/bdbs/1", "", func(r *http.Request) { r.Header.Del("Authorization") })
	c.call(client, "GET", "/v1/bdbs/nonsense?what=x", "{}")
	c.call(client, "PUT", "/v1/bdbs/1", "{}")
	if list := c.Faults.List(); list[0].Struck != 1 || list[0].Seen != 3 || list[1].Seen != 2 {
		t.Errorf("%+v", list)
	}
	c.Faults.ClearAll()
	c.put(control.Fault{Name: "h", Operation: "getBDB", UID: 7, Delay: 1})
	for _, uid := range []string{"07", "+7", "7x", "0", "99999999999999999999", "%37"} {
		c.call(client, "GET", "/v1/bdbs/"+uid, "")
	}
	if list := c.Faults.List(); list[0].Seen != 1 {
		t.Errorf("only %%37 is another way to write 7, and %d were seen", list[0].Seen)
	}
}

// TestDelay ends in each way that a wait can.
func TestDelay(t *testing.T) {
	c := start(t)
	client := c.client("HTTP/1.1")
	struck := func(name string) {
		eventtest.Wait(t, c.events, func(e event.FaultStruck) bool { return e.Fault == name && e.Remote != "" })
	}
	reset := func(name string, ctx context.Context) <-chan string {
		c.put(control.Fault{Name: name, Operation: "resetBDBImportStatus", UID: 2, Delay: time.Hour})
		done := make(chan string, 1)
		go func() {
			a, err := send(client, c.request("PUT", "/v1/bdbs/2/actions/import_reset_status", "").WithContext(ctx))
			done <- fmt.Sprint(a.status, err)
		}()
		struck(name)
		return done
	}
	status := func() string { return c.call(client, "GET", "/v1/bdbs/2?fields=import_status", "").body }

	ctx, cancel := context.WithCancel(t.Context())
	given := reset("given up", ctx)
	before := c.Trace.Last()
	cancel()
	if got := <-given; !strings.HasSuffix(got, context.Canceled.Error()) {
		t.Errorf("a client that gives up: %s", got)
	}
	if x, err := c.Trace.Wait(t.Context(), before); err != nil || x[0].End != control.Gone || x[0].Status != 0 || !strings.Contains(status(), "failed") {
		t.Errorf("%v: %+v, then %s", err, x, status())
	}
	c.Faults.ClearAll()
	cleared := reset("cleared", t.Context())
	if !c.Faults.Clear("cleared") || c.Faults.Clear("cleared") {
		t.Error("a fault is cleared once")
	}
	if got := <-cleared; got != "200 <nil>" || !strings.Contains(status(), "idle") {
		t.Errorf("a fault that is cleared: %s, then %s", got, status())
	}
	end := reset("end", t.Context())
	if err := c.Node.Close(); err != nil {
		t.Error(err)
	}
	if got := <-end; got != "200 <nil>" {
		t.Errorf("the node's end: %s", got)
	}
}

// TestDelayOfUploads: a delay ends with a client that has sent a large body, or part of one.
func TestDelayOfUploads(t *testing.T) {
	c := start(t)
	c.put(control.Fault{Name: "slow", Operation: "updateBDB", Delay: time.Hour})
	for _, size := range []int{100, 3 << 20} {
		for _, missing := range []int{0, 1} {
			before := c.Trace.Last()
			conn := c.dial()
			if _, err := fmt.Fprintf(conn, "PUT /v1/bdbs/1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat(" ", size-missing)); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if x, err := c.Trace.Wait(t.Context(), before); err != nil || x[0].Fault != "slow" || x[0].Request.Size != int64(size-missing) {
				t.Errorf("%d bytes of %d: %+v %v", size-missing, size, x, err)
			}
		}
	}
}
