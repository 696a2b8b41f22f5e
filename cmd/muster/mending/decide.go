package mending

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/reconcile/mend"
	"muster/remediate"
	"muster/remediate/approve"
)

func (a *commands) approvalsCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "approvals [ID]",
		Short: "List the questions that wait for a decision, or show one",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, args []string) error {
			q := access.DocumentQuery{Kind: access.DocApproval}
			if len(args) == 1 {
				q.IDPrefix = args[0]
			} else if !all {
				q.States = []string{string(access.ApprovalWaiting)}
			}
			list, err := remediate.Load[access.Approval](ctx, s.Store, q)
			if err != nil {
				return err
			}
			if len(args) == 1 && len(list) == 1 {
				return a.Show().Approval(list[0], a.policyWords)
			}
			return a.Show().Approvals(list, "nothing waits for a decision")
		}),
	}
	c.Flags().BoolVar(&all, "all", false, "list those that were answered too")
	return c
}

// policyWords says what happens when nobody decides.
func (a *commands) policyWords(q access.Approval) string {
	if q.OnExpiry == access.ExpiryApply {
		return "it is done then"
	}
	return "the access stays as it is then"
}

func (a *commands) decideCommand() *cobra.Command {
	var token, reason string
	c := &cobra.Command{
		Use:   "decide APPROVAL approve|deny",
		Short: "Approve or deny what a question asks",
		Long: "Who decides is the person whom people.identities binds to the user of the operating system, or the person of --token, which mail\n" +
			"and muster token give out. Nobody decides on their own access or request. What is approved is done at once, if the guardrails let it.",
		Args: cobra.ExactArgs(2),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			id := strings.ToUpper(args[0])
			verdict := access.Verdict(args[1])
			if verdict != access.Approve && verdict != access.Deny {
				return cli.Usage(fmt.Errorf("a decision is approve or deny, not %q", args[1]))
			}
			person, name := who(s)
			if token != "" {
				var err error
				if person, err = m.Desk.Tokens.Person(id, token, a.Now()); err != nil {
					attempt := approve.Attempt{Channel: access.ChannelCLI, Approval: id, Who: name, Why: approve.RefusedToken, At: a.Now().UTC()}
					if refusal, ok := errors.AsType[*approve.Refusal](err); ok {
						attempt.Why = refusal.Why
					}
					return errors.Join(refusalError(err), m.Desk.Refuse(ctx, attempt))
				}
			}
			decided, err := m.Desk.Decide(ctx, approve.Claim{Approval: id, Verdict: verdict, Person: person, Channel: access.ChannelCLI, Reason: reason, StepUp: true})
			if err != nil {
				return refusalError(err)
			}
			if err := a.Show().Approval(decided, a.policyWords); err != nil {
				return err
			}
			return a.afterDecision(ctx, s, m)
		}),
	}
	c.Flags().StringVar(&token, "token", "", "the token of this question that you were given")
	c.Flags().StringVar(&reason, "reason", "", "why; a denial needs one")
	return c
}

// afterDecision lets a decision take effect: requests become expectations, and what was approved is done.
func (a *commands) afterDecision(ctx context.Context, s *cli.Session, m *mend.Mender) error {
	if err := m.Tick(ctx); err != nil {
		return err
	}
	defer a.tellQuestions(ctx, s, m)
	if !m.Enabled() {
		return nil
	}
	done, err := m.Apply(ctx)
	if err != nil || len(done) == 0 {
		return err
	}
	return a.showApplied(done)
}

// tellQuestions brings Slack and mail up to date.
func (a *commands) tellQuestions(ctx context.Context, s *cli.Session, m *mend.Mender) {
	channels, err := a.Channels(s, m, s.Ledger)
	if err == nil {
		err = channels.Teller.Questions(ctx)
	}
	a.Tell(ctx, err)
}

func (a *commands) tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token APPROVAL PERSON",
		Short: "Make the token by which one person may decide one question",
		Long:  "For people whom neither mail nor an account of this host reaches. Hand it over by a way that you trust; that it was made is on the ledger.",
		Args:  cobra.ExactArgs(2),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			_, by := who(s)
			token, err := m.Token(ctx, strings.ToUpper(args[0]), args[1], by)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, token)
			return nil
		}),
	}
	return c
}

func (a *commands) requestCommand() *cobra.Command {
	var reason, length string
	var dry bool
	c := &cobra.Command{
		Use:   "request PERSON SYSTEM/ENTITLEMENT --for 14d --reason TEXT",
		Short: "Ask for access for a time; it ends by itself",
		Args:  cobra.ExactArgs(2),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			system, name, ok := strings.Cut(args[1], "/")
			if !ok {
				return cli.Usage(fmt.Errorf("name the entitlement as SYSTEM/ENTITLEMENT, not %q", args[1]))
			}
			d, err := parseDays(length)
			if err != nil {
				return cli.Usage(err)
			}
			by, user := who(s)
			if by == "" {
				return &access.Error{Op: "request " + args[1], Kind: access.Denied, Hint: "bind it by people.identities: {person: W-..., os_user: ...}", Err: fmt.Errorf("%s is bound to no person", user)}
			}
			ask := mend.Ask{Person: args[0], Ref: access.EntitlementRef{System: system, Name: name}, For: d, Reason: reason, By: by}
			do := m.Request
			if dry {
				do = m.Preview
			}
			q, question, err := do(ctx, ask)
			if err != nil {
				return err
			}
			if !dry {
				defer a.tellQuestions(ctx, s, m)
			}
			return a.Show().Request(q, question, dry)
		}),
	}
	c.Flags().StringVar(&length, "for", "", "how long: 14d, 8h (required)")
	c.Flags().StringVar(&reason, "reason", "", "what it is needed for (required)")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what it would mean and who would decide, without asking")
	_ = c.MarkFlagRequired("for")
	_ = c.MarkFlagRequired("reason")
	c.AddCommand(a.requestListCommand(), a.requestEndCommand())
	return c
}

func (a *commands) requestListCommand() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List requests", Args: cobra.NoArgs,
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, _ []string) error {
			list, err := remediate.Load[access.Request](ctx, s.Store, access.DocumentQuery{Kind: access.DocRequest})
			if err != nil {
				return err
			}
			return a.Show().Requests(list)
		})}
}

func (a *commands) requestEndCommand() *cobra.Command {
	return &cobra.Command{Use: "end REQUEST", Short: "Take a request back before its time", Args: cobra.ExactArgs(1),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			_, by := who(s)
			q, err := m.EndRequest(ctx, args[0], by)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "%s is over; the next run takes %s in %s from %s\n", q.ID, q.Ref.Name, q.Ref.System, q.PersonName)
			return nil
		})}
}

func (a *commands) exceptCommand() *cobra.Command {
	var ask mend.Accept
	var until string
	c := &cobra.Command{
		Use:   "except FINDING --owner PERSON --reason TEXT --control TEXT --until YYYY-MM-DD",
		Short: "Ask that a finding be accepted for a time",
		Args:  cobra.ExactArgs(1),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			var err error
			if ask.Expires, err = time.Parse(time.DateOnly, until); err != nil {
				return cli.Usage(fmt.Errorf("--until takes a date such as 2027-03-31, not %q", until))
			}
			if ask.Finding, err = cli.OneFinding(ctx, s, args[0]); err != nil {
				return err
			}
			x, question, err := m.Except(ctx, ask)
			if err != nil {
				return err
			}
			defer a.tellQuestions(ctx, s, m)
			fmt.Fprintf(a.Stderr, "%s waits for a decision\n", x.ID)
			return a.Show().Approval(question, a.policyWords)
		}),
	}
	for flag, v := range map[string]*string{"owner": &ask.Owner, "reason": &ask.Reason, "control": &ask.Control, "until": &until} {
		usage := map[string]string{"owner": "who answers for the risk", "reason": "why it is taken", "control": "what is done instead", "until": "the last day in force"}[flag]
		c.Flags().StringVar(v, flag, "", usage+" (required)")
		_ = c.MarkFlagRequired(flag)
	}
	return c
}

// parseDays reads a duration with the unit d besides Go's own.
func parseDays(text string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(text, "d"); ok {
		hours, err := time.ParseDuration(n + "h")
		if err == nil {
			return 24 * hours, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("a time is written 14d or 8h, not %q", text)
	}
	return d, nil
}
