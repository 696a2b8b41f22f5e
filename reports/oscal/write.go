package oscal

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"strconv"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
)

// Version is the version of OSCAL that is written.
const Version = "1.1.2"

// FileName is what the document is called in a pack.
const FileName = "assessment-results.oscal.json"

// Write writes the assessment results of a run: file is its evidence.json, findings streams every finding of it once, in any order.
// The annexes that file names are linked by the paths that they have in the pack, with their digests. The JSON is indented and ends
// with a line break. Errors are those of findings and of w.
func Write(w io.Writer, file evidence.File, findings func(yield func(access.Finding) error) error) error {
	g, err := gather(file, findings)
	if err != nil {
		return err
	}
	b := &builder{file: file, found: g, systems: map[string]component{}, risks: map[string][]relatedRisk{}}
	for _, r := range g.order {
		b.rules = append(b.rules, g.rules[r])
	}
	b.controls = controls(b.rules, file.Controls)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(b.document()); err != nil {
		return fmt.Errorf("write oscal: %w", err)
	}
	return nil
}

// builder makes the parts of one document.
type builder struct {
	file     evidence.File
	found    *gathered
	rules    []evidence.Rule
	controls map[string]control
	systems  map[string]component // by the source's name
	risks    map[string][]relatedRisk
}

func (b *builder) id(part ...string) string { return id(b.file.Pack, part...) }

// at is a time of the run, or the run's clock when that time is not known. OSCAL has no empty times.
func (b *builder) at(t time.Time) time.Time {
	if t.IsZero() {
		t = b.file.Run.AsOf
	}
	return t.UTC()
}

// whole reports whether the pack holds everybody of its run.
func (b *builder) whole() bool { return len(b.file.Scope.Persons) == 0 }

// held says whom a pack holds that is not whole. Nobody is named here.
func (b *builder) held() string {
	return plural(int64(len(b.file.Scope.Persons)), "person") + " of the run"
}

func (b *builder) origins() []origin {
	return []origin{{Actors: []actor{{Type: "tool", UUID: b.id("tool")}}}}
}

func (b *builder) document() document {
	run := b.file.Run
	r := results{UUID: b.id("document"), Results: []result{b.result()},
		Metadata: metadata{Title: "Assessment results of pack " + markup(b.file.Pack), LastModified: b.at(run.FinishedAt), Version: "1", OSCALVersion: Version,
			Props: props("pack", b.file.Pack, "run", run.ID, "classification", b.file.Classification, "generated-by", b.file.GeneratedBy)},
		ImportAP: link{Href: "#" + b.id("plan"), Remarks: "There is no plan of an assessor: what was tested is what the rules say, in the version that the resource names."},
		Back:     b.back()}
	if name := line(b.file.Organisation); name != "" {
		r.Metadata.Parties = []party{{UUID: b.id("organisation"), Type: "organization", Name: name}}
	}
	if local := b.objectives(); len(local) > 0 {
		r.Local = &objective{Objectives: local}
	}
	return document{Results: r}
}

// objectives defines the controls that no public catalog does.
func (b *builder) objectives() []localObjective {
	var out []localObjective
	for _, name := range names(b.rules) {
		c := b.controls[name]
		if c.nist {
			continue
		}
		_, target := c.target()
		says := c.says
		if says == "" {
			says = "See the framework: this document has no words of its own for the control " + name
		}
		out = append(out, localObjective{Control: c.id, Description: markup(name), Props: props("framework", c.framework, "control", name),
			Parts: []part{{ID: target, Name: "objective", Prose: markup(says)}}})
	}
	return out
}

func (b *builder) result() result {
	run := b.file.Run
	t := b.file.Totals
	end := b.at(run.FinishedAt)
	tool := component{UUID: b.id("tool"), Type: "software", Title: "Muster", Description: "Reads accounts and grants, compares them with HR data by rules, and enters what it finds on a ledger.",
		Props: props("version", run.Version), Status: state{State: "operational"}}
	found := fmt.Sprintf("%s, %d resolved, %d covered by an exception.", plural(int64(t.Open), "open finding"), t.Resolved, t.Excepted)
	out := result{UUID: b.id("result"), Title: markup("Run " + run.ID), Start: b.at(run.StartedAt), End: &end,
		Description: fmt.Sprintf("Every account and grant of %s was compared with what HR data says its owner should hold: %s", plural(int64(len(b.file.Sources)), "source"), found),
		Props: props("run", run.ID, "as-of", run.AsOf.UTC().Format(time.RFC3339), "ran-by", run.RanBy, "incomplete", strconv.FormatBool(run.Incomplete), "kind", b.file.Kind,
			"config-sha256", run.ConfigSHA256, "rules-sha256", run.RulesSHA256, "findings-sha256", b.file.FindingsSHA256, "ledger-origin", b.file.Ledger.Origin, "ledger-root", b.file.Ledger.Root),
		Local: localDefinitions{Assets: assets{Components: []component{tool},
			Platforms: []platform{{UUID: b.id("platform"), Title: "Muster", Uses: []componentUsed{{UUID: tool.UUID}}}}}},
		Reviewed: b.reviewed()}
	b.scope(&out, found)
	for _, s := range b.file.Sources {
		c := component{UUID: b.id("source", s.Name), Type: "system", Title: markup(first(s.Title, s.Name)), Description: "Read by the collector " + markup(s.Collector) + ".",
			Props: props("name", s.Name, "owner", s.Owner, "criticality", s.Criticality), Status: state{State: "operational"}}
		b.systems[s.Name] = c
		out.Local.Components = append(out.Local.Components, c)
		out.Observations = append(out.Observations, b.source(s))
	}
	for _, r := range b.rules {
		out.Observations = append(out.Observations, b.test(r))
		out.Risks = append(out.Risks, b.risksOf(r)...)
	}
	for _, r := range b.rules {
		out.Findings = append(out.Findings, b.findingsOf(r)...)
	}
	return out
}

// scope says what of the run the result is about, and what it was not.
func (b *builder) scope(r *result, found string) {
	run := b.file.Run
	if run.Incomplete {
		r.Remarks = "A source could not be read whole: nothing is concluded from what it lacks."
	}
	if !b.whole() { // the subject names whom it holds
		r.Description = "What the run says of " + b.held() + ": " + found + " Nothing is said of anybody else, and no control is concluded on."
		r.Props = append(r.Props, props("held", b.held())...)
		return
	}
	if run.Incomplete {
		r.Remarks += " Not raised: " + plural(int64(run.Suppressed), "hit") + " that would rest on absence in it."
	}
	about := line(b.file.Subject)
	if about != "" && about != run.ID {
		r.Description += " The pack is about " + markup(about) + "; these results are of this run alone."
	}
	r.Props = append(r.Props, props("subject", about, "persons", number(run.Persons), "accounts", number(run.Accounts), "grants", number(run.Grants), "suppressed", number(int64(run.Suppressed)))...)
}

// reviewed lists the controls by framework.
func (b *builder) reviewed() reviewed {
	out := reviewed{Description: "The controls that the rules of the run give evidence for. A rule is one test among those that a control needs."}
	if !b.whole() {
		out.Description = "The controls that the rules of the run name. The pack holds " + b.held() + ", and is evidence for none of them as a whole."
	}
	at := map[string]int{}
	for _, name := range names(b.rules) {
		c := b.controls[name]
		i, known := at[c.framework]
		if !known {
			i = len(out.Selections)
			at[c.framework] = i
			out.Selections = append(out.Selections, selection{Description: markup(c.framework), Props: props("framework", c.framework)})
		}
		out.Selections[i].Include = append(out.Selections[i].Include, selectControl{Control: c.id})
	}
	if len(out.Selections) == 0 {
		out.Selections = []selection{{Description: "No rule of the run names a control."}}
	}
	return out
}

// back lists the plan and the files of the pack.
func (b *builder) back() backMatter {
	run := b.file.Run
	out := backMatter{Resources: []resource{{UUID: b.id("plan"), Title: "Rules, bundles and matrices as the run applied them",
		Description: "Their texts and digests are in evidence.json. The digest over all of them is on the ledger, in the entry of type rules of the run.",
		Props:       props("rules-sha256", run.RulesSHA256, "config-sha256", run.ConfigSHA256, "run", run.ID), Links: []rlink{{Href: "evidence.json", MediaType: "application/json"}}}}}
	for _, a := range b.file.Inputs {
		out.Resources[0].Links = append(out.Resources[0].Links, fileLink(a, ""))
	}
	for _, a := range b.file.Annexes {
		out.Resources = append(out.Resources, resource{UUID: b.id("annex", a.File), Title: markup(path.Base(a.File)), Description: plural(a.Rows, "row") + ", CSV (RFC 4180, UTF-8).",
			Links: []rlink{fileLink(a, "text/csv")}})
	}
	return out
}

// fileLink links a file of the pack.
func fileLink(a evidence.Annex, mediaType string) rlink {
	out := rlink{Href: (&url.URL{Path: a.File}).String(), MediaType: mediaType}
	if sum := line(a.SHA256); sum != "" {
		out.Hashes = []hash{{Algorithm: "SHA-256", Value: sum}}
	}
	return out
}

// annex links the annex of a name, when the pack has it.
func (b *builder) annex(name, says string) []relevant {
	for _, a := range b.file.Annexes {
		if path.Base(a.File) == name {
			return []relevant{{Href: "#" + b.id("annex", a.File), Description: says}}
		}
	}
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func first(a, b string) string {
	if line(a) != "" {
		return a
	}
	return b
}
