// Package events keeps one row for each change: what happened, who did it, to what, from where. The function that makes a change records
// its event in the same transaction, so neither exists without the other. Rows are only ever added.
package events
