package decisions

import (
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Decision is one answer, and what it came from.
type Decision struct {
	ID         id.Decision `gorm:"primaryKey"`
	At         time.Time
	MemberID   id.Membership // whom it is about: a member,
	KeyID      id.Key        // or an API key, or nobody of the tenant
	Role       string        // as it was when it was decided
	Plan       string
	Permission string // as asked, cut to Longest bytes
	Feature    string
	Quantity   int64
	Route      string // where it was asked; empty if it was by a function of the library
	Allowed    bool
	Clause     string
	NeedsRole  string
	NeedsPlan  string

	TenantVersion  int64
	CatalogVersion int64
}

// TableName implements GORM's Tabler.
func (Decision) TableName() string { return "decisions" }

// Longest is how much is kept of a name that a client sent: one that is longer is in no catalog.
const Longest = 100

// short cuts a name, and lets go of what it was cut from: the rest would stay in memory for as long as it is in the ring.
func short(name string) string {
	if len(name) <= Longest {
		return name
	}
	return strings.Clone(name[:Longest])
}

// storable is a text that the database takes, which refuses NUL and what is not UTF-8.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}
