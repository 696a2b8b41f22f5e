// Package tiles is the arithmetic of a tiled Merkle log, without any disk: the names of its files (C2SP tlog-tiles) and the
// right Edge of its tree (RFC 6962 §2.1). Sizes Count leaves; levels, tiles and hashes are numbered from 0. Values are not
// safe for concurrent change.
package tiles

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Width is how many hashes or entries a full tile holds (tlog-tiles: height 8).
const Width = 256

// Entries stands for the entry bundles where a tile level is asked for.
const Entries = -1

// Folder holds all tiles and entry bundles of a log.
const Folder = "tile"

// Path names the file of tile n at a level; w is its Width, 256 for a full one.
func Path(level int, n uint64, w int) string {
	name := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	dir := "entries"
	if level != Entries {
		dir = strconv.Itoa(level)
	}
	p := path.Join(Folder, dir, name)
	if w < Width {
		p += ".p/" + strconv.Itoa(w)
	}
	return p
}

// ParsePath is the inverse of Path; ok is false for any other spelling.
func ParsePath(p string) (level int, n uint64, w int, ok bool) {
	parts := strings.Split(p, "/")
	if len(parts) < 3 || parts[0] != Folder {
		return 0, 0, 0, false
	}
	level = Entries
	if parts[1] != "entries" {
		l, err := strconv.Atoi(parts[1])
		if err != nil || l < 0 || l > 63 {
			return 0, 0, 0, false
		}
		level = l
	}
	w, parts = Width, parts[2:]
	if len(parts) > 1 && strings.HasSuffix(parts[len(parts)-2], ".p") {
		v, err := strconv.Atoi(parts[len(parts)-1])
		if err != nil || v < 1 || v >= Width {
			return 0, 0, 0, false
		}
		w, parts = v, parts[:len(parts)-1]
		parts[len(parts)-1] = strings.TrimSuffix(parts[len(parts)-1], ".p")
	}
	for _, part := range parts {
		v, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 16)
		if err != nil || n > 1<<50 {
			return 0, 0, 0, false
		}
		n = n*1000 + v
	}
	return level, n, w, Path(level, n, w) == p
}

// Count is how many hashes of a level (or entries) a tree of size leaves has.
func Count(level int, size uint64) uint64 {
	for ; level > 0; level-- {
		size /= Width
	}
	return size
}

// Within reports whether a tree of size leaves has that tile in that Width, as its own or as that of a smaller tree.
func Within(level int, n uint64, w int, size uint64) bool {
	return n*Width+uint64(w) <= Count(level, size)
}
