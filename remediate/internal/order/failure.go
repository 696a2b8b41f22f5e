package order

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"muster/internal/access"
)

// notOurs marks a file that Muster did not write.
type notOurs struct {
	path string
	err  error
}

// Error says which file it is.
func (e *notOurs) Error() string {
	return fmt.Sprintf("%s is not as Muster wrote it: %v", e.path, e.err)
}

// Unwrap gives the cause.
func (e *notOurs) Unwrap() error { return e.err }

func foreign(path string, err error) error { return &notOurs{path, err} }

// wrap gives an error of the disk its Kind.
func (b *Book) wrap(op string, err error) error {
	if e, ok := errors.AsType[*access.Error](err); ok && e != nil {
		return err
	}
	kind, hint := access.Internal, "look at the disk of "+b.Dir
	var other *notOurs
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %s: %w", b.System, op, err)
	case errors.As(err, &other):
		kind, hint = access.Conflict, "move the file out of the folder; orders are only written by Muster"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		kind, hint = access.Denied, "let Muster's user write "+b.Dir
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		kind, hint = access.Denied, b.Dir+" must be a folder"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "make room on the disk of " + b.Dir
	}
	return &access.Error{System: b.System, Op: op, Kind: kind, Hint: hint, Err: err}
}

// step is where a cancelled ctx ends the work, and where tests interfere.
func (b *Book) step(ctx context.Context, op, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.Fault == nil {
		return nil
	}
	return b.Fault(op, path)
}
