package collectors

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/internal/access"
	"muster/internal/octets"
)

// free are the texts of a record that are no identity; with is put into each of them unless it is empty.
func free(r access.Record, with string) (access.Record, []string) {
	v := reflect.New(reflect.TypeOf(r)).Elem()
	v.Set(reflect.ValueOf(r))
	var texts []string
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if f.Type() == reflect.TypeFor[string]() && !slices.Contains([]string{"System", "ID", "Name", "AccountID", "EntitlementID"}, name) {
			if with != "" {
				f.SetString(with)
			}
			texts = append(texts, f.String())
		}
		if name == "Path" || name == "Attributes" {
			if with != "" && name == "Path" {
				f.Set(reflect.ValueOf([]string{with, with}))
			} else if with != "" {
				f.Set(reflect.ValueOf(map[string]string{with: with}))
			}
			switch list := f.Interface().(type) {
			case []string:
				texts = append(texts, list...)
			case map[string]string:
				for k, v := range list {
					texts = append(texts, k, v)
				}
			}
		}
	}
	return v.Interface().(access.Record), texts
}

// TestRunLosesNoByte: whatever a source says, every byte can be had back from what is stored.
func TestRunLosesNoByte(t *testing.T) {
	for _, text := range []string{"K\xf6ln", "\xff", "⟦F6⟧", "⟦F6⟧\xf6⟦", "\xed\xa0\x80", "\uFFFD", "a\x00=1"} {
		var records []access.Record
		for _, r := range []access.Record{access.Person{ID: "1"}, access.Account{ID: "1", Name: "x"}, access.Entitlement{ID: "1", Name: "x"},
			access.Grant{AccountID: "1", EntitlementID: "1"}, access.Rejection{Of: access.ClassAccount}} {
			r, _ = free(r, text)
			records = append(records, r)
		}
		sink := &memory{}
		snap, err := Run(context.Background(), RunSpec{System: "crm", Now: clock}, script{records: records, cov: func(map[access.Class]int64) access.Coverage {
			return access.Coverage{Source: text, Queries: []string{text}, Classes: []access.ClassCoverage{{Class: access.ClassGrant, State: access.Complete, Parsed: 1, Fetched: 1, Reason: text}}}
		}, err: &access.Error{System: "crm", Op: "read", Kind: access.Invalid, Hint: text, Err: errors.New(text)}}, sink)
		if err != nil || len(sink.records) != len(records) {
			t.Fatal(err, len(sink.records))
		}
		stored := []string{snap.Coverage.Source, snap.Coverage.Queries[0], snap.Hint, strings.TrimPrefix(snap.Reason, "read: ")}
		grants, _ := snap.Coverage.Of(access.ClassGrant)
		stored = append(stored, grants.Reason)
		for _, r := range sink.records {
			_, texts := free(r, "")
			stored = append(stored, texts...)
		}
		if len(stored) < 30 {
			t.Fatalf("only %d texts", len(stored))
		}
		for _, s := range stored {
			if !utf8.ValidString(s) || octets.Decode(s) != text {
				t.Errorf("%q was stored as %q", text, s)
			}
		}
	}
}
