package csv

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"muster/collectors"
	"muster/collectors/internal/table"
	"muster/internal/access"
	"muster/internal/config"
)

// Version is this collector's version. It is printed on the IPE sheet and changes when the same source gives other records.
const Version = "1"

type settings struct {
	Delimiter    string              `yaml:"delimiter"`
	Encoding     string              `yaml:"encoding" enum:"utf-8,windows-1252"`
	FinalNewline string              `yaml:"final_newline" enum:"required,optional"`
	MaxRejected  int64               `yaml:"max_rejected"`
	DateLayouts  []string            `yaml:"date_layouts"`
	Accounts     accountSettings     `yaml:"accounts" required:"true"`
	Entitlements fileSettings        `yaml:"entitlements"`
	Grants       fileSettings        `yaml:"grants"`
	Privileged   collectors.Globs    `yaml:"privileged"`
	Control      map[string]*control `yaml:"control"`
}

type accountSettings struct {
	Path         string                       `yaml:"path" required:"true"`
	Columns      map[string]string            `yaml:"columns"`
	Attributes   map[string]string            `yaml:"attributes"`
	Values       map[string]map[string]string `yaml:"values"`
	Entitlements inlineSettings               `yaml:"entitlements"`
}

// inlineSettings is a column of the accounts file that lists entitlements.
type inlineSettings struct {
	Column    string `yaml:"column" required:"true"`
	Separator string `yaml:"separator"`
}

type fileSettings struct {
	Path    string            `yaml:"path" required:"true"`
	Columns map[string]string `yaml:"columns"`
}

// control is a control total: how many rows the source says that it exported.
type control int64

// DecodeYAML reads a count.
func (c *control) DecodeYAML(n config.Node) {
	var v int64
	n.Decode(&v)
	if v < 0 {
		n.Problem("give the number of rows without the header", "a control total is below 0")
	}
	*c = control(v)
}

// Collector reads the export of one system: a file of accounts and, if there are, files of entitlements and grants. It is a
// collectors.Collector, Prober and Meter.
type Collector struct {
	system       string
	dir          string
	now          func() time.Time
	max          int64
	format       table.Format
	dates        table.Dates
	privileged   collectors.Globs
	accounts     file
	entitlements file
	grants       file
	attrs        []string
	separator    string // of the inline entitlements; empty when there are none
	values       values
	open         []*table.Table // while Collect runs
}

// file is one configured file; an empty path is none.
type file struct {
	class   access.Class // what its rows are
	path    string
	columns []table.Column
	claimed int64
}

var (
	accountFields = []string{"id", "name", "display_name", "email", "upn", "employee_id", "owner", "kind", "enabled", "locked",
		"privileged", "mfa", "created_at", "last_login", "expires_at"}
	entitlementFields = []string{"id", "name", "kind", "description", "privileged"}
	grantFields       = []string{"account", "entitlement", "expires_at"}
)

// New makes the collector of one export. Problems of the settings are recorded on spec.Settings.
func New(spec collectors.Spec) (collectors.Collector, error) {
	s := settings{Encoding: table.UTF8, FinalNewline: "required"}
	s.Accounts.Entitlements.Separator = ";"
	n := spec.Settings
	n.Decode(&s)
	c := &Collector{system: spec.System, dir: spec.Dir, now: spec.Now, max: s.MaxRejected, dates: table.NewDates(s.DateLayouts),
		format:     table.Format{Encoding: s.Encoding, CutIsFine: s.FinalNewline == "optional"},
		privileged: s.Privileged, values: newValues(n.Get("accounts").Get("values"), s.Accounts.Values)}
	if s.MaxRejected < 0 {
		n.Get("max_rejected").Problem("0 tolerates none", "max_rejected is below 0")
	}
	c.format.Delimiter = table.Delimiter(n.Get("delimiter"), s.Delimiter)
	table.CheckLayouts(n.Get("date_layouts"), s.DateLayouts)
	c.accounts = newFile(access.ClassAccount, n.Get("accounts"), s.Accounts.Path, s.Accounts.Columns, accountFields)
	c.entitlements = newFile(access.ClassEntitlement, n.Get("entitlements"), s.Entitlements.Path, s.Entitlements.Columns, entitlementFields)
	c.grants = newFile(access.ClassGrant, n.Get("grants"), s.Grants.Path, s.Grants.Columns, grantFields)
	c.entitlements.need("name")
	c.grants.need("account", "entitlement")
	c.addInline(n.Get("accounts"), s.Accounts)
	c.setControls(n.Get("control"), s.Control)
	return c, nil
}

// newFile lists the wanted columns of a file. A field that the settings do not name is looked for under its own name and may be
// missing.
func newFile(class access.Class, n config.Node, path string, names map[string]string, fields []string) file {
	for _, key := range n.Get("columns").Keys() {
		if !slices.Contains(fields, key) {
			unknown(n.Get("columns").Key(key), "field", key, fields)
		}
	}
	f := file{class: class, path: path, claimed: access.NoClaim}
	for _, field := range fields {
		col := table.Column{Field: field, Names: []string{field}, From: "the field's own name"}
		if name := names[field]; name != "" {
			col = table.Column{Field: field, Names: []string{name}, Required: true, From: n.Get("columns").Get(field).Position().String()}
		}
		f.columns = append(f.columns, col)
	}
	return f
}

// need makes fields required.
func (f *file) need(fields ...string) {
	for i := range f.columns {
		if slices.Contains(fields, f.columns[i].Field) {
			f.columns[i].Required = true
		}
	}
}

// addInline appends the attributes and the column of inline entitlements behind the accounts' fields.
func (c *Collector) addInline(n config.Node, s accountSettings) {
	if s.Columns["id"] == "" && s.Columns["name"] == "" {
		c.accounts.columns[colName].Names = []string{"name", "id"}
		c.accounts.columns[colName].Required = true
	}
	for name := range s.Attributes {
		c.attrs = append(c.attrs, name)
	}
	sort.Strings(c.attrs)
	for _, name := range c.attrs {
		c.accounts.columns = append(c.accounts.columns, table.Column{Field: "attribute " + name, Names: []string{s.Attributes[name]},
			Required: true, From: n.Get("attributes").Get(name).Position().String()})
	}
	if s.Entitlements.Column == "" {
		return
	}
	if s.Entitlements.Separator == "" {
		n.Get("entitlements").Get("separator").Problem(`write what stands between two: ";"`, "the separator is empty")
	}
	c.separator = s.Entitlements.Separator
	c.accounts.columns = append(c.accounts.columns, table.Column{Field: "entitlements", Names: []string{s.Entitlements.Column},
		Required: true, From: n.Get("entitlements").Get("column").Position().String()})
}

func (c *Collector) setControls(n config.Node, controls map[string]*control) {
	files := map[string]*file{"accounts": &c.accounts, "entitlements": &c.entitlements, "grants": &c.grants}
	for _, key := range n.Keys() {
		f := files[key]
		switch {
		case f == nil:
			unknown(n.Key(key), "file", key, []string{"accounts", "entitlements", "grants"})
		case f.path == "" && key != "accounts":
			n.Key(key).Problem("configure "+key+": {path: ...} or remove it", "a control total of a file that is not configured")
		case controls[key] != nil:
			f.claimed = int64(*controls[key])
		}
	}
}

func unknown(at config.Node, what, key string, known []string) {
	hint := "known: " + strings.Join(known, ", ")
	if near := config.Nearest(key, known); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	at.Problem(hint, "unknown %s %q", what, key)
}

// The places of the accounts' columns, in the order of accountFields.
const (
	colID = iota
	colName
	colDisplayName
	colEmail
	colUPN
	colEmployeeID
	colOwner
	colKind
	colEnabled
	colLocked
	colPrivileged
	colMFA
	colCreatedAt
	colLastLogin
	colExpiresAt
	colAttributes
)
