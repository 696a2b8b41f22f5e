package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"

	"muster/internal/ledger"
	"muster/internal/store"
	"muster/internal/store/engine"
)

// origin names the ledgers that are written here.
const origin = "muster.example/bench"

// journal is what muster writes down about actions: documents in an engine of its own, on a disk that is waited for.
type journal struct {
	engine *engine.Engine
	store  *store.Store
	ledger string // folder
}

// openJournal makes the journal of a data folder.
func openJournal(ctx context.Context, dir string) (*journal, error) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	e, err := engine.Attach(ctx, engine.Options{Dir: dir, Log: quiet})
	if err != nil {
		return nil, err
	}
	o := store.Options{Dial: e.DialContext, Log: quiet}
	o.User, o.Password = e.Auth()
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return &journal{e, s, filepath.Join(dir, "ledger")}, nil
}

// open opens the ledger as a command does.
func (j *journal) open() (*ledger.Log, error) {
	return ledger.Open(j.ledger, ledger.Options{Origin: origin})
}

// close ends the engine. The ledger is whoever opened it's.
func (j *journal) close() error { return errors.Join(j.store.Close(), j.engine.Close()) }
