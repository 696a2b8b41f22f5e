package tiles

import "testing"

func TestPath(t *testing.T) {
	for _, c := range []struct {
		level int
		n     uint64
		w     int
		want  string
	}{
		{0, 0, 256, "tile/0/000"},
		{0, 1234067, 256, "tile/0/x001/x234/067"},
		{2, 0, 1, "tile/2/000.p/1"},
		{Entries, 999, 256, "tile/entries/999"},
		{Entries, 1000, 255, "tile/entries/x001/000.p/255"},
	} {
		if got := Path(c.level, c.n, c.w); got != c.want {
			t.Errorf("Path(%d, %d, %d) = %s, want %s", c.level, c.n, c.w, got, c.want)
		}
		if level, n, w, ok := ParsePath(c.want); !ok || level != c.level || n != c.n || w != c.w {
			t.Errorf("ParsePath(%s) = %d %d %d %t", c.want, level, n, w, ok)
		}
	}
	for _, bad := range []string{"", "tile", "tile/0", "tile/00/000", "tile/0/0", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/64/000", "tile/-1/000", "tile/0/001/002", "tile/0/x01/002", "tile/0/000.p", "tile/0/.tmp-000", "tile/data/000", "tile/0/x99999999999999999999/000"} {
		if level, n, w, ok := ParsePath(bad); ok {
			t.Errorf("ParsePath(%s) = %d %d %d", bad, level, n, w)
		}
	}
}

// TestCount is the example of tlog-tiles: 70,000 leaves.
func TestCount(t *testing.T) {
	for level, want := range []uint64{70_000, 273, 1, 0} {
		if got := Count(level, 70_000); got != want {
			t.Errorf("Count(%d, 70000) = %d, want %d", level, got, want)
		}
	}
	if !Within(1, 1, 17, 70_000) || Within(1, 1, 18, 70_000) || !Within(0, 272, 256, 70_000) || Within(0, 273, 256, 70_000) {
		t.Error("Within misjudges the edge of 70,000 leaves")
	}
}

func FuzzParsePath(f *testing.F) {
	f.Add("tile/0/x001/234.p/7")
	f.Fuzz(func(t *testing.T, path string) {
		if level, n, w, ok := ParsePath(path); ok && Path(level, n, w) != path {
			t.Errorf("%q is parsed and spelt %q", path, Path(level, n, w))
		}
	})
}
