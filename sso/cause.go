package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Fixer is who has to do something about a refusal.
type Fixer string

// The fixers.
const (
	FixPerson   Fixer = "person"    // who signs in
	FixIdPAdmin Fixer = "idp_admin" // who administers the identity provider
	FixAdmin    Fixer = "admin"     // who administers the organization here
	FixOperator Fixer = "operator"  // who runs this installation
)

// Fixer says who has to do something about the reason; for one that is not listed, the operator.
func (r Reason) Fixer() Fixer {
	if b, ok := blames[r]; ok {
		return b.fixer
	}
	return FixOperator
}

// Because completes the sentence "14 people failed because …".
func (r Reason) Because() string {
	if b, ok := blames[r]; ok {
		return b.because
	}
	return blames[Broken].because
}

// Cause is one reason for which sign-ins were refused over a connection, and how many people it met.
type Cause struct {
	Connection    id.Connection `gorm:"column:connection_id"`
	Reason        Reason
	Expected, Got string // where they are the same for everybody
	Attempts      int64
	People        int64 // as far as they can be told apart: by who was proven, by who came in before, or by address
	FirstAt       time.Time
	LastAt        time.Time
}

// Sentence says the cause in one line: "14 people failed since 09:12 because the certificate has changed". The time is in UTC.
func (c Cause) Sentence() string {
	people := fmt.Sprintf("%d people", c.People)
	if c.People == 1 {
		people = "1 person"
	}
	return fmt.Sprintf("%s failed since %s because %s", people, c.FirstAt.UTC().Format("2 January 15:04 UTC"), c.Reason.Because())
}

// shared are the reasons for which everybody who meets them gets the same answer, so that what was got tells one cause from another.
var shared = []Reason{
	ConnectionMismatch, CallbackIssuer, IDTokenType, IDTokenAlgorithm, IDTokenKey, IssuerMismatch, AudienceMismatch, DirectoryMismatch,
	DomainNotAllowed, ResponseStatus, SignatureKeyUnknown, SignatureAlgorithm, IdPCertificateExpired, DestinationMismatch, RecipientMismatch,
	NameIDTransient, NameIDQualifier, AuthnContextWeak,
}

const maxCauses = 50

// Causes groups the refused sign-ins since a time by what they were refused for, the latest first. Tests are not among them.
func Causes(ctx context.Context, tx *db.TenantTx, c id.Connection, since time.Time) ([]Cause, error) {
	var list []Cause
	err := tx.DB.WithContext(ctx).Raw(`SELECT connection_id, reason, expected, got, count(*) AS attempts, count(DISTINCT person) AS people,
		min(created_at) AS first_at, max(created_at) AS last_at
		FROM (SELECT connection_id, reason, created_at,
			CASE WHEN reason IN @shared THEN expected ELSE '' END AS expected, CASE WHEN reason IN @shared THEN got ELSE '' END AS got,
			COALESCE(NULLIF(lower(email), ''), NULLIF(subject, ''), known_member_id::text, address) AS person
			FROM attempts WHERE tenant_id = @tenant AND outcome = 'refused' AND purpose <> 'test' AND created_at >= @since
			AND (@all OR connection_id = @connection)) refused
		GROUP BY connection_id, reason, expected, got ORDER BY last_at DESC, reason LIMIT @most`,
		map[string]any{
			"tenant": tx.Tenant, "since": since, "shared": shared, "connection": c, "all": c.IsZero(), "most": maxCauses,
		}).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("group refused sign-ins: %w", err)
	}
	return list, nil
}
