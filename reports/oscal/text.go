package oscal

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
)

// ns qualifies the names of props that OSCAL does not define.
const ns = "https://muster.example/ns/oscal"

// space is the name space of our UUIDs, a random one of version 4.
var space = [16]byte{0x3d, 0x1f, 0x5c, 0x0e, 0x8a, 0x62, 0x4b, 0x77, 0x9c, 0x41, 0x20, 0xf6, 0xd5, 0x18, 0xe3, 0x94}

// id is the UUID of version 5 (RFC 9562 §5.5, whose hash is SHA-1) of one part of one pack.
func id(pack string, part ...string) string {
	h := sha1.New()
	h.Write(space[:])
	for _, p := range append([]string{pack}, part...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash never fails
	}
	var u [16]byte
	copy(u[:], h.Sum(nil))
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	x := hex.EncodeToString(u[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// line makes one line of a text, as StringDatatype wants it: no white space at the ends, no line break inside.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF'
	}), " ")
}

// props makes props of names and values in turn, leaving out what has no value.
func props(pairs ...string) []prop {
	var out []prop
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := line(pairs[i+1]); v != "" {
			out = append(out, prop{Name: pairs[i], NS: ns, Value: v})
		}
	}
	return out
}

// markup makes a text that means itself where OSCAL reads Markdown, HTML and parameter insertions. An empty text becomes a dash.
func markup(s string) string {
	s = line(s)
	if s == "" {
		return "–"
	}
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>&~^{}|\"", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plural is "1 finding", "2 findings".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
