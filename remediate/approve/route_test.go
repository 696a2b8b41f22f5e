package approve_test

import (
	"slices"
	"testing"

	"muster/internal/access"
	"muster/remediate/approve"
)

func TestRoutesLeadToWhoMayDecide(t *testing.T) {
	p := staff()
	p["W-20"] = access.Person{ID: "W-20", ManagerID: "W-21", Status: access.StatusActive}
	p["W-21"] = access.Person{ID: "W-21", ManagerID: "W-20", Status: access.StatusTerminated}
	r := &approve.Routes{People: p, Security: []string{"W-6", "W-5"}, Groups: map[string][]string{"network": {"W-5", "W-6", "W-3"}, "payroll": {"W-9"}},
		Emails: map[string]string{"W-6": "security@example.org"}}
	for _, c := range []struct {
		name  string
		route []string
		q     approve.Question
		want  []string
	}{
		{"manager", []string{"manager"}, approve.Question{Person: "W-1"}, []string{"W-2 manager"}},
		{"manager who left", []string{"manager"}, approve.Question{Person: "W-7"}, []string{"W-9 manager"}},
		{"manager who asked", []string{"manager"}, approve.Question{Person: "W-1", Requester: "W-2"}, []string{"W-9 manager"}},
		{"head of the organisation", []string{"manager"}, approve.Question{Person: "W-9"}, nil},
		{"managers in a circle", []string{"manager"}, approve.Question{Person: "W-20"}, nil},
		{"manager of nobody's account", []string{"manager"}, approve.Question{}, nil},
		{"owner by e-mail", []string{"owner"}, approve.Question{Person: "W-1", Owner: "leila@example.com"}, []string{"W-5 owner"}},
		{"owner by login", []string{"owner"}, approve.Question{Person: "W-1", Owner: "pavel"}, []string{"W-6 owner"}},
		{"owner is a group", []string{"owner"}, approve.Question{Person: "W-1", Owner: "network@example.com"}, []string{"W-5 owner", "W-6 owner"}},
		{"owner is the subject", []string{"owner"}, approve.Question{Person: "W-5", Owner: "leila@example.com"}, nil},
		{"owner is unknown", []string{"owner"}, approve.Question{Person: "W-1", Owner: "nobody@example.com"}, nil},
		{"group without who left", []string{"network"}, approve.Question{Person: "W-1"}, []string{"W-5 network", "W-6 network"}},
		{"requester of the group", []string{"network"}, approve.Question{Person: "W-1", Requester: "W-5"}, []string{"W-6 network"}},
		{"each person once, in the order of the words", []string{"payroll", "manager", "security", "network"}, approve.Question{Person: "W-2"}, []string{"W-9 payroll", "W-6 security", "W-5 security"}},
		{"unknown word", []string{"nonsense"}, approve.Question{Person: "W-1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := r.Resolve(t.Context(), c.route, c.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range list {
				got = append(got, x.Person+" "+x.Role)
				if x.Person == "W-6" && x.Email != "security@example.org" || x.Person == "W-5" && x.Email != "leila@example.com" {
					t.Errorf("%s is written to at %s", x.Person, x.Email)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("it leads to %v, not %v", got, c.want)
			}
		})
	}
}
