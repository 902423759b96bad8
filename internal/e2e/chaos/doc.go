// Package chaos kills what counts usage and holds quotas, under load, and then counts again.
//
// A run is some rounds. In each of them processes of `gatehouse serve` share one Postgres (fsync on), clients send events and metered calls to
// all of them, and servers and Postgres are killed in turn by SIGKILL, never in order; some servers stand still for longer than their leases
// last (SIGSTOP), and the wall clocks of some jump by an hour. A client that gets no answer, or is told to, sends the same again with the same
// id. All the while, and at the end of each round, what clients were told is compared with what is stored:
//
//   - an event that was acknowledged is there, and once;
//   - reports and sums are what the events give, counted by the program's own verification and by SQL of its own;
//   - what was admitted of a quota is never more than its limit, and once the leases of the dead have expired all of the limit can be used.
//
// `go test` runs one short round. `make chaos` runs a hundred kills, with two and with eight servers, and a disk that is full; it prints its
// seed, by which -seed repeats its plan. What the scheduler of the machine does is not part of the plan.
package chaos
