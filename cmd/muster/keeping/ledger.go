package keeping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/durable"
	"muster/internal/ledger/export"
	"muster/internal/ledger/privacy"
	"muster/reports/ocsf"
)

// LedgerCommands makes the commands below ledger; folder finds the ledger.
func LedgerCommands(app *cli.App, folder func() (string, error)) []*cobra.Command {
	a := &commands{app}
	return []*cobra.Command{a.exportCommand(folder), a.revealCommand(folder)}
}

// followEvery is how often an export that follows looks for new entries.
const followEvery = time.Second

// exporting is one export.
type exporting struct {
	*commands
	dir, format, file string
	after             export.Cursor
}

func (a *commands) exportCommand(folder func() (string, error)) *cobra.Command {
	var after string
	var follow bool
	x := exporting{commands: a}
	c := &cobra.Command{
		Use:   "export [--after CURSOR]",
		Short: "Hand entries on to a SIEM, as NDJSON, each once",
		Long: "Writes the entries behind a cursor, a line each: as they stand in the ledger, or as OCSF events. The cursor behind them is printed on standard\n" +
			"error, and on standard output when the entries go to a file; give it to the next export. It holds the root hash over all that was\n" +
			"exported: a ledger that was cut or written anew is refused. Commitments are not opened.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if x.format != "raw" && x.format != "ocsf" {
				return cli.Usage(fmt.Errorf("--format takes raw or ocsf, not %q", x.format))
			}
			if follow && x.file != "" {
				return cli.Usage(errors.New("--follow writes to standard output; leave --out away"))
			}
			if x.after, err = export.ParseCursor(after); err != nil {
				return cli.Usage(err)
			}
			if x.dir, err = folder(); err != nil {
				return err
			}
			for {
				err := x.once(c.Context())
				if follow && errors.Is(err, context.Canceled) {
					return nil // interrupted, as it should be
				}
				if err != nil || !follow {
					return err
				}
				select {
				case <-c.Context().Done():
					return nil
				case <-time.After(followEvery):
				}
			}
		},
	}
	f := c.Flags()
	f.StringVar(&after, "after", "", "cursor that the last export printed; empty for the beginning")
	f.StringVar(&x.file, "out", "", "file to write to, whole or not at all; standard output without")
	f.StringVar(&x.format, "format", "raw", "raw (the exact entries) or ocsf (OCSF events)")
	f.BoolVar(&follow, "follow", false, "go on with what is entered later, until interrupted")
	return c
}

// once exports what there is now, and moves the cursor. Standard output has whole lines and the cursor is behind them even if the export breaks off.
func (x *exporting) once(ctx context.Context) error {
	r, err := ledger.Read(x.dir)
	if err != nil {
		return err
	}
	if x.file != "" {
		return x.toFile(ctx, r)
	}
	next, err := x.write(ctx, x.Stdout, r)
	if next.Size > x.after.Size {
		fmt.Fprintf(x.Stderr, "cursor %s\n", next)
	}
	x.after = next
	return err
}

// toFile exports to a file, and shows the cursor.
func (x *exporting) toFile(ctx context.Context, r *ledger.Reader) error {
	next := x.after
	err := whole(x.file, func(w io.Writer) (err error) {
		next, err = x.write(ctx, w, r)
		return err
	})
	if err != nil {
		return err
	}
	moved := next.Size - x.after.Size
	return x.Show().List(show.Listing{Head: []string{"cursor", "entries"}, Rows: [][]string{{next.String(), fmt.Sprint(moved)}}, Wide: -1,
		Items: map[string]any{"cursor": next.String(), "entries": moved}})
}

func (x *exporting) write(ctx context.Context, w io.Writer, r *ledger.Reader) (export.Cursor, error) {
	if x.format == "raw" {
		return export.Raw(ctx, w, r, x.after)
	}
	about := ocsf.About{Product: x.Version, Origin: r.Origin()}
	return export.Entries(ctx, r, x.after, func(entries export.Stream) error { return ocsf.Entries(w, about, entries) })
}

// whole writes a file that is there whole or not at all.
func whole(path string, fill func(io.Writer) error) (err error) {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder)
	temp := filepath.Join(folder, durable.TempPrefix+name)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return &access.Error{Op: "write " + path, Kind: access.Denied, Err: err}
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, durable.Remove(temp))
	}
	return durable.SyncFolder(folder)
}

func (a *commands) revealCommand(folder func() (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: "reveal N", Short: "Show entry N with what it commits to, as far as that is kept", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return cli.Usage(fmt.Errorf("an entry is a number from 0, not %q", args[0]))
			}
			dir, err := folder()
			if err != nil {
				return err
			}
			got, err := privacy.Reveal(dir, n)
			if err != nil {
				return err
			}
			return a.reveal(got)
		},
	}
}

// reveal shows an entry and its openings. Salts are shown as JSON only, for whoever must prove a value.
func (a *commands) reveal(got privacy.Revealed) error {
	type opening struct {
		Field      string          `json:"field"`
		Commitment string          `json:"commitment"`
		Value      json.RawMessage `json:"value,omitempty"`
		Salt       []byte          `json:"salt,omitempty"` // base64
		Erased     bool            `json:"erased"`
	}
	openings := []opening{}
	l := show.Listing{Head: []string{"field", "value"}, Wide: -1, Empty: "the entry commits to nothing"}
	for _, o := range got.Openings {
		openings = append(openings, opening{o.Field, o.Commitment, o.Value, o.Salt, o.Erased})
		value := string(o.Value)
		switch {
		case o.Erased:
			value = "(erased)"
		case o.Value == nil:
			value = "(not kept here)"
		}
		l.Rows = append(l.Rows, []string{o.Field, value})
	}
	l.Items = map[string]any{"index": got.Entry.Index, "time": got.Entry.Time, "type": got.Entry.Type, "run": got.Entry.Run, "data": got.Entry.Data, "openings": openings}
	if a.Format == "table" {
		fmt.Fprintf(a.Stdout, "%s\n", got.Entry.Raw)
	}
	return a.Show().List(l)
}
