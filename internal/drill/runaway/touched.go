package runaway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// server is one whose dump is watched.
type server struct {
	name string
	dump func(context.Context) (string, error)
	stop func()
}

// facts are what there is about each account, by what the account is called.
type facts map[string]map[string]bool

func (f facts) add(account, fact string) {
	if f[account] == nil {
		f[account] = map[string]bool{}
	}
	f[account][fact] = true
}

// world reads everything that Muster could have touched: the servers, those that a mistake put up besides, and the orders.
func (h *house) world(ctx context.Context) (facts, error) {
	f := facts{}
	dumps, err := h.live.Dump(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range h.also {
		if dumps[s.name+" (other)"], err = s.dump(ctx); err != nil {
			return nil, err
		}
	}
	for name, text := range dumps {
		system, _, _ := strings.Cut(name, " ")
		switch system {
		case "directory":
			directory(f, name, text)
		case "saas":
			if err := workspace(f, name, text); err != nil {
				return nil, err
			}
		case "warehouse":
			warehouse(f, name, text)
		default:
			return nil, fmt.Errorf("read dump: what is %s?", name)
		}
	}
	return f, orders(f, filepath.Join(h.file("data"), "orders"))
}

// differ lists the accounts about which two readings say different things, in order.
func differ(before, after facts) []string {
	changed := map[string]bool{}
	for account, list := range before {
		changed[account] = !maps.Equal(list, after[account])
	}
	for account := range after {
		if before[account] == nil {
			changed[account] = true
		}
	}
	var out []string
	for account, really := range changed {
		if really {
			out = append(out, account)
		}
	}
	slices.Sort(out)
	return out
}

// directory reads LDIF of slapd's Dump: a membership is a fact about the member.
func directory(f facts, name, text string) {
	for entry := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		dn := ""
		for line := range strings.SplitSeq(entry, "\n") {
			attr, value, _ := strings.Cut(line, ":")
			if coded, ok := strings.CutPrefix(value, ":"); ok {
				if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded)); err == nil {
					value = string(raw)
				}
			}
			switch value = strings.TrimSpace(value); attr {
			case "dn":
				dn = value
				f.add(name+" "+dn, "is there")
			case "member":
				f.add(name+" "+value, "is in "+dn)
			default:
				f.add(name+" "+dn, line)
			}
		}
	}
}

// workspace reads the JSON of the SCIM server's Dump.
func workspace(f facts, name, text string) error {
	var lists map[string][]map[string]any
	if err := json.Unmarshal([]byte(text), &lists); err != nil {
		return fmt.Errorf("read dump of %s: %w", name, err)
	}
	for kind, list := range lists {
		for _, resource := range list {
			id := fmt.Sprint(resource["id"])
			if members, ok := resource["members"].([]any); ok {
				for _, m := range members {
					if m, ok := m.(map[string]any); ok {
						f.add(fmt.Sprint(name, " ", m["value"]), "is in "+id)
					}
				}
				delete(resource, "members")
			}
			fact, err := json.Marshal(resource)
			if err != nil {
				return fmt.Errorf("read dump of %s: %w", name, err)
			}
			f.add(name+" "+id, kind+" "+string(fact))
		}
	}
	return nil
}

// role is whom a statement of pg_dump or pg_dumpall is about: who gets something, else whose role it is.
var role = regexp.MustCompile(` (?:TO|FROM) ("[^"]+"|\S+?)(?:;| WITH| GRANTED)|(?:CREATE|ALTER|COMMENT ON) ROLE ("[^"]+"|[^ ;]+)`)

func warehouse(f facts, name, text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		who := line
		if m := role.FindStringSubmatch(line); m != nil {
			who = strings.Trim(m[1]+m[2], `"`)
		}
		f.add(name+" "+who, line)
	}
}

// orders reads the folder of work orders: every file of one order is a fact about its account.
func orders(f facts, folder string) error {
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var order struct {
			Action struct {
				Account struct{ ID, Name string }
			}
		}
		system := strings.SplitN(strings.TrimPrefix(path, folder+"/"), "/", 2)[0]
		account := filepath.Base(path) // an order that cannot be read is one all the same
		if json.Unmarshal(text, &order) == nil && order.Action.Account.ID+order.Action.Account.Name != "" {
			account = order.Action.Account.ID + " " + order.Action.Account.Name
		}
		sum := sha256.Sum256(text)
		f.add("orders of "+system+" "+account, filepath.Base(path)+" "+hex.EncodeToString(sum[:]))
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	return nil
}
