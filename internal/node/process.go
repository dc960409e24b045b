package node

import (
	"os"
	"runtime"
	"runtime/debug"
)

// OwnProcess tunes the process for the one node that it is there for. GOGC and GOMAXPROCS in the environment win.
//
// The heap may grow to four times what lives before it is collected: a node at work has some MB that live, and would collect
// a hundred times a second, for a fifth of its time.
//
// A verification of a password computes for 60 ms, and Go's scheduler leaves a thread to what computes for 10 ms at a time,
// which a request would wait for more than once on its way. Verifications have as many threads as there are cores, at most,
// so there is one more: the kernel, which lets in at once whoever has waited, shares out the cores.
func OwnProcess(cfg *Config) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMAXPROCS") == "" {
		cores := runtime.GOMAXPROCS(0)
		cfg.Verifications = max(1, cores-1)
		runtime.GOMAXPROCS(cores + 1)
	}
}
