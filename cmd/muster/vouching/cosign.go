package vouching

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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
			"saw (C2SP tlog-witness), and keeps the cosigned checkpoint in " + CosignedFile + " of the data folder. --witness FILE takes signature lines that came\n" +
			"another way. Fewer than signing.witness_threshold cosignatures are an error; what was gathered is kept.",
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
	asked, lines, err := chosen(from, s.Signing.Witnesses, p)
	if err != nil {
		return err
	}
	var all []witness.Cosignature
	var failures []error
	client := &http.Client{Timeout: time.Minute}
	for i, k := range p.Keys {
		co, err := witness.Pick(lines, k, r)
		if err != nil {
			if !asked[i] {
				continue // the lines are of others
			}
			co, err = witness.Ask(c.Context(), client, s.Signing.Witnesses[i].URL, k, r)
		}
		if err != nil {
			failures = append(failures, err)
			continue
		}
		all = append(all, co)
	}
	return a.keep(s, r, all, p, failures)
}

// chosen says which witnesses are asked, by their place, and what signature lines came in files.
func chosen(from []string, witnesses []keys.Witness, p witness.Policy) (asked []bool, lines string, err error) {
	asked = make([]bool, len(witnesses))
	for i, w := range witnesses {
		asked[i] = w.URL != "" && (len(from) == 0 || slices.Contains(from, w.URL) || slices.Contains(from, p.Keys[i].Name))
	}
	for _, f := range from {
		if slices.ContainsFunc(witnesses, func(w keys.Witness) bool { return w.URL == f }) || slices.ContainsFunc(p.Keys, func(k witness.Key) bool { return k.Name == f }) {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, "", cli.Usage(err)
		}
		lines += string(text)
	}
	return asked, lines, nil
}

// keep writes the cosigned checkpoint and says who cosigned it.
func (a *commands) keep(s *config.Settings, r *ledger.Reader, all []witness.Cosignature, p witness.Policy, failures []error) error {
	loose := p
	loose.Threshold = 0
	cosigned, err := witness.Join(r, all, loose)
	if err != nil {
		return errors.Join(append(failures, err)...)
	}
	if len(all) > 0 {
		folder := filepath.Join(a.Folder(s), filepath.Dir(CosignedFile))
		d := durable.New(folder)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return &access.Error{Op: "keep cosigned checkpoint", Kind: access.Denied, Err: err}
		}
		if err := errors.Join(d.Write(filepath.Base(CosignedFile), []byte(cosigned.Text), 0o644), d.Flush()); err != nil {
			return &access.Error{Op: "keep cosigned checkpoint", Kind: access.Denied, Err: err}
		}
	}
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
	return nil
}
