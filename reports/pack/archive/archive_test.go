package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]bool{"report.pdf": true, "annexes/a.csv": true, "": false, ".": false, "..": false, "a/../b": false, "/a": false, "a/": false, "a//b": false, `a\b`: false, "c:a": false, "a\x00": false} {
		if safe(name) != want {
			t.Errorf("safe(%q) = %t", name, !want)
		}
	}
}

// pack is a zip file with these files of ten bytes.
func pack(t *testing.T, change func(*zip.Writer), names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte("0123456789"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(z)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func opened(t *testing.T, data []byte) (*Archive, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pack.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err == nil {
		t.Cleanup(func() { _ = a.Close() })
	}
	return a, err
}

func TestAZipFileIsItsEntriesAndItsDirectoryAndNothingElse(t *testing.T) {
	genuine := pack(t, nil, "a", "b/c")
	a, err := opened(t, genuine)
	if err != nil || strings.Join(a.Names, " ") != "a b/c" || a.Claimed != 20 {
		t.Fatalf("%v %+v", err, a)
	}
	if text, err := fs.ReadFile(a, "b/c"); err != nil || string(text) != "0123456789" {
		t.Errorf("%v %q", err, text)
	}
	// What a program that reads from the front sees: the entry of another pack, whose directory is left out.
	before := pack(t, nil, "a")
	before = before[:bytes.Index(before, []byte("PK\x01\x02"))]
	moved := func(data []byte, by int) []byte { // the directory is where it is again
		out := bytes.Clone(data)
		end := len(out) - endLength
		begins := int(u32(out, end+16))
		binary.LittleEndian.PutUint32(out[end+16:], uint32(begins+by))
		for at := begins; u32(out, at) == 0x02014b50; {
			binary.LittleEndian.PutUint32(out[at+42:], u32(out, at+42)+uint32(by))
			at += directoryLength + int(u16(out, at+28)) + int(u16(out, at+30))
		}
		return out
	}
	within := bytes.Index(genuine, []byte("PK\x01\x02"))
	gap := bytes.Clone(genuine[:within])
	gap = append(append(gap, "hidden"...), genuine[within:]...)
	binary.LittleEndian.PutUint32(gap[len(gap)-endLength+16:], uint32(within+6))
	renamed := bytes.Clone(genuine)
	renamed[localLength] = 'x' // in the entry alone
	flagged := bytes.Clone(genuine)
	flagged[6] ^= 2
	described := bytes.Clone(genuine)
	described[bytes.Index(described, []byte("PK\x07\x08"))+5] ^= 1
	for name, data := range map[string][]byte{
		"an entry before it":                       append(bytes.Clone(before), genuine...),
		"an entry before it, and all offsets mend": append(bytes.Clone(before), moved(genuine, len(before))...),
		"bytes after it":                           append(bytes.Clone(genuine), "\n"...),
		"a comment":                                pack(t, func(z *zip.Writer) { _ = z.SetComment("hello") }, "a"),
		"bytes before its directory":               gap,
		"another name in an entry":                 renamed,
		"other flags in an entry":                  flagged,
		"another checksum behind an entry":         described,
		"a comment of an entry": pack(t, func(z *zip.Writer) {
			_, _ = z.CreateHeader(&zip.FileHeader{Name: "c", Comment: "hello"})
		}, "a"),
	} {
		if _, err := opened(t, data); err == nil {
			t.Errorf("%s: it is opened", name)
		}
	}
}

// TestAZipFileOfManyEntries has an end record of 64 bits.
func TestAZipFileOfManyEntries(t *testing.T) {
	var names []string
	for i := range 66_000 {
		names = append(names, fmt.Sprintf("ledger/proofs/%06d", i))
	}
	if a, err := opened(t, pack(t, nil, names...)); err != nil || len(a.Names) != len(names) {
		t.Error(err)
	}
}

// TestWhatAPackClaimsIsNotMemory opens packs that claim more than they hold.
func TestWhatAPackClaimsIsNotMemory(t *testing.T) {
	claims := func(size uint64, data string) []byte {
		return pack(t, func(z *zip.Writer) {
			w, err := z.CreateRaw(&zip.FileHeader{Name: "SHA256SUMS", Method: zip.Deflate, CompressedSize64: uint64(len(data)), UncompressedSize64: size})
			if err == nil {
				_, err = w.Write([]byte(data))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	if tiny := claims(most-1, "x"); len(tiny) > 200 {
		t.Errorf("%d bytes", len(tiny))
	} else if _, err := opened(t, tiny); err == nil {
		t.Error("a tiny file that claims 64 GiB is opened")
	}
	if _, err := opened(t, claims(most/2, strings.Repeat("x", 64<<20))); err == nil {
		t.Error("one that claims 500 times its size is opened")
	}
	// One that keeps within all bounds, and whose file cannot be held.
	large := pack(t, func(z *zip.Writer) {
		w, err := z.Create("SHA256SUMS")
		zeros := make([]byte, 1<<20)
		for range 128 {
			if err == nil {
				_, err = w.Write(zeros)
			}
		}
		raw, rerr := z.CreateHeader(&zip.FileHeader{Name: "ballast", Method: zip.Store}) // so that the ratio is not one that only a bomb has
		if rerr == nil {
			_, rerr = raw.Write(zeros)
		}
		err = errors.Join(err, rerr)
		if err != nil {
			t.Fatal(err)
		}
	})
	a, err := opened(t, large)
	if err != nil {
		t.Fatal(err)
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	if _, err := fs.ReadFile(a, "SHA256SUMS"); err == nil || !strings.Contains(err.Error(), "longer than 64 MiB") {
		t.Error(err)
	}
	runtime.ReadMemStats(&is)
	if is.TotalAlloc-was.TotalAlloc > 512<<20 {
		t.Errorf("%d MiB were reserved", (is.TotalAlloc-was.TotalAlloc)>>20)
	}
}
