package node

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/redis/go-redis/v9/logging"
)

// OwnProcess tunes the process for the one node that it is there for, and Settle does so once that has started. GOGC and
// GOMAXPROCS in the environment win.
//
// A start leaves little behind, among much that it needs for a moment: collecting often keeps that from spreading over pages
// which then stay.
//
// A verification of a password computes for 60 ms, and Go's scheduler leaves a thread to what computes for 10 ms at a time,
// which a request would wait for more than once on its way. Verifications have as many threads as there are cores, at most,
// so there is one more: the kernel, which lets in at once whoever has waited, shares out the cores.
func OwnProcess(cfg *Config) {
	setGCPercent(50)
	logging.Disable() // what go-redis says of connections is told by events
	if os.Getenv("GOMAXPROCS") == "" {
		cores := runtime.GOMAXPROCS(0)
		cfg.Verifications = max(1, cores-1)
		runtime.GOMAXPROCS(cores + 1)
	}
}

// Settle gives back what the start has left. Then the heap may grow to four times what lives before it is collected: a node at
// work has some MB that live, and would collect a hundred times a second, for a fifth of its time.
func Settle() {
	debug.FreeOSMemory()
	setGCPercent(300)
}

func setGCPercent(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
