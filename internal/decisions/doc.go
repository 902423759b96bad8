// Package decisions is the log of what was decided: every refusal, and a sample of the approvals.
//
// Whoever decides notes it in a [Log], which costs a copy into a ring of bounded size and never waits. [Log.Run] takes what is in the ring
// and writes it, many decisions in one statement. While the database is away the ring fills, and what finds no room is dropped and
// counted: a log that is late or incomplete harms less than a decision that waits for it.
//
// The log is kept for seven days ([Prune]). It is there to answer questions, and no trail of changes: that is package events.
package decisions
