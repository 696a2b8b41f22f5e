package tiles

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// Edge is the right edge of the Merkle tree: the hashes of the partial tile of every level. It is all that appending needs.
type Edge struct {
	Size   uint64
	Levels [][]tlog.Hash // Levels[l] holds 0 to 255 hashes
}

// Clone copies e, so that a failed Append leaves the original untouched.
func (e Edge) Clone() Edge {
	levels := make([][]tlog.Hash, len(e.Levels))
	for l, hashes := range e.Levels {
		levels[l] = append(make([]tlog.Hash, 0, Width), hashes...)
	}
	return Edge{Size: e.Size, Levels: levels}
}

// Add appends one leaf hash and hands every tile that it fills to full, lowest level first.
func (e *Edge) Add(leaf tlog.Hash, full func(level int, n uint64, hashes []tlog.Hash) error) error {
	e.Size++
	h := leaf
	for l := 0; ; l++ {
		if l == len(e.Levels) {
			e.Levels = append(e.Levels, make([]tlog.Hash, 0, Width))
		}
		e.Levels[l] = append(e.Levels[l], h)
		if len(e.Levels[l]) < Width {
			return nil
		}
		tile := e.Levels[l]
		if err := full(l, Count(l, e.Size)/Width-1, tile); err != nil {
			return err
		}
		h = Subtree(tile)
		e.Levels[l] = make([]tlog.Hash, 0, Width)
	}
}

// Root is the Merkle tree hash of RFC 6962 §2.1.
func (e Edge) Root() tlog.Hash {
	if e.Size == 0 {
		return sha256.Sum256(nil)
	}
	var peaks []tlog.Hash
	for l := len(e.Levels) - 1; l >= 0; l-- {
		rest := e.Levels[l]
		for n := Width / 2; n > 0; n /= 2 {
			if len(e.Levels[l])&n != 0 {
				peaks = append(peaks, Subtree(rest[:n]))
				rest = rest[n:]
			}
		}
	}
	h := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		h = tlog.NodeHash(peaks[i], h)
	}
	return h
}

// Subtree is the hash over a power of two of hashes.
func Subtree(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(Subtree(hashes[:half]), Subtree(hashes[half:]))
}

// Pack is the content of a tile file.
func Pack(hashes []tlog.Hash) []byte {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data
}

// Unpack is the inverse of Pack for data of whole hashes.
func Unpack(data []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes
}
