package conform

import (
	"encoding/json"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

// bundledModule stands for a module in the path until the modules are known.
const bundledModule = "b14385b09778a335835ee3ae380bbc77"

func moduleCases() []testCase {
	const list, get = "listModules", "getModule"
	return []testCase{
		{name: "the modules", operation: list, status: 200, reads: true, do: func(t *trial) error {
			items, err := t.modules()
			if err != nil {
				return err
			}
			for _, item := range items {
				if uid, _ := item["uid"].(string); len(uid) != 32 || strings.Trim(uid, "0123456789abcdef") != "" {
					return broken("the uid of a module is %s, expected 32 hexadecimal digits", inJSON(item["uid"]))
				}
			}
			return nil
		}},
		{name: "HEAD", operation: list, status: 200, reads: true, says: "HEAD works if GET does", do: heads(list)},
		{name: "members and types as recorded from clusters", operation: list, status: 200, reads: true, do: func(t *trial) error {
			items, err := t.modules()
			for i := 0; err == nil && i < len(items); i++ {
				err = t.fits("module", items[i])
			}
			return err
		}},
		{name: "each module of the list", operation: get, status: 200, reads: true, do: func(t *trial) error {
			items, err := t.modules()
			if err != nil {
				return err
			}
			for _, item := range items {
				uid, _ := item["uid"].(string)
				q := t.to(get)
				q.path = "/v1/modules/" + uid
				x, err := t.gives(200, q)
				if err != nil {
					return err
				}
				one, err := x.object()
				if err == nil {
					err = one.same(item)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{name: "no such module", operation: get, status: 404, reads: true, do: func(t *trial) error {
			q := t.to(get)
			q.path = "/v1/modules/" + strings.Repeat("f", 32)
			return t.refuses(404, api.ErrorCodeModuleNotExist, q)
		}},
	}
}

// modules reads the modules of the cluster.
func (t *trial) modules() (items []object, err error) {
	x, err := t.gives(200, t.to("listModules"))
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(x.body, &items) != nil {
		return nil, broken("200: the body is no list of objects")
	}
	if len(items) == 0 {
		return nil, unmet("the cluster has no modules")
	}
	return items, nil
}
