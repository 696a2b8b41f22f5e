package ledger

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// width is how many hashes or entries a full tile holds (tlog-tiles: height 8).
const width = 256

// entriesLevel stands for the entry bundles where a tile level is asked for.
const entriesLevel = -1

// The files of a log beside the tiles.
const (
	checkpointFile = "checkpoint"
	verifierFile   = "verifier"
	keyFile        = "key"
	lockFile       = "lock"
	tileFolder     = "tile"
	tempPrefix     = ".tmp-"
)

// tilePath names the file of tile n at a level; w is its width, 256 for a full one.
func tilePath(level int, n uint64, w int) string {
	name := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	dir := "entries"
	if level != entriesLevel {
		dir = strconv.Itoa(level)
	}
	p := path.Join(tileFolder, dir, name)
	if w < width {
		p += ".p/" + strconv.Itoa(w)
	}
	return p
}

// parseTilePath is the inverse of tilePath; ok is false for any other spelling.
func parseTilePath(p string) (level int, n uint64, w int, ok bool) {
	parts := strings.Split(p, "/")
	if len(parts) < 3 || parts[0] != tileFolder {
		return 0, 0, 0, false
	}
	level = entriesLevel
	if parts[1] != "entries" {
		l, err := strconv.Atoi(parts[1])
		if err != nil || l < 0 || l > 63 {
			return 0, 0, 0, false
		}
		level = l
	}
	w, parts = width, parts[2:]
	if len(parts) > 1 && strings.HasSuffix(parts[len(parts)-2], ".p") {
		v, err := strconv.Atoi(parts[len(parts)-1])
		if err != nil || v < 1 || v >= width {
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
	return level, n, w, tilePath(level, n, w) == p
}

// count is how many hashes of a level (or entries) a tree of size leaves has.
func count(level int, size uint64) uint64 {
	for ; level > 0; level-- {
		size /= width
	}
	return size
}

// within reports whether a tree of size leaves has that tile in that width, as its own or as that of a smaller tree.
func within(level int, n uint64, w int, size uint64) bool {
	return n*width+uint64(w) <= count(level, size)
}
