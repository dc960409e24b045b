package conform

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/reimport/reimport/gen/api"
)

const (
	opListModules = "listModules"
	opGetModule   = "getModule"
)

// bundledModule stands for a module in the path until the modules are known.
const bundledModule = "b14385b09778a335835ee3ae380bbc77"

func moduleCases() []testCase {
	return slices.Concat(on(opListModules, 200,
		testCase{name: "the modules", reads: true, do: (*trial).modulesHaveUIDs},
		testCase{name: "HEAD", reads: true, says: headSays, do: heads(opListModules)},
		testCase{name: "members and types as recorded from clusters", reads: true, do: (*trial).modulesFit},
	), on(opGetModule, 200,
		testCase{name: "each module of the list", reads: true, do: (*trial).modulesAsListed},
	), on(opGetModule, 404,
		testCase{name: "no such module", reads: true, do: func(t *trial) error {
			q := t.to(opGetModule)
			q.path = "/v1/modules/" + strings.Repeat("f", 32)
			return t.refuses(404, api.ErrorCodeModuleNotExist, q)
		}},
	))
}

func (t *trial) modulesHaveUIDs() error {
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
}

func (t *trial) modulesFit() error {
	items, err := t.modules()
	for i := 0; err == nil && i < len(items); i++ {
		err = t.fits("module", items[i])
	}
	return err
}

// modulesAsListed gets each module of the list.
func (t *trial) modulesAsListed() error {
	items, err := t.modules()
	for i := 0; err == nil && i < len(items); i++ {
		err = t.moduleIs(items[i])
	}
	return err
}

func (t *trial) moduleIs(listed object) error {
	uid, _ := listed["uid"].(string)
	q := t.to(opGetModule)
	q.path = "/v1/modules/" + uid
	one, err := t.object(q)
	if err == nil {
		err = one.same(listed)
	}
	return err
}

// modules reads the modules of the cluster.
func (t *trial) modules() (items []object, err error) {
	x, err := t.gives(200, t.to(opListModules))
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
