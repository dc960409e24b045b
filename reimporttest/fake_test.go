package reimporttest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// inner is a test within a test: it may fail, and its end can be waited for.
type inner struct {
	testing.TB
	failed   bool
	log      strings.Builder
	cleanups []func()
}

// within runs f as a test of its own, to its end.
func within(t testing.TB, f func(testing.TB)) *inner {
	in := &inner{TB: t}
	ended := make(chan struct{})
	go func() { // as a test that fails ends its goroutine
		defer close(ended)
		f(in)
	}()
	<-ended
	for len(in.cleanups) > 0 {
		last := len(in.cleanups) - 1
		in.cleanups[last]()
		in.cleanups = in.cleanups[:last]
	}
	return in
}

func (in *inner) Cleanup(f func())                  { in.cleanups = append(in.cleanups, f) }
func (in *inner) Failed() bool                      { return in.failed }
func (in *inner) Logf(format string, args ...any)   { fmt.Fprintf(&in.log, format+"\n", args...) }
func (in *inner) Error(args ...any)                 { in.Errorf("%s", fmt.Sprint(args...)) }
func (in *inner) Errorf(format string, args ...any) { in.failed = true; in.Logf(format, args...) }
func (in *inner) Fatal(args ...any)                 { in.Fatalf("%s", fmt.Sprint(args...)) }

func (in *inner) Fatalf(format string, args ...any) {
	in.Errorf(format, args...)
	runtime.Goexit()
}
