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
	return &retain.Keeper{Records: s.Store, Messages: s.Store, Ledger: s.Ledger, Dir: s.Dir, Packs: s.PacksDir(), Settings: s.Plan.Settings.Retention, Now: a.Now}
}

func (a *commands) eraseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "erase PERSON --reason TEXT",
		Short: "Forget what ledger entries commit to about a person",
		Long: "Removes the values and salts of every commitment about a person, named as the ledger does (muster ledger reveal). The ledger itself does not\n" +
			"change and every proof of it still holds. The entry about the erasure commits to who it was; what opens it is printed once and kept\n" +
			"nowhere. A legal hold refuses. Facts of old snapshots go by their own retention.",
		Args: cobra.ExactArgs(1),
		RunE: a.With(true, func(ctx context.Context, s *cli.Session, args []string) error {
			_, by := cli.Who(s)
			done, err := Keeper(a.App, s).Erase(ctx, args[0], reason, by)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "erased; keep this line to show one day that entry %d is about this person\n", done.Entry)
			o := done.Receipt
			return a.Show().List(show.Listing{Head: []string{"entry", "erased", "commitment", "value", "salt"}, Wide: -1,
				Rows:  [][]string{{fmt.Sprint(done.Entry), fmt.Sprint(done.Openings), o.Commitment, string(o.Value), fmt.Sprintf("%x", o.Salt)}},
				Items: map[string]any{"entry": done.Entry, "erased": done.Openings, "commitment": o.Commitment, "value": o.Value, "salt": fmt.Sprintf("%x", o.Salt)}})
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
			"person also keeps all facts, because theirs lie among all others.",
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
	c := &cobra.Command{
		Use: verb + " KIND|PERSON --reason TEXT", Short: short, Args: cobra.ExactArgs(1),
		RunE: a.With(true, func(ctx context.Context, s *cli.Session, args []string) error {
			k := Keeper(a.App, s)
			change, done := k.Set, "held"
			if verb == "lift" {
				change, done = k.Lift, "lifted"
			}
			_, by := cli.Who(s)
			h, err := change(ctx, args[0], reason, by)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "%s as %s: %s\n", done, h.ID, h.Covers)
			return nil
		}),
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
