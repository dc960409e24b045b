package reimporttest_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/reimport/reimport/client"
	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/redistest"
	"github.com/reimport/reimport/reimporttest"
)

// TestRedisOutlivesKill: the keys of a server on disk are there after it was killed, and no Redis is after the test, be the
// server dead by then or not.
func TestRedisOutlivesKill(t *testing.T) {
	redistest.Program(t)
	for name, dead := range map[string]bool{"alive at the end": false, "dead at the end": true} {
		t.Run(name, func(t *testing.T) {
			var left *redis.Client
			t.Run("server", func(t *testing.T) {
				srv := reimporttest.Run(t, reimporttest.LocalRedis(), reimporttest.OnDisk(), reimporttest.Databases())
				c := srv.Client()
				db := created(t, c)
				left = redis.NewClient(&redis.Options{Addr: db.Endpoint, MaxRetries: -1})
				file, err := filepath.Abs("../examples/sessions.rdb")
				if err != nil {
					t.Fatal(err)
				}
				dump, err := client.ParseSource(file)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Import(t.Context(), db.UID, dump); err != nil {
					t.Fatal(err)
				}
				srv.Kill()
				srv.Restart()
				if again, err := c.GetDatabase(t.Context(), db.UID); err != nil || again.Endpoint != db.Endpoint || again.Status != api.BDBStatusActive {
					t.Errorf("%+v, %v", again, err)
				}
				if keys, err := left.DBSize(t.Context()).Result(); err != nil || keys != 1004 {
					t.Errorf("%d keys, %v", keys, err)
				}
				if dead {
					srv.Kill()
				}
			})
			defer left.Close()
			if err := left.Ping(t.Context()).Err(); err == nil {
				t.Error("the Redis has outlived the test")
			}
		})
	}
}

func created(t *testing.T, c *client.Client) client.Database {
	t.Helper()
	db, err := c.CreateDatabase(t.Context(), api.BDBCreate{Name: "sessions", MemorySize: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if db, err = c.WaitCreated(t.Context(), db.UID, time.Second); err != nil {
		t.Fatal(err)
	}
	return db
}
