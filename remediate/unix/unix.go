package unix

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/remediate"
	"muster/remediate/internal/order"
)

// Listing is the name of the script that runs the orders of a day.
const Listing = "run-me.sh"

var _ remediate.Target = (*Target)(nil)

// settings are the keys under `remediation: settings:` of a system with `target: unix`.
type settings struct {
	Dir      string `yaml:"dir"`      // folder of the orders of all systems; default orders in the data folder
	Hostname string `yaml:"hostname"` // the scripts stop on any other host; default the collector's, else etc/hostname below its root
	Root     string `yaml:"root"`     // folder on the host that stands for /; default /
	Notes    string `yaml:"notes"`    // folder on the host for what was there before; default /var/lib/muster-orders
	Run      bool   `yaml:"run"`      // running is not offered
}

// Target writes the orders of one host.
type Target struct {
	s    settings
	base string // "" or the folder that stands for /
	book order.Book
}

// New makes the target. Problems of the settings are recorded on spec.Settings.
func New(spec remediate.Spec) (remediate.Target, error) {
	t := &Target{s: settings{Root: "/", Notes: "/var/lib/muster-orders"}}
	spec.Settings.Decode(&t.s)
	t.check(spec.Settings)
	if t.s.Root != "/" {
		t.base = t.s.Root
	}
	if t.s.Hostname == "" {
		t.s.Hostname = hostname(spec)
	}
	t.s.Hostname, _, _ = strings.Cut(t.s.Hostname, ".")
	folder, label := order.Folder(spec, t.s.Dir)
	now := spec.Now
	if now == nil {
		now = time.Now
	}
	t.book = order.Book{System: spec.System, Dir: folder, Label: label, Now: now, Form: order.Form{Ext: ".sh", Listing: Listing, Mode: 0o600,
		Draft: t.draft, Encode: t.encode, Decode: decode, Assemble: t.assemble, Listed: listed}}
	return t, nil
}

func (t *Target) check(n config.Node) {
	if t.s.Run {
		n.Get("run").Problem("leave it out: a person reads the script and runs it", "muster writes scripts for hosts and runs none")
	}
	if n.Get("dir").Exists() && t.s.Dir == "" {
		n.Get("dir").Problem("leave it out for orders in the data folder", "an empty path")
	}
	for key, path := range map[string]*string{"root": &t.s.Root, "notes": &t.s.Notes} {
		if !filepath.IsAbs(*path) || checkText(*path) != nil {
			n.Get(key).Problem("write the path on the host, from /", "bad path %q", *path)
		}
		*path = filepath.Clean(*path)
	}
	if checkText(t.s.Hostname) != nil {
		n.Get("hostname").Problem("write what uname -n prints on the host", "bad name %q", t.s.Hostname)
	}
}

// hostname finds the name of the host that the collector reads: as it is set there, else from the files. Empty is not known.
func hostname(spec remediate.Spec) string {
	name, root := "", "/"
	spec.Collector.Get("hostname").Decode(&name)
	spec.Collector.Get("root").Decode(&root)
	if name != "" {
		return name
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join(spec.Dir, root)
	}
	if data, err := os.ReadFile(filepath.Join(root, "etc/hostname")); err == nil {
		name = strings.TrimSpace(string(data))
	}
	if name == "" && root == "/" {
		name, _ = os.Hostname() // none is as good as an unknown one
	}
	if checkText(name) != nil {
		return ""
	}
	return name
}

// Abilities says that orders are written. Scripts run as root, which is why no order is about root.
func (t *Target) Abilities() remediate.Abilities {
	kinds := map[access.ActionKind]string{
		access.EnableAccount: "", access.SetExpiry: "", access.DisableAccount: "",
		access.RemoveEntitlement: "", access.GrantEntitlement: "",
		access.CreateAccount:  "the home folder stays when the account is deleted again",
		access.DeleteAccount:  "the password is lost; the account's place in the files and its subordinate ids may be others",
		access.RevokeSessions: "what ran is ended",
	}
	if t.base != "" {
		delete(kinds, access.RevokeSessions) // what runs belongs to the host, not to the folder
	}
	return remediate.Abilities{Kinds: kinds, Self: []string{"root", "0/root"}, Orders: true}
}

// Inspect says whether the order is on file.
func (t *Target) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	return t.book.Inspect(ctx, a)
}

// Apply writes the order.
func (t *Target) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	return t.book.Apply(ctx, a)
}
