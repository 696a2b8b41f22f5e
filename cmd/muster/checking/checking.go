// Package checking holds the command verify: what a pack shows by itself, what it needs to be compared with, and what came of it in words, a table or
// JSON. It needs neither configuration nor data folder.
package checking

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/ledger/witness"
	"muster/internal/reconcile/reperform"
	"muster/reports/pack/check"
	"muster/reports/pack/given"
)

// flags are those of one invocation.
type flags struct {
	explain, partial bool
	keys, witnesses  []string
	ledger           string
}

// Command makes the command verify.
func Command(app *cli.App) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "verify PACK",
		Short: "Verify an evidence pack, offline, without configuration or engine",
		Long: "Checks a pack step by step and performs its run again. A step is ok, or differs, or\n" +
			"was not checked, such as what can only be compared with all of a run when the pack\n" +
			"holds a part of it, or the receipt when it does not lie beside the pack.\n" +
			"Ends with 0 when everything was verified that a pack of its kind can show, 1 when\n" +
			"something differs, and 3 when more was not checked; --partial accepts that.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return run(app, c, f, args[0]) },
	}
	c.Flags().BoolVar(&f.explain, "explain", false, "say what each step proves and what it does not")
	c.Flags().BoolVar(&f.partial, "partial", false, "accept that something could not be checked: a pack with pseudonyms, or one without its receipt")
	c.Flags().StringVar(&f.ledger, "ledger", "", "folder of a ledger that must hold the digest of this pack, such as .muster/ledger")
	c.Flags().StringArrayVar(&f.keys, "key", nil, "file with a key that you got from a place that you trust: the ledger's verifier key, the pack key (PEM) or the keyring; may be repeated")
	c.Flags().StringArrayVar(&f.witnesses, "witness", nil, "file with keys of witnesses that you trust, a line each; one of them must have cosigned the checkpoint of the receipt; may be repeated")
	return c
}

func run(app *cli.App, c *cobra.Command, f flags, path string) error {
	trusted, err := readKeys(f.keys)
	if err != nil {
		return err
	}
	witnesses, err := readWitnesses(f.witnesses)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return cli.Usage(&access.Error{Op: "open pack", Kind: access.NotFound, Hint: "name the zip of a pack; runs leave them below packs in the data folder", Err: err})
	}
	rep, err := reperform.Verify(c.Context(), path, trusted, witnesses...)
	if f.ledger != "" {
		for _, step := range check.OnLedger(c.Context(), rep, f.ledger) {
			if rep.Steps = append(rep.Steps, step); step.State == check.Differs {
				err = errors.Join(err, &access.Error{Op: "compare pack with the ledger", Kind: access.Invalid, Hint: "ask for the pack that was handed out; the same run gives the same bytes",
					Err: errors.New(strings.Join(step.Details, "; "))})
			}
		}
	}
	if perr := tell(app, rep, f.explain); perr != nil {
		return perr
	}
	if err == nil && !rep.OK() && !f.partial && !rep.OfItsKind() {
		return cli.ExitStatus(cli.ExitIncomplete)
	}
	return err
}

// readKeys reads the files of trusted keys, each of which must hold one.
func readKeys(files []string) (string, error) {
	trusted := ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = given.Check(string(text))
		}
		if err != nil {
			return "", cli.Usage(fmt.Errorf("%s: %w", file, err))
		}
		trusted += strings.TrimSpace(string(text)) + "\n"
	}
	return trusted, nil
}

// readWitnesses reads the files of witnesses' keys, each of which must hold one.
func readWitnesses(files []string) (all []witness.Key, err error) {
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, cli.Usage(err)
		}
		before := len(seen)
		for n, line := range strings.Split(string(text), "\n") {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			k, err := witness.ParseKey(line)
			if err != nil {
				return nil, cli.Usage(fmt.Errorf("%s: line %d: %w", file, n+1, err))
			}
			if !seen[k.String()] {
				all = append(all, k)
			}
			seen[k.String()] = true
		}
		if len(seen) == before {
			return nil, cli.Usage(fmt.Errorf("%s: it holds no key of a witness that no other file has", file))
		}
	}
	return all, nil
}

// item is a step as JSON tells it.
type item struct {
	Step       string      `json:"step"`
	State      check.State `json:"state"`
	OK         bool        `json:"ok"` // it was verified: state is ok
	Details    []string    `json:"details"`
	Proves     string      `json:"proves,omitempty"`
	WouldProve string      `json:"would_prove,omitempty"` // of a step that is not ok
	Not        string      `json:"does_not_prove,omitempty"`
}

// tell shows the steps and what came of all of them.
func tell(app *cli.App, rep check.Report, explain bool) error {
	items := []item{}
	l := show.Listing{Head: []string{"state", "step", "detail"}, Wide: -1}
	for _, s := range rep.Steps {
		one := item{Step: s.Name, State: s.State, OK: s.OK(), Details: append([]string{}, s.Details...)}
		if explain {
			why := check.Explain(s.Name)
			if one.Not = why.Not; s.OK() {
				one.Proves = why.Proves
			} else {
				one.WouldProve = why.Proves
			}
		}
		items = append(items, one)
		l.Rows = append(l.Rows, []string{string(s.State), s.Name, strings.Join(s.Details, "; ")})
		if app.Format == "table" {
			words(app, one)
		}
	}
	if app.Format == "table" {
		app.Show().Text("", rep.Summary())
		return nil
	}
	fmt.Fprintln(app.Stderr, rep.Summary())
	l.Items = items
	return app.Show().List(l)
}

// words shows one step to people.
func words(app *cli.App, one item) {
	state := string(one.State)
	if one.State == check.Differs {
		state = "DIFFERS"
	}
	const under = "               "
	app.Show().Text(fmt.Sprintf("%-11s  ", state), one.Step)
	for _, d := range one.Details {
		app.Show().Text(under, d)
	}
	for _, line := range [][2]string{{"proves:       ", one.Proves}, {"would prove:  ", one.WouldProve}, {"not:          ", one.Not}} {
		if line[1] != "" {
			app.Show().Text(under+line[0], line[1])
		}
	}
}
