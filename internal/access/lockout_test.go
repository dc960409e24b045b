package access_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/reimport/reimport/internal/access"
)

func TestAttempts(t *testing.T) {
	policy := access.Lockout{Failures: 3, Within: time.Minute, For: time.Hour}
	type step struct {
		after  time.Duration // since the step before
		do     string
		locked bool // after it
	}
	for name, steps := range map[string][]step{
		"three in a row":          {{0, "fail", false}, {0, "fail", false}, {0, "fail", true}},
		"two have aged":           {{0, "fail", false}, {0, "fail", false}, {time.Minute, "fail", false}, {0, "fail", false}, {0, "fail", true}},
		"one has aged":            {{0, "fail", false}, {time.Second, "fail", false}, {time.Minute - time.Second, "fail", false}, {0, "fail", true}},
		"just in time":            {{0, "fail", false}, {0, "fail", false}, {time.Minute - 1, "fail", true}},
		"a success between":       {{0, "fail", false}, {0, "fail", false}, {0, "clear", false}, {0, "fail", false}, {0, "fail", false}, {0, "fail", true}},
		"it ends by time":         {{0, "lock", true}, {time.Hour - 1, "", true}, {1, "", false}, {0, "fail", false}, {0, "fail", false}, {0, "fail", true}},
		"it is not prolonged":     {{0, "lock", true}, {time.Hour - 1, "fail", true}, {1, "", false}},
		"nor counted meanwhile":   {{0, "lock", true}, {time.Hour - 1, "fail", true}, {0, "fail", true}, {1, "fail", false}, {0, "fail", false}},
		"somebody ends it":        {{0, "lock", true}, {0, "clear", false}, {0, "fail", false}, {0, "fail", false}},
		"failures before it gone": {{0, "fail", false}, {0, "fail", false}, {0, "lock", true}, {0, "clear", false}, {0, "fail", false}},
	} {
		var a access.Attempts
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		for i, s := range steps {
			now = now.Add(s.after)
			switch s.do {
			case "fail":
				before := a.Locked(now)
				if got, want := a.Fail(policy, now), s.locked && !before; got != want {
					t.Errorf("%s: step %d: Fail says %v, want %v", name, i, got, want)
				}
			case "clear":
				a.Clear()
			case "lock":
				a.Lock(now.Add(policy.For))
			}
			if got := a.Locked(now); got != s.locked {
				t.Errorf("%s: step %d: locked %v, want %v", name, i, got, s.locked)
			}
		}
	}
}

func TestNoLockout(t *testing.T) {
	var a access.Attempts
	for i := range 100 {
		if now := time.Unix(int64(i), 0); a.Fail(access.Lockout{}, now) || a.Locked(now) {
			t.Fatalf("locked after %d", i)
		}
	}
}

// TestGuesses holds the rule to what it is for: however the guesses are timed, no more than Failures a window get to
// be verified.
func TestGuesses(t *testing.T) {
	policy := access.Lockout{Failures: 5, Within: 15 * time.Minute, For: 30 * time.Minute}
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		var a access.Attempts
		var verified []time.Time
		now := time.Unix(0, 0)
		for range 500 {
			now = now.Add(time.Duration(random.Int64N(int64(5 * time.Minute))))
			if !a.Locked(now) {
				verified = append(verified, now)
				a.Fail(policy, now)
			}
		}
		for i := policy.Failures; i < len(verified); i++ {
			if in := verified[i].Sub(verified[i-policy.Failures]); in < policy.Within {
				t.Fatalf("seed %d: %d guesses in %s", seed, policy.Failures+1, in)
			}
		}
	}
}
