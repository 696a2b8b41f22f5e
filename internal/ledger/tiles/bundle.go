package tiles

import (
	"encoding/binary"
	"fmt"
)

// AppendEntry adds one entry to the bytes of an entry bundle.
func AppendEntry(bundle, raw []byte) []byte {
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(raw))), raw...)
}

// SplitBundle cuts an entry bundle into its entries and says when it is not one.
func SplitBundle(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return entries, fmt.Errorf("split entry bundle: one byte left after entry %d of it", len(entries))
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+n {
			return entries, fmt.Errorf("split entry bundle: entry %d of it should have %d bytes, %d are left", len(entries), n, len(bundle)-2)
		}
		entries = append(entries, bundle[2:2+n])
		bundle = bundle[2+n:]
	}
	return entries, nil
}
