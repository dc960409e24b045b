package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/reimport/reimport/internal/contract"
	"github.com/reimport/reimport/internal/secret"
)

// names gives the times, ids and hosts of a transcript other names, so that two runs read alike.
type names struct {
	mask  *secret.Mask
	hosts []*regexp.Regexp
	ids   map[string]string
}

// exchange is the text of one, whose lines begin with > in the request and < in the response.
func (n *names) exchange(x recorded) string {
	var b strings.Builder
	fmt.Fprintf(&b, "> %s %s\n", x.method, n.target(x.target))
	n.message(&b, "> ", x.sentHeader, x.sent, x.sentSize)
	fmt.Fprintf(&b, "< %d\n", x.status)
	n.message(&b, "< ", x.header, x.received, x.size)
	return strings.TrimSuffix(b.String(), "\n")
}

// connectionHeaders say how the bytes came, or by which program they were sent.
var connectionHeaders = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Date", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "User-Agent",
	"X-Envoy-Upstream-Service-Time",
}

func (n *names) message(b *strings.Builder, mark string, header http.Header, body []byte, size int) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if slices.Contains(connectionHeaders, name) {
			continue
		}
		for _, value := range header[name] {
			switch name {
			case "X-Request-Id", "Cluster-State-Id":
				value = "<id>"
			case "Location":
				value = n.target(value)
			default:
				value = inOneLine(n.text(value))
			}
			fmt.Fprintf(b, "%s%s: %s\n", mark, name, value)
		}
	}
	if size == 0 {
		return
	}
	value, _, err := contract.Decode(body)
	if err != nil {
		fmt.Fprintf(b, "%s<%d bytes that are not JSON>\n", mark, size)
		return
	}
	var text strings.Builder
	n.json(&text, "", value, "\n")
	for line := range strings.Lines(text.String()) {
		b.WriteString(mark + strings.TrimSuffix(line, "\n") + "\n")
	}
}

var (
	timeText = regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?`)
	hostPart = regexp.MustCompile(`(://)([^/\s"'<>?#]+)`)
	ipv4     = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(:\d+)?\b`)
	runName  = regexp.MustCompile(`\bconform-[a-z2-7]{10}\b`) // of a run's databases
	email    = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)*`)
	anID     = regexp.MustCompile(`^([1-9][0-9]*|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	idName   = regexp.MustCompile(`(^|_)(uids?|id|guid)$|^shard_list$`)
	hostName = regexp.MustCompile(`^(addr|host|hostname|dns_name|dns_address_master|dns_suffixes|endpoint_ip|external_addr|cluster_name|email|bucket_name)$`)
)

// hostText matches a host where it is a word of its own: a host with the name cluster is no part of oss_cluster.
func hostText(host string) *regexp.Regexp {
	if strings.Contains(host, ":") { // an IPv6 address
		return regexp.MustCompile(regexp.QuoteMeta(host))
	}
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(host) + `\b`)
}

// text is a text for people.
func (n *names) text(text string) string {
	text = n.mask.Text(text)
	text = timeText.ReplaceAllString(text, "<time>")
	text = runName.ReplaceAllString(text, "conform-<run>")
	text = hostPart.ReplaceAllString(text, "$1<host>")
	text = email.ReplaceAllString(text, "<email>")
	text = ipv4.ReplaceAllString(text, "<host>")
	for _, host := range n.hosts {
		text = host.ReplaceAllString(text, "<host>")
	}
	return text
}

func (n *names) target(target string) string {
	path, query, found := strings.Cut(target, "?")
	segments := strings.Split(n.text(path), "/")
	for i, s := range segments {
		if anID.MatchString(s) {
			segments[i] = n.id(s)
		}
	}
	target = strings.Join(segments, "/")
	if found {
		target += "?" + n.text(query)
	}
	return inOneLine(target)
}

// id is the name of an id, by the order in which they come up.
func (n *names) id(value string) string {
	if n.ids[value] == "" {
		n.ids[value] = fmt.Sprintf("<id %d>", len(n.ids)+1)
	}
	return n.ids[value]
}

// json writes a value of the member with this name. What has another name instead keeps its type: only texts are in quotes.
func (n *names) json(b *strings.Builder, name string, value any, indent string) {
	switch v := value.(type) {
	case map[string]any:
		n.object(b, v, indent)
	case []any:
		n.list(b, name, v, indent)
	case string:
		b.WriteString(quoted(n.string(name, v)))
	case json.Number:
		b.WriteString(n.number(name, v.String()))
	default:
		fmt.Fprint(b, orNull(v))
	}
}

func orNull(v any) any {
	if v == nil {
		return "null"
	}
	return v
}

func (n *names) object(b *strings.Builder, members map[string]any, indent string) {
	if len(members) == 0 {
		b.WriteString("{}")
		return
	}
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(indent + "  " + quoted(n.text(name)) + ": ")
		n.json(b, name, members[name], indent+"  ")
	}
	b.WriteString(indent + "}")
}

func (n *names) list(b *strings.Builder, name string, items []any, indent string) {
	if len(items) == 0 {
		b.WriteString("[]")
		return
	}
	b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(indent + "  ")
		n.json(b, name, item, indent+"  ")
	}
	b.WriteString(indent + "]")
}

func (n *names) string(name, value string) string {
	switch {
	case value == "" || value == secret.Shown:
	case idName.MatchString(name):
		return n.id(n.mask.Text(value))
	case hostName.MatchString(name):
		return "<host>"
	case strings.HasSuffix(name, "version"): // which may look like an address
		return n.mask.Text(value)
	}
	return n.text(value)
}

func (n *names) number(name, value string) string {
	switch {
	case value == "0":
	case idName.MatchString(name):
		return n.id(value)
	case strings.HasSuffix(name, "_time"):
		return "<time>"
	}
	return value
}

// quoted is a JSON string in which <, > and & are as they are.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
