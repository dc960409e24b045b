package node

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"github.com/reimport/reimport/internal/access"
	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/database"
	"github.com/reimport/reimport/internal/event"
	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/seed"
	"github.com/reimport/reimport/internal/store/memory"
)

// Config is what a Node is made of. A zero Config lacks users alone.
type Config struct {
	// DataDir keeps what outlives the node: its records, and all else that it writes. It is made if it is missing. Without
	// one, the records are in memory, and the rest, if there is any, is in a temporary directory until the node is closed.
	DataDir string
	// Disk keeps the records of a node without a DataDir beyond the node. Without one they go with it.
	Disk *memory.Disk
	// Listen is the address to listen on, host:port. Without one, the node is there as an http.Handler alone.
	Listen string
	// TLS serves HTTPS, with Certificate, or the one in CertFile and KeyFile, or without those with one that the node makes in
	// DataDir.
	TLS               bool
	Certificate       *tls.Certificate
	CertFile, KeyFile string
	// CertNames are hosts and addresses, besides those of this machine, that the certificate in DataDir is for.
	CertNames []string

	// Seed is what the cluster starts out with. Its modules are the bundled ones if there are none. Its databases are for a
	// node without any.
	Seed seed.Seed
	// UsersFile has users who win over those in Seed. Without one, if Seed has no users either, it is users.yaml in DataDir.
	// If the file is missing, the node makes it with an administrator.
	UsersFile string
	// Passwords are those of users whose hashes were made from them in this process, by hash. Their logins cost no verification.
	Passwords map[string]string
	// ShowPassword shows the password of the administrator whom the node makes; if it cannot, the node makes none and does
	// not open. path is the file with the administrator.
	ShowPassword func(email, password, path string) error

	// DataPlane says what new databases get: DataPlaneSimulated, as if it is empty, DataPlaneLocal, or DataPlaneAuto for local if
	// this machine has a redis-server or a valkey-server. A database keeps what it got.
	DataPlane string
	// Importer says what imports may do. Owner, SpoolDir, Sink, Erase, Script, Now and Events in it are the node's own.
	Importer importer.Config
	// Lockout is the zero value for a node that locks nobody out.
	Lockout access.Lockout
	// Verifications is how many passwords are verified at once, beside one whose user has logged in before; one less than
	// GOMAXPROCS for 0.
	Verifications int
	// MemoryLimit is the memory of the cluster in bytes, which the limits of its databases may come to, unless Seed has one; 0
	// for no limit.
	MemoryLimit int64
	// Attach are databases to attach at each start, unless they are so already.
	Attach []seed.Attachment
	// ShowCredentials returns the passwords of databases.
	ShowCredentials bool
	// TrustedOrigins are the origins, in the form of server.CheckOrigin, whose pages may send what changes something.
	TrustedOrigins []string
	// Grace is the time that requests under way have when the node is closed; 15 seconds for 0.
	Grace time.Duration

	// Emulate has the node emulate a cluster for tests: its domain clock, the imports of its databases and its answers are under
	// control, see Node.Emulator. A node with Controls, or with scripts in its Seed, emulates one in any
	// case.
	Emulate bool
	// Emulator is that of a node that has ended, for one that emulates to go on with. It makes one of its own if this is nil.
	Emulator *control.Emulator
	// Controls is the address to listen on for the emulator's controls: host:port on this machine's loopback interface, or unix:
	// and the path of a socket. There are none without one.
	Controls string

	// Now is the domain clock: what the API shows and the rules decide. It is time.Now if nil. A node that emulates has the
	// emulator's clock instead.
	Now func() time.Time
	// Events takes what happens; nobody does if it is nil.
	Events event.Sink
}

// Defaults returns what a node has that its operator says nothing of.
func Defaults() Config {
	return Config{
		DataDir: "reimport-data", Listen: "127.0.0.1:9443", TLS: true,
		Importer: importer.Defaults(),
		Lockout:  access.Lockout{Failures: 5, Within: 15 * time.Minute, For: 30 * time.Minute},
		Grace:    defaultGrace,
	}
}

const defaultGrace = 15 * time.Second

// ConfigError is about something in a Config that the node cannot start with.
type ConfigError struct {
	// Setting is the name that serve has for it, such as data-dir; empty if Err says what it is about.
	Setting string
	Err     error
}

func (e *ConfigError) Error() string {
	if e.Setting == "" {
		return e.Err.Error()
	}
	return e.Setting + ": " + e.Err.Error()
}

func (e *ConfigError) Unwrap() error { return e.Err }

// Loopback reports whether only this machine can reach an address to listen on.
func Loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	addr, err := netip.ParseAddr(host)
	return address == "" || host == "localhost" || err == nil && addr.IsLoopback()
}

// complete fills in what is left out.
func (cfg *Config) complete() {
	if cfg.Seed.Modules == nil {
		cfg.Seed.Modules = database.Bundled()
	}
	if cfg.Disk == nil {
		cfg.Disk = new(memory.Disk)
	}
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Events == nil {
		cfg.Events = func(context.Context, event.Event) {}
	}
}
