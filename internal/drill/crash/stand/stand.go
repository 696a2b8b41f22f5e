// Package stand puts up the systems that the crash drill acts on, and watches from the servers' side what is done to them.
//
//	directory   OpenLDAP behind a proxy that notes the changes that the server confirmed
//	crm         the SCIM server behind a front that does the same
//	warehouse   PostgreSQL, whose own log says what was committed
//	payroll     a folder of work orders   } looked at after every process: a file that was replaced
//	web1        a folder of scripts       } was written again
//
// Every action of the drill has an account of its own, whose name no other text contains, so that what a server holds and what was done to
// it can be told by account: Facts and Writes. Facts are from the servers' own tools; the accounts' names, numbers and made-up ids are
// blotted out of them, so that two accounts to which the same was done have the same facts.
//
// The proxies live in the drill and outlive the processes that are killed. Times are UTC. A Stand is used by one goroutine.
package stand

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/drill/crash/victim"
	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// The systems.
const (
	Directory = "directory"
	CRM       = "crm"
	Warehouse = "warehouse"
	Payroll   = "payroll"
	Web       = "web1"
)

// Systems lists them all.
func Systems() []string { return []string{Directory, CRM, Warehouse, Payroll, Web} }

// Orders reports whether a system is a folder of orders.
func Orders(system string) bool { return system == Payroll || system == Web }

// Case is an account, in the state that an action of the kind finds.
type Case struct {
	System string
	Kind   access.ActionKind
	Number int // no other case has it
}

// Name is the account's name.
func (c Case) Name() string { return fmt.Sprintf("x%04d", c.Number) }

// exists reports whether the account is there at first.
func (c Case) exists() bool { return c.Kind != access.CreateAccount }

// member reports whether the account is in its group at first.
func (c Case) member() bool {
	return c.Kind == access.RemoveEntitlement || c.Kind == access.DeleteAccount
}

var name = regexp.MustCompile(`x[0-9]{4}`)

// Write is one change that a server made for Muster.
type Write struct {
	System string
	Name   string // of the account
	At     time.Time
	What   string
}

// Stand is the systems.
type Stand struct {
	Targets []victim.Target

	directory *directory
	workspace *workspace
	cluster   *cluster
	orders    []*orders

	mu     sync.Mutex
	writes []Write
}

// Available says whether every server can be started here: nil, or what is missing.
func Available() error {
	return errors.Join(slapd.Available(), scimmy.Available(), postgres.Available())
}

// Start puts up the systems with the accounts of the cases. dir is for secrets; data is Muster's data folder.
func Start(ctx context.Context, dir, data string, cases []Case) (*Stand, error) {
	s := &Stand{}
	of := func(system string) []Case {
		return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.System != system })
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	g, starting := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		s.directory, err = startDirectory(ctx, dir, of(Directory), s.note)
		return err
	})
	g.Go(func() (err error) {
		s.workspace, err = startWorkspace(starting, dir, of(CRM), s.note)
		return err
	})
	g.Go(func() (err error) {
		s.cluster, err = startCluster(starting, dir, of(Warehouse))
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	s.orders = []*orders{{system: Payroll, dir: filepath.Join(data, "orders", Payroll), ext: ".json", listing: "work-order.csv", before: "\n", after: ","},
		{system: Web, dir: filepath.Join(data, "orders", Web), ext: ".sh", listing: "run-me.sh", before: " ", after: " "}}
	s.Targets = []victim.Target{s.directory.target, s.workspace.target, s.cluster.target,
		{System: Payroll, Kind: "csv", Settings: "{}", Collector: "{}"}, {System: Web, Kind: "unix", Settings: "hostname: web1\n", Collector: "{}"}}
	return s, nil
}

// Stop takes everything down.
func (s *Stand) Stop() error {
	var errs []error
	if s.directory != nil {
		s.directory.stop()
	}
	if s.workspace != nil {
		errs = append(errs, s.workspace.stop())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.stop())
	}
	return errors.Join(errs...)
}

func (s *Stand) note(w Write) {
	if w.At.IsZero() {
		w.At = time.Now().UTC()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, w)
}

// Look looks at the folders of orders. It is to be called after every process that may have written there.
func (s *Stand) Look() error {
	for _, o := range s.orders {
		if err := o.look(s.note); err != nil {
			return fmt.Errorf("look at the orders of %s: %w", o.system, err)
		}
	}
	return nil
}

// Writes lists the changes until now by account, oldest first.
func (s *Stand) Writes(ctx context.Context) (map[string][]Write, error) {
	committed, err := s.cluster.committed(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	all := append(committed, s.writes...)
	s.mu.Unlock()
	out := map[string][]Write{}
	for _, w := range all {
		out[w.Name] = append(out[w.Name], w)
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b Write) int { return a.At.Compare(b.At) })
	}
	return out, nil
}

// Facts is what the servers hold, by account; what concerns no account is under the empty name.
func (s *Stand) Facts(ctx context.Context) (map[string]string, error) {
	var lines []string
	for _, read := range []func(context.Context) ([]string, error){s.directory.facts, s.workspace.facts, s.cluster.facts} {
		more, err := read(ctx)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	for _, o := range s.orders {
		more, err := o.facts()
		if err != nil {
			return nil, fmt.Errorf("read the orders of %s: %w", o.system, err)
		}
		lines = append(lines, more...)
	}
	by := map[string][]string{}
	for _, line := range lines {
		names := slices.Compact(slices.Sorted(slices.Values(name.FindAllString(line, -1))))
		if len(names) == 0 {
			names = []string{""}
		}
		for _, n := range names {
			by[n] = append(by[n], blot(line, n))
		}
	}
	out := map[string]string{}
	for n, list := range by {
		slices.Sort(list)
		out[n] = strings.Join(list, "\n")
	}
	return out, nil
}

var (
	uuid    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	created = regexp.MustCompile(`"created":"[^"]*"`)
)

// blot takes out what differs between accounts to which the same was done.
func blot(line, name string) string {
	if name != "" {
		line = strings.ReplaceAll(line, "u-"+name, "ID")
		line = strings.ReplaceAll(line, name, "NAME")
	}
	return created.ReplaceAllString(uuid.ReplaceAllString(line, "ID"), `"created":"NOW"`)
}

// Ready prepares what an action of a case needs right before it: sessions that can be ended.
func (s *Stand) Ready(ctx context.Context, c Case) error {
	if c.System == Warehouse && c.Kind == access.RevokeSessions {
		return s.cluster.login(ctx, c.Name())
	}
	return nil
}

// Alive reports whether the sessions that Ready opened are still open.
func (s *Stand) Alive(ctx context.Context, c Case) bool { return s.cluster.alive(ctx, c.Name()) }

// dawdle keeps a change on its way to the server for a moment, so that processes die while it is. A new process takes longer to start.
func dawdle() { time.Sleep(rand.N(30 * time.Millisecond)) }

// secret keeps a password in a file.
func secret(dir, name, value string) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write secret: %w", err)
	}
	return path, nil
}
