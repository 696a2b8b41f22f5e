package slapd

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Keep remembers what the server holds, for Rewind.
func (s *Server) Keep(ctx context.Context) error {
	text, err := s.slapcat(ctx)
	s.kept = text
	return err
}

// Rewind brings back what Keep remembered, ids and stamps too, at new ports and in less time than Start takes.
func (s *Server) Rewind(ctx context.Context) error {
	s.end()
	db := s.path("db")
	if err := os.RemoveAll(db); err != nil {
		return fmt.Errorf("rewind slapd: %w", err)
	}
	if err := os.Mkdir(db, 0o700); err != nil {
		return fmt.Errorf("rewind slapd: %w", err)
	}
	if err := s.slapadd(ctx, "1", strings.NewReader(s.kept)); err != nil {
		return fmt.Errorf("rewind slapd: %w", err)
	}
	return s.run(ctx)
}

// end ends the process and waits for it.
func (s *Server) end() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}
