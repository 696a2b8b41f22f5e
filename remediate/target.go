package remediate

import (
	"context"
	"log/slog"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

// Target changes one System. It is safe for concurrent use by several goroutines on different accounts.
//
// Inspect only reads: a dry run calls nothing else. Apply makes one change and re-reads it. Both end within a second of a cancelled ctx
// with an error that wraps ctx.Err(); a change that was under way then may or may not have happened, and the next Inspect shows
// which. Neither repeats a request by itself: the executor does, as the Kind of the error allows.
type Target interface {
	// Inspect reads what the action concerns as it is now. The account is found by its id, else by its name. An account that is not
	// there is no error: Exists is false. Restore is what an inverse of the action needs to bring back the exact former state.
	Inspect(ctx context.Context, a access.Action) (access.Observation, error)
	// Apply makes the change, unless it is there already, and says what a re-read shows afterwards. It is idempotent by the action's
	// id. When a.Before has a Version that the system's has left behind, it changes nothing and returns an error of kind Conflict. An
	// action with Restore brings back exactly what that says.
	Apply(ctx context.Context, a access.Action) (access.Receipt, error)
	// Abilities says what the target can do.
	Abilities() Abilities
}

// Abilities are what one target can do. They do not change.
type Abilities struct {
	Kinds map[access.ActionKind]string // each kind that it can do → what of it cannot be undone, in words; empty: all of it can
	// Self are the accounts, by id or name, that Muster itself uses there. They are never touched.
	Self []string
	// Orders says that Apply writes down what a person is to do: the change shows only in a later snapshot.
	Orders bool
}

// Can reports whether the target can do a kind.
func (a Abilities) Can(k access.ActionKind) bool {
	_, ok := a.Kinds[k]
	return ok
}

// Spec is what a Factory makes a Target from.
type Spec struct {
	System    string           // the system's name in the configuration
	Dir       string           // folder that relative paths of the settings are taken from
	DataDir   string           // muster's data folder: where targets that write orders put them, below orders/<system>
	Settings  config.Node      // systems[].remediation.settings, decoded strictly by the factory
	Collector config.Node      // systems[].settings of the system's collector: what is not said again is taken from there
	Now       func() time.Time // the wall clock
	Log       *slog.Logger
}

// Factory makes a Target. Problems of the settings are recorded on their node and not returned; the returned error is for everything
// else, such as a secret that cannot be read.
type Factory func(Spec) (Target, error)
