package reviewing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile/people"
	"muster/internal/reconcile/review"
	"muster/remediate/approve"
	"muster/rules/campaigns"
)

func (a *commands) createCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "create FILE.yaml",
		Short: "Freeze what a campaign reviews",
		Long: "FILE.yaml says name, owner, scope (CEL), reviewers, due and silence; see docs/reviews.md. Nobody is asked before muster review assign.\n" +
			"Ends with 3 when the population may lack something: a source that was not read whole, or grants that the scope could not judge.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			doc, err := config.ParseFile(args[0])
			if err != nil {
				return err
			}
			return a.with(true, func(ctx context.Context, w *work, _ []string) error {
				var groups []string
				for name := range w.session.Plan.Settings.People.Groups {
					groups = append(groups, name)
				}
				d, err := campaigns.Load(doc, groups)
				if err != nil {
					return err
				}
				seen, err := w.session.Runner.LastSeen(ctx)
				if err != nil {
					return err
				}
				_, by := cli.Who(w.session)
				made, err := w.Create(ctx, d, seen, w.session.Plan.Bundles.Governs, by)
				if err != nil {
					return err
				}
				if err := a.showCampaign(made); err != nil {
					return err
				}
				if review.Incomplete(made) {
					return cli.ExitStatus(cli.ExitIncomplete)
				}
				return nil
			})(c, args)
		},
	}
}

func (a *commands) assignCommand() *cobra.Command {
	var to, reason string
	c := &cobra.Command{
		Use:   "assign CAMPAIGN [ITEM...] [--to PERSON --reason TEXT]",
		Short: "Give the items to their reviewers, and open the campaign",
		Long: "Without --to, every item goes to the first people of the campaign's route who are here and independent; whoever holds an access never\n" +
			"reviews it. With --to, the items named go to that person. Ends with 3 when nobody can review some of them.",
		Args: cobra.MinimumNArgs(1),
		RunE: a.with(true, func(ctx context.Context, w *work, args []string) error {
			made, err := w.Campaign(ctx, args[0])
			if err != nil {
				return err
			}
			var items []access.ReviewItem
			switch {
			case to == "" && len(args) > 1:
				return cli.Usage(errors.New("say --to PERSON, or leave the items out"))
			case to != "" && len(args) == 1:
				return cli.Usage(errors.New("name the items that " + to + " is to review"))
			case to != "":
				_, by := cli.Who(w.session)
				items, err = w.AssignTo(ctx, made, args[1:], to, reason, by)
			default:
				if w.Routes.People, err = people.Whole(ctx, w.session.Store, w.world); err == nil {
					made, items, err = w.Assign(ctx, made)
				}
			}
			if err != nil {
				return err
			}
			return a.showAssigned(review.Count(made, items, a.Now()), items)
		}),
	}
	c.Flags().StringVar(&to, "to", "", "who is to review the items named")
	c.Flags().StringVar(&reason, "reason", "", "why it is them; needed with --to")
	return c
}

func (a *commands) decideCommand() *cobra.Command {
	var token, reason, population string
	var like bool
	c := &cobra.Command{
		Use:   "decide keep|revoke|abstain ITEM...",
		Short: "Keep or revoke what an item is about, or pass it on",
		Long: "ITEM is an id of muster review list, such as C-7Q2K4MZD.42. Who decides is the person whom people.identities binds to the user of the\n" +
			"operating system, or the person of --token. Nobody reviews their own access. A later decision replaces the one before. To revoke, to abstain, and\n" +
			"to keep what a finding is about needs a reason. Several items decided by one stroke are flagged so in the evidence.",
		Args: cobra.MinimumNArgs(2),
		RunE: a.with(true, func(ctx context.Context, w *work, args []string) error {
			verdict := access.ReviewVerdict(args[0])
			if verdict != access.ReviewKeep && verdict != access.ReviewRevoke && verdict != access.ReviewAbstain {
				return cli.Usage(fmt.Errorf("a decision is keep, revoke or abstain, not %q", args[0]))
			}
			campaign, _, ok := strings.Cut(strings.ToUpper(args[1]), ".")
			if !ok {
				return cli.Usage(fmt.Errorf("an item is named as C-7Q2K4MZD.42, not %q", args[1]))
			}
			person, name := cli.Who(w.session)
			if token != "" {
				var err error
				if person, err = w.mender.Desk.Tokens.Person(campaign, token, a.Now()); err != nil {
					why := approve.RefusedToken
					if no, ok := errors.AsType[*approve.Refusal](err); ok {
						why = no.Why
					}
					return errors.Join(cli.RefusalError(err, "muster review token "+campaign+" PERSON"), w.Refuse(ctx, campaign, name, access.ChannelCLI, why))
				}
			}
			_, items, err := w.Decide(ctx, review.Claim{Campaign: campaign, Items: args[1:], Like: like, Verdict: verdict, Person: person, Channel: access.ChannelCLI, Reason: reason, Population: population})
			if err != nil {
				return cli.RefusalError(err, "muster review list "+campaign)
			}
			return a.showItems(items)
		}),
	}
	c.Flags().BoolVar(&like, "all-like", false, "and every item of the same entitlement that is yours and open, except those that a finding is about")
	c.Flags().StringVar(&reason, "reason", "", "why")
	c.Flags().StringVar(&token, "token", "", "the token of this campaign that you were given")
	c.Flags().StringVar(&population, "population", "", "hash of the population that you looked at, or its beginning: refused when it is another")
	return c
}

func (a *commands) remindCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remind CAMPAIGN",
		Short: "Remind everybody who has items to decide",
		Args:  cobra.ExactArgs(1),
		RunE: a.with(true, func(ctx context.Context, w *work, args []string) error {
			made, err := w.Campaign(ctx, args[0])
			if err != nil {
				return err
			}
			p, err := w.Remind(ctx, made)
			if err != nil {
				return err
			}
			channels, err := a.Channels(w.session, w.mender, w.session.Ledger)
			if err != nil {
				return err
			}
			if len(channels.Teller.Channels) == 0 {
				fmt.Fprintln(a.Stderr, "neither slack nor mail is configured: these are the people to talk to")
			}
			_, err = channels.Teller.Review(ctx, w.Records, w.session.Plan.Settings.Organisation, p, a.Now().UTC().Format("20060102T1504Z"))
			a.Tell(ctx, err)
			return a.showReviewers(p, true)
		}),
	}
}

func (a *commands) closeCommand() *cobra.Command {
	var early bool
	c := &cobra.Command{
		Use:   "close CAMPAIGN",
		Short: "End a campaign, and let its revocations take effect",
		Long: "What nobody decided becomes what the campaign said that silence means, and what was revoked is expected no more.\n" +
			"The next run finds what was revoked and is still held, and its removal needs no further question; the guardrails stand.",
		Args: cobra.ExactArgs(1),
		RunE: a.with(true, func(ctx context.Context, w *work, args []string) error {
			made, err := w.Campaign(ctx, args[0])
			if err != nil {
				return err
			}
			_, by := cli.Who(w.session)
			made, items, err := w.Close(ctx, made, early, by)
			if err != nil {
				return err
			}
			return a.showStatus(review.Count(made, items, a.Now()))
		}),
	}
	c.Flags().BoolVar(&early, "early", false, "before its day, although some items are not decided")
	return c
}

// tokenTime is how long a token is good.
const tokenTime = 24 * time.Hour

func (a *commands) tokenCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "token CAMPAIGN PERSON",
		Short: "Make the token by which one reviewer may decide for a day",
		Long:  "For people who have no account of this host. Hand it over by a way that you trust; that it was made is on the ledger.",
		Args:  cobra.ExactArgs(2),
		RunE: a.with(true, func(ctx context.Context, w *work, args []string) error {
			made, err := w.Campaign(ctx, args[0])
			if err != nil {
				return err
			}
			p, known, err := w.People.Find(ctx, args[1])
			if err != nil {
				return err
			}
			if !known || p.Status != access.StatusActive {
				return &access.Error{Op: "make token", Kind: access.NotFound, Hint: "name a person who works here by worker id, e-mail address or login", Err: fmt.Errorf("no active person is %q", args[1])}
			}
			_, by := cli.Who(w.session)
			if err := w.EnterToken(ctx, made, p.ID, by); err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, w.mender.Desk.Tokens.Personal(made.ID, p.ID, a.Now().Add(tokenTime)))
			return nil
		}),
	}
}
