package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
)

// variant is a request that differs from a good one in one place.
type variant struct {
	what  string
	query string
	body  *string
	kind  *string // Content-Type, unless it is that of JSON
	valid bool
	// silent: the documents of Redis Software say nothing of what a cluster does with it.
	silent bool
	// unserved: reimport refuses what the contract allows a cluster to take.
	unserved bool
	code     api.ErrorCode // of the refusal, if the contract gives it one of its own
	scarce   api.ErrorCode // of the refusal of a valid one, if the cluster has too little for it
}

// variantSays is what the contract says of all requests.
const variantSays = "Names that an operation does not list are refused, in the query and at any depth of the body"

// variantCases are made from the contract: each parameter and each member of a body at and beyond its bounds, of another
// type, missing, twice, null and unknown. A case has those of one place.
func (r *run) variantCases() (all []testCase) {
	for _, op := range r.contract.Operations {
		all = append(all, queryVariants(op)...)
		if body := op.Spec.RequestBody; body != nil {
			all = append(all, mediaVariants(op))
			all = append(all, r.bodyVariants(op, contract.Closed(body.Value.Content.Get(jsonType).Schema.Value))...)
		}
	}
	return all
}

// tries is the case of the variants of one place.
func tries(op *contract.Operation, place string, variants []variant) testCase {
	return testCase{
		name: "variants of " + place, operation: op.ID, status: 400, says: variantSays, reads: reads(op), needs: variantNeeds(op),
		do: func(t *trial) error { return t.tryAll(op, variants) },
	}
}

// variantNeeds is what the variants of an operation are sent to: a dry run, or a database that does not exist.
func variantNeeds(op *contract.Operation) []need {
	switch op.ID {
	case opCreate:
		return []need{creation}
	case opUpdate:
		return []need{ownDatabase}
	case opGet:
		return []need{aDatabase}
	}
	return nil
}

// tryAll sends all variants of a place, and proves that none has changed anything.
func (t *trial) tryAll(op *contract.Operation, variants []variant) error {
	if t.uid == 0 {
		t.uid = t.absent
	}
	if err := t.dryRunHolds(op.ID); err != nil {
		return err
	}
	var found []error
	try := func(t *trial) error {
		for _, v := range variants {
			err := t.try(op, v)
			if err != nil && !errors.As(err, new(breach)) {
				return err
			}
			if err != nil {
				found = append(found, fmt.Errorf("%s: %w", v.what, err))
			}
		}
		return nil
	}
	err := t.leavesAll(op.ID, try)
	if err != nil || len(found) == 0 {
		return err
	}
	return broken("%v", errors.Join(found...))
}

// leavesAll holds that what variants are about is the same before and after them: the database of an update, and the
// databases that there are for a creation. What was seen last is what was there before the next ones.
func (t *trial) leavesAll(operation string, do step) (err error) {
	look := func() (object, error) { return t.get() }
	switch operation {
	case opUpdate:
	case opCreate:
		look = func() (object, error) {
			items, err := t.list("fields=uid,name")
			return object{"the list of databases": items}, err
		}
	default:
		return do(t)
	}
	before := t.left[operation]
	if before == nil {
		if before, err = look(); err != nil {
			return err
		}
	}
	if err := do(t); err != nil {
		return err
	}
	after, err := look()
	if err != nil {
		return err
	}
	t.left[operation] = after
	return after.same(before, moving...)
}

// dryRunHolds makes sure, once in a run, that the server changes nothing in a dry run: the variants are full of changes.
func (t *trial) dryRunHolds(operation string) error {
	q := t.to(operation)
	q.query = "dry_run"
	if _, known := t.dryRuns[operation]; known || operation != opCreate && operation != opUpdate {
		return t.dryRuns[operation]
	}
	send := func(t *trial) error {
		_, err := t.exchange(q)
		return err
	}
	var err error
	if operation == opCreate {
		err = t.nothingNew(send)
	} else {
		q.body = text(fmt.Sprintf(`{"email_alerts": %t}`, !t.alerts))
		if err = t.unchanged(send); err != nil {
			t.later(t.putAlertsBack)
		}
	}
	if err != nil {
		err = unmet("the server changes something in a dry run: " + err.Error())
	}
	t.dryRuns[operation] = err
	return err
}

// try sends one variant and judges the answer.
func (t *trial) try(op *contract.Operation, v variant) error {
	q := t.to(op.ID)
	q.query = v.query
	if v.body != nil {
		q.body = v.body
	}
	if v.kind != nil {
		q.header = http.Header{"Content-Type": {*v.kind}}
		if *v.kind == "" {
			q.header = http.Header{"Content-Type": nil}
		}
	}
	x, err := t.send(q)
	if err != nil {
		return err
	}
	var e api.Error
	_ = json.Unmarshal(x.body, &e) // empty for a success
	t.tried = append(t.tried, strings.TrimSpace(fmt.Sprintf("%s: %d %s", v.what, x.status, e.ErrorCode)))
	switch code := api.ErrorCode(e.ErrorCode); {
	case v.valid && v.scarce != "" && code == v.scarce:
		return x.is(code.Status())
	case v.valid:
		return t.takes(op, x)
	}
	return t.refusesVariant(v, x, api.ErrorCode(e.ErrorCode))
}

// takes holds that a valid request is not refused for what it is.
func (t *trial) takes(op *contract.Operation, x *exchange) error {
	want := 200
	if t.uid == t.absent && strings.Contains(op.Path, "{uid}") && op.ID != opGetModule {
		want = 404
	}
	return x.is(want)
}

func (t *trial) refusesVariant(v variant, x *exchange, code api.ErrorCode) error {
	want := 400
	if v.code != "" {
		want = v.code.Status()
	}
	switch {
	case x.status == want && (v.code == "" || v.code == code || !t.ours):
		return nil
	case t.ours:
		return broken("it answers %d %s, expected %d %s", x.status, code, want, v.code)
	case v.unserved && x.status < 500:
		return nil
	case x.status/100 == 4 || v.silent:
		t.saw("%s: %d %s, reimport answers %d", v.what, x.status, code, want)
		return nil
	}
	return broken("it answers %d, expected %d", x.status, want)
}

// queryVariants are those of the query.
func queryVariants(op *contract.Operation) (all []testCase) {
	unknown := []variant{
		{what: "an unknown parameter", query: "no_such_parameter=1", silent: true},
		{what: "percent signs that encode nothing", query: "%zz", silent: true},
	}
	if op.ID == opCreate {
		unknown[0].query, unknown[1].query = "dry_run&no_such_parameter=1", "dry_run&%zz"
	}
	all = append(all, tries(op, "the query", unknown))
	for _, ref := range op.Spec.Parameters {
		p := ref.Value
		if p.In != openapi3.ParameterInQuery {
			continue
		}
		var variants []variant
		for _, v := range parameterValues(p.Schema.Value) {
			variants = append(variants, variant{what: v.what, query: p.Name + "=" + v.json, valid: v.valid, silent: true})
		}
		if p.AllowEmptyValue {
			variants = append(variants, variant{what: "without a value", query: p.Name, valid: true})
		}
		first := variants[0].query
		variants = append(variants, variant{what: "given twice", query: first + "&" + first, silent: true})
		all = append(all, tries(op, "the parameter "+p.Name, variants))
	}
	return all
}

// parameterValues are texts for a parameter of the query. A list is written with commas.
func parameterValues(s *openapi3.Schema) (all []value) {
	if len(s.Enum) > 0 {
		for _, v := range words(s) {
			text := strings.Trim(v.json, `"`)
			if text != "false" && text != "0" { // which do what the others only check
				all = append(all, value{"the word " + inJSON(text), url.QueryEscape(text), v.valid})
			}
		}
		return all
	}
	if s.Type.Is(openapi3.TypeInteger) {
		return append(numbers(s), value{"a fraction", "1.5", false}, value{"a word", "many", false})
	}
	names := func(n uint64) string { return strings.Repeat("uid,", int(n-1)) + "uid" } //nolint:gosec // a length of the contract
	return []value{
		{"one name", "uid", true},
		{"as many names as it takes", names(*s.MaxItems), true},
		{"one name too many", names(*s.MaxItems + 1), false},
		{"an empty list", "", false},
		{"an empty name", "uid,,name", false},
	}
}

// mediaVariants are those of the Content-Type.
func mediaVariants(op *contract.Operation) testCase {
	free := len(contract.Closed(op.Spec.RequestBody.Value.Content.Get(jsonType).Schema.Value).Properties) == 0
	var variants []variant
	for _, k := range []struct {
		kind  string
		valid bool
	}{
		{"application/json", true}, {"application/json; charset=utf-8", true}, {"Application/JSON", true}, {"", true},
		{"text/plain", free}, {"application/x-www-form-urlencoded", free}, {"application/xml", free}, {"application/jsonp", free}, {"json", free}, {"application/json;;", free},
	} {
		v := variant{what: "Content-Type " + inJSON(k.kind), kind: &k.kind, valid: k.valid, silent: true, query: dryRun(op)}
		if op.ID == opReset {
			v.body = text("{}")
		}
		variants = append(variants, v)
	}
	return tries(op, "the Content-Type", variants)
}

func dryRun(op *contract.Operation) string {
	if slices.ContainsFunc(op.Spec.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == "dry_run" }) {
		return "dry_run"
	}
	return ""
}

// companions are members that others need beside them.
var companions = map[string]object{
	"backup":                 {"backup_interval": 3600},
	"backup_interval_offset": {"backup_interval": 2147483647},
}

// bodyVariants are those of the body as a whole, and of each of its members.
func (r *run) bodyVariants(op *contract.Operation, s *openapi3.Schema) (all []testCase) {
	required := op.Spec.RequestBody.Value.Required
	whole := []variant{
		{what: "no body", body: text(""), valid: !required},
		{what: "null", body: text("null"), valid: !required},
		{what: "white space", body: text(" \r\n"), valid: !required},
		{what: "a list", body: text("[]")},
		{what: "a text", body: text(`"a"`)},
		{what: "a number", body: text("1")},
		{what: "JSON that is cut off", body: text(`{"name": "a"`)},
		{what: "bytes behind the JSON", body: text("{} x")},
		{what: "no JSON", body: text("name=a")},
		{what: "bytes that are no UTF-8", body: text("{\"a\": \"\xff\"}")},
		{what: "too deep", body: text(strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101))},
	}
	base := map[string]any{}
	if op.ID == opCreate {
		base = map[string]any{"name": r.tag, "memory_size": memorySize}
	}
	if len(s.Properties) > 0 {
		whole = append(whole, variant{what: "an unknown member", body: text(member(base, "no_such_member", "1")), silent: true})
	}
	if s.MinProps > 0 {
		whole = append(whole, variant{what: "no members", body: text("{}")})
	}
	codes, _ := op.Spec.RequestBody.Value.Content.Get(jsonType).Schema.Value.Extensions["x-missing-error-codes"].(map[string]any)
	for _, name := range s.Required {
		less := maps.Clone(base)
		delete(less, name)
		code, _ := codes[name].(string)
		whole = append(whole, variant{what: name + " is missing", body: text(inJSON(less)), code: api.ErrorCode(code)})
	}
	all = append(all, tries(op, "the body", inDryRun(op, whole)))
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		all = append(all, tries(op, name, inDryRun(op, r.memberVariants(base, name, s.Properties[name].Value))))
	}
	return all
}

// bound matches the values beyond a bound. Types are on the pages of Redis Software; most bounds are the contract's own.
var bound = regexp.MustCompile(`(below its minimum|above its maximum|than its (minimum|maximum)|one item too many|its pattern refuses|another one|null)$`)

func (r *run) memberVariants(base map[string]any, name string, s *openapi3.Schema) (all []variant) {
	with := maps.Clone(base)
	maps.Copy(with, companions[name])
	var first string
	for _, given := range valuesOf(s) {
		json := r.fitting(name, given.json)
		if taken := name == "uid" && given.what == "its minimum"; taken {
			continue
		}
		v := variant{what: given.what, body: text(member(with, name, json)), valid: given.valid, silent: bound.MatchString(given.what)}
		asksWords(name, &v, json)
		if v.valid && first == "" && json != "null" {
			first = json
		}
		all = append(all, v)
	}
	return append(all, variant{what: "given twice", body: text(member(with, name, first+`, "`+name+`": `+first)), silent: true})
}

func inDryRun(op *contract.Operation, variants []variant) []variant {
	for i := range variants {
		variants[i].query = dryRun(op)
	}
	return variants
}

// asksWords changes what the schema of a member says of a value by what the contract says in words beside it.
func asksWords(name string, v *variant, json string) {
	packed := strings.ReplaceAll(json, " ", "")
	source := name == "dataset_import_sources" && v.valid && strings.Contains(packed, `"type"`)
	noModule := regexp.MustCompile(`^an item: (module_name: .* text|(module_id|semantic_version): a short text)$`)
	switch {
	case source && !strings.Contains(packed, `"url":"http`):
		v.valid, v.unserved = false, true // "This server fetches `mount_point` and `url` with http or https."
	case name == "memory_size" && v.what == "its maximum":
		v.scarce = api.ErrorCodeInsufficientResources // "no more than the memory of the cluster"
	case name == "backup_interval" && v.what == "its minimum":
		v.valid = false // "at least 1 in a request"
	case name == "backup_interval_offset" && v.what == "its maximum":
		v.valid = false // "less than `backup_interval`"
	case name == "module_list" && v.valid && noModule.MatchString(v.what):
		v.valid, v.code = false, api.ErrorCodeMissingModule
	}
}

// fitting puts in the place of a text of some length one that means something, and of a name one that the run finds again.
func (r *run) fitting(name, json string) string {
	const place = "http://127.0.0.1:1/"
	if name == "name" && len(json) > len(r.tag) {
		json = strings.Replace(json, strings.Repeat("a", len(r.tag)), r.tag, 1)
	}
	if name == "dataset_import_sources" {
		json = strings.Replace(json, `"url": "`+strings.Repeat("a", len(place)), `"url": "`+place, 1)
	}
	return json
}
