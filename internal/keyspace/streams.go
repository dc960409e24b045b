package keyspace

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/redis/go-redis/v9"
)

func (e *elements) stream(name string) error {
	if err := e.entries(name); err != nil {
		return err
	}
	info, err := e.client.XInfoStream(e.ctx, name).Result()
	if err != nil {
		return err
	}
	e.add(info.LastGeneratedID, cmp.Or(info.MaxDeletedEntryID, "0-0"), fmt.Sprint(info.EntriesAdded))
	groups, err := e.client.XInfoGroups(e.ctx, name).Result()
	slices.SortFunc(groups, func(a, b redis.XInfoGroup) int { return cmp.Compare(a.Name, b.Name) })
	for _, g := range groups {
		if err := e.group(name, g); err != nil {
			return err
		}
	}
	return err
}

// entries reads the reply itself: the client would make a map of the fields, which have an order and may come twice.
func (e *elements) entries(name string) error {
	reply, err := e.client.Do(e.ctx, "XRANGE", name, "-", "+").Slice()
	for _, entry := range reply {
		entry := entry.([]any)
		e.add(entry[0].(string))
		for _, part := range entry[1].([]any) {
			e.add(part.(string))
		}
	}
	return err
}

func (e *elements) group(name string, g redis.XInfoGroup) error {
	e.add(g.Name, g.LastDeliveredID)
	pending, err := e.client.XPendingExt(e.ctx, &redis.XPendingExtArgs{Stream: name, Group: g.Name, Start: "-", End: "+", Count: math.MaxInt32}).Result()
	if err != nil {
		return err
	}
	for _, p := range pending {
		e.add(p.ID, p.Consumer, fmt.Sprint(p.RetryCount))
	}
	consumers, err := e.client.XInfoConsumers(e.ctx, name, g.Name).Result()
	slices.SortFunc(consumers, func(a, b redis.XInfoConsumer) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range consumers {
		e.add(c.Name)
	}
	return err
}
