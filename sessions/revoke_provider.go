package sessions

import (
	"context"
	"errors"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Ended is what a provider says is over: sessions that one connection made, of a subject, or with the provider's own names of its sessions,
// or, when both are given, only those to which both apply.
type Ended struct {
	Connection id.Connection
	Issuer     string
	Subject    string
	// SubjectFormats are the spellings of the format in which the subject must have been named; empty means without one.
	SubjectFormats []string
	IdPSessions    []string
}

// RevokeEnded ends the sessions that a provider says are over, and says how many. With none there is no event: providers tell everybody
// who might have had one.
func RevokeEnded(ctx context.Context, tx *db.TenantTx, e Ended) (int, error) {
	if e.Connection.IsZero() || e.Issuer == "" || e.Subject == "" && len(e.IdPSessions) == 0 {
		return 0, errors.New("end sessions of a provider: whose is not said")
	}
	condition, args := "connection_id = ? AND issuer = ?", []any{e.Connection, e.Issuer}
	if e.Subject != "" {
		formats := e.SubjectFormats
		if len(formats) == 0 {
			formats = []string{""}
		}
		condition += " AND subject = ? AND subject_format IN ?"
		args = append(args, e.Subject, formats)
	}
	if len(e.IdPSessions) > 0 {
		condition += " AND idp_session IN ? AND idp_session <> ''"
		args = append(args, e.IdPSessions)
	}
	ended, err := end(tx, ReasonProvider, condition, args...)
	if err != nil || len(ended) == 0 {
		return 0, err
	}
	return len(ended), events.Record(ctx, tx, events.SessionsRevoked, e.Connection, events.Data{
		"count": len(ended), "reason": ReasonProvider, "sessions": ended[:min(len(ended), announced)],
	})
}
