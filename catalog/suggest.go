package catalog

import (
	"fmt"
	"slices"
)

// suggest returns "; did you mean …?" for the known name that is closest to a wrong one, or nothing if none is
// close. Of two equally close it is the one that begins alike for longer.
func suggest[T ~string](wrong string, known []T) string {
	best, distance := "", max(1, len(wrong)/4)+1
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		name := string(candidate)
		// A file is written by people, but read before it is trusted: long names are not worth the time.
		if len(wrong) > maxName || len(name) > maxName {
			continue
		}
		d := edits(wrong, name)
		if d < distance || d == distance && best != "" && shared(wrong, name) > shared(wrong, best) {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// shared returns the length of the common beginning.
func shared(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// edits returns how many bytes must be added, removed, replaced or swapped with their neighbor to turn a into b.
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			rows[i][j] = max(i, j)
			if i == 0 || j == 0 {
				continue
			}
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
