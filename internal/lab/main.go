// Command lab puts the demo organisation on real servers: its directory on OpenLDAP, its workspace on a SCIM 2.0 server and its
// warehouse on PostgreSQL, each on a free port of 127.0.0.1, and writes a configuration in which those three are live and
// everything else is read from the same files as in examples/acme.
//
//	go run ./internal/lab                          start, print addresses, stop at Ctrl-C
//	go run ./internal/lab -exec 'bin/muster nightly --config "$LAB_CONFIG"'
//	                                               start, run the command, stop; its exit code is the lab's
//	go run ./internal/lab -org /tmp/org            another organisation that internal/orggen made
//
// The command of -exec sees LAB_CONFIG (the configuration), LAB_DIR (the lab's folder), LAB_KEY (the answer key) and LAB_LDAP,
// LAB_SCIM and LAB_POSTGRES (the addresses). Passwords and the token are random and lie in files of mode 0600 below the
// lab's folder while it runs. The findings of the live servers and of the files are the same but for ids; compare them with
//
//	go run ./internal/orggen/cmd -compare live.json files.json
//
// The servers end with the lab, however it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"muster/internal/testserver/organisation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: 0 is done, 1 failed, 4 bad usage, or the exit code of -exec's command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lab", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o organisation.Options
	var command string
	flags.StringVar(&o.Org, "org", "examples/acme", "`folder` of the organisation")
	flags.StringVar(&o.Dir, "dir", ".muster/lab", "`folder` of the lab; what it held is replaced")
	flags.IntVar(&o.PageSize, "page-size", 0, "entries that the collectors ask for at a time; 0 is their default")
	flags.StringVar(&command, "exec", "", "shell `command` to run while the servers are up; without it the lab waits for Ctrl-C")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, "usage: lab [-org folder] [-dir folder] [-page-size n] [-exec command]")
		return 4
	}
	up, err := organisation.Start(ctx, o)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	defer up.Stop()
	l := &lab{up}
	if command != "" {
		return l.exec(ctx, command, stdout, stderr)
	}
	l.show(stdout)
	<-ctx.Done()
	_, _ = fmt.Fprintln(stderr, "stopping")
	return 0
}

// lab is an organisation on servers, for people.
type lab struct{ *organisation.Organisation }

// show prints where everything is and what to type.
func (l *lab) show(w io.Writer) {
	_, _ = fmt.Fprintf(w, "directory  %s  (StartTLS, bind %s)\nsaas       %s\nwarehouse  %s\n\nconfig     %s\nsecrets    %s\n\n",
		l.LDAP.URL(), l.LDAP.BindDN, l.SCIM.URL(), l.PostgresURL(), l.Config, filepath.Join(l.Dir, "secrets"))
	_, _ = fmt.Fprintf(w, "  bin/muster nightly  --config %s\n  bin/muster findings --config %s -o json > live.json\n", l.Config, l.Config)
	_, _ = fmt.Fprintf(w, "  go run ./internal/orggen/cmd -compare live.json %s\n\nCtrl-C stops the servers.\n", filepath.Join(l.Dir, organisation.KeyFile))
}

// exec runs a command in a shell with the lab in its environment.
func (l *lab) exec(ctx context.Context, command string, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = append(os.Environ(), "LAB_DIR="+l.Dir, "LAB_CONFIG="+l.Config, "LAB_KEY="+filepath.Join(l.Dir, organisation.KeyFile),
		"LAB_LDAP="+l.LDAP.URL(), "LAB_SCIM="+l.SCIM.URL(), "LAB_POSTGRES="+l.PostgresURL())
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return ended.ExitCode()
	}
	_, _ = fmt.Fprintln(stderr, "run command:", err)
	return 1
}
