package sudoers

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// line reads one logical line: an alias, Defaults or a user specification.
func (p *Policy) line(ref, text string) error {
	if strings.HasPrefix(text, "Defaults") {
		if rest := text[len("Defaults"):]; rest == "" || strings.ContainsRune(" \t@:!>", rune(rest[0])) {
			return nil
		}
	}
	for kind := range p.aliases {
		if rest, ok := strings.CutPrefix(text, kind+"_Alias"); ok && rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
			return p.alias(kind, rest)
		}
	}
	if rest, ok := strings.CutPrefix(text, "Cmd_Alias"); ok && rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		return p.alias("Cmnd", rest)
	}
	return p.spec(ref, text)
}

// alias reads `NAME = item, item : NAME = item`.
func (p *Policy) alias(kind, text string) error {
	for _, def := range split(text, ':') {
		name, list, ok := cut(def, '=')
		name = strings.TrimSpace(name)
		if !ok || !isAlias(name) {
			return fmt.Errorf("expected NAME = list after %s_Alias", kind)
		}
		if _, dup := p.aliases[kind][name]; dup {
			return fmt.Errorf("%s_Alias %s is defined twice", kind, name)
		}
		items, err := itemsOf(list)
		if err != nil {
			return fmt.Errorf("%s_Alias %s: %w", kind, name, err)
		}
		p.aliases[kind][name] = items
	}
	return nil
}

// isAlias: upper case letters, digits and underscores, a letter first. ALL is built in.
func isAlias(s string) bool {
	if s == "" || s == "ALL" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// spec reads `users hosts = commands : hosts = commands`.
func (p *Policy) spec(ref, text string) error {
	users, rest, ok := userList(text)
	if !ok {
		return errors.New("expected user host = command")
	}
	s := spec{ref: ref}
	var err error
	if s.users, err = itemsOf(users); err != nil {
		return err
	}
	for _, def := range hostParts(rest) {
		hosts, commands, ok := cut(def, '=')
		if !ok {
			return errors.New("expected = after the hosts")
		}
		var pt part
		if pt.hosts, err = itemsOf(hosts); err != nil {
			return err
		}
		if pt.commands, err = commandsOf(commands); err != nil {
			return err
		}
		s.parts = append(s.parts, pt)
	}
	p.specs = append(p.specs, s)
	return nil
}

// userList cuts the users off: a list ends at the first space that does not follow a comma.
func userList(text string) (users, rest string, ok bool) {
	more, quoted := true, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
			more = false
		case c == '"':
			quoted = !quoted
			more = false
		case quoted:
		case c == ',' || c == '!':
			more = true
		case c == ' ' || c == '\t':
			next := strings.TrimLeft(text[i:], " \t")
			if !more && !strings.HasPrefix(next, ",") {
				return text[:i], next, true
			}
		case c == '=':
			return "", "", false
		default:
			more = false
		}
	}
	return "", "", false
}

// hostParts splits at colons that begin another `hosts =`, not at those of tags, runas groups and digests.
func hostParts(text string) []string {
	pieces := split(text, ':')
	var out []string
	for _, piece := range pieces {
		head, _, ok := cut(piece, '=')
		if len(out) == 0 || ok && isHostHead(head) && !strings.HasSuffix(strings.TrimSpace(out[len(out)-1]), ",") && complete(out[len(out)-1]) {
			out = append(out, piece)
		} else {
			out[len(out)-1] += ":" + piece
		}
	}
	return out
}

// isHostHead: a list of host names, so no parenthesis, no path and no inner space.
func isHostHead(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && !strings.ContainsAny(strings.ReplaceAll(s, ", ", ","), `()/ "`)
}

// complete: the parentheses of a runas are closed and the last word is no tag, so a colon ends the commands.
func complete(s string) bool {
	s = strings.TrimSpace(s)
	last := s
	if i := strings.LastIndexAny(s, " \t=,):"); i >= 0 {
		last = s[i+1:]
	}
	return strings.Count(s, "(") == strings.Count(s, ")") && !isTag(last) && !strings.HasPrefix(last, "sha")
}

func isTag(s string) bool {
	switch s {
	case "NOPASSWD", "PASSWD", "NOEXEC", "EXEC", "SETENV", "NOSETENV", "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT",
		"FOLLOW", "NOFOLLOW", "MAIL", "NOMAIL", "INTERCEPT", "NOINTERCEPT":
		return true
	}
	return false
}

func commandsOf(text string) ([]command, error) {
	var out []command
	var now command // runas and tags hold until they are changed
	for _, w := range split(text, ',') {
		w = strings.TrimSpace(w)
		if strings.HasPrefix(w, "(") {
			inner, rest, ok := strings.Cut(w[1:], ")")
			if !ok {
				return nil, errors.New("the parenthesis of the runas list is not closed")
			}
			users, groups, _ := cut(inner, ':')
			var err error
			if now.runas, err = optionalItems(users); err == nil {
				now.group, err = optionalItems(groups)
			}
			if err != nil {
				return nil, err
			}
			w = strings.TrimSpace(rest)
		}
		w = now.prefixes(w)
		c := now
		for strings.HasPrefix(w, "!") {
			c.not, w = !c.not, strings.TrimSpace(w[1:])
		}
		if w == "" {
			return nil, errors.New("expected a command")
		}
		c.text = strings.Join(strings.Fields(unescape(withoutDigest(w))), " ")
		if c.text != "ALL" && !isAlias(c.text) && c.text[0] != '/' && c.text[0] != '^' && c.text != "list" &&
			!strings.HasPrefix(c.text, "sudoedit") {
			return nil, fmt.Errorf("expected a command with its whole path, found %q", c.text)
		}
		out = append(out, c)
	}
	return out, nil
}

// prefixes takes tags and options (ROLE=x, TIMEOUT=1h, NOTAFTER=...) off the front.
func (c *command) prefixes(w string) string {
	for {
		word, rest, _ := strings.Cut(w, " ")
		tag, after, ok := strings.Cut(w, ":")
		if ok && isTag(strings.TrimSpace(tag)) {
			switch strings.TrimSpace(tag) {
			case "NOPASSWD":
				c.noPasswd = true
			case "PASSWD":
				c.noPasswd = false
			}
			w = strings.TrimSpace(after)
			continue
		}
		if key, _, ok := strings.Cut(word, "="); ok && isOption(key) {
			w = strings.TrimSpace(rest)
			continue
		}
		return w
	}
}

func isOption(s string) bool {
	switch s {
	case "ROLE", "TYPE", "PRIVS", "LIMITPRIVS", "TIMEOUT", "CWD", "CHROOT", "NOTBEFORE", "NOTAFTER", "APPARMOR_PROFILE":
		return true
	}
	return false
}

// withoutDigest drops `sha256:...`, which narrows a command to one build of it.
func withoutDigest(w string) string {
	for strings.HasPrefix(w, "sha") {
		_, rest, ok := strings.Cut(w, " ")
		if !ok || !strings.Contains(w[:len(w)-len(rest)], ":") {
			break
		}
		w = strings.TrimSpace(rest)
	}
	return w
}

func optionalItems(text string) ([]item, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return itemsOf(text)
}

func itemsOf(text string) ([]item, error) {
	var out []item
	for _, w := range split(text, ',') {
		var it item
		w = strings.TrimSpace(w)
		for strings.HasPrefix(w, "!") {
			it.not, w = !it.not, strings.TrimSpace(w[1:])
		}
		it.text = strings.Join(strings.Fields(unescape(w)), " ")
		if it.text == "" {
			return nil, errors.New("an empty item in a list")
		}
		out = append(out, it)
	}
	return out, nil
}

// split cuts at a separator that is not escaped, quoted or inside parentheses.
func split(text string, sep byte) []string {
	var out []string
	start, depth, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case c == sep && depth == 0:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	return append(out, text[start:])
}

func cut(text string, sep byte) (string, string, bool) {
	parts := split(text, sep)
	if len(parts) == 1 {
		return text, "", false
	}
	return parts[0], text[len(parts[0])+1:], true
}

func unescape(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if !strings.ContainsRune(s, '\\') {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,:=\ "`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// check finds aliases that are used and nowhere defined, and names that only another service can resolve.
func (p *Policy) check() {
	foreign := map[string]bool{}
	use := func(ref, kind string, items []item) {
		for _, it := range items {
			switch {
			case isAlias(it.text):
				if _, ok := p.aliases[kind][it.text]; !ok && (kind == "Cmnd" || kind == "Host") {
					p.Problems = append(p.Problems, Problem{ref, fmt.Sprintf("%s_Alias %s is not defined", kind, it.text)})
				}
			case kind == "User" && (it.text[0] == '+' || strings.HasPrefix(it.text, "%:")):
				foreign[it.text] = true
			}
		}
	}
	for _, members := range p.aliases["User"] {
		use("", "User", members)
	}
	for _, s := range p.specs {
		use(s.ref, "User", s.users)
		for _, pt := range s.parts {
			use(s.ref, "Host", pt.hosts)
			for _, c := range pt.commands {
				use(s.ref, "Cmnd", []item{c.item})
			}
		}
	}
	for f := range foreign {
		p.Unresolved = append(p.Unresolved, f)
	}
	sort.Strings(p.Unresolved)
}
