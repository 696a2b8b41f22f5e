package pdf

import (
	"testing"

	"muster/reports/document"
)

func TestShareOut(t *testing.T) {
	columns := []document.Column{{Share: 1}, {Share: 1}, {Share: 2}}
	for _, least := range [][]float64{{0, 0, 0}, {80, 0, 0}, {80, 80, 0}, {10, 60, 60}, {100, 100, 100}} {
		w, sum, needed := shareOut(columns, least), 0.0, 0.0
		for i := range w {
			sum, needed = sum+w[i], needed+least[i]
		}
		if sum < Width-0.01 || sum > Width+0.01 {
			t.Errorf("%v: widths %v add up to %g", least, w, sum)
		}
		for i := range w {
			if needed <= Width && w[i] < least[i]-0.01 {
				t.Errorf("%v: column %d has %g", least, i, w[i])
			}
		}
	}
}
