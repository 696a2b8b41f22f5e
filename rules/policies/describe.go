package policies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
)

// Row is one policy in words, for listings.
type Row struct {
	Policy    string `json:"policy"`
	Rules     string `json:"rules"`
	Systems   string `json:"systems"`
	When      string `json:"when"`
	Mode      string `json:"mode"`
	Actions   string `json:"actions"`
	Approvers string `json:"approvers"`
	StepUp    string `json:"step_up"`
	Times     string `json:"times"`
	Expiry    string `json:"expiry"`
	Place     string `json:"place"`
}

// Describe lists the policies in the order in which they are asked, then what holds where none of them matches.
func (s *Set) Describe() []Row {
	var out []Row
	for _, p := range s.all {
		row := describe(p.Entry)
		row.Place = p.File + ":" + strconv.Itoa(p.Line)
		out = append(out, row)
	}
	at := map[string]int{}
	for _, r := range s.known.Rules {
		st, shipped := stanceOf(s.stances, r.ID, r.Scope)
		e := builtin()
		e.Rules, e.Actions, e.Route, e.OnExpiry = []string{r.ID}, st.Actions, st.Route, st.Expiry
		row := describe(e)
		row.Place = "muster"
		if !shipped {
			row.Place = "muster, by scope"
		}
		key := strings.Join([]string{row.Actions, row.Approvers, row.Expiry, row.Place}, "\x00")
		if i, ok := at[key]; ok {
			out[i].Rules += ", " + r.ID
			continue
		}
		at[key] = len(out)
		out = append(out, row)
	}
	return out
}

func describe(e Entry) Row {
	row := Row{Policy: e.Name, Rules: strings.Join(e.Rules, ", "), Systems: strings.Join(e.Systems, ", "), When: strings.Join(strings.Fields(e.When), " "), Mode: string(e.Mode),
		Actions: strings.Join(words(e.Actions), ", "), Approvers: strings.Join(e.Route, ", "), StepUp: "critical", Expiry: string(e.OnExpiry)}
	if slices.Contains(e.Rules, "*") {
		row.Rules = "every rule"
	}
	if len(e.Systems) == 0 {
		row.Systems = "every system"
	}
	for _, p := range []*string{&row.Actions, &row.Approvers, &row.Expiry} {
		if *p == "" {
			*p = "by rule"
		}
	}
	if e.Need > 0 {
		row.Approvers += fmt.Sprintf(" (%d)", e.Need)
	} else {
		row.Approvers += " (1, critical 2)"
	}
	if slices.Contains(e.Actions, access.DeleteAccount) {
		row.StepUp = "always"
	}
	if e.StepUp != nil {
		row.StepUp = map[bool]string{true: "always", false: "never"}[*e.StepUp]
	}
	var times []string
	for _, t := range []struct {
		what string
		d    time.Duration
	}{{"grace", e.Grace}, {"handover", e.Handover}, {"sla", e.SLA}, {"remind", e.Remind}, {"escalate", e.Escalate}, {"expire", e.Expire}, {"delete", e.DeleteAfter}} {
		if t.d > 0 {
			times = append(times, t.what+" "+duration(t.d))
		}
	}
	row.Times = strings.Join(times, ", ")
	return row
}

// duration says 14d, 72h, 90m.
func duration(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0 && d > 72*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
