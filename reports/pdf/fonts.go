package pdf

import (
	_ "embed" // the fonts are part of the program
	"encoding/binary"
	"errors"
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

// Font chooses one of the three faces.
type Font int

// The faces.
const (
	Regular Font = iota
	Bold
	Mono
)

// faces are the fonts' files and the library's names for them.
func faces() [3]struct {
	family, style string
	data          string
} {
	return [3]struct {
		family, style string
		data          string
	}{{"sans", "", regularTTF}, {"sans", "B", boldTTF}, {"mono", "", monoTTF}}
}

// coverage is the set of runes of the Basic Multilingual Plane that a font has a glyph for.
type coverage [1 << 16 / 64]uint64

func (c *coverage) has(r rune) bool { return r >= 0 && r < 1<<16 && c[r/64]&(1<<(r%64)) != 0 }

// readCoverage reads the cmap table of a TrueType font, subtable format 4 (OpenType 1.9, "cmap").
func readCoverage(font string) (*coverage, error) {
	ttf := []byte(font)
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(ttf[at:])) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(ttf[at:])) }
	cmap := 0
	for i := range u16(4) {
		if record := 12 + 16*i; string(ttf[record:record+4]) == "cmap" {
			cmap = u32(record + 8)
		}
	}
	for i := range u16(cmap + 2) {
		table := cmap + u32(cmap+4+8*i+4)
		if cmap == 0 || u16(table) != 4 {
			continue
		}
		var c coverage
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
					c[r/64] |= 1 << (r % 64)
				}
			}
		}
		return &c, nil
	}
	return nil, errors.New("read font: it has no cmap of format 4")
}
