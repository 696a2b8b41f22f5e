package collectors

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/octets"
)

// classOrder is the order in which classes are reported.
var classOrder = [...]access.Class{access.ClassPerson, access.ClassAccount, access.ClassEntitlement, access.ClassGrant}

// conclude settles the snapshot's state from the collector's statement, its error and what the runner saw.
func (r *run) conclude(cov access.Coverage, err error) {
	s := &r.snap
	s.Coverage = r.reconciled(r.clean.coverage(cov))
	s.Digest = r.digest.String()
	s.State = s.Coverage.State()
	if r.clean.foreign > 0 {
		s.Coverage.Queries = append(s.Coverage.Queries,
			fmt.Sprintf("note: %s texts held bytes that are not UTF-8; each such byte is written as ⟦XX⟧", thousands(r.clean.foreign)))
	}
	if err != nil {
		if s.State == access.Complete {
			s.State = access.Partial
		}
		if r.factCount() == 0 {
			s.State = access.Failed
		}
		s.Reason = strings.TrimPrefix(strings.ReplaceAll(octets.Encode(err.Error()), "\n", "; "), s.System+": ")
		s.Hint = octets.Encode(access.HintOf(err))
		s.Reason = strings.ReplaceAll(s.Reason, "; "+s.System+": ", "; ")
		if s.Hint == "" {
			s.Hint = hintOf(access.KindOf(err))
		}
		return
	}
	if s.State != access.Complete {
		s.Reason = reasons(s.Coverage)
		s.Hint = "nothing is concluded from what is absent; see the reason, mend the source and run again"
		if len(s.Coverage.Classes) == 0 {
			s.Reason, s.Hint = "the collector stated no coverage", hintOf(access.Internal)
		}
		return
	}
	r.guard()
}

func (r *run) factCount() (n int64) {
	for _, k := range r.emitted {
		n += k
	}
	return n
}

// reconciled corrects the collector's statement by what was counted here. The runner's own rejections move from parsed to
// rejected and are never tolerated: a collector that emits what has no id is mistaken about more than that.
func (r *run) reconciled(cov access.Coverage) access.Coverage {
	stated := map[access.Class]bool{}
	for i := range cov.Classes {
		c := &cov.Classes[i]
		stated[c.Class] = true
		r.check(c)
	}
	for _, class := range r.classes() {
		if n := r.emitted[class] + r.rejected[class]; !stated[class] {
			cov.Classes = append(cov.Classes, access.ClassCoverage{Class: class, Claimed: access.NoClaim, Fetched: n,
				Parsed: r.emitted[class], Rejected: r.rejected[class], State: access.Partial,
				Reason: fmt.Sprintf("the collector gave %s and stated no coverage of them", counted(n, class))})
		}
	}
	slices.SortStableFunc(cov.Classes, func(a, b access.ClassCoverage) int {
		return place(a.Class) - place(b.Class)
	})
	return cov
}

// classes are those that came, in the order of reports; those that no collector should emit come last.
func (r *run) classes() []access.Class {
	list := slices.Collect(maps.Keys(r.emitted))
	for class := range r.rejected {
		if r.emitted[class] == 0 {
			list = append(list, class)
		}
	}
	slices.SortFunc(list, func(a, b access.Class) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
	return list
}

// place is where a class stands in reports.
func place(class access.Class) int {
	if i := slices.Index(classOrder[:], class); i >= 0 {
		return i
	}
	return len(classOrder)
}

// check makes one class partial when its counts do not add up, and sets the counts to what is really there.
func (r *run) check(c *access.ClassCoverage) {
	var why []string
	emitted, rejected, own := r.emitted[c.Class], r.rejected[c.Class], r.own[c.Class]
	if c.Parsed != emitted+own {
		why = append(why, fmt.Sprintf("the collector says it read %s and gave %s", counted(c.Parsed, c.Class), thousands(emitted+own)))
	}
	if c.Rejected != rejected-own {
		why = append(why, fmt.Sprintf("the collector says it rejected %s and listed %s", thousands(c.Rejected), thousands(rejected-own)))
	}
	if own > 0 {
		why = append(why, fmt.Sprintf("%s could not be stored, the first: %s", counted(own, c.Class), r.firstOwn(c.Class)))
	}
	if c.Claimed != access.NoClaim && c.Fetched < c.Claimed {
		why = append(why, fmt.Sprintf("the source says it holds %s, %s came", counted(c.Claimed, c.Class), thousands(c.Fetched)))
	}
	c.Parsed, c.Rejected = emitted, rejected
	c.Fetched = max(c.Fetched, emitted+rejected)
	if c.State == access.Complete && c.Fetched != emitted+rejected {
		why = append(why, fmt.Sprintf("%s were fetched, %s of them were read or rejected", counted(c.Fetched, c.Class), thousands(emitted+rejected)))
	}
	c.Fetched = emitted + rejected
	if len(why) == 0 {
		return
	}
	if c.State == access.Complete {
		c.State = access.Partial
	}
	if c.Reason != "" {
		why = slices.Insert(why, 0, c.Reason)
	}
	c.Reason = strings.Join(why, "; ")
}

// firstOwn finds the first listed rejection of a class that the runner made.
func (r *run) firstOwn(class access.Class) string {
	for _, rej := range r.snap.Rejections {
		if rej.Of == class {
			return strings.TrimPrefix(rej.Ref+": ", ": ") + rej.Reason
		}
	}
	return "not listed"
}

// reasons joins the reasons of the classes, each once.
func reasons(cov access.Coverage) string {
	var list []string
	classes := map[string][]string{}
	for _, c := range cov.Classes {
		if c.State == access.Complete {
			continue
		}
		why := c.Reason
		if why == "" {
			why = "the collector gave no reason"
		}
		if classes[why] == nil {
			list = append(list, why)
		}
		classes[why] = append(classes[why], string(c.Class)+"s")
	}
	for i, why := range list {
		list[i] = strings.Join(classes[why], ", ") + ": " + why
	}
	return strings.Join(list, "; ")
}

// guard holds a complete snapshot that is empty or lost too much (invariant 2).
func (r *run) guard() {
	s, prev := &r.snap, r.spec.Previous
	main := access.ClassAccount
	if r.spec.HR {
		main = access.ClassPerson
	}
	var why []string
	for _, class := range []access.Class{access.ClassPerson, access.ClassAccount, access.ClassGrant} {
		now, before := r.emitted[class], int64(0)
		if c, ok := prev.Coverage.Of(class); ok && prev.ID != "" {
			before = c.Parsed
		}
		switch {
		case now == 0 && before == 0 && class == main && (r.spec.HR || prev.ID == ""): // an empty system that was released may stay empty
			why = append(why, fmt.Sprintf("the source holds no %s", class))
		case now < before:
			if lost := 100 * float64(before-now) / float64(before); now == 0 || lost > r.spec.ShrinkPercent {
				why = append(why, fmt.Sprintf("%s before, %s now: lost %s %%, threshold %s %%", counted(before, class), thousands(now),
					percent(lost, r.spec.ShrinkPercent), strconv.FormatFloat(r.spec.ShrinkPercent, 'f', -1, 64)))
			}
		}
	}
	hold(s, why)
}

// identify holds a complete snapshot that has lost too many of the persons or accounts that were there before, although as many new ones
// came: another system's export, or ids of another kind (invariant 2).
func (r *run) identify(ctx context.Context) error {
	s, spec := &r.snap, r.spec
	if s.State != access.Complete || spec.Previous.ID == "" || spec.Missing == nil {
		return nil
	}
	missing, err := spec.Missing(ctx, *s)
	if err != nil {
		return err
	}
	var why []string
	for _, class := range []access.Class{access.ClassPerson, access.ClassAccount} {
		before, _ := spec.Previous.Coverage.Of(class)
		if before.Parsed == 0 || missing[class] == 0 {
			continue
		}
		if lost := 100 * float64(missing[class]) / float64(before.Parsed); lost > spec.ShrinkPercent {
			why = append(why, fmt.Sprintf("%s before, %s of them are gone although the count is alike: lost %s %%, threshold %s %%", counted(before.Parsed, class),
				thousands(missing[class]), percent(lost, spec.ShrinkPercent), strconv.FormatFloat(spec.ShrinkPercent, 'f', -1, 64)))
		}
	}
	hold(s, why)
	return nil
}

// hold makes a snapshot held when there is a reason.
func hold(s *access.Snapshot, why []string) {
	if len(why) == 0 {
		return
	}
	s.State = access.Held
	s.Reason = strings.Join(why, "; ")
	s.Hint = fmt.Sprintf("check the source; if the loss is real, release it: muster release %s --reason ...", s.System)
}

// percent rounds to whole percents, or as far as it takes not to look like the threshold.
func percent(lost, threshold float64) string {
	for digits := range 4 {
		text := strconv.FormatFloat(lost, 'f', digits, 64)
		if v, err := strconv.ParseFloat(text, 64); err == nil && v > threshold {
			return text
		}
	}
	return strconv.FormatFloat(lost, 'f', -1, 64)
}

// counted is "1 person" or "2,011 persons".
func counted(n int64, class access.Class) string {
	if n == 1 {
		return "1 " + string(class)
	}
	return thousands(n) + " " + string(class) + "s"
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func hintOf(k access.Kind) string {
	switch k {
	case access.Transient, access.Throttled:
		return "the source did not answer in time; run again later"
	case access.Denied:
		return "check the credentials and the rights of the account that reads"
	case access.NotFound:
		return "check the address, path or name in the settings"
	case access.Internal:
		return "this is a defect of muster; report it with the log"
	}
	return "check the source and its settings with: muster doctor"
}
