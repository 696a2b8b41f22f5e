// Package mending holds the commands that plan, decide and change: plan, apply, undo, hold, release, stop, resume, actions, approvals, decide,
// token, request, except and serve. They open a session, ask the package mend, and show what it says.
package mending

import (
	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
)

// commands are those of this package, for one invocation.
type commands struct{ *cli.App }

// Commands makes the commands, each in its group: mend or ask.
func Commands(app *cli.App) []*cobra.Command {
	a := &commands{app}
	var all []*cobra.Command
	for group, list := range map[string][]*cobra.Command{
		"mend": {a.planCommand(), a.applyCommand(), a.undoCommand(), a.holdCommand(), a.releaseCommand(), a.stopCommand(), a.resumeCommand(), a.actionsCommand()},
		"ask":  {a.approvalsCommand(), a.decideCommand(), a.tokenCommand(), a.requestCommand(), a.exceptCommand(), a.serveCommand()},
	} {
		for _, c := range list {
			c.GroupID = group
			all = append(all, c)
		}
	}
	return all
}
