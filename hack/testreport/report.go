package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json`, as `go doc test2json` describes it. Test is empty for what concerns a package.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// test names one test, or with an empty name the package itself.
type test struct{ pkg, name string }

// report keeps the output of running tests until it is known whether anyone needs to read it.
type report struct {
	out     io.Writer
	output  map[test]*strings.Builder
	order   map[string][]test // tests of a package in the order of their start
	passes  int
	skips   []string
	failure bool
}

func newReport(out io.Writer) *report {
	return &report{
		out:    out,
		output: map[test]*strings.Builder{},
		order:  map[string][]test{},
	}
}

// line takes one line of input. What is no event, such as a message of the go command itself, is passed on.
func (r *report) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		_, _ = r.out.Write(line)
		return
	}
	t := test{e.Package, e.Test}
	switch e.Action {
	case "run":
		r.order[e.Package] = append(r.order[e.Package], t)
	case "output":
		r.keep(t, e.Output)
	case "build-output":
		_, _ = io.WriteString(r.out, e.Output)
	case "build-fail":
		r.failure = true
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.end(e.Package, e.Action)
			return
		}
		r.endTest(t, e.Action)
	}
}

func (r *report) keep(t test, output string) {
	for _, noise := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME"} {
		if strings.HasPrefix(output, noise) {
			return
		}
	}
	if r.output[t] == nil {
		r.output[t] = &strings.Builder{}
	}
	r.output[t].WriteString(output)
}

func (r *report) endTest(t test, action string) {
	switch action {
	case "pass":
		r.passes++
		delete(r.output, t)
	case "skip":
		r.skips = append(r.skips, t.pkg+" "+t.name)
	}
}

// end prints what is left of a package: the output of tests that failed, were skipped, or never ended because the
// package crashed or took too long. A package without test files ends as skipped and prints nothing.
func (r *report) end(pkg, action string) {
	for _, t := range r.order[pkg] {
		r.print(t, func(string) bool { return true })
	}
	r.print(test{pkg: pkg}, func(line string) bool { return action == "fail" || strings.HasPrefix(line, "ok  ") })
	r.failure = r.failure || action == "fail"
	delete(r.order, pkg)
}

func (r *report) print(t test, wanted func(line string) bool) {
	if b := r.output[t]; b != nil {
		for line := range strings.Lines(b.String()) {
			if wanted(line) {
				_, _ = io.WriteString(r.out, line)
			}
		}
	}
	delete(r.output, t)
}

// verdict is nil when something ran, and everything that there is passed.
func (r *report) verdict() error {
	switch {
	case len(r.skips) > 0:
		return fmt.Errorf("%d skipped:\n\t%s", len(r.skips), strings.Join(r.skips, "\n\t"))
	case r.failure:
		return errors.New("tests failed")
	case r.passes == 0:
		return errors.New("no test ran")
	}
	return nil
}
