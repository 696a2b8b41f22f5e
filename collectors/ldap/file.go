package ldap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"muster/collectors/ldap/ldif"
	"muster/internal/access"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
)

// file is an LDIF export.
type file struct {
	s    *settings
	path string
}

func newFile(s *settings, dir string) *file {
	f := &file{s: s, path: s.LDIF}
	if !filepath.IsAbs(f.path) {
		f.path = filepath.Join(dir, f.path)
	}
	return f
}

func (f *file) name() string { return "LDIF " + filepath.Base(f.path) }

func (f *file) queries() []string {
	return []string{"read " + f.s.LDIF, f.s.people.text(0), f.s.groups.text(0)}
}

func (f *file) probe(context.Context) error {
	in, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("open LDIF: %w", err)
	}
	defer in.Close()
	_, _, err = ldif.NewReader(in).Next()
	if err == io.EOF {
		return errors.New("the LDIF has no entry")
	}
	return err
}

// scan reads the file once; an entry may answer both questions.
func (f *file) scan(ctx context.Context, r *reading) error {
	in, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("open LDIF: %w", err)
	}
	defer in.Close()
	reader := ldif.NewReader(in)
	for n := 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			r.end = endError{ctx.Err()}
			return r.end
		}
		e, line, err := reader.Next()
		if err == io.EOF {
			break
		}
		if bad, ok := errors.AsType[*ldif.RecordError](err); ok {
			ref := fmt.Sprintf("line %d", bad.Line)
			if err := r.reject(&r.accounts, access.ClassAccount, ref, bad.Msg); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return short(r, err)
		}
		if err := f.take(r, e, line); err != nil {
			return err
		}
	}
	return f.whole(r, reader)
}

func (f *file) take(r *reading, e *entry.Entry, line int) error {
	dn, err := entry.Normalise(e.DN)
	if err != nil {
		return r.reject(&r.accounts, access.ClassAccount, fmt.Sprintf("line %d", line), err.Error())
	}
	people, groups := entry.Under(dn, f.s.people.norm), entry.Under(dn, f.s.groups.norm)
	if (people || groups) && len(e.Values("objectClass")) == 0 {
		return r.reject(&r.accounts, access.ClassAccount, e.DN, "the entry has no objectClass, so it cannot be told what it is")
	}
	if people && f.s.people.filter.Match(e) {
		if err := r.person(e); err != nil {
			return err
		}
	}
	if groups && f.s.groups.filter.Match(e) {
		return r.group(e)
	}
	return nil
}

// whole looks for signs that the export does not hold everything.
func (f *file) whole(r *reading, reader *ldif.Reader) error {
	var err error
	switch {
	case reader.Cut() && f.s.FinalNewline == "required":
		err = &access.Error{Op: "read LDIF", Kind: access.Incomplete, Err: errors.New("the last line has no newline: the file was cut off"),
			Hint: "export again; final_newline: optional accepts such files"}
	case reader.Result() != 0:
		err = &access.Error{Op: "read LDIF", Kind: access.Incomplete, Hint: "export again with paging (ldapsearch -E pr=1000/noprompt)",
			Err: fmt.Errorf("the export itself ends with %s (%d)", dial.CodeName(reader.Result()), reader.Result())}
	case reader.References() > 0:
		err = &access.Error{Op: "read LDIF", Kind: access.Incomplete, Hint: "export the server that the references name as a system of its own",
			Err: fmt.Errorf("the export has %d references to other servers", reader.References())}
	case r.accounts.parsed+r.accounts.rejected == 0 && len(r.graph.Groups) == 0:
		err = &access.Error{Op: "read LDIF", Kind: access.Incomplete, Hint: "check base_dn, the filters and that the export has entries",
			Err: errors.New("no entry of the file is in the search areas")}
	}
	if err != nil {
		return short(r, err)
	}
	return nil
}

// short notes that people and groups are not all there.
func short(r *reading, err error) error {
	r.accounts.short = append(r.accounts.short, err.Error())
	r.groups.short = append(r.groups.short, err.Error())
	return err
}
