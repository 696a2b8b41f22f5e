package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/reports/document"
	"muster/reports/html"
	"muster/reports/pdf"
)

// The tables of the figures about printing.
const (
	populationRows = 100_000
	comparedRows   = 10_000
	printRounds    = 3
)

// printJob names the variable that makes this program print a table and end, so that the memory measured is that of the job alone.
const printJob = "MUSTER_BENCH_PRINT" // "pdf 100000 /path/to/file"

// printed is what one job took.
type printed struct {
	Wall, CPU, Memory float64
	Pages             int
}

// pdfPopulation prints a population of 100,000 rows.
func pdfPopulation(ctx context.Context, dir string) ([]figure, error) {
	var wall, memory []float64
	var last printed
	for range printRounds {
		p, err := printIn(ctx, "pdf", populationRows, filepath.Join(dir, "population.pdf"))
		if err != nil {
			return nil, err
		}
		wall, memory, last = append(wall, p.Wall), append(memory, p.Memory), p
	}
	file, err := os.Stat(filepath.Join(dir, "population.pdf"))
	if err != nil {
		return nil, fmt.Errorf("look at pdf: %w", err)
	}
	what := fmt.Sprintf("a table of %d rows and 6 columns through the printer of all reports, %d pages, %.1f MB, in a process of its own; median of %d", populationRows, last.Pages, float64(file.Size())/(1<<20), printRounds)
	return []figure{
		{"pdf_100k_s", round(median(wall)), "s", "less than 10", what + fmt.Sprintf("; from the start of the process to its end, %.1f s of processor time; load of the machine %s", last.CPU, load())},
		{"pdf_100k_rss_mb", round(median(memory)), "MB", "less than 300", what + "; peak resident memory (VmHWM)"},
	}, nil
}

// pdfAgainstChromium prints the same table here and by Chromium from the page that is our own accessible twin.
func pdfAgainstChromium(ctx context.Context, dir string) ([]figure, error) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("find chromium (Debian package chromium): %w", err)
	}
	page := filepath.Join(dir, "table.html")
	if _, err := printIn(ctx, "html", comparedRows, page); err != nil {
		return nil, err
	}
	var ours, theirs []printed
	for range printRounds {
		p, err := printIn(ctx, "pdf", comparedRows, filepath.Join(dir, "ours.pdf"))
		if err != nil {
			return nil, err
		}
		c, err := printByChromium(ctx, browser, page, filepath.Join(dir, "theirs.pdf"))
		if err != nil {
			return nil, err
		}
		ours, theirs = append(ours, p), append(theirs, c)
	}
	of := func(all []printed, pick func(printed) float64) float64 {
		var values []float64
		for _, p := range all {
			values = append(values, pick(p))
		}
		return median(values)
	}
	wall, cpu, memory := func(p printed) float64 { return p.Wall }, func(p printed) float64 { return p.CPU }, func(p printed) float64 { return p.Memory }
	time, space := of(ours, wall)/of(theirs, wall), of(ours, memory)/of(theirs, memory)
	return []figure{{"pdf_vs_chromium_ratio", round(max(time, space)), "ratio", "headless Chromium prints the same table from our page; at most 0.2 of its time and memory",
		fmt.Sprintf("the larger of time %.3f (%.2f s of %.2f s, start to end) and memory %.3f (%.0f MB of %.0f MB: ours VmHWM, Chromium's the highest sum over its processes of what is theirs, shared pages divided (PSS)); "+
			"processor time %.2f s of %.2f s; %d rows, median of %d, alternating; load of the machine %s", time, of(ours, wall), of(theirs, wall), space, of(ours, memory), of(theirs, memory),
			of(ours, cpu), of(theirs, cpu), comparedRows, printRounds, load())}}, nil
}

// printIn runs a job in a process of its own.
func printIn(ctx context.Context, format string, rows int, path string) (printed, error) {
	self, err := os.Executable()
	if err != nil {
		return printed{}, fmt.Errorf("find this program: %w", err)
	}
	command := exec.CommandContext(ctx, self)
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", printJob, format, rows, path))
	start := time.Now()
	out, err := command.Output()
	if err != nil {
		return printed{}, fmt.Errorf("print %d rows as %s: %w", rows, format, err)
	}
	var p printed
	if err := json.Unmarshal(out, &p); err != nil {
		return printed{}, fmt.Errorf("print %d rows as %s: %w: %s", rows, format, err, out)
	}
	p.Wall, p.CPU = time.Since(start).Seconds(), command.ProcessState.UserTime().Seconds()+command.ProcessState.SystemTime().Seconds()
	return p, nil
}

// printChild does a job and says what memory it took.
func printChild(job string) int {
	p, err := doPrint(job)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(p)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func doPrint(job string) (p printed, err error) {
	fields := strings.SplitN(job, " ", 3)
	if len(fields) != 3 {
		return p, fmt.Errorf("print: %q is no job", job)
	}
	rows, err := strconv.Atoi(fields[1])
	if err != nil {
		return p, fmt.Errorf("print: %w", err)
	}
	doc := population(rows)
	switch fields[0] {
	case "pdf":
		var data []byte
		if data, p.Pages, err = pdf.Print(doc); err == nil {
			err = os.WriteFile(fields[2], data, 0o600)
		}
	default:
		var out *os.File
		if out, err = os.Create(fields[2]); err == nil {
			err = errors.Join(html.Write(out, doc), out.Close())
		}
	}
	p.Memory = peak(os.Getpid())
	return p, err
}

// population is a report of one table, whose rows are made as they are printed.
func population(rows int) document.Document {
	names := []string{"Maja Lind", "Kofi Okafor", "Ana Silva", "Petr Novák", "Nguyễn Thị Hạnh", "Ελένη Παπαδοπούλου", "Олена Шевченко", "Aisha Rahman", "Zoltán Kővári"}
	systems := []string{"directory", "erp", "saas", "warehouse", "vpn"}
	at := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	table := document.Table{Caption: "Grants", Columns: []document.Column{{Title: "Worker", Share: 14, Whole: true}, {Title: "Name", Share: 34}, {Title: "System", Share: 16}, {Title: "Account", Share: 24},
		{Title: "Entitlement", Share: 36}, {Title: "Since", Share: 16, Whole: true}}, Stream: func(yield func([]document.Cell) error) error {
		for i := range rows {
			row := document.Row(fmt.Sprintf("W-%06d", i), names[i%len(names)], systems[i%len(systems)], fmt.Sprintf("account%06d", i*7919%1_000_000), fmt.Sprintf("cn=role-%03d,ou=roles", i%300),
				at.AddDate(0, 0, -i%900).Format("2006-01-02"))
			if err := yield(row); err != nil {
				return err
			}
		}
		return nil
	}}
	return document.Document{Kind: "population", Title: "Population of grants", Subtitle: "as of 2026-11-22 01:00 UTC", Organisation: "Acme", Classification: "Confidential", Pack: "P-BENCHMARK", Created: at,
		Cover: document.Cover{Verdict: fmt.Sprintf("%d grants.", rows)}, Blocks: []document.Block{document.Heading{Level: 1, Text: "Grants", NewPage: true}, table}}
}
