package vouching

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/pack"
	"muster/reports/pack/archive"
	"muster/reports/pack/check"
	"muster/reports/pack/cosign"
)

// ReceiptCommand makes the command ledger receipt; folder finds the ledger.
func ReceiptCommand(app *cli.App, folder func() (string, error)) *cobra.Command {
	a := &commands{app}
	return &cobra.Command{
		Use: "receipt PACK.zip", Short: "Make the receipt of a pack anew, at the newest cosigned checkpoint", Args: cobra.ExactArgs(1),
		Long: "Finds the entry that has the SHA-256 of the pack, proves that it is in the ledger at the checkpoint that witnesses cosigned last (" + CosignedFile + " of\n" +
			"the data folder), or at the newest one when that is older than the entry, and writes PACK.zip" + pack.ReceiptSuffix + " beside the pack, and\n" +
			"PACK.zip" + pack.GrowthSuffix + ": the proof that the ledger only grew from the pack's own checkpoint to that one. muster verify --witness reads both.",
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := folder()
			if err != nil {
				return err
			}
			return a.receipt(c.Context(), dir, args[0])
		},
	}
}

func (a *commands) receipt(ctx context.Context, dir, path string) error {
	digest, err := digestOf(path)
	if err != nil {
		return cli.Usage(&access.Error{Op: "open pack", Kind: access.NotFound, Hint: "name the zip of a pack; runs leave them below packs in the data folder", Err: err})
	}
	newest, err := ledger.Read(dir)
	if err != nil {
		return err
	}
	e, err := check.Entry(ctx, newest, digest)
	if err != nil {
		return err
	}
	at, checkpoint, err := cosignedSince(newest, filepath.Join(filepath.Dir(dir), CosignedFile), e.Index)
	if err != nil {
		return err
	}
	proof, err := at.Prove(e.Index)
	if err != nil {
		return err
	}
	old, err := ownCheckpoint(path)
	if err != nil {
		return err
	}
	growth, err := at.ProveConsistency(old)
	if err != nil {
		return err
	}
	proof.Checkpoint = checkpoint
	if err := errors.Join(pack.WriteFile(path+pack.GrowthSuffix, []byte(growth.Text())), pack.WriteFile(path+pack.ReceiptSuffix, []byte(proof.String()))); err != nil {
		return &access.Error{Op: "write receipt", Kind: access.Denied, Err: err}
	}
	by := signers(checkpoint)
	l := show.Listing{Head: []string{"receipt", "entry", "entries", "witnesses"}, Wide: -1}
	l.Rows = append(l.Rows, []string{path + pack.ReceiptSuffix, fmt.Sprint(e.Index), fmt.Sprint(at.Size()), strings.Join(by, " ")})
	l.Items = []map[string]any{{"receipt": path + pack.ReceiptSuffix, "entry": e.Index, "entries": at.Size(), "witnesses": by}}
	if len(by) == 0 {
		fmt.Fprintln(a.Stderr, "no witness cosigned a checkpoint that has this pack yet: muster ledger cosign")
	}
	return a.Show().List(l)
}

// cosignedSince reads the ledger as of the cosigned checkpoint, when there is one that has an entry, and else as of the newest one. checkpoint is the note
// with all its signatures.
func cosignedSince(newest *ledger.Reader, path string, entry uint64) (at *ledger.Reader, checkpoint string, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newest, newest.Checkpoint(), nil
	}
	if err != nil {
		return nil, "", &access.Error{Op: "read cosigned checkpoint", Kind: access.Denied, Err: err}
	}
	own, _ := cosign.Parts(string(text))
	if at, err = newest.At(own); err != nil {
		return nil, "", &access.Error{System: "witness", Op: "read cosigned checkpoint", Kind: access.Conflict, Hint: "run muster ledger verify, and have the newest checkpoint cosigned", Err: err}
	}
	if at.Size() <= entry {
		return newest, newest.Checkpoint(), nil
	}
	return at, string(text), nil
}

// ownCheckpoint is the newest checkpoint that a pack holds.
func ownCheckpoint(path string) (string, error) {
	a, err := archive.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = a.Close() }() // it was only read
	name := pack.CheckpointFile
	if slices.Contains(a.Names, pack.LaterCheckpointFile) {
		name = pack.LaterCheckpointFile
	}
	text, err := a.ReadFile(name)
	return string(text), err
}

// signers are the names of those who cosigned a checkpoint.
func signers(checkpoint string) []string {
	out := []string{}
	_, lines := cosign.Parts(checkpoint)
	for _, line := range lines {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "— "), " "); ok {
			out = append(out, name)
		}
	}
	return out
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
