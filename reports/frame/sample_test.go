package frame

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/document"
	"muster/reports/evidence"
)

func TestADrawDependsOnTheSeedAndTheIdsAlone(t *testing.T) {
	var ids []string
	for n := range 1000 {
		ids = append(ids, fmt.Sprintf("T-%04d", n))
	}
	seed := []byte("a digest of the population")
	first := Draw(seed, ids, 25)
	slices.Reverse(ids)
	if again := Draw(seed, ids, 25); !slices.Equal(first, again) || len(first) != 25 {
		t.Errorf("another order of the population gives another sample: %q, %q", first, again)
	}
	if other := Draw([]byte("another digest"), ids, 25); slices.Equal(first, other) {
		t.Error("another seed gives the same sample")
	}
	if more := Draw(seed, ids, 30); !slices.Equal(more[:25], first) {
		t.Error("a larger sample does not hold the smaller one")
	}
	if all := Draw(seed, ids[:3], 25); len(all) != 3 {
		t.Errorf("%q", all)
	}
	// Nobody is preferred: over many seeds every tenth of the population is drawn about as often.
	hits := make([]int, 10)
	for n := range 400 {
		for _, id := range Draw([]byte{byte(n), byte(n >> 8)}, ids, 25) {
			hits[id[3]-'0']++
		}
	}
	for tenth, n := range hits {
		if n < 850 || n > 1150 {
			t.Errorf("tenth %d was drawn %d times of 1,000", tenth, n)
		}
	}
}

// TestTheRecipeReadsRowsAlone runs the printed command over an annex whose names pretend to be rows of it.
func TestTheRecipeReadsRowsAlone(t *testing.T) {
	var annex bytes.Buffer
	table := sheet.NewTable(&annex)
	if err := table.Head([]string{"id", "name", "account"}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, name := range []string{"Ann\nT-99999", "Ann\r\nT-99998,x\r\nT-99997", "say \"x\"\nT-99996", "\"\nT-99995", "\"\"\n\"\nT-99994\n\"", "nul\x00\"\nT-99993", "\nT-99992", "Zoë\u2028T-99991", "plain"} {
		ids = append(ids, fmt.Sprintf("T-%05d", i+1))
		if err := table.Row([]string{ids[i], name, "\xff\nT-99990"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := table.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), annex.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "sh", "-c", FirstColumn("a.csv"))
	run.Dir = dir
	out, err := run.CombinedOutput()
	if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, ids) {
		t.Errorf("%q, want %q: %v", got, ids, err)
	}
}

func TestOnlyAllIsAHundredPercent(t *testing.T) {
	for want, c := range map[string][2]int{"–": {0, 0}, "0.0 %": {0, 5}, "100.0 %": {5, 5}, "44.4 %": {4, 9}, "99.9 %": {2000, 2001}, "0.1 %": {1, 2001}, "50.0 %": {1, 2}} {
		if got := Percent(c[0], c[1]); got != want {
			t.Errorf("%d of %d: %s, want %s", c[0], c[1], got, want)
		}
	}
	if got := Percent(999_999, 1_000_000); got != "99.9 %" {
		t.Error(got)
	}
}

func TestATimeThatIsSetIsToldExactly(t *testing.T) {
	for s, want := range map[int64]string{0: "not set", 30: "30 s", 90 * 60: "90 min", 24 * 3600: "24 h", 100 * 3600: "100 h", 7 * 86400: "7 d"} {
		if got := Allowed(s); got != want {
			t.Errorf("%d s: %s, want %s", s, got, want)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for text, want := range map[string]Period{
		"2026-Q1": {day(2026, 1, 1), day(2026, 3, 31)}, "2026-q3": {day(2026, 7, 1), day(2026, 9, 30)}, "2024-Q4": {day(2024, 10, 1), day(2024, 12, 31)},
		"2026-02-01..2026-02-28": {day(2026, 2, 1), day(2026, 2, 28)}, "2026-02-01..2026-02-01": {day(2026, 2, 1), day(2026, 2, 1)},
	} {
		if got, err := ParsePeriod(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2026", "2026-Q5", "2026-02-30..2026-03-01", "2026-03-01..2026-02-01", "2026-03-01", "2026-Q1..2026-Q2"} {
		if p, err := ParsePeriod(text); access.KindOf(err) != access.Invalid || access.HintOf(err) == "" {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	p, _ := ParsePeriod("2026-Q3")
	if p.Has(p.From.Add(-1)) || !p.Has(p.From) || !p.Has(day(2026, 9, 30).Add(24*time.Hour-1)) || p.Has(day(2026, 10, 1)) {
		t.Error("both days of a period are in it, wholly")
	}
}

// TestASampleIsDrawnOfWhatAPackCallsItsRows: with pseudonyms the rows of the annex have other ids, and these are drawn; each still has its own row.
func TestASampleIsDrawnOfWhatAPackCallsItsRows(t *testing.T) {
	seed := strings.Repeat("ab", 32)
	called := func(id string) string { return "T-9" + id[2:] }
	w := &Builder{In: Input{File: evidence.File{Annexes: []evidence.Annex{{File: "a.csv", SHA256: seed}}}, Called: called}}
	ids, other := []string{}, []string{}
	for i := range 40 {
		ids = append(ids, fmt.Sprintf("T-%05d", i))
		other = append(other, called(ids[i]))
	}
	w.Sample(Sample{Annex: "a.csv", IDs: ids, Size: 5}, nil, func(id string) []document.Cell { return []document.Cell{{Text: id}} })
	table := w.Blocks[len(w.Blocks)-1].(document.Table)
	raw := bytes.Repeat([]byte{0xab}, 32)
	for i, want := range Draw(raw, other, 5) {
		if row := table.Rows[i]; row[1].Text != want || called(row[2].Text) != want {
			t.Errorf("row %d is %+v, want %s", i, row, want)
		}
	}
}
