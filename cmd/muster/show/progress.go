package show

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"muster/collectors"
	"muster/internal/access"
)

// Progress draws a bar a source on w. update is called by the collectors' goroutines; stop ends the drawing and leaves what became of
// each source.
func Progress(w io.Writer, sources []string) (update func(collectors.Progress), stop func()) {
	p := mpb.New(mpb.WithOutput(raw(w)), mpb.WithWidth(18), mpb.WithRefreshRate(150*time.Millisecond))
	b := &bars{container: p, bySystem: map[string]*bar{}}
	for _, name := range sources {
		b.add(name)
	}
	return b.update, func() {
		b.end()
		p.Wait()
	}
}

// bars is safe for the goroutines of several sources.
type bars struct {
	container *mpb.Progress
	mu        sync.Mutex
	bySystem  map[string]*bar
}

type bar struct {
	*mpb.Bar
	mu    sync.Mutex
	last  collectors.Progress
	snap  access.Snapshot // what it became; without a state while it is read
	ended bool
}

func (b *bars) add(system string) {
	one := &bar{}
	counts := decor.Any(func(decor.Statistics) string { return one.text() })
	one.Bar = b.container.New(0, mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("▌").Padding(" ").Refiller("█"),
		mpb.PrependDecorators(decor.Name(fmt.Sprintf("  %-12.12s ", system))),
		mpb.AppendDecorators(counts))
	b.bySystem[system] = one
}

func (b *bars) update(p collectors.Progress) {
	b.mu.Lock()
	one := b.bySystem[p.System]
	b.mu.Unlock()
	if one == nil {
		return
	}
	if p.Snapshot != nil {
		if !p.Snapshot.Baseline { // what follows a baseline is the night's own reading
			one.finish(*p.Snapshot)
		}
		return
	}
	one.mu.Lock()
	one.last = p
	one.mu.Unlock()
	if p.Total > 0 {
		one.SetTotal(p.Total, false)
		one.SetCurrent(p.Done)
	}
}

// finish shows what became of a source: the bar of one that was read whole is filled, the others stay where they are.
func (b *bar) finish(snap access.Snapshot) {
	b.mu.Lock()
	b.snap, b.ended = snap, true
	b.mu.Unlock()
	if snap.State == access.Complete {
		b.SetTotal(1, true)
	} else {
		b.Abort(false)
	}
}

// end stops the bars of the sources that were not read to their end.
func (b *bars) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.bySystem {
		one.mu.Lock()
		ended := one.ended
		one.ended = true
		one.mu.Unlock()
		if !ended {
			one.Abort(false)
		}
	}
}

// text is what stands behind a bar: counts, rate, and the time that is left when the source says how much there is; at the end the
// count that the source claims, and the state of the snapshot.
func (b *bar) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.last
	unit, n := "accounts", p.Counts[access.ClassAccount]
	if persons := p.Counts[access.ClassPerson]; persons > 0 {
		unit, n = "persons", persons
	}
	count, state := Thousands(n), ""
	switch {
	case b.snap.State != "":
		who, what := subjects(b.snap)
		count, unit, state = Thousands(who.Parsed), what, string(b.snap.State)
		if who.Claimed >= 0 {
			count += "/" + Thousands(who.Claimed)
		}
	case b.ended:
		state = "stopped"
	case p.Total > 0 && p.Done > 0 && p.Done < p.Total:
		left := time.Duration(float64(p.Elapsed) * float64(p.Total-p.Done) / float64(p.Done)).Round(time.Second)
		state = fmt.Sprintf("%d:%02d left", int(left.Minutes()), int(left.Seconds())%60)
	}
	return fmt.Sprintf(" %13s %-8s %8s  %s", count, unit, rate(n, p.Elapsed), state)
}

// rate is n in the time it took: "850/s", "1.9k/s", "35k/s"; empty when that was too short to tell.
func rate(n int64, took time.Duration) string {
	if took < 500*time.Millisecond || n == 0 {
		return ""
	}
	r := float64(n) / took.Seconds()
	switch {
	case r < 1000:
		return fmt.Sprintf("%.0f/s", r)
	case r < 10_000:
		return fmt.Sprintf("%.1fk/s", r/1000)
	}
	return Thousands(int64(r/1000)) + "k/s"
}
