package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
)

// BenchmarkLoadRatio measures how long a snapshot of grants takes through the Loader, commit included, against the engine's own INSERT ... SELECT FROM file() of the
// same rows in Native format into the same table. Size: 5M grants of 500k accounts.
func BenchmarkLoadRatio(b *testing.B) {
	needEngine(b)
	ctx := b.Context()
	dir := b.TempDir()
	e, err := engine.Attach(ctx, engine.Options{Dir: dir, AllowFile: true, Log: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	user, password := e.Auth()
	s, err := store.Open(ctx, store.Options{Dial: e.DialContext, User: user, Password: password, Log: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	conn, err := clickhouse.Open(&clickhouse.Options{DialContext: e.DialContext, Auth: clickhouse.Auth{Username: user, Password: password, Database: "muster"}})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	exec := func(sql string) {
		if err := conn.Exec(ctx, sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	const accounts, each = 500_000, 10
	ids := make([]string, accounts)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x-1111-4222-8333-%012x", i*2654435761%(1<<32), i)
	}
	groups := make([]string, 5000)
	for i := range groups {
		groups[i] = fmt.Sprintf("group-%05d", i)
	}
	// cpu is what this process and the engine have used, in seconds: on a busy machine it says more than the wall clock.
	cpu := func() float64 {
		ticks := 0.0
		for _, pid := range []string{"self", strconv.Itoa(e.Pid())} {
			raw, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil {
				b.Fatal(err)
			}
			f := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
			for _, field := range f[11:13] {
				n, _ := strconv.ParseFloat(field, 64)
				ticks += n
			}
		}
		return ticks / 100
	}
	native := filepath.Join(dir, "grants.native")
	for n := range b.N {
		id := fmt.Sprint("S-", n)
		used, begin := cpu(), time.Now()
		l, err := s.BeginSnapshot(ctx, access.Snapshot{ID: id, System: "big", TakenAt: at(22)})
		if err != nil {
			b.Fatal(err)
		}
		for i := range accounts * each {
			g := access.Grant{System: "big", AccountID: ids[i%accounts], EntitlementID: groups[(i*7+i/accounts)%len(groups)], Effective: true}
			if err := l.Add(ctx, g); err != nil {
				b.Fatal(err)
			}
		}
		added, addedCPU := time.Since(begin), cpu()-used
		if err := l.Commit(ctx, access.Snapshot{ID: id, System: "big", TakenAt: at(22), State: access.Complete}); err != nil {
			b.Fatal(err)
		}
		loaded, loadedCPU := time.Since(begin), cpu()-used
		if n == 0 {
			exec("INSERT INTO FUNCTION file('" + native + "', 'Native') SELECT * FROM grants ORDER BY sipHash64(account_id, entitlement_id)")
			exec("CREATE TABLE baseline AS grants")
		}
		used, begin = cpu(), time.Now()
		exec("INSERT INTO baseline SELECT * FROM file('" + native + "', 'Native') SETTINGS insert_deduplicate = 0")
		baseline, baselineCPU := time.Since(begin), cpu()-used
		b.ReportMetric(addedCPU, "add_cpu_s")
		b.ReportMetric(loadedCPU, "load_cpu_s")
		b.ReportMetric(baselineCPU, "file_cpu_s")
		b.ReportMetric(loaded.Seconds(), "load_s")
		b.ReportMetric(added.Seconds(), "add_s")
		b.ReportMetric(baseline.Seconds(), "file_s")
		b.ReportMetric(loaded.Seconds()/baseline.Seconds(), "ratio")
		exec("TRUNCATE TABLE baseline")
	}
}
