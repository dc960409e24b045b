package e2e_test

import (
	"encoding/binary"
	"strings"
	"testing"
)

// TestRefusals: what the target cannot take, or does not allow, is found out before anything is erased. The log says which key
// it is about, and what is missing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const plain = "\x00\x01a\x01b"
	for _, test := range []struct {
		name  string
		args  []string // of the target
		setUp []any    // a command, once the database is active
		body  string   // of the file
		want  string
		says  []string
	}{
		{"databases", []string{"--databases", "4"}, nil, "\xfe\x05" + plain, "general-error", []string{"database 5"}},
		{"replica", nil, []any{"REPLICAOF", "127.0.0.1", "1"}, plain, "general-error", []string{"replica"}},
		{"no right to write", nil, []any{"ACL", "SETUSER", "default", "-restore"}, plain, "general-error", []string{"RESTORE"}},
		{"no right to erase", nil, []any{"ACL", "SETUSER", "default", "-flushall"}, plain, "general-error", []string{"FLUSHALL"}},
		{"no right to these keys", nil, []any{"ACL", "SETUSER", "default", "resetkeys", "~b*", "%R~*"}, plain, "general-error", []string{"on all keys"}},
		{"value", nil, []any{"CONFIG", "SET", "proto-max-bulk-len", "1mb"}, "\x00\x03big" + text(2<<20), "invalid-bulk-length", []string{`"big"`, "1048576"}},
		{"memory", nil, []any{"CONFIG", "SET", "maxmemory", "4mb"}, "\x00\x03big" + text(4<<20), "file-larger-than-mem-limit:", []string{"4194304"}},
		{"module", nil, nil, "\x07\x06filter" + module("MBbloom--"), "general-error", []string{`"filter"`, "MBbloom--"}},
		{"unknown module", nil, nil, "\x07\x05thing" + module("mymodule1"), "general-error", []string{`"thing"`, "mymodule1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.args...)
			b.fill()
			if test.setUp != nil {
				b.do(test.setUp...)
			}
			path := b.file("a.rdb", sealed(test.body))
			b.says(b.fails(test.want, path), test.says...)
			b.unchanged()
		})
	}
}

// text is a string of n bytes as a file has it.
func text(n int) string {
	return "\x80" + string(binary.BigEndian.AppendUint32(nil, uint32(n))) + strings.Repeat("x", n)
}

// module is the empty value of a module whose type has this name, of nine characters.
func module(name string) string {
	const charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var id uint64
	for i := range 9 {
		id = id<<6 | uint64(strings.IndexByte(charset, name[i]))
	}
	return "\x81" + string(binary.BigEndian.AppendUint64(nil, id<<10)) + "\x00"
}
