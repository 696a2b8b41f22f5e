package victim

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"muster/internal/config"
	"muster/remediate"
	"muster/remediate/csv"
	"muster/remediate/execute"
	"muster/remediate/ldap"
	"muster/remediate/postgres"
	"muster/remediate/scim"
	"muster/remediate/slack"
	"muster/remediate/unix"
)

// House is what all processes of a drill work with. It lies in a file that only its user can read.
type House struct {
	Dir      string         `json:"dir"`      // the data folder: engine, ledger, orders
	Database string         `json:"database"` // of the store
	Targets  []Target       `json:"targets"`
	Slack    slack.Settings `json:"slack"`
	Owners   []string       `json:"owners"` // worker ids of those who get digests
	Naive    bool           `json:"naive"`  // the processes do not look before they believe: for the proof that the drill finds that
}

// Target is one system that may be changed, as the configuration would say it.
type Target struct {
	System    string `json:"system"`
	Kind      string `json:"kind"`
	Settings  string `json:"settings"`  // YAML
	Collector string `json:"collector"` // YAML
}

// Write keeps the house in a file.
func (h House) Write(path string) error {
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode house: %w", err)
	}
	return os.WriteFile(path, text, 0o600)
}

func read(path string) (House, error) {
	var h House
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	return h, err
}

// Systems opens the targets. None is spoken to.
func (h House) Systems(log *slog.Logger) (map[string]execute.System, error) {
	factories := map[string]remediate.Factory{"csv": csv.New, "ldap": ldap.New, "postgres": postgres.New, "scim": scim.New, "unix": unix.New}
	out := map[string]execute.System{}
	for _, t := range h.Targets {
		spec := remediate.Spec{System: t.System, Dir: h.Dir, DataDir: h.Dir, Now: time.Now, Log: log}
		settings, err := config.Parse(t.System+" settings", []byte(t.Settings))
		if err != nil {
			return nil, err
		}
		collector, err := config.Parse(t.System+" collector", []byte(t.Collector))
		if err != nil {
			return nil, err
		}
		spec.Settings, spec.Collector = settings.Root(), collector.Root()
		made, err := factories[t.Kind](spec)
		if err := errors.Join(err, settings.Err(), collector.Err()); err != nil {
			return nil, fmt.Errorf("open target %s: %w", t.System, err)
		}
		out[t.System] = execute.System{Target: made}
	}
	return out, nil
}

// Kill says where the process ends. The zero value is nowhere.
type Kill struct {
	Step   string `json:"step,omitempty"`   // empty: any
	Action string `json:"action,omitempty"` // only when this action takes the step; empty: any
	Nth    int    `json:"nth,omitempty"`    // at the how manieth time; 0 with a step is the first
}

// Task is what one process does.
type Task struct {
	Work      Work     `json:"work"`
	Last      string   `json:"last,omitempty"` // id of an action that is carried out after all others
	Approvals []string `json:"approvals,omitempty"`
	Digests   []string `json:"digests,omitempty"` // runs that the owners are told of
	Holds     []string `json:"holds,omitempty"`   // runs whose holds the channel is told of
	Kill      Kill     `json:"kill,omitzero"`
}

// Work is a kind of task.
type Work string

// The kinds of work.
const (
	Act    Work = "act"    // recover, carry out what is planned, end
	Tell   Work = "tell"   // bring Slack to what it should show, end
	Serve  Work = "serve"  // both at the same time, again and again
	Finish Work = "finish" // both, until nothing is left
)

// Started is the line that a process prints when it is about to work.
const Started = "started"
