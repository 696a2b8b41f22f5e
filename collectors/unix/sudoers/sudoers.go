// Package sudoers reads the sudo policy (sudoers(5), version 1.9) and says what an account may run.
//
// Read: user specifications with host, runas and command lists, the four kinds of alias, tags, negation, continuation lines,
// escapes, quotes, `@include`, `#include`, `@includedir` and `#includedir`. Defaults lines are passed over. Later rules win
// over earlier ones, as in sudo.
//
// Where the text alone cannot tell, the answer is the larger access: a host given by address, network or netgroup is taken
// to be this one; a command excluded from ALL leaves ALL, since sudoers(5) itself warns that such exclusions are easily
// got round. Netgroups and groups of other name services are not resolved; Policy.Unresolved names them.
//
// A line that cannot be read is a Problem with its place and the rest is read on. Values are plain data.
package sudoers

import (
	"fmt"
	"path"
	"sort"
	"strings"
)

// Problem is a line that could not be read.
type Problem struct {
	Ref string // file:line
	Msg string
}

// Policy is everything that was read.
type Policy struct {
	Problems   []Problem
	Unresolved []string // netgroups and foreign groups that rules name, sorted
	Files      []string // that were read, in order

	specs   []spec
	aliases map[string]map[string][]item // kind → name → members
}

// spec is one user specification.
type spec struct {
	ref   string
	users []item
	parts []part
}

// part is `hosts = commands` of a specification.
type part struct {
	hosts    []item
	commands []command
}

// command is one command with what stands before it.
type command struct {
	item
	runas    []item
	group    []item
	noPasswd bool
}

// item is a word of a list, perhaps negated.
type item struct {
	text string
	not  bool
}

// maxDepth is sudo's own limit of nested includes.
const maxDepth = 128

// Read reads the policy that starts in the file called name. The function read gives a file's content, list the names in
// a folder; host replaces %h in the names of included files. The error is that of the first file; included files that cannot
// be read are Problems.
func Read(name, host string, read func(string) ([]byte, error), list func(string) ([]string, error)) (*Policy, error) {
	p := &Policy{aliases: map[string]map[string][]item{"User": {}, "Host": {}, "Runas": {}, "Cmnd": {}}}
	data, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	l := loader{p: p, host: host, read: read, list: list}
	l.file(name, data, 0)
	p.check()
	return p, nil
}

type loader struct {
	p    *Policy
	host string
	read func(string) ([]byte, error)
	list func(string) ([]string, error)
}

func (l *loader) file(name string, data []byte, depth int) {
	l.p.Files = append(l.p.Files, name)
	for _, ln := range lines(string(data)) {
		ref := fmt.Sprintf("%s:%d", name, ln.no)
		if dir, arg, ok := include(ln.text); ok {
			l.include(ref, name, dir, arg, depth)
			continue
		}
		text := stripComment(ln.text)
		if text == "" {
			continue
		}
		if err := l.p.line(ref, text); err != nil {
			l.problem(ref, err.Error())
		}
	}
}

func (l *loader) problem(ref, msg string) {
	l.p.Problems = append(l.p.Problems, Problem{ref, msg})
}

func (l *loader) include(ref, from string, dir bool, arg string, depth int) {
	arg = strings.ReplaceAll(strings.ReplaceAll(strings.Trim(arg, `"`), `\ `, " "), "%h", l.host)
	if arg == "" {
		l.problem(ref, "an include without a file")
		return
	}
	if depth >= maxDepth {
		l.problem(ref, "includes are nested too deeply")
		return
	}
	if !path.IsAbs(arg) {
		arg = path.Join(path.Dir(from), arg)
	}
	names := []string{arg}
	if dir {
		found, err := l.list(arg)
		if err != nil {
			l.problem(ref, err.Error())
			return
		}
		sort.Strings(found)
		names = nil
		for _, f := range found {
			if !strings.HasSuffix(f, "~") && !strings.Contains(f, ".") {
				names = append(names, path.Join(arg, f))
			}
		}
	}
	for _, n := range names {
		data, err := l.read(n)
		if err != nil {
			l.problem(ref, err.Error())
			continue
		}
		l.file(n, data, depth+1)
	}
}

// numbered is a line after its continuations were joined.
type numbered struct {
	text string
	no   int
}

func lines(text string) []numbered {
	var out []numbered
	var joined strings.Builder
	start := 0
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimSuffix(l, "\r")
		if start == 0 {
			start = i + 1
		}
		if strings.HasSuffix(l, `\`) && !strings.HasSuffix(l, `\\`) {
			joined.WriteString(l[:len(l)-1])
			joined.WriteByte(' ')
			continue
		}
		joined.WriteString(l)
		if t := strings.TrimSpace(joined.String()); t != "" {
			out = append(out, numbered{t, start})
		}
		joined.Reset()
		start = 0
	}
	if t := strings.TrimSpace(joined.String()); t != "" {
		out = append(out, numbered{t, start})
	}
	return out
}

// include recognises the four directives; "#include" is not a comment.
func include(l string) (dir bool, arg string, ok bool) {
	for _, d := range []string{"@includedir", "#includedir", "@include", "#include"} {
		rest, found := strings.CutPrefix(l, d)
		if found && (rest == "" || rest[0] == ' ' || rest[0] == '\t') {
			return strings.HasSuffix(d, "dir"), strings.TrimSpace(rest), true
		}
	}
	return false, "", false
}

// stripComment cuts at a # that is not escaped, quoted or the start of a numeric id.
func stripComment(l string) string {
	quoted := false
	for i := 0; i < len(l); i++ {
		switch l[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '#':
			id := i+1 < len(l) && '0' <= l[i+1] && l[i+1] <= '9'
			if !quoted && !id {
				return strings.TrimSpace(l[:i])
			}
		}
	}
	return strings.TrimSpace(l)
}
