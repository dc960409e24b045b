package main_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
)

// process is a running `reimport serve`.
type process struct {
	*exec.Cmd
	t        testing.TB
	url      string
	dir      string
	controls string   // URL, if there are any
	stdout   []string // up to the line that says where it listens
	stderr   bytes.Buffer
}

func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("reimport") // where TestMain has put it
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	return cmd
}

// serve starts a server on a free port and returns once it says that it listens.
func serve(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	return start(t, dir, command(t, serveArgs(dir, args)...))
}

// serveRaced is serve with the race detector in the server, if the tests run with it.
func serveRaced(t testing.TB, dir string, args ...string) *process {
	t.Helper()
	cmd := command(t, serveArgs(dir, args)...)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = self // which the name in Args[0] makes the command
	return start(t, dir, cmd)
}

func serveArgs(dir string, more []string) []string {
	return append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--spool-reserve", "1"}, more...)
}

func start(t testing.TB, dir string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, t: t, dir: dir}
	listens := p.listens()
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	if !listens {
		t.Fatalf("it ended: %s", p.stderr.String())
	}
	return p
}

// listens starts the process, and reports whether it says that it listens before it ends.
func (p *process) listens() bool {
	p.Stderr = &p.stderr
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p.stdout = append(p.stdout, lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "controls  "); ok {
			p.controls = url
		}
		if url, ok := strings.CutPrefix(lines.Text(), "listening "); ok {
			p.url = url
			go io.Copy(io.Discard, out)
			return true
		}
	}
	p.Wait()
	return false
}

// password is the one that a first start shows.
func (p *process) password() string {
	p.t.Helper()
	for _, line := range p.stdout {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "password" {
			return fields[1]
		}
	}
	p.t.Fatalf("no password is shown:\n%s", strings.Join(p.stdout, "\n"))
	return ""
}

func (p *process) end(signal os.Signal) error {
	p.t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	return p.Wait()
}

// health asks over a new connection.
func (p *process) health() int {
	p.t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	r, err := c.Get(p.url + "/healthz")
	if err != nil {
		p.t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode
}

// turns returns once the health is what it should become.
func (p *process) turns(health int) {
	p.t.Helper()
	deadline := time.After(time.Minute)
	for p.health() != health {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			p.t.Fatalf("the health does not turn %d", health)
		}
	}
}

func (p *process) client(email, password string) *client.Client {
	p.t.Helper()
	c, err := client.New(p.url, client.WithCAFile(filepath.Join(p.dir, "tls", "ca.pem")), client.WithBasicAuth(email, password), client.WithRetry(0))
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// TestFirstStart follows an operator: the password is shown once and works, the certificate is one that can be
// trusted, both outlive a restart, and SIGTERM ends the server with exit code 0.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serve(t, dir)
	password := p.password()
	c := p.client("admin@redis.local", password)
	made, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "sessions", MemorySize: 0})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatalf("after SIGTERM: %v\n%s", err, p.stderr.String())
	}
	again := serve(t, dir, "--drain-delay", "1ms")
	if strings.Contains(strings.Join(again.stdout, " "), "password") {
		t.Fatalf("the second start shows a password:\n%s", strings.Join(again.stdout, "\n"))
	}
	found, err := again.client("admin@redis.local", password).GetDatabase(t.Context(), made.UID)
	if err != nil || found.Name != "sessions" {
		t.Fatalf("%v %+v", err, found)
	}
	if err := again.end(os.Interrupt); err != nil { // after the delay
		t.Fatalf("after SIGINT: %v", err)
	}
	if strings.Contains(p.stderr.String()+again.stderr.String(), password) {
		t.Fatal("the password is in the log")
	}
}

// TestHangUp closes the terminal of a server, which leaves none of its Redises, unless nohup has started it.
func TestHangUp(t *testing.T) {
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("SKIPPED: the tests run under nohup, and so would the server")
	}
	if err := serve(t, t.TempDir()).end(syscall.SIGHUP); err != nil {
		t.Fatalf("after SIGHUP: %v", err)
	}
}

// TestNames connects under every name that the certificate is for, trusting its CA alone.
func TestNames(t *testing.T) {
	t.Parallel()
	p := serve(t, t.TempDir())
	pem, err := os.ReadFile(filepath.Join(p.dir, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", host} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn.Close()
	}
	if _, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: pool, ServerName: "example.com"}); err == nil {
		t.Error("the certificate is good for example.com")
	}
	if _, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

// TestMoreNames starts a server twice on one data directory. The second start has a name that the certificate of the first is
// not for, and makes another; a third keeps that.
func TestMoreNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var authorities []string
	for _, names := range []string{"redis", "redis.example.com,10.1.2.3", "10.1.2.3"} {
		p := serve(t, dir, "--tls-name", names, "--seed", "../../examples/demo.yaml")
		pem := read(t, filepath.Join(dir, "tls", "ca.pem"))
		authorities = append(authorities, pem)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(pem))
		for _, name := range append(strings.Split(names, ","), "localhost") {
			conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: pool, ServerName: name})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			conn.Close()
		}
		p.end(syscall.SIGTERM)
	}
	if authorities[0] == authorities[1] || authorities[1] != authorities[2] {
		t.Error("a certificate with all names is made anew, or one that lacks some is kept")
	}
}

// TestOwnCertificate serves with the certificate that the flags name, which is here one that another server has made.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	maker := serve(t, t.TempDir())
	cert := filepath.Join(maker.dir, "tls", "cert.pem")
	p := serve(t, t.TempDir(), "--tls-cert", cert, "--tls-key", filepath.Join(maker.dir, "tls", "key.pem"))
	pem, err := os.ReadFile(filepath.Join(maker.dir, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := os.Stat(filepath.Join(p.dir, "tls")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a certificate was made all the same: ", err)
	}
}

// startStalled starts an import of a file that never arrives, and returns once the server has asked for it.
func (p *process) startStalled(uid int) {
	p.t.Helper()
	asked, release := make(chan struct{}), make(chan struct{})
	stalled := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("REDIS0009"))
		w.(http.Flusher).Flush()
		close(asked)
		<-release
	}))
	p.t.Cleanup(func() { close(release); stalled.Close() })
	source, err := client.ParseSource(stalled.URL + "/x.rdb")
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.client("admin@example.com", "demo-admin").StartImport(p.t.Context(), uid, source); err != nil {
		p.t.Fatal(err)
	}
	<-asked
}

// again starts a server on the directory of one that has ended.
func (p *process) again() *client.Client {
	p.t.Helper()
	return serve(p.t, p.dir, "--seed", "../../examples/demo.yaml").client("admin@example.com", "demo-admin")
}

func endedByServer(t *testing.T, c *client.Client, uid int) {
	t.Helper()
	state, err := c.ImportStatus(t.Context(), uid)
	if err != nil || state.Status != api.ImportStatusFailed || state.FailureReason != "general-error" {
		t.Fatalf("%v %+v", err, state)
	}
}

// TestCrash kills a server in the middle of an import. The next one ends that import as failed, and leaves the one that
// the seed shows as running alone.
func TestCrash(t *testing.T) {
	t.Parallel()
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml")
	p.startStalled(1)
	p.end(syscall.SIGKILL)
	c := p.again()
	endedByServer(t, c, 1)
	if err := c.ResetImportStatus(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := c.ResetImportStatus(t.Context(), 3); !errors.Is(err, client.ErrBusy) {
		t.Fatalf("the seed's import: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(p.dir, "spool")); err != nil || len(left) > 0 {
		t.Fatalf("left in the spool: %v %v", err, left)
	}
}

// TestShutdownEndsImports ends a server in the middle of an import: it does not wait for it, and says on disk that it
// has failed.
func TestShutdownEndsImports(t *testing.T) {
	t.Parallel()
	p := serveRaced(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml")
	p.startStalled(2)
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr.String())
	}
	if log := p.stderr.String(); !strings.Contains(log, "import failed") || !strings.Contains(log, "general-error") {
		t.Fatalf("the log does not tell:\n%s", log)
	}
	endedByServer(t, p.again(), 2)
}

// TestDrain ends a server that waits for balancers to notice: it says so to new connections, and goes on with all else.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml", "--drain-delay", "1h")
	c := p.client("admin@example.com", "demo-admin")
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.turns(http.StatusServiceUnavailable)
	if err := c.ResetImportStatus(t.Context(), 1); err != nil {
		t.Error(err)
	}
	p.end(syscall.SIGTERM) // who asks a second time does not wait
}

// TestRefusedStarts ends with exit code 2 and one line that names the setting.
func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(broken, []byte("users:\n  - email: a\n    rôle: admin\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody := filepath.Join(t.TempDir(), "nobody.yaml")
	if err := os.WriteFile(nobody, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		env  string
		want string
	}{
		"unknown flag":       {[]string{"--prot=1"}, "", "--prot"},
		"argument":           {[]string{"now"}, "", "now"},
		"listen":             {[]string{"--listen=9443"}, "", "--listen"},
		"number":             {[]string{"--parallel-imports=many"}, "", "--parallel-imports"},
		"out of range":       {[]string{"--parallel-imports=0"}, "", "--parallel-imports"},
		"no downloads":       {[]string{"--parallel-downloads=0"}, "", "--parallel-downloads"},
		"environment":        {nil, "REIMPORT_PARALLEL_IMPORTS=many", "REIMPORT_PARALLEL_IMPORTS"},
		"environment, empty": {nil, "REIMPORT_TLS=", "REIMPORT_TLS"},
		"checked later":      {nil, "REIMPORT_LOG_LEVEL=loud", "--log-level"},
		"half a certificate": {[]string{"--tls-cert=x"}, "", "--tls-key"},
		"relative mount":     {[]string{"--mount-point=here"}, "", "here"},
		"seed":               {[]string{"--seed=" + broken}, "", broken + ":3: users[0].rôle: expected a field that exists"},
		"no seed there":      {[]string{"--seed=nowhere.yaml"}, "", "nowhere.yaml"},
		"demo in public":     {[]string{"--seed=../../examples/demo.yaml", "--listen=0.0.0.0:0"}, "", "demo with public passwords"},
		"demo as users":      {[]string{"--users=../../examples/demo.yaml", "--listen=:0"}, "", "demo with public passwords"},
		"no users":           {[]string{"--users=" + nobody}, "", "has no users"},
		"no place for users": {[]string{"--users=/nowhere/users.yaml"}, "", "--users"},
		"port":               {[]string{"--listen=127.0.0.1:notaport"}, "", "--listen"},
		"no such address":    {[]string{"--listen=300.1.1.1:9443"}, "", "--listen"},
		"data dir, empty":    {[]string{"--data-dir="}, "", "--data-dir"},
		"data dir, a file":   {[]string{"--data-dir=" + nobody}, "", "--data-dir"},
		"no certificate":     {[]string{"--tls-cert=x", "--tls-key=y"}, "", "certificate"},
		"origin":             {[]string{"--trusted-origin=https://console.example.com/"}, "", "--trusted-origin: expected an origin as browsers send it"},
		"origin, any":        {nil, "REIMPORT_TRUSTED_ORIGIN=https://console.example.com,*", "--trusted-origin"},
		"level":              {nil, "REIMPORT_LOG_LEVEL=INFO+3", "--log-level"},
		"name with a port":   {[]string{"--tls-name=redis:9443"}, "", "--tls-name: expected a host"},
		"wildcard":           {nil, "REIMPORT_TLS_NAME=redis,*.example.com", "--tls-name: expected a host"},
		"name without TLS":   {[]string{"--tls=false", "--tls-name=redis"}, "", "--tls-name: expected none"},
		"ready, nowhere":     {[]string{"--ready-file=/nowhere/ready"}, "", "--ready-file: /nowhere: expected a directory"},
		"ready, directory":   {nil, "REIMPORT_READY_FILE=" + os.TempDir(), "--ready-file: "},
		"ready, other file":  {[]string{"--ready-file=" + broken}, "", broken + ": expected a file that reimport serve has written"},
		"demo on any":        {[]string{"--seed=../../examples/demo.yaml", "--listen=:0"}, "", "demo with public passwords"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := command(t, append([]string{"serve", "--data-dir", filepath.Join(t.TempDir(), "data")}, c.args...)...)
			if c.env != "" {
				cmd.Env = append(cmd.Env, c.env)
			}
			var out, errOut bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errOut
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			context.AfterFunc(ctx, func() { cmd.Process.Kill() })
			cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != 2 || out.Len() > 0 {
				t.Errorf("exit code %d, stdout %q", code, out.String())
			}
			said := strings.Split(strings.TrimSpace(errOut.String()), "\n")
			if !strings.Contains(said[0], c.want) || len(said) > 2 {
				t.Errorf("said %q, want %q in one line and a hint", said, c.want)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	cmd := command(t, "serve", "--data-dir", filepath.Join(t.TempDir(), "data"))
	cmd.Env = append(cmd.Env, "REIMPORT_LISTEN=127.0.0.1:0", "REIMPORT_TLS=false", "REIMPORT_SEED=../../examples/demo.yaml")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "listening http://127.0.0.1:") {
		t.Fatalf("%q %v", lines.Text(), lines.Err())
	}
	r, err := http.Get(strings.TrimPrefix(lines.Text(), "listening ") + "/healthz")
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", err, r)
	}
	r.Body.Close()
}

// TestHashPassword rotates the password of a user whom the seed has too: --users wins, and the seed's other users stay.
func TestHashPassword(t *testing.T) {
	t.Parallel()
	hash := command(t, "hash-password")
	hash.Stdin = strings.NewReader("a new password\n")
	line, err := hash.Output()
	if err != nil {
		t.Fatal(err)
	}
	users := filepath.Join(t.TempDir(), "users.yaml")
	text := "users:\n  - {email: admin@example.com, role: db_member, password_hash: " + strings.TrimSpace(string(line)) + "}\n"
	if err := os.WriteFile(users, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serve(t, filepath.Join(t.TempDir(), "data"), "--seed", "../../examples/demo.yaml", "--users", users)
	for _, good := range [][2]string{{"admin@example.com", "a new password"}, {"viewer@example.com", "demo-viewer"}} {
		if _, err := p.client(good[0], good[1]).ListDatabases(t.Context()); err != nil {
			t.Fatalf("%s: %v", good[0], err)
		}
	}
	if _, err := p.client("admin@example.com", "demo-admin").ListDatabases(t.Context()); !errors.Is(err, client.ErrUnauthorized) {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "\n", "pw\x00pw", strings.Repeat("x", 73)} {
		cmd := command(t, "hash-password")
		cmd.Stdin = strings.NewReader(bad)
		if out, _ := cmd.Output(); cmd.ProcessState.ExitCode() != 2 || len(out) > 0 {
			t.Errorf("%q: exit code %d, %s", bad, cmd.ProcessState.ExitCode(), out)
		}
	}
}
