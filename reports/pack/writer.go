package pack

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/reports/evidence"
)

// The names of the files of a pack.
const (
	ReportFile     = "report.pdf"
	HTMLFile       = "report.html" // its accessible twin
	EvidenceFile   = "evidence.json"
	SumsFile       = "SHA256SUMS"
	SignatureFile  = "SHA256SUMS.sig"        // raw Ed25519 over SHA256SUMS
	AttestFile     = "attestation.dsse.json" // of every other file
	PackKeyFile    = "keys/pack.pem"
	SealKeyFile    = "keys/seal.crt"
	KeyringFile    = "keys/keyring.json"
	GuideFile      = "VERIFY.md"
	CheckpointFile = "ledger/checkpoint"
	VerifierFile   = "ledger/verifier"
	ProofFolder    = "ledger/proofs/"
	AnnexFolder    = "annexes/"
	InputFolder    = evidence.InputFolder
)

// File is one file of a pack.
type File struct {
	Name   string
	Size   int64
	SHA256 string
}

// Writer writes a pack into a temporary file beside its final place.
type Writer struct {
	file  *os.File
	zip   *zip.Writer
	sum   hash.Hash
	path  string
	at    time.Time
	files []File
	done  bool
}

// Create begins the pack that will be at path; every file in it gets the time at.
func Create(path string, at time.Time) (*Writer, error) {
	f, err := beside(path)
	if err != nil {
		return nil, fmt.Errorf("create pack: %w", err)
	}
	w := &Writer{file: f, sum: sha256.New(), path: path, at: at.UTC().Truncate(2 * time.Second)}
	w.zip = zip.NewWriter(io.MultiWriter(f, w.sum))
	return w, nil
}

// Add writes one file; fill writes its content. It returns the file with its digest.
func (w *Writer) Add(name string, fill func(io.Writer) error) (File, error) {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.at}
	header.SetMode(0o644)
	entry, err := w.zip.CreateHeader(header)
	if err != nil {
		return File{}, fmt.Errorf("add %s to pack: %w", name, err)
	}
	sum, count := sha256.New(), &counter{}
	if err := fill(io.MultiWriter(entry, sum, count)); err != nil {
		return File{}, fmt.Errorf("add %s to pack: %w", name, err)
	}
	f := File{Name: name, Size: count.n, SHA256: hex.EncodeToString(sum.Sum(nil))}
	w.files = append(w.files, f)
	return f, nil
}

// AddBytes writes one file of known content.
func (w *Writer) AddBytes(name string, content []byte) (File, error) {
	return w.Add(name, func(out io.Writer) error {
		_, err := out.Write(content)
		return err
	})
}

// Digests are the digests of the files so far, by name.
func (w *Writer) Digests() map[string]string {
	out := map[string]string{}
	for _, f := range w.files {
		out[f.Name] = f.SHA256
	}
	return out
}

// Finish adds SHA256SUMS and its signature, makes the pack durable and puts it in its place. It returns the digest of the zip file.
func (w *Writer) Finish(sign func(sums []byte) ([]byte, error)) (digest string, files []File, err error) {
	text := sums(slices.Clone(w.files))
	if _, err := w.AddBytes(SumsFile, text); err != nil {
		return "", nil, err
	}
	signature, err := sign(text)
	if err != nil {
		return "", nil, err
	}
	if _, err := w.AddBytes(SignatureFile, signature); err != nil {
		return "", nil, err
	}
	if err := w.zip.Close(); err != nil {
		return "", nil, fmt.Errorf("close pack: %w", err)
	}
	w.done = true
	if err := commit(w.file, w.path); err != nil {
		return "", nil, err
	}
	return hex.EncodeToString(w.sum.Sum(nil)), w.files, nil
}

// Abort removes a pack that was not finished; after Finish it does nothing.
func (w *Writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

// sums is the content of SHA256SUMS: sorted by name, as sha256sum writes it.
func sums(files []File) []byte {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Name)
	}
	return []byte(b.String())
}

// WriteFile puts content in place whole or not at all, durably.
func WriteFile(path string, content []byte) error {
	f, err := beside(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), f.Close(), os.Remove(f.Name()))
	}
	return commit(f, path)
}

// beside makes a temporary file beside a path. It may be read by whom the umask lets read what is written: packs hold personal data.
func beside(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x", filepath.Base(path), rand.Uint32())), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// commit syncs and closes a temporary file and renames it; when that fails the file is removed.
func commit(f *os.File, path string) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil // the file is in place; its folder cannot be synced
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// counter counts what is written.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
