package seal

import (
	"errors"
	"fmt"
)

const (
	// mostToken bounds a time stamp: the answers of authorities with their chains are a tenth of it.
	mostToken = 1 << 16
	// nested is how many values of a time stamp may lie in one another; RFC 3161 needs about fifteen.
	nested = 40
)

// shallow walks over the values of a time stamp, which may be BER, without recursion, before a reader gets it that follows every nesting. It finds
// values that lie too deep, are cut, or reach beyond what holds them; what they mean is not looked at.
func shallow(token []byte) error {
	if len(token) > mostToken {
		return fmt.Errorf("it has %d bytes, more than %d", len(token), mostToken)
	}
	cut := errors.New("its encoding is cut, or a value reaches beyond the one that holds it")
	var ends []int // of the values that are open; -1: when two zero bytes come
	for at := 0; at < len(token); {
		for len(ends) > 0 && ends[len(ends)-1] == at {
			ends = ends[:len(ends)-1]
		}
		if len(ends) > nested {
			return fmt.Errorf("its values lie more than %d deep", nested)
		}
		v, ok := head(token, at)
		if !ok {
			return cut
		}
		end := v.content + v.length
		if n := len(ends); v.indefinite {
			end = -1
		} else if end > len(token) || n > 0 && ends[n-1] >= 0 && end > ends[n-1] {
			return cut
		} else if n > 0 && ends[n-1] < 0 && v.ends(token, at) {
			ends, at = ends[:n-1], v.content
			continue
		}
		if at = v.content; v.compound {
			ends = append(ends, end)
		} else {
			at = end
		}
	}
	return nil
}

// tlv is the head of a BER value (X.690 §8.1).
type tlv struct {
	content, length      int
	compound, indefinite bool
}

// ends reports whether the value at a place is the end of one of indefinite length.
func (v tlv) ends(token []byte, at int) bool {
	return token[at] == 0 && v.length == 0 && v.content == at+2
}

func head(b []byte, at int) (v tlv, ok bool) {
	v.compound = b[at]&0x20 != 0
	if many := b[at]&0x1f == 0x1f; many { // a tag of several bytes
		for at++; at < len(b) && b[at]&0x80 != 0; at++ {
		}
	}
	if at++; at >= len(b) {
		return v, false
	}
	first := b[at]
	at++
	switch n := int(first & 0x7f); {
	case first < 0x80:
		v.length = n
	case n == 0:
		v.indefinite = true
		if !v.compound {
			return v, false
		}
	case n > 4 || at+n > len(b):
		return v, false
	default:
		for _, c := range b[at : at+n] {
			v.length = v.length<<8 | int(c)
		}
		at += n
	}
	v.content = at
	return v, at <= len(b)
}
