package vocabulary

import (
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"muster/internal/access"
)

func systemFields() []Field {
	of := func(get func(*access.SystemFacts) string) func(*Object) string {
		return func(o *Object) string { return get(o.system) }
	}
	return []Field{
		word("name", "name of the system", of(func(s *access.SystemFacts) string { return s.Name })),
		word("title", "what people call it", of(systemTitle)),
		word("collector", "kind of collector: hr, ldap, scim, postgres, unix, csv", of(func(s *access.SystemFacts) string { return s.Collector })),
		{Name: "owner", Type: cel.StringType, Doc: "who answers for the system", Optional: true, get: func(o *Object) ref.Val {
			if o.system.Owner == "" {
				return nil
			}
			return o.scene.word(o.system.Owner)
		}, set: func(o *Object) bool { return o.system.Owner != "" }},
		word("criticality", "low, medium, high or critical", of(func(s *access.SystemFacts) string { return s.Criticality })).oneOf("low", "medium", "high", "critical", ""),
		value("sla", cel.DurationType, "how soon a leaver's access must be gone; 0 when none is set",
			func(o *Object) ref.Val { return types.Duration{Duration: o.system.SLA} }),
		flag("is_hr", "it is the source of persons", func(o *Object) bool { return o.system.IsHR }),
		flag("known", "there is a complete snapshot to reason from", func(o *Object) bool { return o.system.Used.ID != "" }),
		value("snapshot", objectType("snapshot"), "what this run read", func(o *Object) ref.Val {
			return &Object{kind: o.scene.kinds.snapshot, scene: o.scene, snapshot: &o.system.Tonight}
		}),
		{Name: "used", Type: objectType("snapshot"), Doc: "the newest complete snapshot, which the rules reason from", Optional: true,
			get: func(o *Object) ref.Val {
				if o.system.Used.ID == "" {
					return nil
				}
				return &Object{kind: o.scene.kinds.snapshot, scene: o.scene, snapshot: &o.system.Used}
			}, set: func(o *Object) bool { return o.system.Used.ID != "" }},
	}
}

func systemTitle(s *access.SystemFacts) string {
	if s.Title != "" {
		return s.Title
	}
	return s.Name
}

func snapshotFields() []Field {
	of := func(get func(*access.Snapshot) string) func(*Object) string {
		return func(o *Object) string { return get(o.snapshot) }
	}
	return []Field{
		text("id", "id of the snapshot", of(func(s *access.Snapshot) string { return s.ID })),
		word("state", "complete, partial, failed or held", of(func(s *access.Snapshot) string { return string(s.State) })).oneOf("complete", "partial", "failed", "held"),
		text("reason", "why it is not complete", of(func(s *access.Snapshot) string { return s.Reason })),
		text("hint", "what the operator can do about it", of(func(s *access.Snapshot) string { return s.Hint })),
		moment("taken_at", "the moment that its facts are of", func(o *Object) time.Time { return o.snapshot.TakenAt }),
		count("rejected", "objects that were fetched and could not be read", func(o *Object) int {
			var n int64
			for _, c := range o.snapshot.Coverage.Classes {
				n += c.Rejected
			}
			return int(n)
		}),
		flag("baseline", "an older export, read only to compare with", func(o *Object) bool { return o.snapshot.Baseline }),
	}
}

func noSystem(o *Object) error {
	if o.system == nil {
		return errNoSystem
	}
	return nil
}

func there(*Object) error { return nil }
