package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine describes where the figures come from.
func machine() string {
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		release = []byte("unknown")
	}
	return fmt.Sprintf("Machine: %s, %d cores, Linux %s, %s. Client and server share the cores.", model, runtime.NumCPU(), strings.TrimSpace(string(release)), runtime.Version())
}

// memory is the resident memory of a process, in MiB.
func memory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(f[1], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d shows no VmRSS", pid)
}

// processStat is what /proc says of a process.
type processStat struct {
	name   string
	parent int
	// ms is the CPU time, in milliseconds, that it and its children that have
	// ended have used.
	ms float64
}

func readStat(pid int) (processStat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}, err
	}
	// "pid (name) state parent …": the name may hold anything.
	start, end := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')')
	if start < 0 || end < start {
		return processStat{}, fmt.Errorf("process %d: %q", pid, text)
	}
	f := strings.Fields(string(text[end+1:]))
	if len(f) < 15 {
		return processStat{}, fmt.Errorf("process %d: %q", pid, text)
	}
	s := processStat{name: string(text[start+1 : end])}
	if s.parent, err = strconv.Atoi(f[1]); err != nil {
		return s, err
	}
	for _, field := range f[11:15] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return s, err
		}
		s.ms += ticks * 10
	}
	return s, nil
}
