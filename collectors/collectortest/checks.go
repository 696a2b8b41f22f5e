package collectortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"muster/internal/access"
)

// checkCancelled cancels inside the emit of every record. Cancelled at the last one, a collector may as well be done.
func checkCancelled(b *bench) error {
	total := len(b.s.Want)
	for i := range total {
		err := b.scenario(Scenario{}, func(src Source, o *outcome) error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var at time.Time
			o.run(ctx, src, func(access.Record) error {
				if len(o.records) == i+1 {
					at = time.Now()
					cancel()
				}
				return nil
			})
			switch late := time.Since(at); {
			case at.IsZero():
				return fmt.Errorf("only %d of %d records were emitted", len(o.records), total)
			case late > prompt:
				return fmt.Errorf("it went on for %s", late)
			case o.err == nil && i < total-1:
				return errors.New("it returned no error")
			case o.err != nil && !errors.Is(o.err, context.Canceled):
				return fmt.Errorf("the error does not wrap context.Canceled: %w", o.err)
			case o.err != nil && o.coverage.State() == access.Complete:
				return errors.New("the coverage is called complete")
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("cancelled at record %d of %d: %w", i+1, total, err)
		}
	}
	return nil
}

// checkEmitFails lets the emit of every record fail.
func checkEmitFails(b *bench) error {
	total := len(b.s.Want)
	for i := range total {
		err := b.scenario(Scenario{}, func(src Source, o *outcome) error {
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			defer cancel()
			o.run(ctx, src, func(access.Record) error {
				if len(o.records) >= i+1 {
					return errEmit
				}
				return nil
			})
			switch {
			case !errors.Is(o.err, errEmit):
				return fmt.Errorf("the error does not wrap emit's: %v", o.err)
			case len(o.records) != i+1:
				return fmt.Errorf("%d more records were emitted", len(o.records)-i-1)
			case o.coverage.State() == access.Complete:
				return errors.New("the coverage is called complete")
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("emit fails at record %d of %d: %w", i+1, total, err)
		}
	}
	return nil
}

// readVerbs are the requests that change nothing at a source. SET is PostgreSQL's own session only.
var readVerbs = []string{"GET", "HEAD", "OPTIONS", "BIND", "UNBIND", "SEARCH", "ABANDON", "STARTTLS",
	"SELECT", "SHOW", "SET", "BEGIN", "COMMIT", "ROLLBACK", "OPEN", "READ", "STAT"}

func checkReadOnly(b *bench) error {
	got, err := b.collect(Scenario{}, nil)
	if err != nil {
		return err
	}
	if got.err != nil {
		return fmt.Errorf("collect: %w", got.err)
	}
	if len(got.requests) == 0 {
		return errors.New("the harness recorded no request")
	}
	for _, r := range got.requests {
		if !slices.Contains(readVerbs, strings.ToUpper(r.Verb)) {
			return fmt.Errorf("the source was asked to change something: %s %s", r.Verb, r.Text)
		}
	}
	return nil
}

// adds wants a complete coverage whose counts are those of the records.
func adds(o outcome) error {
	if s := o.coverage.State(); s != access.Complete {
		return fmt.Errorf("the coverage is %s, want complete: %s", s, text(o.coverage))
	}
	if o.coverage.Source == "" || len(o.coverage.Queries) == 0 {
		return errors.New("the coverage names no source or no query; the IPE sheet prints both")
	}
	return counted(o)
}

// counted wants parsed, rejected and fetched to be what was emitted.
func counted(o outcome) error {
	emitted, rejected := map[access.Class]int64{}, map[access.Class]int64{}
	for _, r := range o.records {
		if rej, ok := r.(access.Rejection); ok {
			rejected[rej.Of]++
		} else {
			emitted[r.Class()]++
		}
	}
	for _, c := range o.coverage.Classes {
		switch {
		case c.Parsed != emitted[c.Class]:
			return fmt.Errorf("%s: coverage says %d parsed, %d were emitted", c.Class, c.Parsed, emitted[c.Class])
		case c.Rejected != rejected[c.Class]:
			return fmt.Errorf("%s: coverage says %d rejected, %d rejections were emitted", c.Class, c.Rejected, rejected[c.Class])
		case c.Fetched != c.Parsed+c.Rejected:
			return fmt.Errorf("%s: %d fetched is not %d parsed and %d rejected", c.Class, c.Fetched, c.Parsed, c.Rejected)
		}
		delete(emitted, c.Class)
		delete(rejected, c.Class)
	}
	for class, n := range emitted {
		if n > 0 {
			return fmt.Errorf("%s: %d emitted and no coverage stated", class, n)
		}
	}
	return nil
}

// reasoned wants a reason that says why, in a class that is not complete.
func reasoned(o outcome, want string) error {
	var reasons []string
	for _, c := range o.coverage.Classes {
		if c.State != access.Complete {
			reasons = append(reasons, c.Reason)
		}
	}
	if !strings.Contains(strings.Join(reasons, "\n"), want) {
		return fmt.Errorf("no reason says %q: %q", want, reasons)
	}
	return nil
}

// facts counts the records that are not rejections.
func facts(records []access.Record) (n int) {
	for _, r := range records {
		if r.Class() != access.ClassRejection {
			n++
		}
	}
	return n
}

// differ compares two multisets of records; loose leaves out where in the source they stood.
func differ(want, got []access.Record, loose bool) error {
	missing, extra := diff(want, got, loose)
	if len(missing)+len(extra) == 0 {
		return nil
	}
	return fmt.Errorf("records differ:\nmissing: %s\nextra:   %s", strings.Join(missing, "\n         "), strings.Join(extra, "\n         "))
}

// subset wants every fact to be one of the fixture's; rejections of what was cut are allowed.
func subset(want, got []access.Record) error {
	var known []access.Record
	for _, r := range got {
		if r.Class() != access.ClassRejection {
			known = append(known, r)
		}
	}
	if _, extra := diff(want, known, false); len(extra) > 0 {
		return fmt.Errorf("records that the source does not hold:\n%s", strings.Join(extra, "\n"))
	}
	return nil
}

// checkBytes wants a text that is not UTF-8 as the source has it: the runner makes it UTF-8, and nothing before it may.
func checkBytes(b *bench) error {
	const foreign = "K\xf6ln \xff⟦F6⟧"
	got, err := b.collect(Scenario{Text: foreign}, nil)
	if err != nil {
		return err
	}
	if got.err != nil {
		return fmt.Errorf("collect: %w", got.err)
	}
	want := slices.Clone(b.s.Want)
	for i, r := range want {
		switch v := r.(type) {
		case access.Person:
			if v.DisplayName == b.s.Text {
				v.DisplayName = foreign
			}
			want[i] = v
		case access.Account:
			if v.DisplayName == b.s.Text {
				v.DisplayName = foreign
			}
			want[i] = v
		}
	}
	if have, need := displayNames(got.records), displayNames(want); !slices.Equal(have, need) {
		return fmt.Errorf("the display names are %q, want %q", have, need)
	}
	return errors.Join(differ(want, got.records, false), adds(got))
}

// displayNames are those of the persons and accounts, sorted.
func displayNames(records []access.Record) []string {
	var names []string
	for _, r := range records {
		switch v := r.(type) {
		case access.Person:
			names = append(names, v.DisplayName)
		case access.Account:
			names = append(names, v.DisplayName)
		}
	}
	slices.Sort(names)
	return names
}

func diff(want, got []access.Record, loose bool) (missing, extra []string) {
	n := map[string]int{}
	for _, r := range want {
		n[canon(r, loose)]++
	}
	for _, r := range got {
		n[canon(r, loose)]--
	}
	for k, c := range n {
		for ; c > 0; c-- {
			missing = append(missing, k)
		}
		for ; c < 0; c++ {
			extra = append(extra, k)
		}
	}
	sort.Strings(missing)
	sort.Strings(extra)
	return missing, extra
}

// canon is a record as text: without System, and with nil and empty alike.
func canon(r access.Record, loose bool) string {
	switch v := r.(type) {
	case access.Person:
		if loose {
			v.Row = 0
		}
		if len(v.Attributes) == 0 {
			v.Attributes = nil
		}
		r = v
	case access.Account:
		v.System = ""
		if loose {
			v.SourceRef = ""
		}
		if len(v.Attributes) == 0 {
			v.Attributes = nil
		}
		r = v
	case access.Entitlement:
		v.System = ""
		if loose {
			v.SourceRef = ""
		}
		r = v
	case access.Grant:
		v.System = ""
		if len(v.Path) == 0 {
			v.Path = nil
		}
		r = v
	case access.Rejection:
		if loose {
			v.Ref = ""
		}
		r = v
	}
	return string(r.Class()) + " " + strings.TrimSpace(text(r))
}
