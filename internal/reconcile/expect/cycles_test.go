package expect

import "testing"

func TestManagerCycles(t *testing.T) {
	got := managerCycles(map[string]string{"a": "b", "b": "c", "c": "b", "d": "d", "e": "a", "f": "", "g": "nobody", "h": "g"})
	want := map[string][]string{"b": {"b", "c"}, "c": {"c", "b"}, "d": {"d"}}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for id, cycle := range want {
		if len(got[id]) != len(cycle) || got[id][0] != id {
			t.Errorf("%s: got %v, want %v", id, got[id], cycle)
		}
	}
}
