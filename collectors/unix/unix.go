// Package unix reads the accounts of this host from its own files: passwd(5), group(5), shadow(5), login.defs(5), shells(5),
// sudoers(5), lastlog(8) and wtmp(5).
//
// Accounts are identified by uid/name and groups by gid:gid/name: several names may share a number, and a number that is given
// to somebody else is another account. uid 0 is privileged; root itself is the break-glass
// account of the host, any other name with uid 0 is a human one, so that the rules see it. Accounts with a uid between
// UID_MIN and UID_MAX of login.defs are human, the others service.
//
// An account is enabled when someone can get in: it has a login shell, has not expired, and its password is not locked ("!"
// or "*" in shadow) or there are SSH keys in its home, which a locked password does not stop (Attributes: login = key).
//
// Entitlements are the groups (kind group) and what sudo allows (kind permission): `sudo:ALL`, `sudo:/usr/bin/systemctl restart
// x`, `sudo(postgres):ALL` for another account than root, and `sudo:NOPASSWD` for any rule without a password. All of sudo is
// privileged. A sudo right by way of a group has that group as its path.
//
// What cannot be read is said: without shadow it is not known who is locked, so accounts are partial; without sudoers
// entitlements and grants are. Lines that cannot be read are rejected with file:line. Accounts of other name services (LDAP,
// SSSD) are not in these files; the coverage's source names those services. Days in shadow are UTC, as are all times.
// Collectors only open files to read. A Collector is used by one goroutine at a time.
package unix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/config"
)

// Version is the collector's own; snapshots record it.
const Version = "1"

// settings are the keys under `settings:` of a system with `collector: unix`.
type settings struct {
	Root        string           `yaml:"root"`              // folder that stands for /; default /
	Hostname    string           `yaml:"hostname"`          // for sudo rules of single hosts; default etc/hostname or the system's own
	UIDMin      int64            `yaml:"uid_min"`           // 0 = UID_MIN of login.defs
	UIDMax      int64            `yaml:"uid_max"`           // 0 = UID_MAX of login.defs
	Privileged  collectors.Globs `yaml:"privileged_groups"` // patterns of group names; default root, wheel, sudo, adm, docker and the like
	MaxRejected int              `yaml:"max_rejected"`      // lines of a class that cannot be read and still count as complete
}

// maxFile bounds the text files; a passwd of a million lines has 80 MB.
const maxFile = 256 << 20

// Collector reads one host.
type Collector struct {
	system string
	s      settings
	now    func() time.Time
	log    *slog.Logger
	open   func(path string) (io.ReadCloser, error) // of a path under root
}

// New makes a collector from the settings: see settings in this package for the keys.
func New(spec collectors.Spec) (collectors.Collector, error) {
	c := &Collector{system: spec.System, now: spec.Now, log: spec.Log, s: settings{Root: "/"}}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	spec.Settings.Decode(&c.s)
	c.check(spec.Settings)
	if !spec.Settings.Get("privileged_groups").Exists() {
		var err error
		c.s.Privileged, err = collectors.NewGlobs("root", "wheel", "sudo", "admin", "adm", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow", "kmem")
		if err != nil {
			return nil, err
		}
	}
	if !filepath.IsAbs(c.s.Root) {
		c.s.Root = filepath.Join(spec.Dir, c.s.Root)
	}
	c.open = func(path string) (io.ReadCloser, error) { return os.Open(path) }
	return c, nil
}

func (c *Collector) check(n config.Node) {
	if c.s.Root == "" {
		n.Get("root").Problem("write / for this host", "an empty path")
	}
	if c.s.UIDMin < 0 || c.s.UIDMax < 0 || c.s.UIDMax > 0 && c.s.UIDMax < c.s.UIDMin {
		n.Get("uid_max").Problem("login.defs has 1000 to 60000", "uid_min and uid_max are no range")
	}
	if c.s.MaxRejected < 0 {
		n.Get("max_rejected").Problem("", "a negative number")
	}
}

// Collect reads the host's files once.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	r := newReading(ctx, c, emit)
	err := r.run()
	cov := r.coverage(err)
	cov.Source, cov.Queries = r.source(), r.queries
	if err == nil {
		err = r.first
	}
	if err != nil {
		err = c.wrap(err)
	}
	return cov, err
}

// Probe opens the files without which nothing can be said.
func (c *Collector) Probe(ctx context.Context) error {
	for _, name := range []string{"etc/passwd", "etc/group", "etc/shadow"} {
		if err := ctx.Err(); err != nil {
			return c.wrap(err)
		}
		f, err := c.open(filepath.Join(c.s.Root, name))
		if err != nil {
			return c.wrap(err)
		}
		f.Close()
	}
	return nil
}

func (c *Collector) wrap(err error) error {
	kind, hint := access.Transient, "the next run reads the file again"
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), isEmit(err):
		kind, hint = access.KindOf(err), ""
	case errors.Is(err, os.ErrPermission):
		kind, hint = access.Denied, "run the collector as root, or let its user read the file (group shadow for /etc/shadow)"
	case errors.Is(err, os.ErrNotExist):
		kind, hint = access.NotFound, "check settings.root; it must hold etc/passwd"
	case errors.Is(err, errShort):
		kind, hint = access.Incomplete, "look at the file: it may be cut off or being written"
	}
	return &access.Error{System: c.system, Op: "read host", Kind: kind, Hint: hint, Err: err}
}

// errShort says that a file holds less than it should.
var errShort = errors.New("the file is not whole")

// file reads a text file under root. What was read before an error is returned with it.
func (r *reading) file(name string) ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	r.queries = append(r.queries, "read /"+name)
	f, err := r.c.open(filepath.Join(r.c.s.Root, name))
	if err != nil {
		return nil, fmt.Errorf("read /%s: %w", name, cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return data, fmt.Errorf("read /%s: %w", name, cause(err))
	}
	if len(data) > maxFile {
		return data[:maxFile], fmt.Errorf("read /%s: %w: larger than %d bytes", name, errShort, maxFile)
	}
	return data, nil
}

// cause drops the path of this machine's root from a file error.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// hostname is the name that sudo rules are compared with.
func (r *reading) hostname() string {
	if r.c.s.Hostname != "" {
		return r.c.s.Hostname
	}
	if data, err := r.file("etc/hostname"); err == nil && strings.TrimSpace(string(data)) != "" {
		return strings.TrimSpace(string(data))
	}
	if r.c.s.Root == "/" {
		name, _ := os.Hostname() // none is as good as an unknown one
		return name
	}
	return ""
}

// source names the host and the name services that these files do not hold.
func (r *reading) source() string {
	s := "files of this host"
	if r.host != "" {
		s += " " + r.host
	}
	if len(r.services) > 0 {
		s += "; accounts of " + strings.Join(r.services, ", ") + " (nsswitch.conf) are not in them"
	}
	return s
}

// nameServices lists what nsswitch.conf asks beside the files.
func nameServices(data string) []string {
	var out []string
	for _, l := range strings.Split(data, "\n") {
		l, _, _ = strings.Cut(l, "#")
		db, list, ok := strings.Cut(l, ":")
		if !ok || strings.TrimSpace(db) != "passwd" {
			continue
		}
		for _, s := range strings.Fields(list) {
			if s != "files" && s != "compat" && s != "systemd" && s[0] != '[' {
				out = append(out, s)
			}
		}
	}
	return out
}
