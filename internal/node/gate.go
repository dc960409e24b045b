package node

import (
	"context"
	"math"

	"golang.org/x/sync/semaphore"
)

// gate lets requests pass until it is shut. Those that come then wait until it is open again.
type gate struct{ *semaphore.Weighted }

const all = math.MaxInt64

func newGate() gate { return gate{semaphore.NewWeighted(all)} }

// enter waits until the gate is open. It returns the error of ctx if that ends first.
func (g gate) enter(ctx context.Context) error { return g.Acquire(ctx, 1) }

func (g gate) leave() { g.Release(1) }

// shut returns when all that have entered have left. If ctx ends first, the gate is open again, and shut returns the error of
// ctx.
func (g gate) shut(ctx context.Context) error { return g.Acquire(ctx, all) }

func (g gate) open() { g.Release(all) }
