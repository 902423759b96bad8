package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// What a decision in process may cost.
const (
	maxDecision = 1000 // ns of processor time
	maxSlower   = 4    // times that of a thousand tenants, with a hundred thousand
	maxHeap     = 150  // MB for a million members
	minCasbin   = 100  // times as fast as Casbin's Enforce
	maxCold     = 3    // statements beside those that open the scopes
)

// decisions measures the decision in process, without HTTP: BenchmarkScale of package access, which takes turns between a thousand tenants, a
// hundred thousand, and a plain Casbin enforcer with the same policy. It says "ns" of the processor's time, since other programs run too.
func (w *world) decisions(ctx context.Context, _ load) ([]Row, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^BenchmarkScale$", "-benchtime=500ms", "./access").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench ./access: %w: %s", err, out)
	}
	found := metrics(out)
	get := func(name, unit string) float64 {
		values := found[name+" "+unit]
		if len(values) == 0 {
			err = errors.Join(err, fmt.Errorf("go test -bench ./access printed no %s of %s: %s", unit, name, out))
			return 0
		}
		return median(values)
	}
	few, many, casbin := get("Tenants1000", "cpu-ns/op"), get("Tenants100000", "cpu-ns/op"), get("Casbin", "cpu-ns/op")
	allocations, heap, cold := get("Tenants100000", "allocs/op"), get("Tenants100000", "heap-MB"), int64(get("Cold", "statements"))
	if err != nil {
		return nil, err
	}
	rows := []Row{
		{Name: "decision in process, 1,000 tenants × 10", Value: few, Unit: "ns CPU", Target: fmt.Sprintf("≤ %d", maxDecision), Met: few <= maxDecision},
		{
			Name: "decision in process, 100,000 tenants × 10", Value: many, Unit: "ns CPU", Ratio: many / few,
			Target: fmt.Sprintf("≤ %d, ≤ %d × of 1,000", maxDecision, maxSlower), Met: many <= maxDecision && many <= maxSlower*few,
		},
		{Name: "allocations of a decision", Value: allocations, Unit: "", Target: "0", Met: allocations == 0},
		{Name: "heap of a million members and their tenants", Value: heap, Unit: "MB", Target: fmt.Sprintf("≤ %d", maxHeap), Met: heap <= maxHeap},
		{
			Name: "plain Casbin Enforce, same policy", Value: casbin, Unit: "ns CPU", Ratio: casbin / few,
			Target: fmt.Sprintf("≥ %d × a decision", minCasbin), Met: casbin >= minCasbin*few,
		},
		{
			Name: "first question about a cold tenant", Value: float64(cold), Unit: "statements", SQL: &cold,
			Target: fmt.Sprintf("≤ %d beside the scopes'", maxCold), Met: cold <= maxCold,
		},
	}
	for i := range rows {
		rows[i].Measured = "5 rounds of 500ms, in turns"
	}
	return rows, nil
}

// metrics reads the output of go test -bench: the values of each unit by the last part of the benchmark's name.
func metrics(out []byte) map[string][]float64 {
	found := map[string][]float64{}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "BenchmarkScale/") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(f[0], "BenchmarkScale/"), "-")
		name, _, _ = strings.Cut(name, "#")
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				found[name+" "+f[i+1]] = append(found[name+" "+f[i+1]], v)
			}
		}
	}
	return found
}
