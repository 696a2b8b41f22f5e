package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

// JournalFile is the name of the journal in a log's folder.
const JournalFile = "journal"

// Left is what the journal of a log says after its writer died.
type Left struct {
	Base string   // the signed checkpoint whose tiles are on disk for sure
	Last string   // the newest signed checkpoint that was acknowledged
	Raws [][]byte // the leaves that Last has and Base has not
	Torn int      // bytes of a record that was never acknowledged
}

// ReadJournal reads the journal of a log; nil when there is none.
func ReadJournal(path string) (*Left, error) {
	records, torn, err := durable.ReadJournal(path)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	l := &Left{Base: string(records[0]), Last: string(records[0]), Torn: torn}
	for _, record := range records[1:] {
		if len(record) < 4 {
			return nil, errors.New("read journal: a record is too short")
		}
		n := int(binary.BigEndian.Uint32(record))
		if n > len(record)-4 {
			return nil, errors.New("read journal: a checkpoint is longer than its record")
		}
		l.Last = string(record[4 : 4+n])
		raws, err := tiles.SplitBundle(record[4+n:])
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		l.Raws = append(l.Raws, raws...)
	}
	return l, nil
}

// record is the journal's form of leaves and the checkpoint that they lead to.
func record(raws [][]byte, checkpoint string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(checkpoint)))
	out = append(out, checkpoint...)
	for _, raw := range raws {
		out = tiles.AppendEntry(out, raw)
	}
	return out
}
