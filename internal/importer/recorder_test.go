package importer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/reimport/reimport/internal/importer"
	"github.com/reimport/reimport/internal/importer/rdb"
)

// recorder is a target that keeps what it is given. onKey, if set, sees each key first and may hold it up.
type recorder struct {
	onKey     func(ctx context.Context, k *rdb.Key) error
	onClose   func(ctx context.Context)
	closing   error
	ctx       context.Context
	calls     []string
	values    map[string]*recorded
	libraries []*bytes.Buffer
}

type recorded struct {
	key   rdb.Key
	value bytes.Buffer
}

func newRecorder() *recorder { return &recorder{values: map[string]*recorded{}} }

func (r *recorder) configure(cfg *importer.Config) {
	cfg.Sink = func(_ context.Context, o *importer.Opening) (importer.Sink, error) {
		if o.Err != nil {
			return nil, o.Err
		}
		r.calls = append(r.calls, "open")
		return r, nil
	}
}

func (r *recorder) Begin(ctx context.Context) error {
	r.ctx = ctx
	r.calls = append(r.calls, "begin")
	return nil
}

func (r *recorder) Key(k *rdb.Key) io.Writer {
	if r.onKey != nil {
		if err := r.onKey(r.ctx, k); err != nil {
			return failing{err}
		}
	}
	v := &recorded{key: *k}
	r.values[fmt.Sprintf("%d/%s", k.DB, k.Name)] = v
	return &v.value
}

func (r *recorder) Library(int64) io.Writer {
	r.libraries = append(r.libraries, new(bytes.Buffer))
	return r.libraries[len(r.libraries)-1]
}

func (r *recorder) Flush() error {
	r.calls = append(r.calls, "flush")
	return nil
}

func (r *recorder) Close() error {
	r.calls = append(r.calls, "close")
	if r.onClose != nil {
		r.onClose(r.ctx)
	}
	return r.closing
}

// texts renders the keys as expiry and DUMP payload, which has the type before the value.
func (r *recorder) texts() map[string]string {
	all := map[string]string{}
	for name, v := range r.values {
		all[name] = fmt.Sprintf("%d %02x%s", v.key.ExpireMS, byte(v.key.Type), hex.EncodeToString(v.value.Bytes()))
	}
	return all
}

func (r *recorder) sources() []string {
	var all []string
	for _, l := range r.libraries {
		all = append(all, l.String())
	}
	slices.Sort(all)
	return all
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
