package vouching

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/config/keys"
	"muster/internal/ledger"
	"muster/internal/ledger/durable"
	"muster/internal/ledger/witness"
	"muster/reports/pack/cosign"
)

// CosignedFile is where the data folder keeps the newest cosigned checkpoint.
const CosignedFile = "witness/checkpoint"

// CosignCommand makes the command ledger cosign; folder finds the ledger.
func CosignCommand(app *cli.App, folder func() (string, error)) *cobra.Command {
	a := &commands{app}
	var from []string
	c := &cobra.Command{
		Use: "cosign", Short: "Have the configured witnesses cosign the newest checkpoint", Args: cobra.NoArgs,
		Long: "Submits the ledger's newest checkpoint to every witness of signing.witnesses that has a url, with the proof that it continues what the witness\n" +
			"saw (C2SP tlog-witness), and keeps the cosigned checkpoint in " + CosignedFile + " of the data folder, with what was gathered of the same one before.\n" +
			"--witness FILE takes signature lines that came another way. Fewer than signing.witness_threshold cosignatures are an error; what was gathered is kept,\n" +
			"unless an older checkpoint is kept that more of them cosigned.",
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := folder()
			if err != nil {
				return err
			}
			settings, err := config.Load(a.ConfigFile)
			if err != nil {
				return err
			}
			return a.cosign(c, dir, settings, from)
		},
	}
	c.Flags().StringArrayVar(&from, "witness", nil, "file with a witness's signature lines, or the URL or name of one configured witness; default all that have a url")
	return c
}

// policyOf reads the configured witnesses.
func policyOf(s *config.Settings) (p witness.Policy, err error) {
	p.Threshold = s.Signing.WitnessThreshold
	for _, w := range s.Signing.Witnesses {
		k, err := witness.ParseKey(w.Key)
		if err != nil {
			return p, err
		}
		p.Keys = append(p.Keys, k)
	}
	if len(p.Keys) == 0 {
		return p, cli.Usage(errors.New("no witness is configured; add signing.witnesses, see docs/signing.md"))
	}
	return p, nil
}

func (a *commands) cosign(c *cobra.Command, dir string, s *config.Settings, from []string) error {
	p, err := policyOf(s)
	if err != nil {
		return err
	}
	r, err := ledger.Read(dir)
	if err != nil {
		return err
	}
	asked, files := chosen(from, s.Signing.Witnesses, p)
	got, failures, err := brought(files, p, r)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: time.Minute}
	for i, k := range p.Keys {
		if _, ok := got[k.String()]; ok || !asked[i] {
			continue
		}
		co, err := witness.Ask(c.Context(), client, s.Signing.Witnesses[i].URL, k, r)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		got[k.String()] = co
	}
	return a.keep(s, r, got, p, failures)
}

// chosen says which witnesses are asked, by their place, and in which files signature lines came.
func chosen(from []string, witnesses []keys.Witness, p witness.Policy) (asked []bool, files []string) {
	asked = make([]bool, len(witnesses))
	for i, w := range witnesses {
		asked[i] = w.URL != "" && (len(from) == 0 || slices.Contains(from, w.URL) || slices.Contains(from, p.Keys[i].Name))
	}
	for _, f := range from {
		if !slices.ContainsFunc(witnesses, func(w keys.Witness) bool { return w.URL == f }) && !slices.ContainsFunc(p.Keys, func(k witness.Key) bool { return k.Name == f }) {
			files = append(files, f)
		}
	}
	return asked, files
}

// brought reads the signature lines that came in files, by the keys of their witnesses. A line that is none of a configured witness's over this
// checkpoint is named. The checkpoint itself may stand before them.
func brought(files []string, p witness.Policy, r *ledger.Reader) (got map[string]witness.Cosignature, bad []error, err error) {
	got = map[string]witness.Cosignature{}
	own := strings.Split(r.Checkpoint(), "\n")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, cli.Usage(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if line == "" || slices.Contains(own, line) {
				continue
			}
			k, co, err := whose(line+"\n", p, r)
			if err != nil {
				bad = append(bad, &access.Error{System: "witness", Op: fmt.Sprintf("read %s, line %d", file, n+1), Kind: access.Invalid, Hint: "have the witness cosign the newest checkpoint, and compare its key with signing.witnesses", Err: err})
				continue
			}
			got[k.String()] = co
		}
	}
	return got, bad, nil
}

// whose finds the witness that a signature line is of.
func whose(line string, p witness.Policy, r *ledger.Reader) (witness.Key, witness.Cosignature, error) {
	err := errors.New("it is no signature line of a configured witness")
	for _, k := range p.Keys {
		co, kerr := witness.Pick(line, k, r)
		if kerr == nil {
			return k, co, nil
		}
		if strings.HasPrefix(line, "— "+k.Name+" ") {
			err = kerr
		}
	}
	return witness.Key{}, witness.Cosignature{}, err
}

// keep keeps the cosigned checkpoint, together with what is kept of the same one, and says who cosigned it.
func (a *commands) keep(s *config.Settings, r *ledger.Reader, got map[string]witness.Cosignature, p witness.Policy, failures []error) error {
	folder := filepath.Join(a.Folder(s), filepath.Dir(CosignedFile))
	before, err := keptBefore(filepath.Join(folder, filepath.Base(CosignedFile)), r, p)
	if err != nil {
		return err
	}
	var all []witness.Cosignature
	for _, k := range p.Keys {
		co, ok := got[k.String()]
		if !ok && before.same {
			co, err = witness.Pick(before.lines, k, r)
			ok = err == nil
		}
		if ok {
			all = append(all, co)
		}
	}
	loose := p
	loose.Threshold = 0
	cosigned, err := witness.Join(r, all, loose)
	if err != nil {
		return errors.Join(append(failures, err)...)
	}
	switch {
	case len(all) == 0:
	case len(all) < min(p.Threshold, before.known):
		failures = append(failures, &access.Error{System: "witness", Op: "keep cosigned checkpoint", Kind: access.Conflict, Hint: "ask again; what more witnesses cosigned stays",
			Err: fmt.Errorf("%d witnesses cosigned this one, %d the one of %d entries that is kept", len(all), before.known, before.size)})
	default:
		d := durable.New(folder)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return &access.Error{Op: "keep cosigned checkpoint", Kind: access.Denied, Err: err}
		}
		if err := errors.Join(d.Write(filepath.Base(CosignedFile), []byte(cosigned.Text), 0o644), d.Flush()); err != nil {
			return &access.Error{Op: "keep cosigned checkpoint", Kind: access.Denied, Err: err}
		}
	}
	return a.said(r, cosigned, p, failures)
}

// kept is the cosigned checkpoint that is kept.
type kept struct {
	size  uint64
	same  bool   // it is the Reader's
	lines string // its cosignatures
	known int    // how many of them are of configured witnesses
}

// keptBefore reads the cosigned checkpoint that is kept; of none there is nothing to know.
func keptBefore(path string, r *ledger.Reader, p witness.Policy) (k kept, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, &access.Error{Op: "read cosigned checkpoint", Kind: access.Denied, Err: err}
	}
	own, others := cosign.Parts(string(text))
	at, err := r.At(own)
	if err != nil {
		return k, &access.Error{System: "witness", Op: "read cosigned checkpoint", Kind: access.Conflict, Err: err,
			Hint: "witnesses cosigned a checkpoint that this ledger did not go through: keep " + path + " and find out which of them is true"}
	}
	k = kept{size: at.Size(), same: own == r.Checkpoint(), lines: strings.Join(others, "")}
	for _, key := range p.Keys {
		if _, err := witness.Pick(k.lines, key, at); err == nil {
			k.known++
		}
	}
	return k, nil
}

// said says who cosigned the checkpoint, and whether that is enough.
func (a *commands) said(r *ledger.Reader, cosigned witness.Cosigned, p witness.Policy, failures []error) error {
	l := show.Listing{Head: []string{"entries", "witness", "time"}, Wide: -1, Empty: "nobody cosigned the checkpoint"}
	items := []map[string]any{}
	for _, co := range cosigned.By {
		l.Rows = append(l.Rows, []string{fmt.Sprint(r.Size()), co.Name, co.Time.Format(time.RFC3339)})
		items = append(items, map[string]any{"entries": r.Size(), "witness": co.Name, "time": co.Time})
	}
	l.Items = items
	if err := a.Show().List(l); err != nil {
		return err
	}
	if len(cosigned.By) < p.Threshold {
		failures = append(failures, &access.Error{System: "witness", Op: "cosign checkpoint", Kind: access.Incomplete, Hint: "ask again; signing.witness_threshold says how many are needed",
			Err: fmt.Errorf("%d witnesses cosigned, %d are needed", len(cosigned.By), p.Threshold)})
		return errors.Join(failures...)
	}
	for _, f := range failures {
		fmt.Fprintln(a.Stderr, "warning: "+f.Error())
	}
	if len(cosigned.By) > 0 {
		fmt.Fprintln(a.Stderr, "receipts of packs up to now can be made anew with these signatures: muster ledger receipt PACK.zip")
	}
	return nil
}
