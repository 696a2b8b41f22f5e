package retain

import (
	"os"
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// night loads a list of HR and completes a run on it.
func night(t *testing.T, s *store.Store, n int, people ...access.Person) {
	t.Helper()
	at := time.Date(2026, 9, n, 1, 0, 0, 0, time.UTC)
	id := at.Format("0102")
	snap := access.Snapshot{ID: "S-" + id, RunID: "R-" + id, System: "hr", Collector: "hr", TakenAt: at, StartedAt: at, FinishedAt: at, State: access.Complete, Digest: "d"}
	l, err := s.BeginSnapshot(t.Context(), snap)
	for _, p := range people {
		if err == nil {
			err = l.Add(t.Context(), p)
		}
	}
	if err == nil {
		err = l.Commit(t.Context(), snap)
	}
	if err == nil {
		err = s.SaveWorld(t.Context(), store.World{RunID: "R-" + id, AsOf: at, HR: snap})
	}
	if err == nil {
		err = s.SaveRun(t.Context(), access.Run{ID: "R-" + id, State: access.RunCompleted, AsOf: at, StartedAt: at, FinishedAt: at})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestHRFindsWhoWorksAndWhoWorkedOnce(t *testing.T) {
	s := storetest.Open(t, nil)
	hr := HR{s}
	if got, err := hr.Find(t.Context(), "W-1"); err != nil || len(got) != 0 {
		t.Errorf("before any run: %q, %v", got, err)
	}
	maja := access.Person{ID: "W-1", DisplayName: "Maja Lind", Email: "maja@acme.example", Username: "mlind", Status: access.StatusActive}
	night(t, s, 1, maja, access.Person{ID: "W-7", DisplayName: "Kofi Okafor", Status: access.StatusActive})
	night(t, s, 2, maja, access.Person{ID: "W-8", DisplayName: "Maja Lind", Status: access.StatusActive})
	for text, want := range map[string][]string{"w-1": {"W-1"}, "Maja@ACME.example": {"W-1"}, "mlind": {"W-1"}, "maja lind": {"W-1", "W-8"}, "W-7": {"W-7"}, "W-9": nil} {
		if got, err := hr.Find(t.Context(), text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	// The store keeps facts as a keeper says.
	k := house(t)
	k.Records, k.Facts, k.People = s, s, hr
	if h, err := k.Set(t.Context(), "maja@acme.example", why, "W-9", false); err != nil || h.Covers != "W-1" {
		t.Errorf("%+v, %v", h, err)
	}
}
