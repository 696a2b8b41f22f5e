// Package archive opens evidence packs for reading: a zip file, or the folder that it was unpacked into. Nothing in it is trusted.
//
// A pack holds plain files whose names stay below its folder on every system, each once. A zip file holds nothing besides: its entries lie one after the
// other from its first byte to its directory, which is its end, and both say the same of each, so that a program that reads from the front and one that
// reads the directory see the same files. What it claims to hold is bounded, and so is every file that is read as a whole; sizes that it states are
// never memory. An Archive may be read by several goroutines. Errors say what is wrong with the pack.
package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	// most bounds what a pack may claim to hold: 64 GiB is a population of hundreds of millions of rows.
	most = 64 << 30
	// deflated is what deflate makes of one byte at most, and slack what it may do besides.
	deflated, slack = 1032, 1 << 10
	// usual bounds the ratio of a whole pack, of which those of real ones are about 10; small packs may be anything.
	usual, small = 200, 64 << 20
	// inMemory bounds a file that is read as a whole, and a report.
	inMemory, report = 64 << 20, 256 << 20
)

// Archive is an open pack.
type Archive struct {
	fs.FS
	Names   []string // of all files, sorted
	Claimed int64    // how many bytes they are said to have

	close func() error
}

// Open opens a pack, and refuses what is none.
func Open(name string) (*Archive, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	open := openZip
	if info.IsDir() {
		open = openFolder
	}
	a, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	slices.Sort(a.Names)
	return a, nil
}

// Close closes the pack.
func (a *Archive) Close() error { return a.close() }

// ReadFile reads one file as a whole, as long as it is not too large for that.
func (a *Archive) ReadFile(name string) ([]byte, error) {
	limit := int64(inMemory)
	if strings.HasPrefix(name, "report.") {
		limit = report
	}
	f, err := a.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("it is longer than %d MiB", limit>>20)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

func openZip(name string) (*Archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	a, err := readZip(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return a, nil
}

func readZip(f *os.File) (*Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, err
	}
	a := &Archive{FS: z, close: f.Close}
	seen := map[string]bool{}
	for _, e := range z.File {
		folded := strings.ToLower(e.Name)
		switch {
		case !safe(e.Name) || !e.Mode().IsRegular():
			return nil, fmt.Errorf("%q is not a plain file below the pack", e.Name)
		case seen[folded]:
			return nil, fmt.Errorf("%q is in it twice", e.Name)
		case e.UncompressedSize64 > most || uint64(a.Claimed)+e.UncompressedSize64 > most:
			return nil, fmt.Errorf("it claims to hold more than %d GiB", most>>30)
		case e.UncompressedSize64 > slack+deflated*min(e.CompressedSize64, most):
			return nil, fmt.Errorf("%q claims to be %d bytes, which %d packed bytes cannot hold", e.Name, e.UncompressedSize64, e.CompressedSize64)
		}
		seen[folded] = true
		a.Names, a.Claimed = append(a.Names, e.Name), a.Claimed+int64(e.UncompressedSize64)
	}
	if a.Claimed > small && a.Claimed/usual > info.Size() {
		return nil, fmt.Errorf("its %d bytes claim to hold %d MiB", info.Size(), a.Claimed>>20)
	}
	return a, gapless(f, info.Size(), z)
}

func openFolder(name string) (*Archive, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	a := &Archive{FS: root.FS(), close: root.Close}
	err = fs.WalkDir(a.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%q is not a plain file", name)
		}
		info, err := entry.Info()
		if err == nil {
			a.Names, a.Claimed = append(a.Names, name), a.Claimed+info.Size()
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return a, nil
}

// safe reports whether a name stays below the folder that the pack is unpacked into, on every system.
func safe(name string) bool {
	return fs.ValidPath(name) && path.Clean(name) == name && name != "." && !strings.ContainsAny(name, "\\:\x00")
}
