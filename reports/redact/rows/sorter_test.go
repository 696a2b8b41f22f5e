package rows

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRowsAreSortedOnDiskToo: what does not fit into memory comes out in order, each row once.
func TestRowsAreSortedOnDiskToo(t *testing.T) {
	var s Sorter
	defer s.Discard()
	const n = 3000
	for i := range n {
		if err := s.Add([]string{fmt.Sprint(i*7919%n, "\x00"), strings.Repeat("x", spill/1000)}); err != nil {
			t.Fatal(err)
		}
	}
	var last []string
	rows := 0
	err := s.Each(func(row []string) error {
		if rows++; last != nil && slices.Compare(last, row) >= 0 {
			t.Errorf("%q comes before %q", last[0], row[0])
		}
		last = row
		return nil
	})
	if err != nil || rows != n || len(s.runs) < 3 {
		t.Errorf("%d rows of %d from %d runs: %v", rows, n, len(s.runs), err)
	}
}
