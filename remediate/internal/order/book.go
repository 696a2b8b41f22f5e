package order

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/internal/access"
	"muster/internal/ledger/durable"
)

// Form is how the orders of a Book are written.
type Form struct {
	Ext     string      // of an order's file, with its dot
	Listing string      // name of a day's listing
	Mode    fs.FileMode // of the files
	// Draft makes the order of an action, or says in an *access.Error of kind Invalid why there is none.
	Draft func(a access.Action, at time.Time) (Order, error)
	// Encode writes an order's file, Decode reads the order from it.
	Encode func(Order) ([]byte, error)
	Decode func([]byte) (Order, error)
	// Assemble writes the listing of a day, Listed reports whether a listing has the order of that id.
	Assemble func(day string, orders []Entry) ([]byte, error)
	Listed   func(listing []byte, id string) bool
}

// Book keeps the orders of one system.
type Book struct {
	System string
	Dir    string // the system's folder: <folder>/<system>
	Label  string // how that folder is called in receipts: orders/<system>
	Form   Form
	Now    func() time.Time
	// Fault lets tests watch, fail or kill at every step; nil outside tests.
	Fault func(op, path string) error

	mu   sync.Mutex
	disk *durable.Disk // kept, so that a folder that a failed attempt made is made durable by the next
}

const (
	dayLayout = "2006-01-02"
	maxFile   = 1 << 20 // an order has a few kB
)

var (
	validID  = regexp.MustCompile(`^A-[A-Za-z0-9_-]{1,60}$`)
	validDay = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

// Inspect says whether the order of an action is on file. It does not look at the system.
func (b *Book) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.check(ctx, a); err != nil {
		return access.Observation{}, err
	}
	found, listed, err := b.find(ctx, a)
	if err != nil {
		return access.Observation{}, b.wrap("look for order", err)
	}
	return b.observe(a, found != "" && listed), nil
}

func (b *Book) observe(a access.Action, ordered bool) access.Observation {
	restore, _ := json.Marshal(origin{a.ID}) // two strings
	return access.Observation{At: b.Now().UTC(), Unseen: true, Ordered: ordered, Restore: restore}
}

// Apply writes the order of an action and assembles the listing of its day anew. An order that is on file is left as it is.
func (b *Book) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.check(ctx, a); err != nil {
		return access.Receipt{}, err
	}
	day, listed, err := b.find(ctx, a)
	if err != nil {
		return access.Receipt{}, b.wrap("write order", err)
	}
	said := ""
	if day != "" && listed {
		said = "on file already: "
	} else if day, err = b.write(ctx, a, day); err != nil {
		return access.Receipt{}, b.wrap("write order", err)
	}
	after := b.observe(a, true)
	return access.Receipt{Action: a.ID, Outcome: access.OutcomeOrdered, At: after.At, Said: said + b.Label + "/" + day + "/" + a.ID + b.Form.Ext, After: after}, nil
}

// check refuses what must not become the name of a file or the order of another system.
func (b *Book) check(ctx context.Context, a access.Action) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: order %s: %w", b.System, a.ID, err)
	}
	_, undo := Undone(a)
	switch {
	case a.System != b.System:
		return b.invalid("the action %s is one of system %s", a.ID, a.System)
	case !validID.MatchString(a.ID):
		return b.invalid("the action id %q makes no file name", a.ID)
	case undo != nil:
		return b.invalid("action %s: %w", a.ID, undo)
	}
	return nil
}

func (b *Book) invalid(format string, args ...any) error {
	return &access.Error{System: b.System, Op: "read action", Kind: access.Invalid, Err: fmt.Errorf(format, args...)}
}

// find looks for the order of an action on every day. day is empty when there is none.
func (b *Book) find(ctx context.Context, a access.Action) (day string, listed bool, err error) {
	day, err = b.dayOf(ctx, a.ID)
	if day == "" || err != nil {
		return "", false, err
	}
	o, _, err := b.read(ctx, day, a.ID+b.Form.Ext)
	if err != nil {
		return "", false, err
	}
	if !same(o.Action, a) {
		return "", false, foreign(b.path(day, a.ID), errors.New("it is the order of another action"))
	}
	listing, err := b.file(ctx, filepath.Join(day, b.Form.Listing))
	if errors.Is(err, fs.ErrNotExist) {
		return day, false, nil
	}
	return day, err == nil && b.Form.Listed(listing, a.ID), err
}

// same reports whether two actions change the same; what is only told about them may differ.
func same(a, b access.Action) bool {
	return a.ID == b.ID && a.Kind == b.Kind && a.System == b.System && a.Account.Name == b.Account.Name && a.Entitlement.Name == b.Entitlement.Name &&
		a.Entitlement.ID == b.Entitlement.ID && a.ExpiresAt.Equal(b.ExpiresAt) && a.Undoes == b.Undoes
}

// dayOf is the newest day that has a file of that id.
func (b *Book) dayOf(ctx context.Context, id string) (string, error) {
	days, err := b.days(ctx)
	if err != nil {
		return "", err
	}
	for _, day := range slices.Backward(days) {
		if _, err := os.Lstat(b.path(day, id)); err == nil {
			return day, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", nil
}

func (b *Book) days(ctx context.Context) ([]string, error) {
	if err := b.step(ctx, "list", b.Dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(b.Dir) // sorted by name, which is by time
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var days []string
	for _, e := range entries {
		if e.IsDir() && validDay.MatchString(e.Name()) {
			days = append(days, e.Name())
		}
	}
	return days, nil
}

func (b *Book) path(day, id string) string { return filepath.Join(b.Dir, day, id+b.Form.Ext) }

// file reads a regular file below the system's folder.
func (b *Book) file(ctx context.Context, name string) ([]byte, error) {
	full := filepath.Join(b.Dir, name)
	if err := b.step(ctx, "read", full); err != nil {
		return nil, err
	}
	info, err := os.Lstat(full)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, foreign(full, errors.New("it is no file of Muster's"))
	}
	return os.ReadFile(full)
}

// read reads one order and checks that it is what its name says.
func (b *Book) read(ctx context.Context, day, name string) (Order, []byte, error) {
	data, err := b.file(ctx, filepath.Join(day, name))
	if err != nil {
		return Order{}, nil, err
	}
	o, err := b.Form.Decode(data)
	if err == nil && o.Action.ID+b.Form.Ext != name {
		err = fmt.Errorf("it is order %q", o.Action.ID)
	}
	if err != nil {
		return Order{}, nil, foreign(filepath.Join(b.Dir, day, name), err)
	}
	return o, data, nil
}

// write puts the order of an action on file: on the given day where its file is there and the listing lacks it, else today.
func (b *Book) write(ctx context.Context, a access.Action, day string) (string, error) {
	o, err := b.Form.Draft(a, b.Now())
	if err != nil {
		return "", err
	}
	earlier, err := b.undoneDays(ctx, a)
	if err != nil {
		return "", err
	}
	if b.disk == nil {
		b.disk = durable.New(b.Dir)
	}
	disk := b.disk
	disk.Fault = func(op, path string) error { return b.step(ctx, op, path) }
	fresh := day == ""
	if fresh {
		day = slices.Max(append(earlier, o.At.Format(dayLayout))) // not before what it undoes, whatever the clock says
		data, err := b.Form.Encode(o)
		if err != nil {
			return "", err
		}
		if err := b.put(disk, filepath.Join(day, a.ID+b.Form.Ext), data); err != nil {
			return "", err
		}
	}
	for _, d := range append(slices.DeleteFunc(earlier, func(d string) bool { return d == day }), day) { // its own last: that puts it on file
		err := b.list(ctx, disk, d)
		if err != nil && fresh {
			err = errors.Join(err, durable.Remove(b.path(day, a.ID)))
		}
		if err != nil {
			return "", err
		}
	}
	disk.Fault = b.Fault // it is on file and must last, also where ctx has ended
	return day, errors.Join(disk.Flush(), ctx.Err())
}

// list assembles the listing of a day from its orders.
func (b *Book) list(ctx context.Context, disk *durable.Disk, day string) error {
	entries, err := b.Day(ctx, day)
	if err != nil {
		return err
	}
	listing, err := b.Form.Assemble(day, entries)
	if err != nil {
		return err
	}
	return b.put(disk, filepath.Join(day, b.Form.Listing), listing)
}

// put writes one file and leaves nothing of it when that fails.
func (b *Book) put(disk *durable.Disk, name string, data []byte) error {
	temp := filepath.Join(b.Dir, filepath.Dir(name), durable.TempPrefix+filepath.Base(name))
	if err := durable.Remove(temp); err != nil && !errors.Is(err, syscall.ENOTDIR) { // of a process that died
		return err
	}
	if err := disk.Write(name, data, b.Form.Mode); err != nil {
		return errors.Join(err, durable.Remove(temp))
	}
	return nil
}

// Day lists the orders of a day.
func (b *Book) Day(ctx context.Context, day string) ([]Entry, error) {
	undone, err := b.withdrawn(ctx, day)
	if err != nil {
		return nil, err
	}
	var out []Entry
	err = b.each(ctx, day, func(o Order, data []byte) {
		sum := sha256.Sum256(data)
		id := o.Action.ID
		out = append(out, Entry{Order: o, File: id + b.Form.Ext, SHA256: hex.EncodeToString(sum[:]), WithdrawnBy: undone.by(id)})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(x, y Entry) int {
		rank := func(e Entry) int { return slices.Index(access.ActionKinds(), e.Action.Kind) }
		return cmp.Or(cmp.Compare(rank(x), rank(y)), x.At.Compare(y.At), cmp.Compare(x.Action.ID, y.Action.ID))
	})
	return out, nil
}

// each reads the orders of a day.
func (b *Book) each(ctx context.Context, day string, yield func(o Order, data []byte)) error {
	files, err := os.ReadDir(filepath.Join(b.Dir, day))
	if err != nil {
		return err
	}
	for _, f := range files {
		if id, ok := strings.CutSuffix(f.Name(), b.Form.Ext); !ok || !validID.MatchString(id) {
			continue
		}
		o, data, err := b.read(ctx, day, f.Name())
		if err != nil {
			return err
		}
		yield(o, data)
	}
	return nil
}
