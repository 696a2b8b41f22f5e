package answer

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// Finding is one line of the key. Subject is a name, never an immutable id, so that the same organisation in files and on live
// servers has the same key.
type Finding struct {
	Rule     string              `json:"rule"`
	System   string              `json:"system"`
	Subject  string              `json:"subject"`
	Detail   string              `json:"detail"`
	Severity access.Severity     `json:"severity"`
	State    access.FindingState `json:"state"`
}

// Compare orders findings by rule, system, subject and detail.
func (f Finding) Compare(g Finding) int {
	return cmp.Or(cmp.Compare(f.Rule, g.Rule), cmp.Compare(f.System, g.System), cmp.Compare(f.Subject, g.Subject),
		cmp.Compare(f.Detail, g.Detail), cmp.Compare(f.Severity, g.Severity), cmp.Compare(f.State, g.State))
}

// Sort brings a key into its canonical order.
func Sort(list []Finding) { slices.SortFunc(list, Finding.Compare) }

// WriteFile writes a sorted key as a JSON array, one finding a line.
func WriteFile(path string, list []Finding) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write answer key: %w", err)
	}
	w := bufio.NewWriterSize(file, 1<<16)
	_, _ = w.WriteString("[\n")
	for i, f := range list {
		line, err := json.Marshal(f)
		if err != nil {
			_ = file.Close()
			return fmt.Errorf("write answer key: %w", err)
		}
		_, _ = w.Write(line)
		if i < len(list)-1 {
			_ = w.WriteByte(',')
		}
		_ = w.WriteByte('\n')
	}
	_, _ = w.WriteString("]\n")
	if err := w.Flush(); err != nil {
		_ = file.Close()
		return fmt.Errorf("write answer key: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write answer key: %w", err)
	}
	return nil
}

// ReadFile reads a key, or the findings of a run as `muster findings -o json` prints them. Resolved findings are left out.
func ReadFile(path string) ([]Finding, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	var list []Finding
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read findings %s: %w", path, err)
	}
	return slices.DeleteFunc(list, func(f Finding) bool { return f.State == access.Resolved }), nil
}

// RuleScore is how well a run's findings of one rule meet the key.
type RuleScore struct {
	Rule     string
	Right    int       // in both
	Spurious []Finding // found, not in the key
	Lacking  []Finding // in the key, not found
}

// Precision is the share of what was found that is right; 1 when nothing was found.
func (s RuleScore) Precision() float64 { return share(s.Right, len(s.Spurious)) }

// Recall is the share of the key that was found; 1 when there is nothing to find.
func (s RuleScore) Recall() float64 { return share(s.Right, len(s.Lacking)) }

func share(right, wrong int) float64 {
	if right+wrong == 0 {
		return 1
	}
	return float64(right) / float64(right+wrong)
}

// Score compares found with key, rule by rule in order. Findings of systems that the key does not know, such as this host,
// are ignored; so is snapshot-incomplete, which no key can hold.
func Score(found, key []Finding) []RuleScore {
	known := map[string]bool{model.HR: true}
	for s := range model.Systems {
		known[s.String()] = true
	}
	for _, f := range key {
		for _, s := range strings.Split(f.System, "+") {
			known[s] = true
		}
	}
	counts := map[Finding]int{}
	for _, f := range key {
		counts[normal(f)]++
	}
	scores := map[string]*RuleScore{}
	at := func(rule string) *RuleScore {
		if scores[rule] == nil {
			scores[rule] = &RuleScore{Rule: rule}
		}
		return scores[rule]
	}
	for _, f := range found {
		f = normal(f)
		s := at(f.Rule)
		switch {
		case counts[f] > 0:
			counts[f]--
			s.Right++
		case f.Rule != "snapshot-incomplete" && allKnown(f.System, known):
			s.Spurious = append(s.Spurious, f)
		}
	}
	for f, n := range counts {
		for range n {
			s := at(f.Rule)
			s.Lacking = append(s.Lacking, f)
		}
	}
	out := make([]RuleScore, 0, len(scores))
	for _, s := range scores {
		Sort(s.Spurious)
		Sort(s.Lacking)
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b RuleScore) int { return cmp.Compare(a.Rule, b.Rule) })
	return out
}

// normal maps the states of a finding's later life to what the key distinguishes.
func normal(f Finding) Finding {
	if f.State != access.Excepted {
		f.State = access.Open
	}
	return f
}

func allKnown(system string, known map[string]bool) bool {
	for _, s := range strings.Split(system, "+") {
		if !known[s] {
			return false
		}
	}
	return true
}

// Report prints the scores with every difference and returns whether all of them are perfect.
func Report(w io.Writer, scores []RuleScore, differences int) bool {
	perfect := true
	_, _ = fmt.Fprintf(w, "%-32s %7s %9s %8s %10s %8s\n", "RULE", "RIGHT", "SPURIOUS", "LACKING", "PRECISION", "RECALL")
	for _, s := range scores {
		_, _ = fmt.Fprintf(w, "%-32s %7d %9d %8d %10.4f %8.4f\n", s.Rule, s.Right, len(s.Spurious), len(s.Lacking), s.Precision(), s.Recall())
		perfect = perfect && len(s.Spurious)+len(s.Lacking) == 0
	}
	for _, s := range scores {
		list(w, "spurious", s.Spurious, differences)
		list(w, "lacking ", s.Lacking, differences)
	}
	return perfect
}

func list(w io.Writer, word string, findings []Finding, most int) {
	for i, f := range findings {
		if i == most {
			_, _ = fmt.Fprintf(w, "  %s ... and %d more of %s\n", word, len(findings)-most, f.Rule)
			return
		}
		_, _ = fmt.Fprintf(w, "  %s %s %s/%s %q %s %s\n", word, f.Rule, f.System, f.Subject, f.Detail, f.Severity, f.State)
	}
}
