package archtest

import (
	"slices"
	"strings"
	"testing"
)

// layers orders the house: a package imports only packages of lower layers, and inside a layer only its own parent, children that
// its parent hides, or itself. The numbers are those of ARCHITECTURE.md.
var layers = []struct {
	prefix string
	layer  int
}{
	{"internal/access", 0},
	{"internal/octets", 0},
	{"internal/config", 1},
	{"internal/retry", 1},
	{"internal/sheet", 1},
	{"internal/dial", 2},
	{"internal/ledger", 2},
	{"internal/signing", 2},
	{"internal/store", 3},
	{"collectors", 3},
	{"rules", 3},
	{"remediate", 3},
	{"reports", 3},
	{"internal/orggen", 3},
	{"internal/testserver", 3},
	{"internal/reconcile", 4},
	{"internal/console", 5},
	{"internal/lab", 6},
	{"internal/drill", 6},
	{"internal/bench", 6},
	{"internal/archtest", 6},
	{"cmd", 6},
}

// onlyUnder keeps a library behind one door; dirs are its rooms, between spaces.
var onlyUnder = map[string]struct{ dirs, reason string }{
	"github.com/google/cel-go":                   {"rules", "the move to cel.dev/cel-go is one import path (docs/decisions)"},
	"github.com/ClickHouse/clickhouse-go":        {"internal/store", "all SQL lives in the store"},
	"github.com/ebitengine/purego":               {"internal/store/engine", "only the engine loads a library"},
	"github.com/jung-kurt/gofpdf":                {"reports", "the move to its successor is one import path"},
	"github.com/go-ldap/ldap":                    {"collectors/ldap remediate/ldap internal/testserver", "one folder reads directories and one changes them"},
	"github.com/spf13/cobra":                     {"cmd", "flags are the command line's"},
	"github.com/vbauerster/mpb":                  {"cmd", "progress bars are the command line's"},
	"github.com/goccy/go-yaml":                   {"internal/config", "strict YAML with positions has one reader"},
	"golang.org/x/mod/sumdb":                     {"internal/ledger", "the tree is the ledger's"},
	"github.com/transparency-dev/merkle":         {"internal/ledger", "the tree is the ledger's"},
	"github.com/rogpeppe/go-internal/testscript": {"cmd", "only commands are scripted"},
	"github.com/slack-go/slack":                  {"remediate/slack", "every minor version changes its API: one folder follows"},
	"github.com/wneessen/go-mail":                {"remediate/mail", "one folder writes and sends mail"},
	"github.com/gorilla/websocket":               {"remediate/slack", "only Socket Mode needs it"},
}

func layerOf(dir string) (prefix string, layer int) {
	layer = -1
	for _, l := range layers {
		if (dir == l.prefix || strings.HasPrefix(dir, l.prefix+"/")) && len(l.prefix) > len(prefix) {
			prefix, layer = l.prefix, l.layer
		}
	}
	return prefix, layer
}

func TestImportsRunDownwardOnly(t *testing.T) {
	for _, s := range sources(t) {
		from, layer := layerOf(s.dir)
		if layer < 0 {
			t.Errorf("%s lies outside the house: give its folder a layer or move it", s.path)
			continue
		}
		for _, spec := range s.file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			target, inside := strings.CutPrefix(path, "muster/")
			if !inside {
				checkDoor(t, s, path)
				continue
			}
			to, toLayer := layerOf(target)
			switch {
			case to == from && siblingCollectors(s.dir, target) && !s.test:
				t.Errorf("%s imports %s: a collector never imports another (only builtin does)", s.path, path)
			case to == from && siblingTargets(s.dir, target) && !s.test:
				t.Errorf("%s imports %s: a target never imports another, and only builtin imports targets", s.path, path)
			case to == from || toLayer < layer:
			case s.test && from == "remediate" && to == "collectors": // what a target did is read with the system's collector
			case s.test && (from == "collectors" || from == "remediate" || from == "internal/lab") && to == "internal/testserver":
			default:
				t.Errorf("%s imports %s: imports run downward only, siblings never import siblings", s.path, path)
			}
		}
	}
}

// siblingCollectors reports whether two different folders below collectors meet outside of builtin and shared ground.
func siblingCollectors(dir, target string) bool {
	own := strings.TrimPrefix(dir, "collectors/")
	target = strings.TrimPrefix(target, "collectors/")
	if own == dir || strings.HasPrefix(own, "builtin") || strings.HasPrefix(own, "collectortest") {
		return false
	}
	shared := target == "collectors" || strings.HasPrefix(target, "internal/")
	return !shared && strings.Split(own, "/")[0] != strings.Split(target, "/")[0]
}

// siblingTargets reports whether a remediation target meets anything below remediate but its own folder and shared ground, or anything
// but builtin meets a target.
func siblingTargets(dir, target string) bool {
	own, other := below("remediate", dir), below("remediate", target)
	if own == other || own == "builtin" {
		return false
	}
	targets := strings.Fields("csv ldap postgres scim unix")
	return slices.Contains(targets, other) || slices.Contains(targets, own) && other != "" && other != "internal"
}

func TestWhichTargetsAreSiblings(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"remediate/csv", "remediate/unix"}: true, {"remediate/unix", "remediate/planner"}: true, {"remediate/ldap/wire", "remediate/scim"}: true, {"remediate", "remediate/csv"}: true,
		{"remediate/execute", "remediate/csv"}: true, {"remediate/csv", "remediate"}: false, {"remediate/csv", "remediate/internal/order"}: false, {"remediate/ldap", "remediate/ldap/wire"}: false,
		{"remediate/builtin", "remediate/csv"}: false, {"remediate/planner", "remediate/approve"}: false,
	} {
		if got := siblingTargets(pair[0], pair[1]); got != want {
			t.Errorf("%s imports %s: siblings %t", pair[0], pair[1], got)
		}
	}
}

// below is the name of the folder right below another that a path leads through; empty for that other itself.
func below(folder, path string) string {
	rest, _ := strings.CutPrefix(path, folder)
	return strings.Split(strings.TrimPrefix(rest, "/"), "/")[0]
}

func checkDoor(t *testing.T, s source, path string) {
	t.Helper()
	if s.test {
		return
	}
	for lib, door := range onlyUnder {
		if strings.HasPrefix(path, lib) && !slices.ContainsFunc(strings.Fields(door.dirs), func(dir string) bool {
			return s.dir == dir || strings.HasPrefix(s.dir, dir+"/")
		}) {
			t.Errorf("%s imports %s, which only %s may: %s", s.path, path, door.dirs, door.reason)
		}
	}
}

func TestAccessImportsTheStandardLibraryOnly(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir != "internal/access" || s.test {
			continue
		}
		for _, spec := range s.file.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); strings.Contains(path, ".") || strings.HasPrefix(path, "muster/") {
				t.Errorf("%s imports %s: the nouns need nothing but the standard library", s.path, path)
			}
		}
	}
}
