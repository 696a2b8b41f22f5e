package sudoers

import (
	"net"
	"path"
	"sort"
	"strconv"
	"strings"
)

// Who is the account that asks.
type Who struct {
	Name   string
	UID    int64
	Groups map[string]int64 // name → gid of every group it is in
}

// Right is one thing that an account may run.
type Right struct {
	Command  string // ALL, or a command with its arguments as written
	RunAs    string // "" is root or anybody; else the other accounts it may be, "," between them, ":group" for a group
	Via      string // the group through which the rule reaches the account; empty when it names the account itself
	NoPasswd bool
}

// May lists what an account may run on a host, sorted.
func (p *Policy) May(who Who, host string) []Right {
	rights := map[[2]string]Right{}
	for _, s := range p.specs {
		via, ok := p.matchUser(s.users, who, 0)
		if !ok {
			continue
		}
		for _, pt := range s.parts {
			if !p.matchHost(pt.hosts, host, 0) {
				continue
			}
			for _, c := range pt.commands {
				p.apply(rights, c, via, 0)
			}
		}
	}
	out := make([]Right, 0, len(rights))
	for _, r := range rights {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Command != out[j].Command {
			return out[i].Command < out[j].Command
		}
		return out[i].RunAs < out[j].RunAs
	})
	return out
}

// apply adds a right or takes it away again; the order of the rules decides.
func (p *Policy) apply(rights map[[2]string]Right, c command, via string, depth int) {
	if isAlias(c.text) {
		for _, m := range p.aliases["Cmnd"][c.text] {
			if depth < maxDepth {
				inner := c
				inner.text, inner.not = withoutDigest(m.text), m.not != c.not
				p.apply(rights, inner, via, depth+1)
			}
		}
		return
	}
	runas := p.runas(c)
	switch {
	case !c.not:
		key := [2]string{c.text, runas}
		if old, ok := rights[key]; ok && old.Via == "" {
			via = "" // a rule that names the account itself says more than one that names a group
		}
		rights[key] = Right{Command: c.text, RunAs: runas, Via: via, NoPasswd: c.noPasswd}
	case c.text == "ALL":
		for key := range rights {
			if runas == "" || key[1] == runas {
				delete(rights, key)
			}
		}
	default:
		delete(rights, [2]string{c.text, runas})
	}
}

// runas names whom a command may run as; root and ALL are "".
func (p *Policy) runas(c command) string {
	if len(c.runas) == 0 && len(c.group) == 0 {
		return ""
	}
	names := map[string]bool{}
	p.collect("Runas", c.runas, names, 0)
	if names["ALL"] || names["root"] || names["#0"] {
		return ""
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	sort.Strings(list)
	if len(list) == 0 {
		groups := map[string]bool{}
		p.collect("Runas", c.group, groups, 0)
		for g := range groups {
			list = append(list, ":"+g)
		}
		sort.Strings(list)
	}
	return strings.Join(list, ",")
}

func (p *Policy) collect(kind string, items []item, into map[string]bool, depth int) {
	for _, it := range items {
		members, ok := p.aliases[kind][it.text]
		switch {
		case it.not:
			delete(into, it.text)
		case ok && depth < maxDepth:
			p.collect(kind, members, into, depth+1)
		default:
			into[it.text] = true
		}
	}
}

// matchUser: the last item that matches decides. via is the group that matched.
func (p *Policy) matchUser(items []item, who Who, depth int) (via string, ok bool) {
	for _, it := range items {
		group, hit := p.matchOne(it.text, who, depth)
		if !hit {
			continue
		}
		if ok = !it.not; ok {
			via = group
		}
	}
	return via, ok
}

func (p *Policy) matchOne(text string, who Who, depth int) (via string, ok bool) {
	members, defined := p.aliases["User"][text]
	switch {
	case text == "ALL" || text == who.Name || text == "#"+strconv.FormatInt(who.UID, 10):
		return "", true
	case defined && depth < maxDepth:
		return p.matchUser(members, who, depth+1)
	case strings.HasPrefix(text, "%#"):
		for name, gid := range who.Groups {
			if text == "%#"+strconv.FormatInt(gid, 10) && (via == "" || name < via) {
				via, ok = name, true
			}
		}
		return via, ok
	case strings.HasPrefix(text, "%"):
		_, ok := who.Groups[text[1:]]
		return text[1:], ok
	}
	return "", false
}

func (p *Policy) matchHost(items []item, host string, depth int) bool {
	ok := false
	for _, it := range items {
		members, defined := p.aliases["Host"][it.text]
		hit := false
		if defined {
			hit = depth < maxDepth && p.matchHost(members, host, depth+1)
		} else {
			hit = isHost(it.text, host, it.not)
		}
		if hit {
			ok = !it.not
		}
	}
	return ok
}

// isHost gives the answer that leaves more access where an address or a netgroup cannot be compared with a name.
func isHost(text, host string, negated bool) bool {
	if text == "ALL" {
		return true
	}
	addr, _, _ := strings.Cut(text, "/")
	if text[0] == '+' || net.ParseIP(addr) != nil {
		return !negated
	}
	text, host = strings.ToLower(text), strings.ToLower(host)
	short, _, _ := strings.Cut(host, ".")
	for _, h := range []string{host, short} {
		if ok, err := path.Match(text, h); h != "" && (text == h || err == nil && ok) {
			return true
		}
	}
	return false
}
