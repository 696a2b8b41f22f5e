package scimmy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Available says whether a server can be started here without installing anything but the libraries: nil, or an error that
// wraps ErrMissing.
func Available() error {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("find %s: %w", name, ErrMissing)
		}
	}
	return nil
}

// folder finds the folder of server.mjs: the given one, or the one in the module that the working folder is part of.
func folder(given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find scim server: %w", err)
	}
	for {
		at := filepath.Join(dir, "internal", "testserver", "scimmy")
		if _, err := os.Stat(filepath.Join(at, "server.mjs")); err == nil {
			return at, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("find scim server: the working folder is not inside the module")
		}
		dir = up
	}
}

// install runs `npm ci` unless the libraries of this very lock file are there. The lock file doubles as the file lock, so that
// parallel test binaries do not install over each other.
func install(ctx context.Context, dir string) error {
	lock := filepath.Join(dir, "package-lock.json")
	f, err := os.Open(lock)
	if err != nil {
		return fmt.Errorf("install scim server: %w", err)
	}
	defer f.Close()
	if err := exclusive(ctx, f); err != nil {
		return fmt.Errorf("install scim server: %w", err)
	}
	text, err := os.ReadFile(lock)
	if err != nil {
		return fmt.Errorf("install scim server: %w", err)
	}
	sum := sha256.Sum256(text)
	want := []byte(hex.EncodeToString(sum[:]))
	marker := filepath.Join(dir, "node_modules", ".installed")
	if have, err := os.ReadFile(marker); err == nil && bytes.Equal(have, want) {
		return nil
	}
	if err := Available(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install scim server: npm ci: %w: %w: %s", ErrMissing, err, bytes.TrimSpace(out[max(0, len(out)-1000):]))
	}
	if err := os.WriteFile(marker, want, 0o644); err != nil {
		return fmt.Errorf("install scim server: %w", err)
	}
	return nil
}

// exclusive takes the file's lock, which the closing of the file gives back.
func exclusive(ctx context.Context, f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("lock %s: %w", filepath.Base(f.Name()), err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func absolute(path string) string {
	if path == "" {
		return ""
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
