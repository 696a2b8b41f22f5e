package sudoers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/collectors/unix/sudoers"
)

func load(t testing.TB, files map[string]string) *sudoers.Policy {
	t.Helper()
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file " + name)
	}
	list := func(dir string) ([]string, error) {
		var names []string
		for f := range files {
			if rest, ok := strings.CutPrefix(f, dir+"/"); ok {
				names = append(names, rest)
			}
		}
		return names, nil
	}
	p, err := sudoers.Read("/etc/sudoers", "web1", read, list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func may(p *sudoers.Policy, name string, uid int64, groups ...string) string {
	w := sudoers.Who{Name: name, UID: uid, Groups: map[string]int64{}}
	for i, g := range groups {
		w.Groups[g] = int64(27 + i)
	}
	var out []string
	for _, r := range p.May(w, "web1.acme.example") {
		s := r.Command
		if r.RunAs != "" {
			s = "(" + r.RunAs + ") " + s
		}
		if r.Via != "" {
			s += " via " + r.Via
		}
		if r.NoPasswd {
			s += " !"
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestMay(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"all":                   {"ada ALL=(ALL:ALL) ALL", "ALL"},
		"default runas":         {"ada ALL = ALL", "ALL"},
		"group":                 {"%sudo ALL=(ALL) ALL", "ALL via sudo"},
		"group id":              {"%#27 ALL=ALL", "ALL via sudo"},
		"user id":               {"#1001 ALL=ALL", "ALL"},
		"other user":            {"bob ALL=ALL", ""},
		"user list":             {"bob, ada,eve ALL=ALL", "ALL"},
		"everyone but":          {"ALL, !ada ALL=ALL", ""},
		"alias":                 {"User_Alias ADMINS = bob, ada : OTHERS = eve\nADMINS ALL=ALL", "ALL"},
		"alias negated":         {"User_Alias ADMINS = ALL, !ada\nADMINS ALL=ALL", ""},
		"tag":                   {"ada ALL=NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c", "/bin/a !; /bin/b !; /bin/c"},
		"tags":                  {"ada ALL=(root) NOEXEC: NOPASSWD:SETENV: /bin/a", "/bin/a !"},
		"arguments":             {"ada ALL=/usr/bin/systemctl restart nginx, /bin/ls \"\"", `/bin/ls ""; /usr/bin/systemctl restart nginx`},
		"escapes":               {`ada ALL=/bin/a x\,y\:z\=1`, "/bin/a x,y:z=1"},
		"runas":                 {"ada ALL=(postgres) ALL, (www, app) /bin/x, /bin/y", "(app,www) /bin/x; (app,www) /bin/y; (postgres) ALL"},
		"runas group":           {"ada ALL=(:adm) /bin/x", "(:adm) /bin/x"},
		"runas alias":           {"Runas_Alias DB = postgres, mysql\nada ALL=(DB) /bin/x", "(mysql,postgres) /bin/x"},
		"runas root among":      {"ada ALL=(postgres, root) /bin/x", "/bin/x"},
		"command alias":         {"Cmnd_Alias WEB = /bin/a, \\\n  /bin/b x\nada ALL=WEB, !/bin/a", "/bin/b x"},
		"not an alias":          {"Cmnd_Alias WEB = /bin/a\nada ALL=ALL, !WEB", "ALL"},
		"later takes away":      {"ada ALL=ALL\nada ALL=!ALL", ""},
		"later gives":           {"ada ALL=!ALL\nada ALL=/bin/a", "/bin/a"},
		"host":                  {"ada web1=/bin/a\nada db1=/bin/b\nada web*=/bin/c", "/bin/a; /bin/c"},
		"host fqdn":             {"ada web1.acme.example=/bin/a", "/bin/a"},
		"host but not this":     {"ada ALL,!web1=/bin/a", ""},
		"host alias":            {"Host_Alias WEB = web1, web2\nada WEB=/bin/a", "/bin/a"},
		"host by address":       {"ada 10.0.0.0/8=/bin/a\nada ALL, !10.0.0.1=/bin/b", "/bin/a; /bin/b"},
		"two hosts":             {"ada db1 = /bin/a : web1 = NOPASSWD: /bin/b", "/bin/b !"},
		"direct beats group":    {"ada ALL=ALL\n%sudo ALL=NOPASSWD: ALL", "ALL !"},
		"comment":               {"ada ALL=/bin/a # and more\n# ada ALL=/bin/b\n   #x", "/bin/a"},
		"digest":                {"ada ALL=sha256:abcdef= /bin/a", "/bin/a"},
		"options":               {"ada ALL=TIMEOUT=1h NOTAFTER=20301231000000Z /bin/a", "/bin/a"},
		"defaults":              {"Defaults env_reset\nDefaults:ada !lecture\nDefaults!/bin/x noexec\nada ALL=/bin/a", "/bin/a"},
		"sudoedit and list":     {"ada ALL=sudoedit /etc/motd, list", "list; sudoedit /etc/motd"},
		"quoted name":           {"\"ada\" ALL=/bin/a", "/bin/a"},
		"crlf":                  {"ada ALL=/bin/a\r\n", "/bin/a"},
		"continued":             {"ada ALL=\\\n/bin/a,\\\n/bin/b", "/bin/a; /bin/b"},
		"regex":                 {"ada ALL=^/bin/[a-z]+$", "^/bin/[a-z]+$"},
		"recursive alias":       {"User_Alias A = B\nUser_Alias B = A, ada\nA ALL=ALL", "ALL"},
		"recursive cmnd alias":  {"Cmnd_Alias A = B\nCmnd_Alias B = A, /bin/a\nada ALL=A", "/bin/a"},
		"space in list of user": {"bob , ada ALL=ALL", "ALL"},
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, map[string]string{"/etc/sudoers": c.text})
			if got := may(p, "ada", 1001, "sudo"); got != c.want || len(p.Problems) > 0 {
				t.Errorf("got %q, want %q; problems %v", got, c.want, p.Problems)
			}
		})
	}
}

func TestIncludes(t *testing.T) {
	p := load(t, map[string]string{
		"/etc/sudoers":         "@includedir /etc/sudoers.d\n#include local-%h\n@include /etc/sudoers\n",
		"/etc/sudoers.d/b":     "ada ALL=/bin/b",
		"/etc/sudoers.d/a":     "ada ALL=/bin/a",
		"/etc/sudoers.d/c.bak": "ada ALL=/bin/c",
		"/etc/sudoers.d/d~":    "ada ALL=/bin/d",
		"/etc/local-web1":      "ada ALL=/bin/local",
	})
	if got := may(p, "ada", 1); got != "/bin/a; /bin/b; /bin/local" {
		t.Errorf("got %q", got)
	}
	if len(p.Problems) == 0 || !strings.Contains(p.Problems[len(p.Problems)-1].Msg, "nested too deeply") {
		t.Errorf("a file that includes itself: %v", p.Problems)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"ada":                                "/etc/sudoers:1: expected user host = command",
		"ada ALL":                            "/etc/sudoers:1: expected = after the hosts",
		"ada ALL=":                           "/etc/sudoers:1: expected a command",
		"\nada ALL=ls":                       `/etc/sudoers:2: expected a command with its whole path, found "ls"`,
		"ada ALL=(root ALL":                  "/etc/sudoers:1: the parenthesis of the runas list is not closed",
		"ada ALL=NOWHERE":                    "/etc/sudoers:1: Cmnd_Alias NOWHERE is not defined",
		"ada NOWHERE=ALL":                    "/etc/sudoers:1: Host_Alias NOWHERE is not defined",
		"User_Alias x = ada":                 "/etc/sudoers:1: expected NAME = list after User_Alias",
		"User_Alias A = a\nUser_Alias A = b": "/etc/sudoers:2: User_Alias A is defined twice",
		"ada,,bob ALL=ALL":                   "/etc/sudoers:1: an empty item in a list",
		"@include /nowhere":                  "/etc/sudoers:1: no such file /nowhere",
	} {
		p := load(t, map[string]string{"/etc/sudoers": text + "\nbob ALL=ALL\n"})
		if len(p.Problems) != 1 || p.Problems[0].Ref+": "+p.Problems[0].Msg != want {
			t.Errorf("%q gives %v, want %s", text, p.Problems, want)
		}
		if may(p, "bob", 2) != "ALL" {
			t.Errorf("%q: the rest is not read", text)
		}
	}
}

func TestUnresolved(t *testing.T) {
	p := load(t, map[string]string{"/etc/sudoers": "User_Alias A = +net\nA ALL=ALL\n%:corp\\\\admins ALL=ALL\n"})
	if fmt.Sprint(p.Unresolved) != `[%:corp\admins +net]` {
		t.Errorf("got %v", p.Unresolved)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("User_Alias A = ada, !bob : B = %x\nada, A ALL, !web1 = (root:adm, x) NOPASSWD: /bin/a \\\n x\\,y, !C : db1 = ALL # c\nCmnd_Alias C = /bin/z")
	f.Add("#include x\n@includedir /y\nDefaults!a b\n\"a b\" ALL=sha224:x /bin/y")
	f.Fuzz(func(t *testing.T, text string) {
		p := load(t, map[string]string{"/etc/sudoers": text})
		for _, r := range p.May(sudoers.Who{Name: "ada", UID: 1, Groups: map[string]int64{"x": 5}}, "web1") {
			if r.Command == "" {
				t.Fatal("an empty command")
			}
		}
	})
}
