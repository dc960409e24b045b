package main_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/importer/dataset"
	"github.com/reimport/reimport/internal/redistest"
)

var (
	importScale = flag.Float64("import-scale", 0.01, "`size` of what the benchmarks of imports load; 1 for the sizes that the targets are for")
	importDir   = flag.String("import-dir", "", "`directory` that keeps the files that they load, for the next time")
)

// BenchmarkImport loads each file with an import from disk and over HTTP, plain and as gzip, and by two other ways: redis-server
// loads it when it starts, and redis-cli --pipe sends the commands that make it. They take turns: a round is one iteration.
// It needs /proc.
func BenchmarkImport(b *testing.B) {
	for _, d := range []struct {
		name string
		dataset.Dataset
		targets
	}{
		{"small", dataset.Small(scaled(1_000_000)), targets{load: 0.75, whole: 0.65, pipe: 1.5}},
		{"mixed", dataset.Mixed(scaled(1_400_000)), targets{load: 0.70, whole: 0.62, pipe: 4.5}},
		{"huge", dataset.Huge(scaled(4_000_000)), targets{load: 1.0, whole: 0.9}},
	} {
		b.Run(d.name, func(b *testing.B) { compareImports(b, d.name, d.Dataset, d.targets) })
	}
}

func scaled(n int) int { return int(float64(n) * *importScale) }

func compareImports(b *testing.B, name string, d dataset.Dataset, want targets) {
	dir := importFiles(b, name, d)
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	n := serveImports(b, dir)
	t := &table{want: want}
	for b.Loop() {
		t.add("redis-server's own load", ownLoad(b, dir))
		t.add("redis-cli --pipe", pipe(b, filepath.Join(dir, "commands")))
		for _, source := range []string{filepath.Join(dir, "dump.rdb"), web.URL + "/dump.rdb", filepath.Join(dir, "dump.rdb.gz"), web.URL + "/dump.rdb.gz"} {
			kind, _, _ := strings.Cut(source, ":")
			if strings.HasPrefix(source, "/") {
				kind = "file"
			}
			t.add("reimport, "+kind+strings.TrimPrefix(filepath.Ext(source), ".rdb"), n.load(source, d.Keys))
		}
	}
	n.stages()
	t.write(os.Stdout, name)
}

// importFiles returns the directory of the dataset's files: as commands, as an RDB file that redis-server has saved, and that as gzip.
func importFiles(b *testing.B, name string, d dataset.Dataset) string {
	base := *importDir
	if base == "" {
		base = b.TempDir()
	}
	dir := filepath.Join(base, fmt.Sprintf("%s-%g", name, *importScale))
	packed := filepath.Join(dir, "dump.rdb.gz")
	if _, err := os.Stat(packed); err == nil {
		return dir
	}
	must(b, os.MkdirAll(dir, 0o755))
	toFile(b, filepath.Join(dir, "commands"), func(w io.Writer) error { _, err := d.Write(w); return err })
	s := redistest.Start(b, "--dir", dir)
	must(b, d.Fill(s.Addr))
	must(b, s.Client().WithTimeout(time.Hour).Save(b.Context()).Err())
	s.Kill()
	dump, err := os.Open(filepath.Join(dir, "dump.rdb"))
	must(b, err)
	defer dump.Close()
	toFile(b, packed, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if _, err := io.Copy(z, dump); err != nil {
			return err
		}
		return z.Close()
	})
	return dir
}

func toFile(b *testing.B, path string, write func(io.Writer) error) {
	f, err := os.Create(path + ".new")
	must(b, err)
	defer f.Close()
	must(b, write(f))
	must(b, os.Rename(path+".new", path))
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

var loadedIn = regexp.MustCompile(`DB loaded from disk: ([0-9.]+) seconds`)

// ownLoad starts redis-server on the file in dir. The time is the one that it states, which leaves out its start.
func ownLoad(b *testing.B, dir string) *spent {
	took := new(spent)
	cmd := exec.Command(redistest.Program(b), "--port", "0", "--unixsocket", filepath.Join(b.TempDir(), "s"), "--dir", dir, "--save", "")
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	var said bytes.Buffer
	buf := make([]byte, 4096)
	for !loadedIn.Match(said.Bytes()) {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		if err != nil {
			b.Fatalf("redis-server says:\n%s", &said)
		}
	}
	took.redis = cpuTime(b, cmd.Process.Pid)
	must(b, cmd.Process.Kill())
	_ = cmd.Wait() // killed
	seconds, err := strconv.ParseFloat(string(loadedIn.FindSubmatch(said.Bytes())[1]), 64)
	must(b, err)
	took.load = time.Duration(seconds * float64(time.Second))
	took.whole = took.load
	return took
}

func pipe(b *testing.B, path string) *spent {
	took := new(spent)
	s := redistest.Start(b)
	_, port, _ := strings.Cut(s.Addr, ":")
	commands, err := os.Open(path)
	must(b, err)
	defer commands.Close()
	cmd := exec.Command("redis-cli", "-p", port, "--pipe")
	cmd.Stdin = commands
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	took.load = time.Since(began)
	took.whole = took.load
	took.client = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	took.redis = cpuTime(b, int(s.Info("process_id")))
	s.Kill()
	return took
}

// importing is a `reimport serve` that imports into redis-servers of its own.
type importing struct {
	*process
	*client.Client
	b    *testing.B
	idle int64
	made map[int]*spent // by uid
}

func serveImports(b *testing.B, mount string) *importing {
	p := serve(b, filepath.Join(b.TempDir(), "data"), "--data-plane", "local", "--mount-point", mount, "--log-format", "json")
	b.Cleanup(func() { _, _ = p.Process.Signal(syscall.SIGTERM), p.Wait() }) // a server that is killed leaves its Redises
	n := &importing{process: p, Client: p.client("admin@redis.local", p.password()), b: b, made: map[int]*spent{}}
	n.create(false)
	n.idle = int64(p.idleMemory(b) * 1e6)
	return n
}

// create returns a new database, and whether it is one for an import.
func (n *importing) create(imported bool) client.Database {
	db, err := n.CreateDatabase(n.b.Context(), api.BDBCreate{Name: "bench", MemorySize: 0})
	must(n.b, err)
	db, err = n.WaitCreated(n.b.Context(), db.UID, 10*time.Millisecond)
	must(n.b, err)
	if imported {
		n.made[db.UID] = &spent{}
	}
	return db
}

// load imports from a new database's point of view all of the source, and deletes it.
func (n *importing) load(source string, keys int) *spent {
	db := n.create(true)
	r := redis.NewClient(&redis.Options{Addr: db.Endpoint, Protocol: 2, DisableIdentity: true})
	defer r.Close()
	pid := processOf(n.b, r)
	before, redisBefore := cpuTime(n.b, n.Process.Pid), cpuTime(n.b, pid)
	forgetPeak(n.b, n.Process.Pid)
	n.start(db.UID, source)
	n.wait(db.UID)
	took := n.made[db.UID]
	took.peak = peak(n.b, n.Process.Pid) - n.idle
	took.client, took.redis = cpuTime(n.b, n.Process.Pid)-before, cpuTime(n.b, pid)-redisBefore
	if size, err := r.DBSize(n.b.Context()).Result(); err != nil || size != int64(keys) {
		n.b.Fatalf("%d keys, want %d: %v", size, keys, err)
	}
	n.remove(db.UID)
	return took
}

func (n *importing) start(uid int, source string) {
	src, err := client.ParseSource(source)
	must(n.b, err)
	must(n.b, n.StartImport(n.b.Context(), uid, src))
}

func (n *importing) wait(uid int) {
	_, err := n.WaitImport(n.b.Context(), uid, 100*time.Millisecond, nil)
	must(n.b, err)
}

// remove deletes a database, and returns when its Redis has ended.
func (n *importing) remove(uid int) {
	_, err := n.DeleteDatabase(n.b.Context(), uid)
	for err == nil {
		<-time.After(10 * time.Millisecond)
		_, err = n.GetDatabase(n.b.Context(), uid)
	}
	if !errors.Is(err, client.ErrNotFound) {
		n.b.Fatal(err)
	}
}

// stages ends the server and reads from its log how long the imports have taken.
func (n *importing) stages() {
	must(n.b, n.end(syscall.SIGTERM))
	for text := range strings.Lines(n.stderr.String()) {
		var line struct {
			Msg            string
			UID            int
			Load, Duration time.Duration
		}
		if json.Unmarshal([]byte(text), &line) != nil {
			continue // not of the log
		}
		if took := n.made[line.UID]; took != nil && line.Msg == "import succeeded" {
			took.load, took.whole = line.Load, line.Duration
		}
	}
}

func processOf(b *testing.B, r *redis.Client) int {
	info, err := r.InfoMap(b.Context(), "server").Result()
	must(b, err)
	pid, err := strconv.Atoi(info["Server"]["process_id"])
	must(b, err)
	return pid
}
