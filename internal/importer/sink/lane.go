package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reimport/reimport/internal/importer/rdb"
)

const (
	// batches is how many a lane has: one under way, one that waits for it, one that is being filled.
	batches = 3
	// grace is how long a load that ends early waits for the replies to what it has sent, so that nothing is written after.
	grace = 5 * time.Second
	// An MSET takes at most mostPairs keys and, but for the last, pairsSize bytes. 50 at once take half of the time that they take one by one.
	mostPairs = 50
	pairsSize = 32 << 10
)

// lane is one connection that loads. A key's name decides which lane it takes, so that keys of the same name arrive in
// their order. Its run has the batches that are sent, the caller the one that is being filled.
type lane struct {
	*link
	ctx  context.Context
	fail func(error)

	fill         *batch
	queue, spare chan *batch
	db           int

	pairs  []byte   // of the MSET to come
	hashes []uint64 // of its names
	first  []byte   // of its names

	twice int64 // keys that were there before; read it when run has ended
}

// start makes l ready for batches, until the queue is closed. What goes wrong is told to fail, which ends ctx.
func (l *lane) start(ctx context.Context, fail func(error)) {
	l.ctx, l.fail = ctx, fail
	l.queue, l.spare = make(chan *batch, batches), make(chan *batch, batches)
	for range batches - 1 {
		l.spare <- newBatch()
	}
	l.fill = newBatch()
}

// run sends the batches of queue until it is closed.
func (l *lane) run(queue <-chan *batch) {
	for b := range queue {
		if l.ctx.Err() == nil {
			if err := l.exchange(b); err != nil {
				l.fail(err)
			}
		}
		b.reset()
		l.spare <- b
	}
}

// exchange sends b and reads the replies. After a refusal it reads the others all the same: what has been sent is then done.
func (l *lane) exchange(b *batch) error {
	err := l.raw.SetDeadline(time.Now().Add(l.patience))
	if l.ctx.Err() != nil {
		l.hurry()
	}
	if err == nil {
		_, err = l.raw.Write(b.out)
	}
	var refusal error
	for i, q := range b.asked {
		c, n, text, broken := reply(l.in)
		switch {
		case errors.Is(broken, errReply):
			return cmp.Or(refusal, b.failed(i, broken))
		case broken != nil:
			return cmp.Or(refusal, lost(cmp.Or(err, broken)))
		case refusal != nil:
		case text != "":
			refusal = b.failed(i, refused(text))
		case !q.answers(c):
			refusal = b.failed(i, fmt.Errorf("%w, found one that begins with %q", errReply, c))
		case q.kind == existed:
			l.twice += n
		}
	}
	if err == nil || refusal != nil {
		return refusal
	}
	if _, _, text, broken := reply(l.in); broken == nil && text != "" { // of a command that is not at its end
		return refused(text)
	}
	return lost(err)
}

// hurry bounds how long a load that has ended waits for what is under way.
func (l *lane) hurry() { _ = l.raw.SetDeadline(time.Now().Add(min(grace, l.patience))) }

// send puts the batch that is filled on its way, and waits for the next one.
func (l *lane) send() error {
	if l.ctx.Err() == nil {
		l.queue <- l.fill
		select {
		case l.fill = <-l.spare:
			return nil
		case <-l.ctx.Done():
			l.fill = newBatch()
		}
	}
	return context.Cause(l.ctx)
}

// finish sends what is left and ends run.
func (l *lane) finish() {
	if l.queue == nil {
		return
	}
	if l.ctx.Err() == nil {
		l.set()
		l.queue <- l.fill
	}
	close(l.queue)
	l.queue = nil
}

// write adds p, however long.
func (l *lane) write(p []byte) error {
	for len(p) > batchSize-len(l.fill.out) {
		n := max(batchSize-len(l.fill.out), 0)
		l.fill.out = append(l.fill.out, p[:n]...)
		p = p[n:]
		if err := l.send(); err != nil {
			return err
		}
	}
	l.fill.out = append(l.fill.out, p...)
	return nil
}

// sendFull sends the batch if it is full.
func (l *lane) sendFull() error {
	if !l.fill.full() {
		return nil
	}
	return l.send()
}

// use selects the database db.
func (l *lane) use(db int) {
	if l.db == db {
		return
	}
	l.set()
	l.db = db
	l.fill.out = appendInt(append(l.fill.out, "*2\r\n$6\r\nSELECT\r\n"...), int64(db))
	l.fill.ask(selected, db, 0, nil)
}

// pair adds a string to the MSET to come.
func (l *lane) pair(name []byte, hash uint64, value []byte) error {
	if len(l.hashes) == 0 {
		l.first = append(l.first[:0], name...)
	}
	l.pairs = appendBulk(appendBulk(l.pairs, name), value)
	l.hashes = append(l.hashes, hash)
	if len(l.hashes) == mostPairs || len(l.pairs) >= pairsSize {
		l.set()
	}
	return l.sendFull()
}

// set adds the MSET that pair has gathered.
func (l *lane) set() {
	n := len(l.hashes)
	if n == 0 {
		return
	}
	l.fill.out = append(appendArray(l.fill.out, 1+2*n), "$4\r\nMSET\r\n"...)
	l.fill.out = append(l.fill.out, l.pairs...)
	l.fill.ask(wrote, l.db, n, l.first)
	l.pairs, l.hashes = l.pairs[:0], l.hashes[:0]
}

// setBefore adds the MSET to come if a name of that hash is in it: then its value must not arrive later.
func (l *lane) setBefore(hash uint64) {
	if slices.Contains(l.hashes, hash) {
		l.set()
	}
}

// exists asks whether k is there already.
func (l *lane) exists(k *rdb.Key) error {
	l.fill.out = append(l.fill.out, "*2\r\n$6\r\nEXISTS\r\n"...)
	l.fill.out = appendLength(l.fill.out, int64(len(k.Name)))
	if err := l.write(k.Name); err != nil {
		return err
	}
	l.fill.out = append(l.fill.out, "\r\n"...)
	l.fill.ask(existed, k.DB, 1, k.Name)
	return nil
}
