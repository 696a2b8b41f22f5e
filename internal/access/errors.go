package access

import (
	"errors"
	"fmt"
)

// Kind is what a failure means to the code that decides whether to try again.
type Kind string

// The kinds of error. Retry reads the Kind only.
const (
	Transient  Kind = "transient"  // 5xx, timeout, connection reset: try again with backoff
	Throttled  Kind = "throttled"  // 429, LDAP busy: try again when the source says
	Denied     Kind = "denied"     // 401, 403, invalid credentials, insufficient access
	NotFound   Kind = "not found"  // 404, noSuchObject
	Conflict   Kind = "conflict"   // 409, 412, someone else changed it
	Invalid    Kind = "invalid"    // the input or the answer is not what the standard says
	Incomplete Kind = "incomplete" // the source gave less than it has
	Internal   Kind = "internal"   // a bug of ours
)

// Error is the one typed error of everything that talks to a System.
type Error struct {
	System string
	Op     string // verb and object: "search users", "open file"
	Kind   Kind
	Hint   string // what the operator can do; may be empty
	Err    error
}

// Error says "system: op: cause" without the hint, which the command line prints on a line of its own.
func (e *Error) Error() string {
	if e.System == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.System, e.Op, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf finds the Kind in err's chain; Internal when there is none, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// HintOf finds the first hint in err's chain.
func HintOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
