package keeping

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/store/engine"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// desk is where commands are given, on the configuration that muster init writes.
type desk struct {
	t      *testing.T
	app    *cli.App
	out    bytes.Buffer
	stderr bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir, err := os.MkdirTemp("", "muster-keeping-") // short: sockets have short names
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.CopyFS(dir, os.DirFS("../starter")); err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t}
	d.app = &cli.App{Stdout: &d.out, Stderr: &d.stderr, Now: time.Now, ConfigFile: filepath.Join(dir, "muster.yaml"), DataDir: filepath.Join(dir, ".muster"), Format: "json"}
	e, err := engine.Attach(t.Context(), engine.Options{Dir: d.app.DataDir})
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the embedded engine does not start here: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return d
}

// do gives a command and returns what it said.
func (d *desk) do(args ...string) (string, error) {
	d.t.Helper()
	d.out.Reset()
	d.stderr.Reset()
	root := &cobra.Command{SilenceErrors: true, SilenceUsage: true}
	root.AddGroup(&cobra.Group{ID: "prove"})
	root.AddCommand(Commands(d.app)...)
	root.SetArgs(args)
	err := root.ExecuteContext(d.t.Context())
	return d.out.String() + d.stderr.String(), err
}

// TestWhatIsHeldIsAppliedByThoseWhoWrite: the file of a data folder may be missing, or another's; who only reads changes nothing.
func TestWhatIsHeldIsAppliedByThoseWhoWrite(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(d.app.DataDir, "legal-holds")
	if _, err := d.do("legal-hold", "set", "W-77", "--reason", "letter of counsel"); access.KindOf(err) != access.NotFound || !strings.Contains(access.HintOf(err), "--unknown") {
		t.Errorf("%v (%s)", err, access.HintOf(err))
	}
	if said, err := d.do("legal-hold", "set", " W-77", "--unknown", "--reason", "letter of counsel"); err != nil || !strings.Contains(said, ": W-77\n") {
		t.Fatalf("%s, %v", said, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if said, err := d.do("legal-hold", "list"); err != nil || !strings.Contains(said, `"covers": "W-77"`) {
		t.Errorf("%s, %v", said, err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("who reads wrote %s: %v", file, err)
	}
	if err := os.WriteFile(file, []byte("W-5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := d.do("retention", "-n"); err != nil || !strings.Contains(said, "named W-5, on which the store has no hold") || strings.Count(said, `"hold": "L-`) != 2 {
		t.Errorf("%s, %v", said, err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "W-77\n" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if _, err := d.do("erase", "w-77", "--reason", "asked for it by letter"); access.KindOf(err) != access.Denied {
		t.Errorf("who is on hold was erased: %v", err)
	}
	if said, err := d.do("legal-hold", "lift", "w-77", "--reason", "the case was closed"); err != nil || !strings.Contains(said, "lifted") {
		t.Errorf("%s, %v", said, err)
	}
	said, err := d.do("erase", "W-77", "--reason", "asked for it by letter")
	if err != nil || !strings.Contains(said, `"value": "asked for it by letter"`) || !strings.Contains(said, `"value": "W-77"`) {
		t.Errorf("%s, %v", said, err)
	}
	private, err := os.ReadFile(filepath.Join(d.app.DataDir, "ledger-private", "000000.ndjson"))
	if err != nil || strings.Contains(string(private), "W-77") || strings.Contains(string(private), "letter") {
		t.Errorf("%s, %v", private, err)
	}
}
