package reviewing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/dossier"
	"muster/internal/reconcile/review"
	"muster/reports/accessreview"
)

func day(t time.Time) string { return show.Day(t) }

func (a *commands) listCommand() *cobra.Command {
	var states []string
	var who string
	var mine bool
	c := &cobra.Command{
		Use:   "list [CAMPAIGN]",
		Short: "List the campaigns, or the items of one",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.with(false, func(ctx context.Context, w *work, args []string) error {
			if len(args) == 0 {
				list, err := w.Campaigns(ctx)
				if err != nil {
					return err
				}
				return a.showCampaigns(list)
			}
			made, err := w.Campaign(ctx, args[0])
			if err != nil {
				return err
			}
			if mine {
				if who, _ = cli.Who(w.session); who == "" {
					return cli.Usage(fmt.Errorf("people.identities binds this user to no person; say --reviewer PERSON"))
				}
			}
			for _, s := range states {
				if known := []string{"open", "keep", "revoke", "kept", "revoked"}; !slices.Contains(known, s) {
					return cli.Usage(fmt.Errorf("--state takes %s, not %q", strings.Join(known, ", "), s))
				}
			}
			items, err := w.Items(ctx, made)
			if err != nil {
				return err
			}
			return a.showItems(slices.DeleteFunc(items, func(i access.ReviewItem) bool {
				_, theirs := i.Reviewer(who)
				return who != "" && !theirs || len(states) > 0 && !slices.Contains(states, string(i.State))
			}))
		}),
	}
	c.Flags().StringSliceVar(&states, "state", nil, "only items that are open, keep, revoke, kept or revoked")
	c.Flags().StringVar(&who, "reviewer", "", "only the items of this reviewer, by worker id")
	c.Flags().BoolVar(&mine, "mine", false, "only the items of whom people.identities binds this user to")
	return c
}

func (a *commands) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status CAMPAIGN",
		Short: "Say how far a campaign is, and what of it is proven",
		Long: "With -o json, all that the evidence pack says of it. Ends with 3 when the population may lack something, and with 1 when the items are not\n" +
			"those that were frozen.",
		Args: cobra.ExactArgs(1),
		RunE: a.with(false, func(ctx context.Context, w *work, args []string) error {
			made, err := w.Campaign(ctx, args[0])
			if err != nil {
				return err
			}
			items, err := w.Items(ctx, made)
			if err != nil {
				return err
			}
			if err := review.Ended(made, items); err != nil {
				return err
			}
			p := review.Count(made, items, a.Now())
			if a.Format == "json" {
				err = a.showEvidence(ctx, w, p)
			} else {
				err = a.showStatus(p)
			}
			if err != nil {
				return err
			}
			if review.Incomplete(made) {
				return cli.ExitStatus(cli.ExitIncomplete)
			}
			return nil
		}),
	}
}

// showEvidence shows where a campaign stands with all that the evidence pack says of it.
func (a *commands) showEvidence(ctx context.Context, w *work, p review.Progress) error {
	trail, err := ledger.Read(w.session.LedgerDir())
	if err != nil {
		return err
	}
	r, err := dossier.Review(ctx, w.session.Store, trail, p.Campaign.ID)
	if err != nil {
		return err
	}
	return a.Show().List(show.Listing{Items: struct {
		review.Progress
		Evidence accessreview.Model `json:"evidence"`
	}{p, r.Model}})
}

func (a *commands) showCampaigns(list []access.Campaign) error {
	l := show.Listing{Head: []string{"id", "name", "state", "items", "due", "owner", "scope"}, Right: []int{3}, Wide: 6, Drop: []int{5}, Items: list, Empty: "there is no campaign yet"}
	if list == nil {
		l.Items = []access.Campaign{}
	}
	for _, c := range list {
		l.Rows = append(l.Rows, []string{c.ID, c.Name, string(c.State), strconv.Itoa(c.Population.Count), day(c.DueAt), c.Owned, c.Scope})
	}
	return a.Show().List(l)
}

// warn says what a population may lack.
func (a *commands) warn(c access.Campaign) {
	for _, s := range c.Sources {
		switch {
		case s.Warning != "":
			fmt.Fprintf(a.Stderr, "incomplete: %s: %s\n", s.System, s.Warning)
		case s.Snapshot == "":
			fmt.Fprintf(a.Stderr, "incomplete: %s is not reviewed: %s\n", s.System, s.Excluded)
		case s.Excluded != "":
			fmt.Fprintf(a.Stderr, "excluded: %s: %s\n", s.System, s.Excluded)
		}
	}
	if n := c.Population.Undecided; n > 0 {
		fmt.Fprintf(a.Stderr, "incomplete: %d grants are not reviewed, because the scope cannot be evaluated on them; such as %s\n", n, c.Population.Why)
	}
}

// showCampaign shows a campaign that was just frozen.
func (a *commands) showCampaign(c access.Campaign) error {
	defer a.warn(c)
	if a.Format != "table" {
		return a.showCampaigns([]access.Campaign{c})
	}
	fmt.Fprintf(a.Stdout, "%s  %s  %s\n", c.ID, show.Clean(c.Name), c.State)
	row := func(name, value string) { a.Show().Text(fmt.Sprintf("  %-12s ", name), value) }
	row("scope", c.Scope)
	row("population", fmt.Sprintf("%d items: %d accounts of %d persons, as of %s", c.Population.Count, c.Population.Accounts, c.Population.Persons, day(c.AsOf)))
	row("sha256", c.Population.SHA256)
	row("reviewers", strings.Join(c.Route, ", then ")+"; "+strconv.Itoa(c.Need)+" must keep")
	row("due", day(c.DueAt))
	silence := "what nobody decides is kept, and flagged"
	if c.Silence == access.SilenceRevoke {
		silence = "what nobody decides is revoked"
	}
	row("silence", silence)
	row("owner", c.Owned)
	return nil
}

func (a *commands) showItems(items []access.ReviewItem) error {
	l := show.Listing{Head: []string{"item", "state", "person", "system", "account", "entitlement", "basis", "reviewer"}, Wide: 6, Drop: []int{4, 7}, Items: items, Empty: "no item is so"}
	if items == nil {
		l.Items = []access.ReviewItem{}
	}
	for _, i := range items {
		basis := strings.Join(i.Basis, ", ")
		if basis == "" {
			basis = "none"
		}
		if len(i.Findings) > 0 {
			basis += " (" + strings.Join(i.Findings, ", ") + ")"
		}
		l.Rows = append(l.Rows, []string{i.ID, itemState(i), i.PersonName, i.System, i.Account.Name, i.Entitlement.Name, basis, reviewers(i)})
	}
	return a.Show().List(l)
}

func itemState(i access.ReviewItem) string {
	switch {
	case i.Removal != nil:
		return "removed"
	case i.Silent:
		return string(i.State) + " by silence"
	}
	return string(i.State)
}

func reviewers(i access.ReviewItem) string {
	var list []string
	for _, r := range i.Reviewers {
		list = append(list, r.Name)
	}
	if len(list) == 0 {
		return "nobody"
	}
	return strings.Join(list, ", ")
}

// showAssigned shows who reviews how much, and what nobody can.
func (a *commands) showAssigned(p review.Progress, items []access.ReviewItem) error {
	if err := a.showReviewers(p, false); err != nil {
		return err
	}
	short := 0
	for _, i := range items {
		if i.Unassigned == "" {
			continue
		}
		if short++; short <= 20 {
			fmt.Fprintf(a.Stderr, "not assigned: %s (%s of %s in %s): %s\n", i.ID, i.Entitlement.Name, i.Account.Name, i.System, i.Unassigned)
		}
	}
	if short == 0 {
		return nil
	}
	fmt.Fprintf(a.Stderr, "%d items have too few reviewers; give them to somebody: muster review assign %s ITEM... --to PERSON --reason ...\n", short, p.Campaign.ID)
	return cli.ExitStatus(cli.ExitIncomplete)
}

func (a *commands) showReviewers(p review.Progress, waiting bool) error {
	l := show.Listing{Head: []string{"reviewer", "id", "role", "items", "decided", "open"}, Right: []int{3, 4, 5}, Wide: 0, Items: p, Empty: "nobody has anything to decide"}
	for _, r := range p.Reviewers {
		if !waiting || r.Open > 0 {
			l.Rows = append(l.Rows, []string{r.Name, r.Person, r.Role, strconv.Itoa(r.Items), strconv.Itoa(r.Decided), strconv.Itoa(r.Open)})
		}
	}
	return a.Show().List(l)
}

func (a *commands) showStatus(p review.Progress) error {
	defer a.warn(p.Campaign)
	if a.Format == "table" {
		c := p.Campaign
		fmt.Fprintf(a.Stdout, "%s  %s  %s\n", c.ID, show.Clean(c.Name), c.State)
		row := func(name, value string) { a.Show().Text(fmt.Sprintf("  %-12s ", name), value) }
		row("population", fmt.Sprintf("%d items, as of %s", p.Items, day(c.AsOf)))
		row("sha256", c.Population.SHA256)
		row("decided", fmt.Sprintf("%d kept, %d revoked, %d open", p.Keep, p.Revoke, p.Open))
		if p.Unassigned > 0 {
			row("nobody's", fmt.Sprintf("%d items have no reviewer", p.Unassigned))
		}
		if c.State == access.CampaignClosed {
			row("closed", day(c.ClosedAt))
			row("by silence", fmt.Sprintf("%d, %d of which nobody could be asked about", p.Silent, c.Outcome.Unassigned))
			row("removed", fmt.Sprintf("%d proven by a later snapshot, %d not yet", p.Removed, p.Standing))
		} else {
			row("due", day(c.DueAt)+" ("+left(p.Left)+")")
		}
		if c.State == access.CampaignClosing {
			row("closing", "its end is settled and nothing is decided any more; finish it with: muster review close "+c.ID)
		}
		fmt.Fprintln(a.Stdout)
	}
	return a.showReviewers(p, false)
}

// left says in words how long there is.
func left(d time.Duration) string {
	words, of := "left", d
	if d < 0 {
		words, of = "over", -d
	}
	if of >= 48*time.Hour {
		return fmt.Sprintf("%d days %s", int(of/(24*time.Hour)), words)
	}
	return fmt.Sprintf("%d hours %s", int(of/time.Hour), words)
}
