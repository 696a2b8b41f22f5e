package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestPrintedTableHasEveryRow(t *testing.T) {
	dir := t.TempDir()
	for format, begin := range map[string]string{"pdf": "%PDF-", "html": "<!DOCTYPE html>"} {
		path := filepath.Join(dir, format)
		p, err := doPrint(format + " 500 " + path)
		if err != nil || p.Memory < 5 {
			t.Fatalf("%s: %+v, %v", format, p, err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(text, []byte(begin)) {
			t.Errorf("%s begins with %q (%v)", format, text[:min(20, len(text))], err)
		}
		if format == "html" && bytes.Count(text, []byte("<tr>")) != 501 {
			t.Errorf("%d rows of 501", bytes.Count(text, []byte("<tr>")))
		}
	}
	for _, job := range []string{"", "pdf x y", "pdf 1 /nowhere/file"} {
		if _, err := doPrint(job); err == nil {
			t.Errorf("%q was printed", job)
		}
	}
}

// TestMemoryOfATreeCountsItsChildren: a shell whose child holds on is larger than nothing, and a process that is gone is nothing.
func TestMemoryOfATreeCountsItsChildren(t *testing.T) {
	command := exec.Command("sh", "-c", "sleep 30 & wait")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	all := 0.0
	for range 1000 {
		if all = treeMemory(command.Process.Pid); all > 0 {
			break
		}
	}
	own := treeMemory(os.Getpid())
	if err := syscall.Kill(-command.Process.Pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	_ = command.Wait()
	if all <= 0 || own <= all || treeMemory(command.Process.Pid) != 0 {
		t.Errorf("tree %.2f MB, with this process %.2f MB, afterwards %.2f MB", all, own, treeMemory(command.Process.Pid))
	}
}
