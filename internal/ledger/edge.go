package ledger

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of the Merkle tree: the hashes of the partial tile of every level. It is all that appending needs.
type edge struct {
	size   uint64
	levels [][]tlog.Hash // levels[l] holds 0 to 255 hashes
}

// clone copies e, so that a failed Append leaves the original untouched.
func (e edge) clone() edge {
	levels := make([][]tlog.Hash, len(e.levels))
	for l, hashes := range e.levels {
		levels[l] = append(make([]tlog.Hash, 0, width), hashes...)
	}
	return edge{size: e.size, levels: levels}
}

// add appends one leaf hash and hands every tile that it fills to full, lowest level first.
func (e *edge) add(leaf tlog.Hash, full func(level int, n uint64, hashes []tlog.Hash) error) error {
	e.size++
	h := leaf
	for l := 0; ; l++ {
		if l == len(e.levels) {
			e.levels = append(e.levels, make([]tlog.Hash, 0, width))
		}
		e.levels[l] = append(e.levels[l], h)
		if len(e.levels[l]) < width {
			return nil
		}
		tile := e.levels[l]
		if err := full(l, count(l, e.size)/width-1, tile); err != nil {
			return err
		}
		h = subtree(tile)
		e.levels[l] = make([]tlog.Hash, 0, width)
	}
}

// root is the Merkle tree hash of RFC 6962 §2.1.
func (e edge) root() tlog.Hash {
	if e.size == 0 {
		return sha256.Sum256(nil)
	}
	var peaks []tlog.Hash
	for l := len(e.levels) - 1; l >= 0; l-- {
		rest := e.levels[l]
		for n := width / 2; n > 0; n /= 2 {
			if len(e.levels[l])&n != 0 {
				peaks = append(peaks, subtree(rest[:n]))
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

// subtree is the hash over a power of two of hashes.
func subtree(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtree(hashes[:half]), subtree(hashes[half:]))
}

// packHashes is the content of a tile file.
func packHashes(hashes []tlog.Hash) []byte {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data
}

// unpackHashes is the inverse of packHashes for data of whole hashes.
func unpackHashes(data []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes
}
