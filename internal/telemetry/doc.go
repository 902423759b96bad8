// Package telemetry is what an operator sees: one log line per request or job, and the metrics.
//
//   - [NewLogger] writes JSON lines that cannot be forged by what a stranger sends, and that hold no secret.
//   - [Writer] keeps the lines of requests from costing a system call each.
//   - [Line] is the canonical line: everything about one request in one place, so that nothing has to be pieced together.
//   - [Metrics] is a Prometheus registry of our own, served on a listener of its own.
package telemetry
