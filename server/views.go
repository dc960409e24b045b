package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/reimport/reimport/gen/api"
	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/database"
)

// views shows records as bdbs of the API. A member comes from what the rules know, else from the settings that the record
// keeps, else from the initial values of the contract.
type views struct {
	initial         map[string]json.RawMessage
	names           []string // of initial, sorted
	plain           []byte   // what follows the ruled members in the bdb of a record without settings, but for the closing brace
	starts          []int    // of each initial member in plain, and of what would follow the last
	created         []int    // the fields of api.BDBCreate that stand for those of api.BDBUpdate
	backupInterval  json.RawMessage
	backgroundOp    json.RawMessage
	showCredentials bool
}

func newViews(doc *openapi3.T) (*views, error) {
	v := &views{initial: map[string]json.RawMessage{}}
	create, update := reflect.TypeFor[api.BDBCreate](), reflect.TypeFor[api.BDBUpdate]()
	for i := range update.NumField() {
		field, ok := create.FieldByName(update.Field(i).Name)
		if !ok {
			return nil, fmt.Errorf("a creation has no field %s", update.Field(i).Name)
		}
		v.created = append(v.created, field.Index[0])
	}
	example, err := json.Marshal(doc.Components.Examples["NewBDB"].Value.Value)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(example, &v.initial); err != nil {
		return nil, err
	}
	v.backupInterval, v.backgroundOp = v.initial["backup_interval"], v.initial["background_op"]
	for _, m := range ruled {
		delete(v.initial, m.name)
	}
	v.names = slices.Sorted(maps.Keys(v.initial))
	for _, name := range v.names {
		v.starts = append(v.starts, len(v.plain))
		v.plain = appendMember(v.plain, name, v.initial[name])
	}
	v.starts = append(v.starts, len(v.plain))
	return v, nil
}

// projection is what to show of a database.
type projection struct {
	ruled  []member
	others []string // by ascending name
	all    bool     // all others that there are
}

// projection returns what a request asks for: the fields that it names, or all if fields is nil.
func (v *views) projection(fields *[]string) projection {
	if fields == nil {
		return projection{ruled: ruled, all: true}
	}
	var p projection
	for _, name := range slices.Compact(slices.Sorted(slices.Values(*fields))) {
		if m, ok := ruledMember(name); ok {
			p.ruled = append(p.ruled, m)
		} else {
			p.others = append(p.others, name)
		}
	}
	return p
}

// append appends the bdb of a record.
func (v *views) append(b []byte, db *database.Database, p projection) []byte {
	b = append(b, '{')
	for _, m := range p.ruled {
		before := len(b)
		b = appendName(b, m.name)
		empty := len(b)
		if b = m.value(b, v, db); len(b) == empty {
			b = b[:before]
		}
	}
	if p.all {
		b = v.appendSettings(b, db.Settings)
	}
	for _, name := range p.others {
		b = v.appendSetting(b, db.Settings, name)
	}
	return append(b, '}')
}

// of returns the bdb of a record, with the named fields alone unless fields is nil.
func (v *views) of(db *database.Database, fields *[]string) bdbJSON {
	p := v.projection(fields)
	var b []byte
	if p.all {
		b = make([]byte, 0, 2*len(v.plain))
	}
	return v.append(b, db, p)
}

// deleted returns the bdb of a record that is gone, as a cluster does while it deletes the database.
func (v *views) deleted(db *database.Database) bdbJSON {
	pending := *v
	pending.backgroundOp = json.RawMessage(`[{"name":"SMDeleteBDB","status":"pending","progress":0}]`)
	return pending.of(db, nil)
}

// members returns the named members of a record's bdb, decoded as a request is.
func (v *views) members(db *database.Database, names []string) (map[string]any, error) {
	value, _, err := contract.Decode(v.of(db, &names))
	members, _ := value.(map[string]any)
	return members, err
}

// stillShown returns errChanged if the members that were dropped from a request are no longer what GET shows.
func (v *views) stillShown(ctx context.Context, db *database.Database) error {
	dropped, _ := ctx.Value(droppedKey{}).(map[string]any)
	if len(dropped) == 0 {
		return nil
	}
	shown, err := v.members(db, slices.Collect(maps.Keys(dropped)))
	if err == nil && !reflect.DeepEqual(shown, dropped) {
		err = errChanged
	}
	return err
}

// appendSettings appends the members that no rule knows. Few of them differ from the initial values, whose text is copied
// in the runs between those.
func (v *views) appendSettings(b []byte, settings map[string]json.RawMessage) []byte {
	var room [32]string
	given := room[:0]
	for name := range settings {
		given = append(given, name)
	}
	slices.Sort(given)
	next := 0
	for _, name := range given {
		if i, ok := slices.BinarySearch(v.names, name); ok {
			b = append(b, v.plain[v.starts[next]:v.starts[i]]...)
			b = v.appendSetting(b, settings, name)
			next = i + 1
		}
	}
	b = append(b, v.plain[v.starts[next]:]...)
	for _, name := range given {
		if v.initial[name] == nil {
			b = v.appendSetting(b, settings, name)
		}
	}
	return b
}

// appendSetting appends a member that no rule knows, if there is one of that name.
func (v *views) appendSetting(b []byte, settings map[string]json.RawMessage, name string) []byte {
	text := v.setting(settings, name)
	if _, known := ruledMember(name); text == nil || known {
		return b
	}
	return appendMember(b, name, text)
}

// setting returns the text of a member that no rule knows, nil if there is none of that name.
func (v *views) setting(settings map[string]json.RawMessage, name string) json.RawMessage {
	text, given := settings[name]
	switch {
	case !given:
		return v.initial[name]
	case v.showCredentials:
		return text
	}
	return Masked(name, text)
}

// appendMember appends to an object that lacks its closing brace.
func appendMember(b []byte, name string, text json.RawMessage) []byte {
	return append(appendName(b, name), text...)
}

func appendName(b []byte, name string) []byte {
	if !bytes.HasSuffix(b, []byte("{")) {
		b = append(b, ',')
	}
	return append(appendString(b, name), ':')
}

// bdbJSON is a bdb as it is sent. The generated types would encode 179 members by reflection, and give settings another
// spelling than they came in.
type bdbJSON []byte

// VisitCreateBDBResponse and its like implement the generated interfaces of answers.
func (b bdbJSON) VisitCreateBDBResponse(w http.ResponseWriter) error { return b.send(w) }
func (b bdbJSON) VisitGetBDBResponse(w http.ResponseWriter) error    { return b.send(w) }
func (b bdbJSON) VisitUpdateBDBResponse(w http.ResponseWriter) error { return b.send(w) }
func (b bdbJSON) VisitDeleteBDBResponse(w http.ResponseWriter) error { return b.send(w) }

func (b bdbJSON) send(w http.ResponseWriter) error {
	if err := bdbHead(len(b)).VisitGetBDBResponse(w); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

// bdbHead is the header of a bdb with so many bytes.
type bdbHead int

// VisitGetBDBResponse implements the generated interface.
func (n bdbHead) VisitGetBDBResponse(w http.ResponseWriter) error {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["Content-Length"] = []string{strconv.Itoa(int(n))}
	w.WriteHeader(http.StatusOK)
	return nil
}
