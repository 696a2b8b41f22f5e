package table

import (
	"bufio"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// windows decodes windows-1252. The five bytes that this encoding gives no meaning stay as they are: they are not UTF-8, and are treated as
// such bytes are everywhere. The decoder of x/text would make U+FFFD of each, and so one text of two.
type windows struct {
	src  *bufio.Reader
	rest []byte // decoded and not read yet
	buf  [utf8.UTFMax]byte
}

// Read decodes into p.
func (w *windows) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(w.rest) == 0 {
			if n > 0 && w.src.Buffered() == 0 {
				return n, nil // the source is asked when there is nothing to give
			}
			octet, err := w.src.ReadByte()
			if err != nil {
				return n, err
			}
			if octet < utf8.RuneSelf {
				p[n] = octet
				n++
				continue
			}
			if w.rest = append(w.buf[:0], octet); charmap.Windows1252.DecodeByte(octet) != utf8.RuneError {
				w.rest = utf8.AppendRune(w.buf[:0], charmap.Windows1252.DecodeByte(octet))
			}
		}
		copied := copy(p[n:], w.rest)
		n, w.rest = n+copied, w.rest[copied:]
	}
	return n, nil
}

var _ io.Reader = (*windows)(nil)
