package check

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"muster/internal/access"
)

// maxUnpacked bounds what a pack may claim to hold: 64 GiB is a population of hundreds of millions of rows.
const maxUnpacked = 64 << 30

// archive is a pack opened for reading: a zip file, or the folder that it was unpacked into.
type archive struct {
	fs.FS
	names []string // of all files, sorted
	close func() error
}

// openArchive opens a pack and refuses names that could lead out of it, names that come twice, and anything but plain files.
func openArchive(name string) (*archive, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	if info.IsDir() {
		return openFolder(name)
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	names, err := safeNames(z.File)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open pack: %w", err), z.Close())
	}
	return &archive{FS: &z.Reader, names: names, close: z.Close}, nil
}

// safeNames lists the files of a zip, when all of them may be unpacked anywhere without harm.
func safeNames(files []*zip.File) ([]string, error) {
	var names []string
	total, seen := uint64(0), map[string]bool{}
	for _, f := range files {
		if total += f.UncompressedSize64; total > maxUnpacked || f.UncompressedSize64 > maxUnpacked {
			return nil, fmt.Errorf("it claims to hold more than %d GiB", maxUnpacked>>30)
		}
		folded := strings.ToLower(f.Name)
		if !safeName(f.Name) || !f.Mode().IsRegular() {
			return nil, fmt.Errorf("%q is not a plain file below the pack", f.Name)
		}
		if seen[folded] {
			return nil, fmt.Errorf("%q is in it twice", f.Name)
		}
		seen[folded] = true
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names, nil
}

func openFolder(name string) (*archive, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	a := &archive{FS: root.FS(), close: root.Close}
	err = fs.WalkDir(a.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%q is not a plain file", name)
		}
		a.names = append(a.names, name)
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open pack: %w", err), root.Close())
	}
	slices.Sort(a.names)
	return a, nil
}

// safeName reports whether a name stays below the folder that the pack is unpacked into, on every system.
func safeName(name string) bool {
	return fs.ValidPath(name) && path.Clean(name) == name && name != "." && !strings.ContainsAny(name, "\\:\x00")
}

// Files opens a pack for reading: a zip file, or the folder that it was unpacked into. Names that could lead out of it are refused.
func Files(name string) (fs.FS, func() error, error) {
	a, err := openArchive(name)
	if err != nil {
		return nil, nil, &access.Error{Op: "open pack", Kind: access.Invalid, Err: err}
	}
	return a.FS, a.close, nil
}
