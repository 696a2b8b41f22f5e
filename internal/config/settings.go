package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config/keys"
	"muster/internal/config/retention"
)

// Settings is muster.yaml.
type Settings struct {
	Organisation string             `yaml:"organisation" required:"true"`
	AsOf         time.Time          `yaml:"as_of"`    // a fixed clock, for exports of a known date; zero means now
	DataDir      string             `yaml:"data_dir"` // relative to the file
	ClickHouse   ClickHouse         `yaml:"clickhouse"`
	HR           HR                 `yaml:"hr" required:"true"`
	Systems      []System           `yaml:"systems" required:"true"`
	Linking      Linking            `yaml:"linking"`
	Bundles      []string           `yaml:"bundles"`
	SoD          string             `yaml:"sod"`
	Exceptions   string             `yaml:"exceptions"`
	Rules        Rules              `yaml:"rules"`
	Remediation  Remediation        `yaml:"remediation"`
	People       People             `yaml:"people"`
	Slack        *Slack             `yaml:"slack"` // nil without
	Mail         *Mail              `yaml:"mail"`  // nil without
	Report       ReportSettings     `yaml:"report"`
	Retention    retention.Settings `yaml:"retention"`
	Signing      keys.Signing       `yaml:"signing"`

	File string // where it was read from
	doc  *Document
}

// ClickHouse says which engine holds the facts. Without a DSN the embedded one does.
type ClickHouse struct {
	DSN      Secret `yaml:"dsn"`       // clickhouse://user:password@host:9440/muster?secure=true or https://...
	Library  string `yaml:"library"`   // path of libchdb.so, when it is not where muster looks
	MemoryMB int    `yaml:"memory_mb"` // cap of the embedded engine
}

// HR is the authoritative source of persons.
type HR struct {
	Name          string   `yaml:"name"`
	ShrinkPercent float64  `yaml:"shrink_percent"`
	Departments   []string `yaml:"departments"` // the known ones; empty means that any is
	Heads         []string `yaml:"heads"`       // worker ids that need no manager
	Settings      Node     `yaml:"settings" required:"true"`
}

// System is one connected System.
type System struct {
	Name          string            `yaml:"name" required:"true"`
	Title         string            `yaml:"title"`
	Collector     string            `yaml:"collector" required:"true"`
	Owner         string            `yaml:"owner"`
	Criticality   string            `yaml:"criticality" enum:"low,medium,high,critical"`
	SLA           time.Duration     `yaml:"sla"`
	ShrinkPercent float64           `yaml:"shrink_percent"`
	Classify      []Classify        `yaml:"classify"`
	Settings      Node              `yaml:"settings" required:"true"`
	Baseline      *Baseline         `yaml:"baseline"`
	Remediation   SystemRemediation `yaml:"remediation"`
}

// Classify gives accounts a kind by name. The first glob that matches decides.
type Classify struct {
	Name string             `yaml:"name" required:"true"` // path.Match glob, case does not count
	Kind access.AccountKind `yaml:"kind" required:"true" enum:"human,service,shared,break-glass"`
}

// Baseline is an older export of the same system, read once when the store holds nothing older to compare with.
type Baseline struct {
	TakenAt  time.Time `yaml:"taken_at" required:"true"`
	Settings Node      `yaml:"settings" required:"true"`
}

// Linking says how accounts are matched with persons.
type Linking struct {
	Keys    []access.LinkKey `yaml:"keys"`
	Domains []string         `yaml:"domains"`
	Map     []LinkMap        `yaml:"map"`
}

// LinkMap is one explicit link.
type LinkMap struct {
	System  string `yaml:"system" required:"true"`
	Account string `yaml:"account" required:"true"` // id or name
	Person  string `yaml:"person" required:"true"`
}

// Rules says which rules run and what of them is changed. Set holds one mapping per rule id.
type Rules struct {
	Packs []string        `yaml:"packs"`
	Files []string        `yaml:"files"`
	Set   map[string]Node `yaml:"set"`
}

// ReportSettings is what the evidence packs print.
type ReportSettings struct {
	Classification string `yaml:"classification"`
}

var systemName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// Load reads and checks muster.yaml. Paths stay as written; Path resolves them. The error is Problems.
func Load(file string) (*Settings, error) {
	doc, err := ParseFile(file)
	if err != nil {
		var ps Problems
		if errors.As(err, &ps) && !fileExists(file) {
			ps[0].Hint = "write one with: muster init, or name it with --config"
		}
		return nil, err
	}
	s := &Settings{File: file, doc: doc,
		HR:          HR{Name: "hr", ShrinkPercent: 10},
		Linking:     Linking{Keys: []access.LinkKey{access.KeyMap, access.KeyEmployeeID, access.KeyEmail, access.KeyUPN, access.KeyUsername}},
		Rules:       Rules{Packs: []string{"builtin"}},
		Remediation: Remediation{Mode: DryRun, MaxGap: 14 * 24 * time.Hour},
		Report:      ReportSettings{Classification: "Confidential"},
	}
	root := doc.Root()
	if !root.Exists() {
		root.Problem("write one with: muster init", "the file is empty")
		return nil, doc.Err()
	}
	root.Decode(s)
	s.check(root)
	return s, doc.Err()
}

// Path resolves a path of the configuration against the folder of its file.
func (s *Settings) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(s.File), p)
}

// Dir is the folder that the configuration's relative paths are taken from.
func (s *Settings) Dir() string { return filepath.Dir(s.File) }

// Problems gives the document's problems so far; collectors' factories record theirs on the same document.
func (s *Settings) Problems() error { return s.doc.Err() }

// Node is the whole document, for those that report problems of their own against it.
func (s *Settings) Node() Node { return s.doc.Root() }

// Digest is the hex SHA-256 over the configuration file and the files it names in order, each with its name.
func (s *Settings) Digest() (string, error) {
	h := sha256.New()
	files := append([]string{filepath.Base(s.File)}, s.Bundles...)
	files = append(append(files, s.Rules.Files...), s.Remediation.Policies...)
	for _, f := range append(files, s.SoD, s.Exceptions) {
		if f == "" {
			continue
		}
		data, err := os.ReadFile(s.Path(f))
		if err != nil {
			return "", fmt.Errorf("digest configuration: %w", err)
		}
		fmt.Fprintf(h, "%d:%s%d:", len(f), f, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (s *Settings) check(root Node) {
	if strings.TrimSpace(s.Organisation) == "" && root.Get("organisation").Exists() {
		root.Get("organisation").Problem("give the organisation's name", "the name is empty")
	}
	if n := root.Get("hr"); n.Exists() {
		checkName(n.Get("name"), s.HR.Name)
		checkPercent(n.Get("shrink_percent"), s.HR.ShrinkPercent)
	}
	seen := map[string]bool{s.HR.Name: true}
	for i := range s.Systems {
		s.checkSystem(root.Get("systems").Index(i), &s.Systems[i], seen)
	}
	if n := root.Get("systems"); n.Exists() && len(s.Systems) == 0 {
		n.Problem("add at least one system", "no system is configured")
	}
	s.checkLinking(root.Get("linking"), seen)
	for i, pack := range s.Rules.Packs {
		if pack != "builtin" {
			root.Get("rules").Get("packs").Index(i).Problem("the only pack is builtin; own rules go under rules.files", "unknown rule pack %q", pack)
		}
	}
	s.checkRemediation(root)
	s.checkSigning(root.Get("signing"))
	for _, key := range s.Retention.Short(func(key string) string { text, _ := root.Get("retention").Get(key).scalar(); return text }) {
		root.Get("retention").Get(key).Problem("write a day or more, as 400d; leave "+key+" out for the default", "%s would be kept for less than a day", key)
	}
	s.checkFiles(root)
}

func (s *Settings) checkSystem(n Node, sys *System, seen map[string]bool) {
	name := n.Get("name")
	if name.Exists() {
		checkName(name, sys.Name)
		if seen[sys.Name] {
			name.Problem("every source needs a name of its own", "the name %q is taken", sys.Name)
		}
		seen[sys.Name] = true
	}
	if !n.Get("shrink_percent").Exists() {
		sys.ShrinkPercent = 10
	}
	checkPercent(n.Get("shrink_percent"), sys.ShrinkPercent)
	if sys.Criticality == "" {
		sys.Criticality = "medium"
	}
	if sys.Title == "" {
		sys.Title = sys.Name
	}
	sys.Remediation.check(n.Get("remediation"), sys.Collector)
	if sys.SLA < 0 {
		n.Get("sla").Problem("write 24h or 1d", "the revocation SLA is negative")
	}
	for i, c := range sys.Classify {
		if _, err := path.Match(strings.ToLower(c.Name), ""); err != nil {
			n.Get("classify").Index(i).Get("name").Problem("use * and ? and [a-z]", "bad glob %q", c.Name)
		}
	}
	if sys.Baseline != nil && !s.AsOf.IsZero() && !sys.Baseline.TakenAt.Before(s.AsOf) {
		n.Get("baseline").Get("taken_at").Problem("a baseline is older than as_of", "the baseline is not older than the run")
	}
}

func (s *Settings) checkLinking(n Node, systems map[string]bool) {
	known := []string{string(access.KeyMap), string(access.KeyEmployeeID), string(access.KeyEmail), string(access.KeyUPN),
		string(access.KeyUsername), string(access.KeyUserDomain)}
	seen := map[access.LinkKey]bool{}
	for i, k := range s.Linking.Keys {
		at := n.Get("keys").Index(i)
		if Nearest(string(k), known) != string(k) {
			hint := "known keys: " + strings.Join(known, ", ")
			if near := Nearest(string(k), known); near != "" {
				hint = fmt.Sprintf("did you mean %q? %s", near, hint)
			}
			at.Problem(hint, "unknown link key %q", k)
		}
		if seen[k] {
			at.Problem("keep one of them", "link key %q is given twice", k)
		}
		seen[k] = true
		if k == access.KeyUserDomain && len(s.Linking.Domains) == 0 {
			at.Problem("add linking.domains: [example.com]", "link key %q needs domains", k)
		}
	}
	for i, m := range s.Linking.Map {
		if m.System != "" && !systems[m.System] {
			at := n.Get("map").Index(i).Get("system")
			at.Problem(didYouMean(m.System, systems), "unknown system %q", m.System)
		}
	}
}

func (s *Settings) checkFiles(root Node) {
	check := func(n Node, p string) {
		if p != "" && !fileExists(s.Path(p)) {
			n.Problem("the path is taken from the folder of "+filepath.Base(s.File), "no such file %q", p)
		}
	}
	for i, p := range s.Bundles {
		check(root.Get("bundles").Index(i), p)
	}
	for i, p := range s.Rules.Files {
		check(root.Get("rules").Get("files").Index(i), p)
	}
	for i, p := range s.Remediation.Policies {
		check(root.Get("remediation").Get("policies").Index(i), p)
	}
	if s.Mail != nil {
		check(root.Get("mail").Get("ca_file"), s.Mail.CAFile)
	}
	check(root.Get("sod"), s.SoD)
	check(root.Get("exceptions"), s.Exceptions)
}

func checkName(n Node, name string) {
	if !systemName.MatchString(name) {
		n.Problem("lower-case letters, digits, - and _, at most 40, a letter first", "bad source name %q", name)
	}
}

func checkPercent(n Node, p float64) {
	if p <= 0 || p > 100 {
		n.Problem("a percentage above 0 and up to 100; the default is 10", "bad threshold %v", p)
	}
}

func didYouMean(word string, set map[string]bool) string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	if near := Nearest(word, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "name it as under systems"
}

func fileExists(p string) bool {
	info, err := os.Stat(p)
	return err == nil && !info.IsDir()
}
