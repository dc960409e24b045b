package docs

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Case is what the conform suite has found out about a server of ours in one case.
type Case struct {
	Operation string // operationId
	Name      string
	Status    int      // of the contract that the case is about
	Contract  string   // the sentence of the contract that it holds the server to
	Missing   string   // why it was not tried, if it was not
	Silent    string   // why the documents of Redis Software leave the case open, if they do
	Tried     []string // variants of the request, each with the status of the answer behind a colon
}

// Recording is an object of which real answers are on record.
type Recording struct{ Object, Source string }

//go:embed vendor.tsv
var vendor string

// documented is how many operations the reference of Redis Software 8.2 has, its openapi.json included.
const documented = 216

// families counts the documented operations by the beginning of their paths. The others have a single one each.
var families = []struct {
	name  string
	count int
}{
	{"bdbs", 44}, {"cluster", 34}, {"nodes", 22}, {"users", 13}, {"bdbs/{uid}/actions", 12}, {"shards", 10}, {"crdbs", 10}, {"local", 7}, {"redis_acls", 6},
	{"roles", 5}, {"ldap_mappings", 5}, {"modules", 5}, {"actions", 5}, {"proxies", 4}, {"ocsp", 4}, {"debuginfo", 4}, {"crdb_tasks", 3}, {"bootstrap", 3},
	{"license", 2}, {"cm_settings", 2}, {"job_scheduler", 2}, {"diagnostics", 2}, {"metrics_config", 2},
}

// proof is what is known of an operation apart from our own suite.
type proof struct {
	callers  string   // clients of others that call it
	recorded []string // the statuses of which an answer of a real cluster is on record
}

var proofs = map[string]proof{
	"resetBDBImportStatus":            {"redis-enterprise-rs, redisctl", nil},
	"startBDBImport":                  {"redis-enterprise-rs, scripts", nil},
	"listBDBs":                        {"redis-py, Jedis, Lettuce, go-redis, StackExchange.Redis, RedisInsight, Datadog, New Relic, AppDynamics, Vault's plugin, redisctl", []string{"200"}},
	"createBDB":                       {"a Java admin client, redisctl, scripts", []string{"200", "406"}},
	"getBDB":                          {"Vault's plugin, a Java admin client, redisctl, scripts", []string{"200"}},
	"updateBDB":                       {"Vault's plugin, redisctl, scripts", []string{"200"}},
	"deleteBDB":                       {"a Java admin client, redisctl, scripts", []string{"200"}},
	"getBDBAvailability":              {"redis-py, Jedis, Lettuce, go-redis, StackExchange.Redis", []string{"200", "503"}},
	"getLocalBDBEndpointAvailability": {"go-redis, redisctl, scripts", []string{"200", "503"}},
	"listModules":                     {"redis-enterprise-rs, redisctl, scripts", []string{"200"}},
	"getModule":                       {"redis-enterprise-rs, redisctl", nil},
}

// unserved is an operation of Redis Software that the contract lacks.
type unserved struct{ Operation, Callers string }

// evidence is what the page says of an operation.
type evidence struct {
	Operation, Summary, Anchor string
	Callers, Unproven          string
	Answers                    []held
}

// held is a documented answer with the cases that hold the server to it.
type held struct{ Status, Text, Cases string }

// openPoint is what the documents leave open, with the operations and the cases that are about it.
type openPoint struct {
	Why, Here         string
	Operations, Cases []string
}

func addOpen(points []openPoint, operation string, c Case) []openPoint {
	i := slices.IndexFunc(points, func(p openPoint) bool { return p.Why == c.Silent && p.Here == c.Contract })
	if i < 0 {
		i, points = len(points), append(points, openPoint{Why: c.Silent, Here: c.Contract})
	}
	p := &points[i]
	p.Operations, p.Cases = addNew(p.Operations, "`"+operation+"`"), addNew(p.Cases, c.Name)
	return points
}

func addNew(all []string, name string) []string {
	if slices.Contains(all, name) {
		return all
	}
	return append(all, name)
}

// Emulated returns the page of what is emulated, and of what is not. cases are those of the suite, none of them broken.
func Emulated(spec []byte, cases []Case, recorded []Recording) ([]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	var all []evidence
	var opens []openPoint
	served := map[string]bool{}
	for _, w := range ways {
		method, path, o := find(doc, w.id)
		if o == nil || proofs[w.id].callers == "" {
			return nil, fmt.Errorf("%s: expected it in the contract and in the list of proofs", w.id)
		}
		of := slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.Operation != w.id })
		name := method + " " + path
		served[name] = true
		all = append(all, gather(name, o, of, proofs[w.id]))
		for _, c := range of {
			if c.Silent != "" {
				opens = addOpen(opens, name, c)
			}
		}
	}
	lacking, err := unservedOf(served)
	if err != nil {
		return nil, err
	}
	return render("emulated.md.tmpl", map[string]any{
		"Documented": documented, "Families": familiesOf(served), "Unserved": lacking, "Operations": all, "Open": opens,
		"Missing": missingOf(cases, len(all)), "Recorded": recordedOf(recorded),
	})
}

// untried is an answer that the suite does not bring about.
type untried struct{ Status, Why, Operations string }

func missingOf(cases []Case, operations int) (all []untried) {
	count := map[untried]int{}
	for _, c := range cases {
		if c.Missing != "" {
			count[untried{Status: fmt.Sprint(c.Status), Why: c.Missing}]++
		}
	}
	for u, n := range count {
		u.Operations = fmt.Sprintf("%d of them", n)
		if n == operations {
			u.Operations = "all"
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b untried) int { return strings.Compare(a.Status+a.Why, b.Status+b.Why) })
	return all
}

// recordedOf has the objects of each source.
func recordedOf(recorded []Recording) (all []Recording) {
	for _, r := range recorded {
		i := slices.IndexFunc(all, func(known Recording) bool { return known.Source == r.Source })
		if i < 0 {
			all = append(all, r)
		} else {
			all[i].Object += ", " + r.Object
		}
	}
	return all
}

func find(doc *openapi3.T, id string) (method, path string, o *openapi3.Operation) {
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == id {
				return method, path, o
			}
		}
	}
	return "", "", nil
}

func gather(name string, o *openapi3.Operation, cases []Case, p proof) evidence {
	e := evidence{Operation: name, Summary: o.Summary, Anchor: operation{Summary: o.Summary}.Anchor(), Callers: p.callers}
	var unproven []string
	statuses := o.Responses.Keys()
	slices.Sort(statuses)
	for _, status := range statuses {
		if !slices.Contains(p.recorded, status) {
			unproven = append(unproven, status)
		}
		e.Answers = append(e.Answers, held{status, *o.Responses.Value(status).Value.Description, namesOf(cases, status)})
	}
	e.Unproven = strings.Join(unproven, ", ")
	return e
}

// namesOf lists the cases about a status. Those that differ in the uid alone, and the variants of the request, are only counted.
func namesOf(cases []Case, status string) string {
	var names []string
	uids, variants := 0, 0
	for _, c := range cases {
		for _, tried := range c.Tried {
			if answer := tried[strings.LastIndex(tried, ": ")+2:]; strings.HasPrefix(answer, status) {
				variants++
			}
		}
		switch {
		case fmt.Sprint(c.Status) != status || c.Missing != "" || len(c.Tried) > 0:
		case status == "400" && strings.HasPrefix(c.Name, "a uid "):
			uids++
		default:
			names = append(names, c.Name)
		}
	}
	if uids > 0 {
		names = append(names, fmt.Sprintf("%d uids that are none", uids))
	}
	if variants > 0 {
		names = append(names, fmt.Sprintf("%d variants of the request", variants))
	}
	return strings.Join(names, "; ")
}

// unservedOf lists what the contract lacks, and refuses a line for what it has.
func unservedOf(served map[string]bool) (all []unserved, err error) {
	for line := range strings.Lines(vendor) {
		name, callers, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || served[name] {
			return nil, fmt.Errorf("vendor.tsv: expected no line for what is served, and a tab in each: %q", line)
		}
		all = append(all, unserved{name, callers})
	}
	return all, nil
}

type family struct {
	Name             string
	Documented, Here int
}

func familiesOf(served map[string]bool) (all []family) {
	for _, f := range families {
		here := 0
		for name := range served {
			if familyOf(name) == f.name {
				here++
			}
		}
		all = append(all, family{f.name, f.count, here})
	}
	return all
}

// familyOf takes what is behind the version in a path, and puts the actions of databases apart.
func familyOf(name string) string {
	_, path, _ := strings.Cut(name, " ")
	parts := strings.Split(path, "/")
	if len(parts) > 4 && parts[4] == "actions" {
		return strings.Join(parts[2:5], "/")
	}
	return parts[2]
}
