package commit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Trim drops, durably, what is kept for entries from size on: of appends that never happened. It stands at the end, because openings are in
// the order of their entries; only that is read.
func (b *Book) Trim(size uint64) error {
	if err := b.Close(); err != nil {
		return err
	}
	files, err := b.files()
	if err != nil {
		return err
	}
	for _, file := range slices.Backward(files) {
		left, err := trim(filepath.Join(b.dir, file), size)
		if err != nil {
			return fmt.Errorf("drop openings without an entry: %w", err)
		}
		if left {
			return nil
		}
	}
	return nil
}

// trim cuts one file, and reports whether anything is left of it.
func trim(path string, size uint64) (left bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	keep, err := kept(f, end, size)
	if err == nil && keep < end {
		err = errors.Join(f.Truncate(keep), f.Sync())
	}
	return keep > 0, err
}

// kept says where the last whole line ends whose entry is before size.
func kept(f io.ReaderAt, end int64, size uint64) (int64, error) {
	end, err := lineStart(f, end)
	for err == nil && end > 0 {
		var start int64
		if start, err = lineStart(f, end-1); err != nil {
			break
		}
		text := make([]byte, end-start)
		if _, err = f.ReadAt(text, start); err != nil {
			break
		}
		if !dropped(text, size) {
			break
		}
		end = start
	}
	return end, err
}

// dropped reports whether a line was never acknowledged: it is of a later entry, or has bytes that a loss of power left. Any other that cannot
// be read is left for people to look at.
func dropped(text []byte, size uint64) bool {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return torn(text)
	}
	return l.Entry >= size
}

// torn reports whether a line has bytes that a loss of power left in what was not waited for.
func torn(text []byte) bool { return bytes.IndexByte(text, 0) >= 0 }

// lineStart is where the line begins that has the byte before end.
func lineStart(f io.ReaderAt, end int64) (int64, error) {
	buf := make([]byte, 4096)
	for end > 0 {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}
