package dataset

import (
	"fmt"
	"strconv"
)

func (c *commands) small(n int) {
	for i := range n {
		c.begin("SET", name(i))
		c.text(c.between(32, 95))
		c.send()
	}
}

func name(i int) string { return fmt.Sprintf("key:%012d", i) }

func (c *commands) mixed(n int) {
	for i := range n {
		c.anyKey(name(i))
		if c.rng.IntN(4) == 0 {
			c.begin("PEXPIREAT", name(i), strconv.Itoa(1_900_000_000_000+i))
			c.send()
		}
	}
}

func (c *commands) anyKey(name string) {
	switch p := c.rng.IntN(100); {
	case p < 30:
		c.begin("SET", name)
		c.text(c.between(32, 1000))
		c.send()
	case p < 35:
		c.begin("SET", name, strconv.Itoa(c.rng.IntN(1<<31)))
		c.send()
	case p < 60:
		c.hash(name, p < 52)
	case p < 75:
		c.set(name, p < 70)
	case p < 85:
		c.zset(name, p < 84)
	case p < 95:
		c.list(name)
	default:
		c.stream(name)
	}
}

// hash is a record, or (not small) a table with a field too long for a listpack.
func (c *commands) hash(name string, small bool) {
	c.begin("HSET", name)
	for _, field := range []string{"name", "mail", "city", "street", "phone", "created", "visited"} {
		c.add([]byte(field))
		c.text(c.between(8, 64))
	}
	if !small {
		c.add([]byte("note"))
		c.text(c.between(65, 300))
	}
	c.send()
}

func (c *commands) set(name string, numbers bool) {
	c.begin("SADD", name)
	for i := range c.between(5, 25) {
		if numbers {
			c.number("", i*i)
		} else {
			c.number("member:", c.rng.IntN(1_000_000))
		}
	}
	c.send()
}

func (c *commands) zset(name string, small bool) {
	c.begin("ZADD", name)
	n := 20
	if !small {
		n = 130 // more than a listpack has
	}
	for i := range n {
		c.number("", c.rng.IntN(100_000))
		c.number("m:", i)
	}
	c.send()
}

func (c *commands) list(name string) {
	c.begin("RPUSH", name)
	for range c.between(10, 60) {
		c.text(c.between(8, 24))
	}
	c.send()
}

func (c *commands) stream(name string) {
	for i := range c.between(10, 30) {
		c.begin("XADD", name, strconv.Itoa(1_700_000_000_000+i)+"-0", "event")
		c.text(30)
		c.add([]byte("user"))
		c.number("", c.rng.IntN(1_000_000))
		c.send()
	}
	c.begin("XGROUP", "CREATE", name, "readers", "0")
	c.send()
}

// batch is how many elements one command adds.
const batch = 1000

func (c *commands) huge(n int) {
	c.batches(n, "HSET", "hash", func(i int) { c.number("field:", i); c.text(32) })
	c.batches(n/2, "ZADD", "zset", func(i int) { c.number("", i); c.number("member:", i) })
	c.batches(n, "RPUSH", "list", func(int) { c.text(c.between(16, 48)) })
	c.batches(n/2, "SADD", "set", func(i int) { c.number("member:", i) })
	for i := range n / 8 {
		c.begin("XADD", "stream", strconv.Itoa(1_700_000_000_000+i)+"-0", "event")
		c.text(200)
		c.send()
	}
	for i := range 4 {
		c.longString("string:"+strconv.Itoa(i), 8*n)
	}
}

func (c *commands) batches(n int, command, key string, element func(i int)) {
	for from := 0; from < n; from += batch {
		c.begin(command, key)
		for i := from; i < min(from+batch, n); i++ {
			element(i)
		}
		c.send()
	}
}

func (c *commands) longString(key string, size int) {
	for ; size > 0; size -= min(size, len(c.noise)) {
		c.begin("APPEND", key)
		c.text(min(size, len(c.noise)))
		c.send()
	}
}
