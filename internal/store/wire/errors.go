package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
)

// System is the System of every error of the store.
const System = "store"

// Fail wraps err as the one typed error, with the kind and hint that its cause calls for. A nil err gives nil, and an error
// that has a kind already stays as it is.
func Fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*access.Error](err); ok {
		return err
	}
	kind, hint := classify(err)
	return &access.Error{System: System, Op: op, Kind: kind, Hint: hint, Err: err}
}

// Failf makes a typed error of a text of our own.
func Failf(kind access.Kind, op, hint, format string, args ...any) error {
	return &access.Error{System: System, Op: op, Kind: kind, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// classify reads the server's exception code, or the network's error, as a kind.
func classify(err error) (access.Kind, string) {
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return classifyCode(e.Code)
	}
	var netErr net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return access.Transient, ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.As(err, &netErr):
		return access.Transient, "is the engine or the ClickHouse server up? `muster doctor` tells"
	case errors.Is(err, clickhouse.ErrAcquireConnTimeout), errors.Is(err, clickhouse.ErrAcquireConnNoAddress):
		return access.Transient, ""
	}
	return access.Internal, ""
}

// classifyCode maps ClickHouse's error codes (src/Common/ErrorCodes.cpp) to kinds.
func classifyCode(code int32) (access.Kind, string) {
	switch code {
	case 241: // MEMORY_LIMIT_EXCEEDED
		return access.Transient, "the engine's memory budget is used up: raise it, or run fewer things at once"
	case 243: // NOT_ENOUGH_SPACE
		return access.Internal, "the disk of the data folder is full: free some space and run again"
	case 192, 193, 194, 497, 516: // unknown user, wrong or required password, access denied, authentication failed
		return access.Denied, "check user, password and grants of the ClickHouse DSN"
	case 202, 252: // too many simultaneous queries, too many parts
		return access.Throttled, "ClickHouse is busy: it merges or serves too much at once"
	case 3, 32, 101, 159, 203, 209, 210, 236, 279, 394, 425, 999: // cut streams, timeouts, resets, shutdown, cancelled, system and keeper errors
		return access.Transient, ""
	case 81, 60: // unknown database, unknown table
		return access.NotFound, "was the database removed while muster runs? the next start makes it again"
	}
	return access.Internal, ""
}
