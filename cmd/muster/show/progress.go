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

// Progress draws a bar a source on w. update is called by the collectors' goroutines; stop ends the drawing.
func Progress(w io.Writer, sources []string) (update func(collectors.Progress), stop func()) {
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(20), mpb.WithRefreshRate(150*time.Millisecond))
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
	mu   sync.Mutex
	last collectors.Progress
}

func (b *bars) add(system string) {
	one := &bar{}
	counts := decor.Any(func(decor.Statistics) string { return one.text() })
	one.Bar = b.container.New(0, mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("▌").Padding(" "),
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
	one.mu.Lock()
	one.last = p
	one.mu.Unlock()
	if p.Total > 0 {
		one.SetTotal(p.Total, false)
		one.SetCurrent(p.Done)
	}
}

func (b *bars) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.bySystem {
		one.SetTotal(-1, true)
	}
}

// text is what stands behind a bar: counts, rate, and the time that is left when the source says how much there is.
func (b *bar) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.last
	unit, n := "accounts", p.Counts[access.ClassAccount]
	if persons := p.Counts[access.ClassPerson]; persons > 0 {
		unit, n = "persons", persons
	}
	text := fmt.Sprintf(" %9s %-8s %8s/s", Thousands(n), unit, Thousands(int64(p.Rate)))
	if p.Total > 0 && p.Done > 0 && p.Done < p.Total {
		left := time.Duration(float64(p.Elapsed) * float64(p.Total-p.Done) / float64(p.Done))
		text += fmt.Sprintf("  %d:%02d left", int(left.Minutes()), int(left.Seconds())%60)
	}
	return text
}
