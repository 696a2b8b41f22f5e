package exceptions

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

const yaml = `
exceptions:
  - {id: EX-1, rule: privilege-creep, system: erp, subject: MLIND, detail: GL_POST, owner: W-1, approver: W-2, reason: Cover, expires: 2027-01-31}
  - {id: EX-2, rule: privilege-creep, subject: "17", owner: W-1, approver: W-2, reason: Cover, expires: 2026-11-22}
  - {id: EX-3, rule: shared-account, subject: KIOSK, owner: W-1, approver: W-2, reason: Cover, expires: 2026-11-21}
`

func TestMatch(t *testing.T) {
	doc, err := config.Parse("exceptions.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	x, err := Load(doc, time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC), []string{"privilege-creep", "shared-account"}, []string{"erp"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    access.Finding
		want string
	}{
		{access.Finding{Rule: "privilege-creep", System: "erp", Subject: "MLIND", SubjectID: "4", Detail: "GL_POST"}, "EX-1"},
		{access.Finding{Rule: "privilege-creep", System: "erp", Subject: "MLIND", SubjectID: "4", Detail: "GL_READ"}, ""},
		{access.Finding{Rule: "privilege-creep", System: "vpn", Subject: "MLIND", SubjectID: "4", Detail: "GL_POST"}, ""},
		{access.Finding{Rule: "privilege-creep", System: "vpn", Subject: "renamed", SubjectID: "17", Detail: "any"}, "EX-2"},
		{access.Finding{Rule: "dormant-account", System: "erp", Subject: "MLIND", SubjectID: "17"}, ""},
		{access.Finding{Rule: "shared-account", System: "erp", Subject: "KIOSK"}, ""},
	} {
		if got := x.Match(&c.f); got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
	if len(x.All()) != 3 || len(x.Expired()) != 1 || x.Expired()[0].ID != "EX-3" {
		t.Errorf("%+v", x.All())
	}
}
