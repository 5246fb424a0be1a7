package world

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sumMetric adds the series of a metric in Prometheus' text format.
func sumMetric(r io.Reader, name string, labels []string) (float64, error) {
	sum := 0.0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, ok := cutLast(lines.Text(), " ")
		rest, isMetric := strings.CutPrefix(series, name)
		if !ok || !isMetric || (rest != "" && rest[0] != '{') || !holdsAll(rest, labels) {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read the metric %s: %w", series, err)
		}
		sum += n
	}
	return sum, lines.Err()
}

func cutLast(s, sep string) (before, after string, ok bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

func holdsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
