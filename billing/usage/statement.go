package usage

import "time"

// StatementDay is a sealed day of a tenant. Hashes are in lower-case hexadecimal.
type StatementDay struct {
	Day      string `json:"day"`
	Events   int64  `json:"events"`
	Root     string `json:"root"`     // of the Merkle tree of its events
	Previous string `json:"previous"` // the head of the day before; zeros before the first
	Head     string `json:"head"`     // of the chain, up to this day
}

// String is the date.
func (d day) String() string { return d.time().Format(time.DateOnly) }
