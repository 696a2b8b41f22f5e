package main

import (
	"context"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/internal/reconcile"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why PERSON [SYSTEM [ENTITLEMENT]]",
		Short: "Say why a person holds what they hold: path, basis, since when",
		Long:  "PERSON is a worker id, an e-mail address or a login name. The answer rests on the last completed run.",
		Args:  cobra.RangeArgs(1, 3),
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, args []string) error {
			q := reconcile.WhyQuery{Person: args[0]}
			if len(args) > 1 {
				src, err := s.Plan.Source(args[1])
				if err != nil {
					return cli.Usage(err)
				}
				q.System = src.Name
			}
			if len(args) > 2 {
				q.Entitlement = args[2]
			}
			answer, err := s.Runner.Why(ctx, q)
			if err != nil {
				return err
			}
			return a.Show().Why(answer)
		}),
	}
}
