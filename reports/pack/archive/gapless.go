package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The records of a zip file (APPNOTE.TXT 4.3): their signatures and the lengths of what is fixed of them.
const (
	localMark, localLength     = 0x04034b50, 30
	dataMark                   = 0x08074b50
	directoryLength            = 46
	endMark, endLength         = 0x06054b50, 22
	end64Mark, end64Length     = 0x06064b50, 56
	locatorMark, locatorLength = 0x07064b50, 20
	wideExtra                  = 1 // the extra field of sizes above 32 bits
)

// The flags that a pack's entries may have: a data descriptor follows; the name is UTF-8.
const follows, utf8Name = 0x8, 0x800

// gapless checks that a zip file is its entries, its directory and nothing else, and that entries and directory say the same.
func gapless(r io.ReaderAt, size int64, z *zip.Reader) error {
	begins, ends, err := directory(r, size, len(z.File))
	if err != nil {
		return err
	}
	at, length := int64(0), int64(0)
	for _, f := range z.File {
		if at, err = entry(r, at, f); err != nil {
			return fmt.Errorf("%q: %w", f.Name, err)
		}
		if f.Comment != "" {
			return fmt.Errorf("%q has a comment", f.Name)
		}
		length += directoryLength + int64(len(f.Name)+len(f.Extra))
	}
	if at != begins || begins+length != ends {
		return errors.New("there is something between its entries, its directory and its end")
	}
	return nil
}

// directory finds where the directory begins and ends, and that nothing follows its end record.
func directory(r io.ReaderAt, size int64, entries int) (begins, ends int64, err error) {
	ends = size - endLength
	b, err := read(r, ends, endLength)
	if err != nil || u32(b, 0) != endMark || u16(b, 20) != 0 {
		return 0, 0, errors.New("its last bytes are not the end of its directory: something follows, or it has a comment")
	}
	count, length, offset := uint64(u16(b, 10)), uint64(u32(b, 12)), uint64(u32(b, 16))
	if count == math.MaxUint16 || length == math.MaxUint32 || offset == math.MaxUint32 {
		locator, err := read(r, ends-locatorLength, locatorLength)
		if err != nil || u32(locator, 0) != locatorMark {
			return 0, 0, errors.New("its directory has no locator")
		}
		ends -= locatorLength + end64Length
		if b, err = read(r, ends, end64Length); err != nil || u32(b, 0) != end64Mark || u64(b, 4) != end64Length-12 || u64(locator, 8) != uint64(ends) {
			return 0, 0, errors.New("its directory has no end where its locator says")
		}
		count, length, offset = u64(b, 32), u64(b, 40), u64(b, 48)
	}
	if count != uint64(entries) || offset > uint64(ends) || length != uint64(ends)-offset {
		return 0, 0, errors.New("its directory is not where, or not as long as, its end says")
	}
	return int64(offset), ends, nil
}

// entry checks the entry that begins at an offset against what the directory says of it, and gives where the next one begins.
func entry(r io.ReaderAt, at int64, f *zip.File) (int64, error) {
	unlike := errors.New("its entry is not where its directory says, or says otherwise")
	b, err := read(r, at, localLength)
	if err != nil || u32(b, 0) != localMark || u16(b, 6) != f.Flags || u16(b, 8) != f.Method || f.Flags&^(follows|utf8Name) != 0 {
		return 0, unlike
	}
	named, err := read(r, at+localLength, int(u16(b, 26))+int(u16(b, 28)))
	if err != nil || !bytes.HasPrefix(named, []byte(f.Name)) || len(f.Name) != int(u16(b, 26)) {
		return 0, unlike
	}
	wide, ok := bytes.CutPrefix(f.Extra, named[len(f.Name):])
	if !ok || len(wide) > 0 && (len(wide) < 4 || u16(wide, 0) != wideExtra || len(wide) != 4+int(u16(wide, 2))) {
		return 0, unlike
	}
	data := at + localLength + int64(len(named))
	if offset, err := f.DataOffset(); err != nil || offset != data {
		return 0, unlike
	}
	next := data + int64(f.CompressedSize64)
	if f.Flags&follows == 0 {
		if u32(b, 14) != f.CRC32 || uint64(u32(b, 18)) != f.CompressedSize64 || uint64(u32(b, 22)) != f.UncompressedSize64 {
			return 0, unlike
		}
		return next, nil
	}
	if u32(b, 14) != 0 || u32(b, 18) != 0 || u32(b, 22) != 0 {
		return 0, unlike
	}
	return descriptor(r, next, f)
}

// descriptor checks what follows the data of an entry that was written as a stream.
func descriptor(r io.ReaderAt, at int64, f *zip.File) (int64, error) {
	length, packed, plain := 16, uint64(0), uint64(0)
	if f.CompressedSize64 >= math.MaxUint32 || f.UncompressedSize64 >= math.MaxUint32 {
		length = 24
	}
	b, err := read(r, at, length)
	if err == nil && length == 24 {
		packed, plain = u64(b, 8), u64(b, 16)
	} else if err == nil {
		packed, plain = uint64(u32(b, 8)), uint64(u32(b, 12))
	}
	if err != nil || u32(b, 0) != dataMark || u32(b, 4) != f.CRC32 || packed != f.CompressedSize64 || plain != f.UncompressedSize64 {
		return 0, errors.New("what follows its data is not what its directory says")
	}
	return at + int64(length), nil
}

func read(r io.ReaderAt, at int64, n int) ([]byte, error) {
	if at < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	if got, err := r.ReadAt(b, at); got < n {
		return nil, errors.Join(io.ErrUnexpectedEOF, err)
	}
	return b, nil
}

func u16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func u32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func u64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
