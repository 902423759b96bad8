package sso

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Stage is how far an attempt has come.
type Stage string

// The stages. One that stays redirected is a round trip that was lost.
const (
	Redirected Stage = "redirected"
	Returned   Stage = "returned"
	Exchanged  Stage = "exchanged" // proven; the person still has to choose a tenant
	Verified   Stage = "verified"
	Finished   Stage = "finished"
)

// Outcome is how an attempt ended.
type Outcome string

// The outcomes.
const (
	Pending   Outcome = "pending"
	Succeeded Outcome = "succeeded"
	Refused   Outcome = "refused"
)

// Source is who started an attempt.
type Source string

// The sources: the person here, the provider, or an administrator who tests.
const (
	FromSP   Source = "sp"
	FromIdP  Source = "idp"
	FromTest Source = "test"
)

// Record is the row of an attempt, which a tenant's administrators may read.
type Record struct {
	ID            id.Attempt `gorm:"primaryKey"`
	ConnectionID  id.Connection
	Purpose       Purpose
	Stage         Stage
	Outcome       Outcome
	Reason        Reason
	Source        Source
	Expected, Got string        // of the check that refused
	Checks        []Check       `gorm:"serializer:json"`
	Subject       string        // that was proven
	Email         string        // as the provider said it
	MembershipID  id.Membership // who was let in
	KnownMemberID id.Membership // who had signed in over the connection with this browser before
	SetupLinkID   id.SetupLink  // whose holder tests the connection
	InvitationID  id.Invitation // that the sign-in is to accept
	Held          []byte        `json:"-"` // a proven identity that waits for the person's confirmation, encrypted
	StateHash     []byte        `json:"-"`
	BrowserHash   []byte        `json:"-"`
	ReturnTo      string
	SessionID     id.Session  // that a link, a test or a reauthentication belongs to
	UserID        id.User     // who that is, or who was proven
	IdentityID    id.Identity // that was proven, while a tenant is chosen
	Address       string
	UserAgent     string
	RequestID     string
	ConfigVersion int64
	CreatedAt     time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt     time.Time
	ConsumedAt    *time.Time
	ReplayedAt    *time.Time
	FinishedAt    *time.Time
}

// TableName implements GORM's Tabler.
func (Record) TableName() string { return "attempts" }

const (
	attemptLifetime = 10 * time.Minute
	// Of one address in one tenant, in the time that an attempt lives. A company behind one address signs in all at once in the morning,
	// and finishes; who only starts is stopped soon.
	maxPending = 30
	maxStarted = 600
)

// insertAttempt adds an attempt, unless its address has started too many.
func insertAttempt(ctx context.Context, tx *db.TenantTx, r *Record) error {
	origin := authn.OriginFrom(ctx)
	r.Address, r.UserAgent, r.RequestID = sourceOf(origin.Address), origin.UserAgent, origin.RequestID
	if r.Source == "" {
		r.Source = FromSP
	}
	if r.Purpose == ForTest {
		r.Source = FromTest
	}
	r.CreatedAt, r.ExpiresAt = tx.Now, tx.Now.Add(attemptLifetime)
	// Counting and adding is one step for one address.
	g := tx.DB.WithContext(ctx)
	if err := g.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "attempts "+tx.Tenant.String()+" "+r.Address).Error; err != nil {
		return fmt.Errorf("lock the attempts of an address: %w", err)
	}
	var n struct{ Pending, Started int64 }
	err := g.Raw(`SELECT count(*) FILTER (WHERE outcome = 'pending') AS pending, count(*) AS started
		FROM attempts WHERE tenant_id = ? AND address = ? AND created_at > ?`, tx.Tenant, r.Address, tx.Now.Add(-attemptLifetime)).Scan(&n).Error
	if err != nil {
		return fmt.Errorf("count the attempts of an address: %w", err)
	}
	if n.Pending >= maxPending || n.Started >= maxStarted {
		e := errs.New(errs.TooMany, "too_many_attempts", "Too many sign-ins were started from your address. Wait a few minutes.")
		e.RetryAfter = attemptLifetime
		return e
	}
	if err := db.Of[Record](tx.DB).Create(ctx, r); err != nil {
		return fmt.Errorf("create attempt: %w", err)
	}
	return nil
}

// sourceOf is what counts as one address: of IPv6 a whole network, since one person has many.
func sourceOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}

// findAttempt locks the attempt of a state.
func findAttempt(ctx context.Context, tx *db.TenantTx, state string) (Record, error) {
	err := tx.DB.WithContext(ctx).
		Exec("SELECT 1 FROM attempts WHERE tenant_id = ? AND state_hash = ? FOR UPDATE", tx.Tenant, stateHash(state)).Error
	if err != nil {
		return Record{}, fmt.Errorf("lock attempt: %w", err)
	}
	r, err := db.Of[Record](tx.DB).Where("state_hash = ?", stateHash(state)).First(ctx)
	if db.IsMissing(err) {
		return Record{}, Refuse(StateUnknown)
	}
	if err != nil {
		return Record{}, fmt.Errorf("load attempt: %w", err)
	}
	return r, nil
}

// consume uses an attempt up. Of many requests one gets true.
func consume(ctx context.Context, tx *db.TenantTx, a id.Attempt) (bool, error) {
	// From now on the attempt is found by the id of this request: it is the one that the person sees on the page of a refusal.
	done := tx.DB.WithContext(ctx).Exec(`UPDATE attempts SET consumed_at = ?, stage = 'returned', request_id = ?
		WHERE tenant_id = ? AND id = ? AND consumed_at IS NULL`, tx.Now, authn.OriginFrom(ctx).RequestID, tx.Tenant, a)
	if done.Error != nil {
		return false, fmt.Errorf("consume attempt: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

// replayed notes that a used attempt came back; true for the first time.
func replayed(ctx context.Context, tx *db.TenantTx, a id.Attempt) (bool, error) {
	done := tx.DB.WithContext(ctx).
		Exec("UPDATE attempts SET replayed_at = ? WHERE tenant_id = ? AND id = ? AND replayed_at IS NULL", tx.Now, tx.Tenant, a)
	if done.Error != nil {
		return false, fmt.Errorf("note a replay: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

// How long attempts are kept: a lost one for a day, one with an outcome as long as an administrator may ask about it.
const (
	keepLost    = 24 * time.Hour
	keepSettled = 30 * 24 * time.Hour
)

// PruneAttempts deletes old attempts of all tenants and says how many.
func PruneAttempts(ctx context.Context, sys *db.SystemTx) (int64, error) {
	done := sys.DB.WithContext(ctx).Exec("DELETE FROM attempts WHERE (outcome = 'pending' AND expires_at < ?) OR expires_at < ?",
		sys.Now.Add(-keepLost), sys.Now.Add(-keepSettled))
	if done.Error != nil {
		return 0, fmt.Errorf("prune attempts: %w", done.Error)
	}
	return done.RowsAffected, nil
}
