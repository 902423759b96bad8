// Command testreport reads the output of `go test -json` and prints it as `go test` would: a line for each package, and
// the output of the tests that failed. It fails where `go test` fails, and also where a test was skipped or nothing ran,
// because a test that did not run proves nothing and the plain output hides it.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	report := newReport(out)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			report.line(line)
		}
		if err == io.EOF {
			return report.verdict()
		}
		if err != nil {
			return fmt.Errorf("read the test output: %w", err)
		}
	}
}
