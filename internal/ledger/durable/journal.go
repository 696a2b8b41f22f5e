package durable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// Journal is an append-only file of records that are waited for one by one: one write and one fsync each. A record is its length and its
// CRC-32C, both as big-endian uint32, and its bytes, of which there are some. What a crash left of the last record is no record, nor are the
// zeros behind it.
type Journal struct {
	disk *Disk
	name string
	tail *Tail
}

// recordHead is how long the length and the checksum of a record are.
const recordHead = 8

// CreateJournal puts a new journal in place of an older one, with one record in it, and makes it durable.
func CreateJournal(d *Disk, name string, first []byte) (*Journal, error) {
	record := seal(first)
	if err := d.Write(name, record, 0o644); err != nil {
		return nil, err
	}
	if err := d.Flush(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(d.Dir, name), os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &Journal{disk: d, name: name, tail: NewTail(f, int64(len(record)))}, nil
}

// Append adds a record and waits for the disk. After an error the journal is as it was before, unless lost: then nobody knows whether a
// crash would leave the record.
func (j *Journal) Append(record []byte) (lost bool, err error) {
	if err = j.disk.step("write", j.name); err == nil {
		lost, err = j.tail.Write(seal(record))
	}
	if err != nil {
		return lost, fmt.Errorf("write journal: %w", err)
	}
	if err = j.disk.step("sync", j.name); err == nil {
		err = j.tail.Sync()
	}
	if err != nil {
		return true, fmt.Errorf("sync journal: %w", err)
	}
	return false, nil
}

// Size is how many bytes the journal has.
func (j *Journal) Size() int64 { return j.tail.Size() }

// Close closes the file and leaves it where it is.
func (j *Journal) Close() error { return j.tail.Close() }

// Remove closes the journal and removes it, durably.
func (j *Journal) Remove() error {
	return errors.Join(j.tail.Close(), j.disk.Remove(j.name), j.disk.Flush())
}

// ReadJournal reads the whole records of a journal; there are none when there is no such file. torn is how many bytes of another follow them.
func ReadJournal(path string) (records [][]byte, torn int, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read journal: %w", err)
	}
	for len(data) >= recordHead {
		n, sum := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
		if n == 0 || uint64(n) > uint64(len(data)-recordHead) || crc32.Checksum(data[recordHead:recordHead+int(n)], crc32.MakeTable(crc32.Castagnoli)) != sum {
			break
		}
		records = append(records, data[recordHead:recordHead+int(n)])
		data = data[recordHead+int(n):]
	}
	return records, len(bytes.TrimRight(data, "\x00")), nil
}

// seal puts length and checksum before a record.
func seal(record []byte) []byte {
	out := make([]byte, 0, recordHead+len(record))
	out = binary.BigEndian.AppendUint32(out, uint32(len(record)))
	out = binary.BigEndian.AppendUint32(out, crc32.Checksum(record, crc32.MakeTable(crc32.Castagnoli)))
	return append(out, record...)
}
