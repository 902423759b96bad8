// Command bench measures what the README promises and prints one table. Each HTTP row is a ratio against a bare Echo handler that was
// loaded in turns with it, in the same run: absolute times say little on a shared machine. The JSON is kept in bench/latest.json. A row
// below its target makes the command fail.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "baseline" {
		exit(serveBaseline(os.Args[2]))
	}
	if len(os.Args) == 4 && os.Args[1] == "naive" {
		exit(serveNaive(context.Background(), os.Args[2], os.Args[3]))
	}
	rounds := flag.Int("rounds", 7, "rounds; the median counts")
	each := flag.Duration("each", time.Second, "how long each row is loaded in a round")
	clients := flag.Int("clients", 64, "connections at once: with half of them a sixth of the time of two processors passes idle")
	hot := flag.Bool("hot", false, "measure the requests of warm callers only")
	onlyUsage := flag.Bool("usage", false, "measure the recording of usage only")
	besidePeers := flag.Bool("peers", false, "compare with other services whose binaries are on the machine; no target, and nothing is kept")
	onlyMonth := flag.Bool("month", false, "measure the report of a month of 20 million events only")
	quick := flag.Bool("quick", false, "leave out the month of 20 million events, which needs minutes and 9 GB of disk")
	onlyQuota := flag.Bool("quota", false, "measure the decisions of quotas only")
	out := flag.String("out", "bench/latest.json", "where the numbers are kept")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	l := load{rounds: *rounds, each: *each, clients: *clients}
	if *besidePeers {
		exit(comparePeers(ctx, l))
	}
	measures := []measure{(*world).traffic}
	switch {
	case *onlyUsage:
		measures = []measure{(*world).usage}
	case *onlyMonth:
		measures = []measure{(*world).month}
	case *onlyQuota:
		measures = []measure{(*world).quota}
	case !*hot:
		// Quotas come before usage, whose millions of events Postgres goes on to write out and vacuum for minutes, beside whatever is measured then.
		measures = append(measures, (*world).decisions, (*world).callback, (*world).acs, (*world).quota, (*world).usage)
		if !*quick {
			measures = append(measures, (*world).month)
		}
	}
	exit(run(ctx, l, *out, measures))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Row is one line of the result.
type Row struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Ratio    float64 `json:"ratio,omitempty"`  // to the bare handler of the same run
	CPU      float64 `json:"cpu_us,omitempty"` // of the server, per request
	CPURatio float64 `json:"cpu_ratio,omitempty"`
	SQL      *int64  `json:"sql_statements,omitempty"`
	Target   string  `json:"target,omitempty"`
	Met      bool    `json:"met"`
	Measured string  `json:"measured"`
}

// measure makes rows of one subject.
type measure func(*world, context.Context, load) ([]Row, error)

func run(ctx context.Context, l load, out string, measures []measure) error {
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	rows := []Row{w.binary(), w.start(), w.memory()}
	for _, m := range measures {
		more, err := m(w, ctx, l)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	for i := range rows {
		if rows[i].Measured != "" {
			continue
		}
		rows[i].Measured = fmt.Sprintf("%d rounds of %s, %d connections", l.rounds, l.each, l.clients)
	}
	if err := show(rows); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(out, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // a report for everybody
		return fmt.Errorf("keep the result: %w", err)
	}
	var missed []string
	for _, r := range rows {
		if !r.Met {
			missed = append(missed, fmt.Sprintf("%s: %.3g %s, ratio %.2f, CPU %.2f, target %s", r.Name, r.Value, r.Unit, r.Ratio, r.CPURatio, r.Target))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("below target: %s", strings.Join(missed, "; "))
	}
	return nil
}

func show(rows []Row) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "MEASURED\tVALUE\tUNIT\tRATIO TO BARE ECHO\tCPU µs\tRATIO\tSQL STATEMENTS\tTARGET\tMET")
	for _, r := range rows {
		ratio, cpu, cpuRatio, sql := "", "", "", ""
		if r.Ratio > 0 {
			ratio = fmt.Sprintf("%.2f", r.Ratio)
		}
		if r.CPU > 0 {
			cpu = fmt.Sprintf("%.1f", r.CPU)
		}
		if r.CPURatio > 0 {
			cpuRatio = fmt.Sprintf("%.2f", r.CPURatio)
		}
		if r.SQL != nil {
			sql = fmt.Sprint(*r.SQL)
		}
		fmt.Fprintf(t, "%s\t%.4g\t%s\t%s\t%s\t%s\t%s\t%s\t%v\n", r.Name, r.Value, r.Unit, ratio, cpu, cpuRatio, sql, r.Target, r.Met)
	}
	return t.Flush()
}
