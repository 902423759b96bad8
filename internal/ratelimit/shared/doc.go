// Package shared counts events of several instances together, in Redis.
//
// It is GCRA there too (a script, by the clock of Redis). So that a request need not wait for the network, an instance
// borrows some events at once, at most a twentieth of the burst, and counts them off in memory. In any span of time all instances together
// therefore allow at most what the limit allows and that twentieth more for each instance; and as much may lie unused with
// others when one refuses. A limit with a burst below forty is exact, and asks each time.
//
// When Redis does not answer within some milliseconds, each instance holds every limit alone until it answers again: a [Limiter] never
// fails, and never allows without a limit.
package shared
