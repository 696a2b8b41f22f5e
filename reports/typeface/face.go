package typeface

import (
	_ "embed" // the fonts are part of the program
	"encoding/binary"
	"errors"
	"math"
	"sync"

	"muster/reports/document"
)

// The fonts are DejaVu 2.37, Bitstream Vera licence, see fonts/LICENSE.
var (
	//go:embed fonts/DejaVuSansCondensed.ttf
	regularTTF string
	//go:embed fonts/DejaVuSansCondensed-Bold.ttf
	boldTTF string
	//go:embed fonts/DejaVuSansMono.ttf
	monoTTF string
)

// PointMM is one point in millimetres.
const PointMM = 25.4 / 72

// plane is the number of runes of the Basic Multilingual Plane.
const plane = 1 << 16

// absent marks a rune without a glyph.
const absent = math.MaxUint16

// Face is one face with its measures.
type Face struct {
	ttf     string
	widths  [plane]uint16 // thousandths of an em
	missing uint16
}

// faces are read once: what is embedded does not change.
var faces = sync.OnceValue(func() (all [3]*Face) {
	for i, ttf := range [3]string{regularTTF, boldTTF, monoTTF} {
		face, err := read(ttf)
		if err != nil {
			panic("a font of the program is damaged: " + err.Error())
		}
		all[i] = face
	}
	return all
})

// Of gives a face.
func Of(font document.Font) *Face { return faces()[font] }

// File is the face's TrueType file.
func (f *Face) File() []byte { return []byte(f.ttf) }

// Has reports whether the face has a glyph for a rune of the Basic Multilingual Plane.
func (f *Face) Has(r rune) bool { return r >= 0 && r < plane && f.widths[r] != absent }

// Rune is a rune's width in thousandths of an em. What the face lacks is as wide as its box for missing glyphs; beyond the Basic
// Multilingual Plane, where emoji are, one em.
func (f *Face) Rune(r rune) int {
	switch {
	case r < 0 || r >= plane:
		return 1000
	case f.widths[r] == absent:
		return int(f.missing)
	}
	return int(f.widths[r])
}

// Width is how wide a line of text is at a font size.
func (f *Face) Width(text string, size float64) float64 {
	total := 0
	for _, r := range text {
		total += f.Rune(r)
	}
	return float64(total) * size * PointMM / 1000
}

// Fit shortens a line of text with an ellipsis until it is no wider than room.
func (f *Face) Fit(text string, size, room float64) string {
	if f.Width(text, size) <= room {
		return text
	}
	left := room - f.Width("…", size)
	for i, r := range text {
		if left -= float64(f.Rune(r)) * size * PointMM / 1000; left < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// read reads a TrueType font's measures.
func read(ttf string) (*Face, error) {
	data := []byte(ttf)
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(data[at:])) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(data[at:])) }
	tables := map[string]int{}
	for i := range u16(4) {
		record := 12 + 16*i
		tables[ttf[record:record+4]] = u32(record + 8)
	}
	head, hhea, hmtx, cmap := tables["head"], tables["hhea"], tables["hmtx"], tables["cmap"]
	if head*hhea*hmtx*cmap == 0 {
		return nil, errors.New("read font: a table is missing")
	}
	metrics := u16(hhea + 34)
	width := func(glyph int) uint16 {
		units := u16(hmtx + 4*min(glyph, metrics-1))
		return uint16(math.Round(1000 * float64(units) / float64(u16(head+18))))
	}
	face := &Face{ttf: ttf, missing: width(0)}
	for i := range face.widths {
		face.widths[i] = absent
	}
	for i := range u16(cmap + 2) {
		table := cmap + u32(cmap+4+8*i+4)
		if u16(table) != 4 {
			continue
		}
		glyphs(u16, table, func(r, glyph int) { face.widths[r] = width(glyph) })
		return face, nil
	}
	return nil, errors.New("read font: it has no cmap of format 4")
}

// glyphs yields every rune of a cmap of format 4 with its glyph.
func glyphs(u16 func(int) int, table int, yield func(r, glyph int)) {
	double := u16(table + 6) // twice the number of segments
	for s := 0; s < double; s += 2 {
		end, start := u16(table+14+s), u16(table+16+double+s)
		delta, rangeAt := u16(table+16+2*double+s), table+16+3*double+s
		for r := start; r <= end && r != 0xffff; r++ {
			glyph := r + delta
			if offset := u16(rangeAt); offset != 0 {
				if glyph = u16(rangeAt + offset + 2*(r-start)); glyph != 0 {
					glyph += delta
				}
			}
			if glyph&0xffff != 0 {
				yield(r, glyph&0xffff)
			}
		}
	}
}
