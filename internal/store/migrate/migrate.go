// Package migrate brings a database to the schema that this build of Muster knows.
//
// A migration is an embedded file sql/NNNN_name.sql of statements that end with ";" at the end of a line. It is applied once and recorded
// with the SHA-256 of its text. Every statement gives the same state when it is run twice (IF NOT EXISTS), so two
// processes that migrate at once, or one that was killed in the middle, do no harm. A database with a migration that this build does not
// know, or whose text has changed since it was applied, is refused: another version of Muster owns it.
package migrate

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

//go:embed sql/*.sql
var files embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version uint32
	Name    string
	Digest  string // hex SHA-256 of the text
	Text    string
}

// Statements are the SQL statements of m, without their comments.
func (m Migration) Statements() []string {
	var code strings.Builder
	for line := range strings.Lines(m.Text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			code.WriteString(line)
		}
	}
	var out []string
	for _, s := range strings.Split(code.String(), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Known are the migrations of this build, in order.
func Known() ([]Migration, error) { return read(files) }

// read makes migrations of the files under sql/; their numbers must count from 1 without a gap.
func read(from fs.FS) ([]Migration, error) {
	names, err := fs.Glob(from, "sql/*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var out []Migration
	for i, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		number, title, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		version, err := strconv.ParseUint(number, 10, 32)
		if err != nil || int(version) != i+1 {
			return nil, wire.Failf(access.Internal, "read migrations", "", "file %s is out of order: number %d was expected", name, i+1)
		}
		sum := sha256.Sum256(text)
		out = append(out, Migration{Version: uint32(version), Name: title, Digest: hex.EncodeToString(sum[:]), Text: string(text)})
	}
	return out, nil
}

// record is where applied migrations are written down.
const record = `CREATE TABLE IF NOT EXISTS migrations
(
    version UInt32,
    name String,
    digest String,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY version
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1`

// Up applies what is missing of all.
func Up(ctx context.Context, db *wire.DB, all []Migration) error {
	if err := db.Exec(ctx, "create migrations table", record); err != nil {
		return err
	}
	applied, err := appliedDigests(ctx, db)
	if err != nil {
		return err
	}
	if err := check(all, applied); err != nil {
		return err
	}
	for _, m := range all {
		if _, done := applied[m.Version]; done {
			continue
		}
		if err := apply(ctx, db, m); err != nil {
			return err
		}
	}
	return nil
}

// appliedDigests reads the record: the digests by version. Two processes that migrated at once may both have written.
func appliedDigests(ctx context.Context, db *wire.DB) (map[uint32][]string, error) {
	out := map[uint32][]string{}
	q := wire.Query{Op: "read migrations", SQL: "SELECT DISTINCT version, digest FROM migrations ORDER BY version, digest"}
	err := db.Each(ctx, q, func(scan func(...any) error) error {
		var version uint32
		var digest string
		if err := scan(&version, &digest); err != nil {
			return err
		}
		out[version] = append(out[version], digest)
		return nil
	})
	return out, err
}

// check refuses a database that this build would misread.
func check(all []Migration, applied map[uint32][]string) error {
	for version, digests := range applied {
		if int(version) > len(all) || version == 0 {
			return wire.Failf(access.Conflict, "migrate database", "run the newer muster, or give this one a database or data folder of its own",
				"the database has migration %d and this muster knows %d: a newer one made it", version, len(all))
		}
		m := all[version-1]
		for _, d := range digests {
			if d != m.Digest {
				return wire.Failf(access.Conflict, "migrate database", "run the muster that made the database, or give this one a database or data folder of its own",
					"migration %04d_%s was applied with another text (digest %.12s…, here %.12s…)", m.Version, m.Name, d, m.Digest)
			}
		}
	}
	return nil
}

// apply runs m and writes it down.
func apply(ctx context.Context, db *wire.DB, m Migration) error {
	op := fmt.Sprintf("apply migration %04d_%s", m.Version, m.Name)
	for _, s := range m.Statements() {
		if err := db.Exec(ctx, op, s); err != nil {
			return err
		}
	}
	return db.Insert(ctx, op, wire.Block{
		Table: "migrations", Token: wire.Token("migration", m.Digest),
		Cols: []wire.Col{
			{Name: "version", Data: wire.Slice[uint32]{m.Version}},
			{Name: "name", Data: wire.Slice[string]{m.Name}},
			{Name: "digest", Data: wire.Slice[string]{m.Digest}},
			{Name: "applied_at", Data: wire.Slice[time.Time]{db.Now()}},
		},
	})
}
