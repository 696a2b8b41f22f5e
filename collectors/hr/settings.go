package hr

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"muster/collectors"
	"muster/collectors/internal/table"
	"muster/internal/access"
	"muster/internal/config"
)

// Version is this collector's version. It is printed on the IPE sheet and changes when the same source gives other records.
const Version = "1"

// settings is the collector's part of the configuration.
type settings struct {
	Path            string            `yaml:"path" required:"true"`
	Format          string            `yaml:"format" enum:"plain,workday,bamboohr"`
	Columns         map[string]string `yaml:"columns"`
	Without         []string          `yaml:"without"` // fields that judge people's access and that this export does not have
	Attributes      map[string]string `yaml:"attributes"`
	Statuses        map[string]string `yaml:"statuses"`
	EmploymentTypes map[string]string `yaml:"employment_types"`
	DateLayouts     []string          `yaml:"date_layouts"`
	Delimiter       string            `yaml:"delimiter"`
	Encoding        string            `yaml:"encoding" enum:"utf-8,windows-1252"`
	MaxRejected     int64             `yaml:"max_rejected"`
	FinalNewline    string            `yaml:"final_newline" enum:"required,optional"`
}

// Collector reads one HR export. It is a collectors.Collector, Prober and Meter.
type Collector struct {
	system   string
	dir      string
	path     string
	max      int64
	format   table.Format
	columns  []table.Column
	attrs    []string // names of the attributes; their columns follow those of fields
	statuses map[string]access.Status
	types    map[string]access.EmploymentType
	dates    table.Dates
	open     *table.Table // while Collect runs
}

// New makes the collector of one HR export. Problems of the settings are recorded on spec.Settings.
func New(spec collectors.Spec) (collectors.Collector, error) {
	s := settings{Format: "plain", Encoding: table.UTF8, FinalNewline: "required"}
	n := spec.Settings
	n.Decode(&s)
	p := presets()[s.Format]
	c := &Collector{system: spec.System, dir: spec.Dir, path: s.Path, max: s.MaxRejected, dates: table.NewDates(s.DateLayouts),
		format: table.Format{Encoding: s.Encoding, CutIsFine: s.FinalNewline == "optional"}}
	if s.MaxRejected < 0 {
		n.Get("max_rejected").Problem("0 tolerates none", "max_rejected is below 0")
	}
	c.format.Delimiter = table.Delimiter(n.Get("delimiter"), s.Delimiter)
	table.CheckLayouts(n.Get("date_layouts"), s.DateLayouts)
	c.bindColumns(n, s, p)
	c.statuses = normalised(n.Get("statuses"), s.Statuses, []map[string]access.Status{baseStatuses(), p.statuses},
		[]access.Status{access.StatusPrehire, access.StatusActive, access.StatusLeave, access.StatusTerminated})
	c.types = normalised(n.Get("employment_types"), s.EmploymentTypes, []map[string]access.EmploymentType{baseTypes(), p.types},
		[]access.EmploymentType{access.Employee, access.Contractor, access.Intern})
	return c, nil
}

// decisive are the fields without which everybody would look like an employee for ever: a column that was renamed overnight must
// stop the run, not silence its rules. An export that never had one says so under without.
var decisive = [...]string{"employment_type", "start_date", "end_date"}

// bindColumns lists the wanted columns: those of the settings must be there, and id, status and what is decisive; the others of the
// format may be missing.
func (c *Collector) bindColumns(n config.Node, s settings, p preset) {
	for _, key := range n.Get("columns").Keys() {
		if !slices.Contains(fields[:], key) {
			at := n.Get("columns").Key(key)
			hint := "known fields: " + strings.Join(fields[:], ", ")
			if near := config.Nearest(key, fields[:]); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			at.Problem(hint, "unknown field %q", key)
		}
	}
	for i, field := range s.Without {
		if !slices.Contains(decisive[:], field) {
			n.Get("without").Index(i).Problem("without takes "+strings.Join(decisive[:], ", "), "field %q need not be named here", field)
		}
	}
	for _, field := range fields {
		needed := field == "id" || field == "status" || slices.Contains(decisive[:], field) && !slices.Contains(s.Without, field)
		col := table.Column{Field: field, Names: p.columns[field], From: "format " + s.Format, Required: needed}
		if name := s.Columns[field]; name != "" {
			col.Names, col.Required, col.From = []string{name}, true, n.Get("columns").Get(field).Position().String()
		}
		c.columns = append(c.columns, col)
	}
	for name := range s.Attributes {
		c.attrs = append(c.attrs, name)
	}
	sort.Strings(c.attrs)
	for _, name := range c.attrs {
		c.columns = append(c.columns, table.Column{Field: "attribute " + name, Names: []string{s.Attributes[name]}, Required: true,
			From: n.Get("attributes").Get(name).Position().String()})
	}
}

// normalised merges what texts mean: the settings win over the format, the format over what is common.
func normalised[T ~string](n config.Node, own map[string]string, given []map[string]T, allowed []T) map[string]T {
	out := map[string]T{}
	for _, m := range given {
		maps.Copy(out, m)
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
		out[string(a)] = a
	}
	for text, v := range own {
		if !slices.Contains(allowed, T(v)) {
			hint := "one of " + strings.Join(names, ", ")
			if near := config.Nearest(v, names); near != "" {
				hint = fmt.Sprintf("did you mean %q? %s", near, hint)
			}
			n.Get(text).Problem(hint, "unknown value %q", v)
			continue
		}
		out[collectors.Fold(strings.TrimSpace(text))] = T(v)
	}
	return out
}

// fields are the fields of a person in the order that rows are read in; the constants below are their places.
var fields = [...]string{"id", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department",
	"cost_centre", "company", "location", "employment_type", "status", "manager_id", "start_date", "end_date"}

const (
	colID = iota
	colGivenName
	colFamilyName
	colDisplayName
	colEmail
	colUPN
	colUsername
	colTitle
	colDepartment
	colCostCentre
	colCompany
	colLocation
	colEmploymentType
	colStatus
	colManagerID
	colStartDate
	colEndDate
	colAttributes
)
