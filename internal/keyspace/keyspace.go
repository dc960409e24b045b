// Package keyspace compares what two Redises hold, key by key. It is for tests.
package keyspace

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// shown is the number of differences after which Diff gives up.
const shown = 20

// Diff returns how got differs from want, one line for each key or function library, the first 20 or so; nothing if both hold
// the same. What it compares of a key is its type, its expiry, and what DUMP returns, or the elements where two servers may
// keep them in another order or encoding. Nothing may write meanwhile.
func Diff(ctx context.Context, got, want *redis.Client) ([]string, error) {
	d := &diff{ctx: ctx}
	databases := make(map[int]bool)
	for _, c := range []*redis.Client{got, want} {
		if err := d.databases(c, databases); err != nil {
			return nil, err
		}
	}
	for _, db := range slices.Sorted(maps.Keys(databases)) {
		if err := d.database(got, want, db); err != nil {
			return nil, fmt.Errorf("database %d: %w", db, err)
		}
	}
	return d.lines, d.libraries(got, want)
}

type diff struct {
	ctx   context.Context
	lines []string
}

func (d *diff) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// databases notes those that have keys.
func (d *diff) databases(c *redis.Client, into map[int]bool) error {
	info, err := c.Info(d.ctx, "keyspace").Result()
	if err != nil {
		return err
	}
	for line := range strings.Lines(info) {
		var db, keys int
		if n, _ := fmt.Sscanf(line, "db%d:keys=%d", &db, &keys); n == 2 {
			into[db] = true
		}
	}
	return nil
}

// database compares one database from want to got, and looks for keys that only got has if the counts say that there are some.
func (d *diff) database(got, want *redis.Client, db int) error {
	got, want = selected(got, db), selected(want, db)
	defer func() { _, _ = got.Close(), want.Close() }() // they were read from
	if err := d.walk(want, got, func(expected, has key) error { return d.key(got, want, db, has, expected) }); err != nil {
		return err
	}
	var sizes [2]int64
	for i, c := range []*redis.Client{got, want} {
		var err error
		if sizes[i], err = c.DBSize(d.ctx).Result(); err != nil {
			return err
		}
	}
	if sizes[0] == sizes[1] {
		return nil
	}
	d.add("database %d: %d keys, want %d", db, sizes[0], sizes[1])
	return d.walk(got, want, func(has, expected key) error {
		if expected.missing() {
			d.add("database %d: key %.100q is not wanted", db, has.name)
		}
		return nil
	})
}

func selected(c *redis.Client, db int) *redis.Client {
	o := *c.Options()
	o.DB = db
	return redis.NewClient(&o)
}

// key is what a server says of one: its sum is of the value.
type key struct{ name, kind, expiry, sum string }

func (k key) missing() bool { return k.kind == "none" }

//go:embed batch.lua
var batchSource string

// walk looks at all keys of one Redis, in batches, and calls differs with those of which the other says something else. Both
// servers sum up each batch by themselves, so that next to nothing goes over the wire if they hold the same.
func (d *diff) walk(from, other *redis.Client, differs func(one, two key) error) error {
	ctx, cancel := context.WithCancel(d.ctx)
	script := redis.NewScript(batchSource)
	pages := make(chan page, 1)
	defer func() {
		cancel()
		for range pages { // until scan has ended
		}
	}()
	go scan(ctx, script, from, pages)
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		sum, err := script.Run(d.ctx, other, nil, "sum", p.names).Text()
		if err == nil && sum != p.sum {
			err = d.batch(script, from, other, p.names, differs)
		}
		if err != nil {
			return err
		}
		if len(d.lines) >= shown {
			break
		}
	}
	return nil
}

// page is a batch of packed names, and the sum of what their keys hold.
type page struct {
	names, sum string
	err        error
}

// scan sends pages until it has all, and closes the channel. It is ahead of its reader, so that both servers work at once.
func scan(ctx context.Context, script *redis.Script, c *redis.Client, pages chan<- page) {
	defer close(pages)
	for cursor, first := "0", true; first || cursor != "0"; first = false {
		var p page
		reply, err := script.Run(ctx, c, nil, "scan", cursor).StringSlice()
		if err != nil {
			cursor, p.err = "0", err
		} else {
			cursor, p.names, p.sum = reply[0], reply[1], reply[2]
		}
		select {
		case pages <- p:
		case <-ctx.Done():
			return
		}
	}
}

// batch looks at each of the packed names.
func (d *diff) batch(script *redis.Script, from, other *redis.Client, names string, differs func(one, two key) error) error {
	var keys [2][]string // four strings for each key
	for i, c := range []*redis.Client{from, other} {
		var err error
		if keys[i], err = script.Run(d.ctx, c, nil, "keys", names).StringSlice(); err != nil {
			return err
		}
	}
	for i := 0; i < len(keys[0]) && len(d.lines) < shown; i += 4 {
		one, two := keys[0][i:i+4], keys[1][i:i+4]
		if slices.Equal(one, two) {
			continue
		}
		if err := differs(key{one[0], one[1], one[2], one[3]}, key{two[0], two[1], two[2], two[3]}); err != nil {
			return fmt.Errorf("key %.100q: %w", one[0], err)
		}
	}
	return nil
}

// key reports how a key differs, if it does: that the sums of the values differ may only be about an order or an encoding.
func (d *diff) key(got, want *redis.Client, db int, has, expected key) error {
	switch {
	case has.missing():
		d.add("database %d: key %.100q is missing", db, has.name)
		return nil
	case has.kind != expected.kind:
		d.add("database %d: key %.100q is a %s, want a %s", db, has.name, has.kind, expected.kind)
		return nil
	case has.expiry != expected.expiry:
		d.add("database %d: key %.100q expires at %s, want %s", db, has.name, has.expiry, expected.expiry)
		return nil
	}
	_, found, err := Elements(d.ctx, got, has.name)
	if err != nil {
		return err
	}
	_, wanted, err := Elements(d.ctx, want, has.name)
	if err == nil && found != wanted {
		d.add("database %d: the elements of the %s %.100q differ", db, has.kind, has.name)
	}
	return err
}

// libraries compares the functions. A Redis before 7.0 has none.
func (d *diff) libraries(got, want *redis.Client) error {
	have, err := libraries(d.ctx, got)
	if err != nil {
		return err
	}
	expected, err := libraries(d.ctx, want)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		if code, ok := have[name]; !ok {
			d.add("the function library %s is missing", name)
		} else if code != expected[name] {
			d.add("the sources of the function library %s differ", name)
		}
		delete(have, name)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		d.add("the function library %s is not wanted", name)
	}
	return nil
}

// libraries returns the sources by the libraries' names.
func libraries(ctx context.Context, c *redis.Client) (map[string]string, error) {
	list, err := c.FunctionList(ctx, redis.FunctionListQuery{WithCode: true}).Result()
	if unknown(err) {
		return nil, nil
	}
	all := make(map[string]string, len(list))
	for _, l := range list {
		all[l.Name] = l.Code
	}
	return all, err
}

// unknown reports whether a server does not have the command.
func unknown(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "ERR unknown command")
}
