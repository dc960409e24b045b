package keyspace

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Elements returns the type of a key, none if it is missing, and a SHA-256 of its elements, which depends on neither the
// server nor the encoding. Each part is hashed as its length, a colon, itself and a comma, in this order:
//
//	string  the value
//	list    the elements
//	set     the members, by their bytes
//	hash    the fields by their bytes: field, value, and @ with the field's expiry in milliseconds if it has one
//	zset    the members by their bytes: member, and the score as 8 bytes, big-endian
//	stream  the entries: id, fields and values; the last generated id, the maximal deleted id, the number of entries added;
//	        the groups by name: name, last delivered id, the pending entries (id, consumer, deliveries), the consumers' names
func Elements(ctx context.Context, c *redis.Client, name string) (kind, digest string, err error) {
	if kind, err = c.Type(ctx, name).Result(); err != nil {
		return "", "", err
	}
	e := &elements{ctx: ctx, client: c, hash: sha256.New()}
	switch kind {
	case "none":
		return kind, "", nil
	case "string":
		err = e.string(name)
	case "list":
		err = e.list(name)
	case "set":
		err = e.set(name)
	case "hash":
		err = e.fields(name)
	case "zset":
		err = e.zset(name)
	case "stream":
		err = e.stream(name)
	default:
		err = fmt.Errorf("expected a type whose elements can be read, not %s", kind)
	}
	return kind, hex.EncodeToString(e.hash.Sum(nil)), err
}

type elements struct {
	ctx    context.Context
	client *redis.Client
	hash   hash.Hash
}

func (e *elements) add(parts ...string) {
	for _, p := range parts {
		_, _ = io.WriteString(e.hash, strconv.Itoa(len(p))+":"+p+",") // a hash takes all
	}
}

func (e *elements) string(name string) error {
	value, err := e.client.Get(e.ctx, name).Result()
	e.add(value)
	return err
}

func (e *elements) list(name string) error {
	list, err := e.client.LRange(e.ctx, name, 0, -1).Result()
	e.add(list...)
	return err
}

func (e *elements) set(name string) error {
	members, err := e.client.SMembers(e.ctx, name).Result()
	slices.Sort(members)
	e.add(members...)
	return err
}

func (e *elements) fields(name string) error {
	values, err := e.client.HGetAll(e.ctx, name).Result()
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(values))
	expiries, err := e.client.HPExpireTime(e.ctx, name, names...).Result()
	if err != nil && !unknown(err) {
		return err
	}
	for i, field := range names {
		e.add(field, values[field])
		if expiries != nil && expiries[i] > 0 {
			e.add(fmt.Sprint("@", expiries[i]))
		}
	}
	return nil
}

func (e *elements) zset(name string) error {
	members, err := e.client.ZRangeWithScores(e.ctx, name, 0, -1).Result()
	scores := make(map[string]float64, len(members))
	for _, m := range members {
		scores[m.Member.(string)] = m.Score
	}
	for _, member := range slices.Sorted(maps.Keys(scores)) {
		e.add(member, string(binary.BigEndian.AppendUint64(nil, math.Float64bits(scores[member]))))
	}
	return err
}
