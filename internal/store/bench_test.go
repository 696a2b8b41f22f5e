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
	cpu := func() float64 { return cpuSeconds(b, e.Pid()) }
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

// cpuSeconds is what this process and the engine have used, in seconds: on a busy machine it says more than the wall clock.
func cpuSeconds(b *testing.B, engine int) float64 {
	b.Helper()
	ticks := 0.0
	for _, pid := range []string{"self", strconv.Itoa(engine)} {
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

// BenchmarkNight measures the store's part of a night over 20,000 persons, 100,000 accounts and 1M grants.
func BenchmarkNight(b *testing.B) {
	s := open(b)
	ctx := b.Context()
	const persons = 20_000
	var people, rest []access.Record
	for i := range persons {
		people = append(people, access.Person{ID: fmt.Sprint("W-", i), Row: int64(i), Email: fmt.Sprintf("p%d@acme.example", i), Department: fmt.Sprint("D", i%40),
			Title: fmt.Sprint("T", i%90), Status: access.StatusActive, ManagerID: fmt.Sprint("W-", i/10)})
		for j := range 5 {
			a := access.Account{System: "erp", ID: fmt.Sprintf("%d-%06d", j, i), Name: fmt.Sprint("n", i), EmployeeID: fmt.Sprint("W-", i), Email: fmt.Sprintf("p%d@acme.example", i), Enabled: true}
			rest = append(rest, a)
			for k := range 10 {
				rest = append(rest, access.Grant{System: "erp", AccountID: a.ID, EntitlementID: fmt.Sprint("e", (i+k*17)%3000), Effective: true})
			}
		}
	}
	for e := range 3000 {
		rest = append(rest, access.Entitlement{System: "erp", ID: fmt.Sprint("e", e), Name: fmt.Sprint("N", e)})
	}
	w := worldOf(load(b, s, "hr", "hr", at(22), people...), load(b, s, "erp", "erp", at(22), rest...))
	b.ResetTimer()
	for range b.N {
		begin := time.Now()
		if _, err := s.LinkAccounts(ctx, w); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "link_s")
		begin = time.Now()
		fields := []string{"department", "title", "status"}
		if err := s.Profiles(ctx, w, fields, func(uint64, access.Person) error { return nil }); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "profiles_s")
		begin = time.Now()
		n := 0
		if err := s.Facts(ctx, w, store.FactsQuery{Profile: fields}, func(f *access.PersonFacts, _ uint64) error {
			for _, a := range f.Accounts {
				n += len(a.Grants)
			}
			return nil
		}); err != nil || n != persons*50 {
			b.Fatal(n, err)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "facts_s")
		begin = time.Now()
		if err := s.Population(ctx, w, "grants", func([]string) error { return nil }, func([]string) error { return nil }); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "population_s")
	}
}
