// Package usage records what was used, counts it once, and answers how much that was.
//
//   - An [Event] is one use of a meter, attributed to whoever caused it. Its key makes it count once, however often it is sent.
//   - A [Recorder] writes events of many callers in one COPY, and answers when they are committed.
//   - A [Folder] adds what was written to sums by hour and by day, and tells each [Sink] of it in the same transaction.
//
// What is not folded yet is read beside the sums in one snapshot, so that a report is exact at any moment. Events lie in partitions by
// day that only the role gatehouse_usage may write; see docs/architecture.md, "Data".
package usage
