// Package keeping holds the commands about what is kept, handed on and forgotten: ledger export and ledger reveal, erase, legal-hold and retention. It
// opens a session, asks the packages that do the work, and shows what they say.
package keeping

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/ledger/commit"
	"muster/internal/reconcile/retain"
)

// commands are those of this package, for one invocation.
type commands struct{ *cli.App }

// Commands makes those of the top level.
func Commands(app *cli.App) []*cobra.Command {
	a := &commands{app}
	list := []*cobra.Command{a.eraseCommand(), a.holdCommand(), a.retentionCommand()}
	for _, c := range list {
		c.GroupID = "prove"
	}
	return list
}

// Keeper applies the configuration's retention to a session.
func Keeper(a *cli.App, s *cli.Session) *retain.Keeper {
	return s.Keeper(a)
}

func (a *commands) eraseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "erase PERSON --reason TEXT",
		Short: "Forget what ledger entries commit to about a person",
		Long: "Removes the values and salts of every commitment about a person. PERSON is a worker id, an e-mail address or a login name, or whom the ledger names\n" +
			"(muster ledger reveal). The ledger itself does not change and every proof of it still holds. The entry about the erasure commits to who it was,\n" +
			"and why; what opens both is printed once and kept nowhere. A legal hold refuses. Facts of old snapshots go by their own retention, and so do packs.",
		Args: cobra.ExactArgs(1),
		RunE: a.With(true, func(ctx context.Context, s *cli.Session, args []string) error {
			_, by := cli.Who(s)
			done, err := Keeper(a.App, s).Erase(ctx, args[0], reason, by)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "erased; keep these lines to show one day that entry %d is about this person, and why\n", done.Entry)
			o, why := done.Receipt, done.Reason
			row := func(o commit.Opening) []string {
				return []string{fmt.Sprint(done.Entry), fmt.Sprint(done.Openings), o.Field, o.Commitment, string(o.Value), fmt.Sprintf("%x", o.Salt)}
			}
			return a.Show().List(show.Listing{Head: []string{"entry", "erased", "field", "commitment", "value", "salt"}, Wide: -1, Rows: [][]string{row(o), row(why)},
				Items: map[string]any{"entry": done.Entry, "erased": done.Openings, "commitment": o.Commitment, "value": o.Value, "salt": fmt.Sprintf("%x", o.Salt),
					"reason": map[string]any{"commitment": why.Commitment, "value": why.Value, "salt": fmt.Sprintf("%x", why.Salt)}}})
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *commands) holdCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "legal-hold",
		Short: "Let nothing be removed that a kind or a person covers",
		Long: "A hold covers a kind (facts, documents, packs, commitments) or a person. It stops retention and erasure of what it covers until it is lifted. A hold of a\n" +
			"person also keeps all facts and all packs, because theirs lie among all others. PERSON is a worker id, an e-mail address or a login name.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.changeHold("set", "Put a hold on a kind or a person"), a.changeHold("lift", "End a hold"), &cobra.Command{
		Use: "list", Short: "List the holds in force", Args: cobra.NoArgs,
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, _ []string) error {
			holds, err := Keeper(a.App, s).Holds(ctx)
			if err != nil {
				return err
			}
			l := show.Listing{Head: []string{"hold", "covers", "since", "by", "reason"}, Wide: 4, Empty: "nothing is held", Items: append([]retain.Hold{}, holds...)}
			for _, h := range holds {
				l.Rows = append(l.Rows, []string{h.ID, h.Covers, show.Day(h.At), h.By, h.Reason})
			}
			return a.Show().List(l)
		}),
	})
	return c
}

func (a *commands) changeHold(verb, short string) *cobra.Command {
	var reason string
	var unknown bool
	c := &cobra.Command{
		Use: verb + " KIND|PERSON --reason TEXT", Short: short, Args: cobra.ExactArgs(1),
		RunE: a.With(true, func(ctx context.Context, s *cli.Session, args []string) (err error) {
			k := Keeper(a.App, s)
			_, by := cli.Who(s)
			done, h := "held", retain.Hold{}
			if verb == "lift" {
				done = "lifted"
				h, err = k.Lift(ctx, args[0], reason, by)
			} else {
				h, err = k.Set(ctx, args[0], reason, by, unknown)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "%s as %s: %s\n", done, h.ID, h.Covers)
			return nil
		}),
	}
	if verb == "set" {
		c.Flags().BoolVar(&unknown, "unknown", false, "take PERSON as a worker id, though neither HR nor the ledger knows it")
	}
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *commands) retentionCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "retention [-n]",
		Short: "Remove what was kept long enough, or show it with -n",
		Long:  "How long is kept what stands under retention in the configuration. Each night does the same at its end.",
		Args:  cobra.NoArgs,
		RunE: a.With(true, func(ctx context.Context, s *cli.Session, _ []string) error {
			list, err := Keeper(a.App, s).Apply(ctx, dry)
			if err != nil {
				return err
			}
			removed := "removed"
			if dry {
				removed = "due"
			}
			l := show.Listing{Head: []string{"kind", "kept", removed, "held", "hold"}, Wide: -1, Items: list, Right: []int{2, 3}}
			for _, d := range list {
				l.Rows = append(l.Rows, []string{d.Kind, keeps(d), fmt.Sprint(d.Removed), fmt.Sprint(d.Held), d.Hold})
			}
			return a.Show().List(l)
		}),
	}
	c.Flags().BoolVarP(&dry, "dry-run", "n", false, "remove nothing")
	return c
}

// keeps says how long a kind is kept.
func keeps(d retain.Due) string {
	switch {
	case d.Keep > 0:
		return fmt.Sprintf("%d days", d.Keep/(24*time.Hour))
	case d.Kind == retain.Facts:
		return "400 days"
	}
	return "for ever"
}
