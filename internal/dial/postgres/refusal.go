package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"muster/internal/access"
)

// Fail gives an error its Kind by the SQLSTATE (PostgreSQL manual, appendix A) and takes the secret out of its text. When ctx has ended that
// is the error.
func (d *Dialer) Fail(ctx context.Context, op string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", op, cause)
	}
	e := &access.Error{System: d.o.System, Op: op, Kind: access.Transient, Hint: "check that the server runs and that this host may reach it"}
	var text string
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.Kind, e.Hint = kindOf(pe)
		text = fmt.Sprintf("%s (SQLSTATE %s)", pe.Message, pe.Code)
	} else if ne, ok := errors.AsType[*net.OpError](err); ok {
		text = ne.Op + ": " + ne.Err.Error()
	} else if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		text = fmt.Sprintf("no answer within %s", d.o.Timeout)
	} else {
		for deeper := errors.Unwrap(err); deeper != nil; deeper = errors.Unwrap(deeper) {
			err = deeper // the outermost texts name the connection's settings
		}
		text = err.Error()
	}
	e.Err = errors.New(d.clean(text))
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && raced(pe) {
		e.Err = overtaken{e.Err}
	}
	return e
}

// raced reports whether a statement lost a race for a row of the catalogue, which GRANT, REVOKE and ALTER do not lock.
func raced(pe *pgconn.PgError) bool {
	return pe.Code == "XX000" && strings.HasPrefix(pe.Routine, "simple_heap_")
}

type overtaken struct{ error }

// Overtaken reports whether the server refused a change because another session changed the same object at the same moment. Nothing was
// changed, and the same again may well be done.
func Overtaken(err error) bool {
	_, ok := errors.AsType[overtaken](err)
	return ok
}

func kindOf(pe *pgconn.PgError) (access.Kind, string) {
	switch code := pe.Code; {
	case code == "42501":
		return access.Denied, "grant the role what the message names, or connect as one that has it"
	case strings.HasPrefix(code, "28"):
		return access.Denied, "check the user, the password, VALID UNTIL and pg_hba.conf"
	case code == "3D000":
		return access.NotFound, "check the database's name"
	case code == "42704", code == "42P01", code == "3F000":
		return access.NotFound, "it is not there any more"
	case code == "2BP01":
		return access.Conflict, "something else depends on it: look at what the message names"
	case code == "23505", code == "42710":
		return access.Conflict, "the name is taken"
	case code == "55P03", code == "55006":
		return access.Conflict, "another session holds it: try again when that has ended"
	case raced(pe):
		return access.Conflict, "another session changed it at the same time"
	case code == "53300":
		return access.Throttled, "raise max_connections or the role's CONNECTION LIMIT"
	case code == "57014":
		return access.Transient, "raise statement_timeout"
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"), strings.HasPrefix(code, "58"), strings.HasPrefix(code, "40"):
		return access.Transient, "the server is starting, stopping or short of something: look at its log"
	}
	return access.Invalid, "PostgreSQL 12 or newer is needed"
}

// clean makes a server's text fit for a message.
func (d *Dialer) clean(text string) string {
	if d.o.Password != "" {
		text = strings.ReplaceAll(text, d.o.Password, "***")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "..."
	}
	return text
}
