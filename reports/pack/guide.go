package pack

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"muster/reports/evidence"
	"muster/reports/seal"
)

// guides are the texts of VERIFY.md, by number. Packs that were made have the text of their time: a new one is a file more.
//
//go:embed guides/*.md
var guides embed.FS

// newest is the number of the text that packs get.
const newest = 2

// Guide is VERIFY.md: how to check the pack with ordinary tools. where is the seal of its report.
func Guide(f evidence.File, where seal.Info) (string, error) { return guide(newest, f, where) }

// IsGuide reports whether a text is VERIFY.md of a pack as this version of Muster or an earlier one writes it.
func IsGuide(text string, f evidence.File, where seal.Info) (bool, error) {
	var all []string
	for n := newest; n > 0; n-- {
		one, err := guide(n, f, where)
		if err != nil {
			return false, err
		}
		all = append(all, one)
	}
	return slices.Contains(all, text), nil
}

func guide(number int, f evidence.File, where seal.Info) (string, error) {
	source, err := guides.ReadFile(fmt.Sprintf("guides/%d.md", number))
	if err != nil {
		return "", fmt.Errorf("read guide: %w", err)
	}
	t, err := template.New(GuideFile).Parse(string(source))
	if err != nil {
		return "", fmt.Errorf("read guide: %w", err)
	}
	hole, after := where.Range[1], where.Range[2]
	var b strings.Builder
	err = t.Execute(&b, struct {
		Pack, Organisation, Kind, Run, AsOf string
		Unsealed, Hole, After, Rest, End    int
		HexFrom, HexTo, Padding             int  // 1-based: of the hole in the file, of the last digit and what follows it in the hole
		Whole                               bool // the pack holds all findings of its run
		Later                               bool // it has entries that are younger than the run
		Annexes                             []evidence.Annex
	}{
		f.Pack, markdown(f.Organisation), markdown(f.Kind), f.Run.ID, f.Run.AsOf.UTC().Format("2006-01-02 15:04"),
		where.Unsealed, hole, after, where.Range[3], after + where.Range[3],
		hole + 1, 1 + 2*len(where.CMS), 2 + 2*len(where.CMS),
		f.Scope.Whole(), f.Later != nil, f.Annexes,
	})
	if err != nil {
		return "", fmt.Errorf("write guide: %w", err)
	}
	return b.String(), nil
}

// markdown keeps a name from being anything but text.
func markdown(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "`", "'", "<", "‹", ">", "›", "|", "¦", "[", "(", "]", ")").Replace(s)
}
