package vocabulary

import (
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Function documents one function that the vocabulary adds to CEL's own.
type Function struct{ Name, Signature, Doc string }

// Functions lists the functions that the vocabulary adds.
func Functions() []Function {
	return []Function{
		{"date", "date(timestamp) -> timestamp", "midnight UTC of that day"},
		{"day", "day(timestamp) -> string", "the day as 2026-11-22"},
		{"days", "days(int) -> duration", "that many times 24 hours"},
		{"days_between", "days_between(timestamp, timestamp) -> int", "calendar days (UTC) from the first to the second"},
		{"plural", "plural(int, string) -> string", `the number with its noun: plural(1, "day") is "1 day", plural(3, "day") is "3 days"`},
	}
}

const maxDays = 100_000 // within time.Duration

func functionOptions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("days", cel.Overload("days_int", []*cel.Type{cel.IntType}, cel.DurationType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			n, ok := v.(types.Int)
			if !ok || n > maxDays || n < -maxDays {
				return types.NewErr("days(%v): not a number of days up to %d", v.Value(), maxDays)
			}
			return types.Duration{Duration: time.Duration(n) * 24 * time.Hour}
		}))),
		cel.Function("date", cel.Overload("date_timestamp", []*cel.Type{cel.TimestampType}, cel.TimestampType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			t, ok := v.(types.Timestamp)
			if !ok {
				return types.MaybeNoSuchOverloadErr(v)
			}
			return types.Timestamp{Time: midnight(t.Time)}
		}))),
		cel.Function("day", cel.Overload("day_timestamp", []*cel.Type{cel.TimestampType}, cel.StringType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			t, ok := v.(types.Timestamp)
			if !ok {
				return types.MaybeNoSuchOverloadErr(v)
			}
			return types.String(t.UTC().Format(time.DateOnly))
		}))),
		cel.Function("days_between", cel.Overload("days_between_timestamps", []*cel.Type{cel.TimestampType, cel.TimestampType}, cel.IntType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				from, ok := a.(types.Timestamp)
				to, ok2 := b.(types.Timestamp)
				if !ok || !ok2 {
					return types.MaybeNoSuchOverloadErr(b)
				}
				return types.Int((midnight(to.Time).Unix() - midnight(from.Time).Unix()) / 86_400)
			}))),
		cel.Function("plural", cel.Overload("plural_int_string", []*cel.Type{cel.IntType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				n, ok := a.(types.Int)
				noun, ok2 := b.(types.String)
				if !ok || !ok2 {
					return types.MaybeNoSuchOverloadErr(b)
				}
				if n == 1 {
					return types.String(fmt.Sprintf("%d %s", n, noun))
				}
				return types.String(fmt.Sprintf("%d %ss", n, noun))
			}))),
	}
}

func midnight(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
