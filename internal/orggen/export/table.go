package export

import (
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// table is a CSV file (RFC 4180, but with LF).
type table struct {
	out       *sink
	delimiter byte
}

func (f *Files) table(path string, delimiter byte, header ...string) *table {
	t := &table{out: f.sink(path), delimiter: delimiter}
	t.row(header...)
	return t
}

func (t *table) row(fields ...string) {
	for i, s := range fields {
		if i > 0 {
			_ = t.out.WriteByte(t.delimiter)
		}
		if strings.IndexByte(s, t.delimiter) < 0 && !strings.ContainsAny(s, "\"\r\n") && !strings.HasPrefix(s, " ") {
			_, _ = t.out.WriteString(s)
			continue
		}
		_ = t.out.WriteByte('"')
		_, _ = t.out.WriteString(strings.ReplaceAll(s, `"`, `""`))
		_ = t.out.WriteByte('"')
	}
	_ = t.out.WriteByte('\n')
}

// Person writes the HR row, and the second one of a person whom HR has twice.
func (f *Files) Person(p *model.Person) {
	end := ""
	if !p.EndDate.IsZero() {
		end = p.EndDate.Format(time.DateOnly)
	} else if p.Index%9 == 4 && p.EmploymentType == access.Employee {
		end = "9999-12-31" // how some HR systems spell "open-ended"
	}
	row := []string{p.ID, p.GivenName, p.FamilyName, p.DisplayName, p.Email, p.UPN, p.Username, p.Title, p.Department, p.CostCentre,
		p.Company, p.Location, string(p.EmploymentType), string(p.Status), p.ManagerID, p.StartDate.Format(time.DateOnly), end}
	f.hr.row(row...)
	if p.Defects.DuplicateRow {
		row[9] = "CC-0000" // the same person entered again with another cost centre
		f.hr.row(row...)
	}
}

func names(grants []model.Grant, separator string) string {
	var b strings.Builder
	for i, g := range grants {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(g.Of.Name)
	}
	return b.String()
}

func tri(t access.Tri) string {
	switch t {
	case access.Yes:
		return "yes"
	case access.No:
		return "no"
	}
	return ""
}

// erp is the three files of the ERP's export.
type erp struct{ accounts, grants *table }

func (f *Files) openERP(dir string) *erp {
	e := &erp{
		accounts: f.table(dir+"/accounts.csv", ';', "USER_ID", "LOGIN", "FULL_NAME", "EMPLOYEE_NO", "EMAIL", "TYPE", "OWNER", "STATUS", "CREATED", "LAST_LOGON"),
		grants:   f.table(dir+"/grants.csv", ';', "USER_ID", "AUTHORISATION", "VALID_TO"),
	}
	list := f.table(dir+"/entitlements.csv", ';', "AUTHORISATION", "DESCRIPTION", "CRITICAL")
	for _, x := range f.order {
		if x.System == model.ERP {
			list.row(x.Name, x.Description, word(x.Privileged, "true", "false"))
		}
	}
	return e
}

// erpTime is the ERP's own way to write a moment.
const erpTime = "2006-01-02 15:04:05"

func (e *erp) account(a *model.Account, grants []model.Grant) {
	last := ""
	switch {
	case a.Never:
		last = "never"
	case !a.LastLogin.IsZero():
		last = a.LastLogin.Format(erpTime)
	}
	e.accounts.row(a.ID, a.Name, a.DisplayName, a.EmployeeID, a.Email, string(a.Kind), a.OwnerRef, word(a.Enabled, "A", "L"),
		a.CreatedAt.Format(erpTime), last)
	for _, g := range grants {
		until := ""
		if !g.Expires.IsZero() {
			until = g.Expires.Format(time.DateOnly)
		}
		e.grants.row(a.ID, g.Of.Name, until)
	}
}
