package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopwatch measures from now on; the function that it gives tells the wall time, and the processor time of this process and
// of the engine, in seconds. On a busy machine the processor time is the one to trust.
func stopwatch(engine int) func() (wall, cpu float64) {
	start, before := time.Now(), ownCPU()+processCPU(engine)
	return func() (float64, float64) {
		return time.Since(start).Seconds(), ownCPU() + processCPU(engine) - before
	}
}

// ownCPU is the processor time of this process.
func ownCPU() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// processCPU is the processor time of another process: the 14th and 15th field of proc(5)'s stat, in hundredths.
func processCPU(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	var ticks float64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return ticks / 100
}

// load is how many processes the machine has wanted to run in the last minute, next to how many it can.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return fmt.Sprintf("%s on %d processors", minute, runtime.NumCPU())
}
