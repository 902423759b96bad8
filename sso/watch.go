package sso

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// blameless are refusals that no setting of a connection causes, or that no former setting would cure.
var blameless = []Reason{
	StateMissing, StateUnknown, AttemptUsed, AttemptExpired, WrongBrowser, ConnectionMismatch, ConnectionInactive, ConnectionChanged,
	TenantInactive, CallbackMalformed, ProviderDenied, ProviderUnreachable, KeysUnavailable, MemberSuspended, MemberRemoved, NoMembership,
	SeatsExhausted, SessionEnded, IdentityInUse, IdentityMismatch, AssertionReplayed, UnsolicitedResponse, NotTester, IdentitiesFrozen, SSOBusy,
	Broken,
}

// uncaused are refusals that owners hear of and that take nothing back: no setting is their cause, and some of them a browser makes by itself,
// with an answer that it has made up.
var uncaused = append([]Reason{
	NonceMismatch, InResponseToMismatch, ResponseMalformed, ResponseTooLarge, ArtifactUnsupported, AccessTokenMismatch, UserInfoMismatch,
	TokenExpired, TokenTimes, AssertionExpired, AssertionNotYetValid, AssertionTimes, InvitationMismatch, InvitationUnusable,
}, blameless...)

// lockedOut is what the attempts since a change say.
type lockedOut struct {
	Failed int64 // people who had come in through the connection before and now were refused
	Came   int64 // people who came in since
	Ever   int64 // people who came in before
}

// alarming asks for two people, unless there are not that many, and for more refusals than successes.
func (l lockedOut) alarming() bool { return l.Failed >= max(1, min(2, l.Ever)) && l.Failed > l.Came }

const (
	lately = 7 * 24 * time.Hour // as changes go of which owners are reminded
	// maxWatched bounds how many changes are looked at when somebody is refused.
	maxWatched = 30
)

// watch looks at a connection after somebody who had come in through it before was refused. It takes the latest change back that is watched
// and could be the cause, with all that came after it. Where there is none it tells the owners, once a day. Only known members count: they
// carry the proof of an earlier sign-in, so that nobody outside can take a change back by sending garbage.
func (s *SignIn) watch(ctx context.Context, tx *db.TenantTx, rec Record, reason Reason) error {
	if rec.KnownMemberID.IsZero() || rec.Purpose == ForTest || slices.Contains(blameless, reason) {
		return nil
	}
	ctx = authn.AsSystem(ctx)
	c, err := s.lock(ctx, tx, rec.ConnectionID)
	if errs.As(err).Kind == errs.Missing { // deleted meanwhile
		return nil
	}
	if err != nil || c.Version != rec.ConfigVersion { // what another version refused says nothing about this one
		return err
	}
	changes, err := changesLately(ctx, tx, c)
	if err != nil {
		return err
	}
	var causes []int
	if !slices.Contains(uncaused, reason) {
		if causes, err = watchedIn(changes, c, tx.Now); err != nil {
			return err
		}
	}
	for _, i := range causes {
		l, err := countLockedOut(ctx, tx, c, changes[i].ReplacedAt, uncaused)
		if err != nil {
			return err
		}
		if l.alarming() {
			return s.rollBack(ctx, tx, c, rollback{undone: changes[:i+1], left: changes[i+1:], seen: l})
		}
	}
	l, err := countLockedOut(ctx, tx, c, tx.Now.Add(-time.Hour), blameless)
	if err != nil || !l.alarming() {
		return err
	}
	return s.alertLockout(ctx, tx, c, changes, l)
}

// Watching says what would be taken back first if people who could sign in before were turned away now, as the changes that would be undone.
// There are none if nothing would.
func Watching(ctx context.Context, tx *db.TenantTx, c Connection) ([]Change, error) {
	changes, err := changesLately(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	causes, err := watchedIn(changes, c, tx.Now)
	if err != nil || len(causes) == 0 {
		return nil, err
	}
	return Differences(changes[causes[0]].former(c, tx.Now), c), nil
}

// changesLately are what a connection was before each of its last changes, the latest first.
func changesLately(ctx context.Context, tx *db.TenantTx, c Connection) ([]ConnectionVersion, error) {
	list, err := db.Of[ConnectionVersion](tx.DB).Where("connection_id = ? AND replaced_at > ?", c.ID, tx.Now.Add(-lately)).
		Order("version DESC").Limit(maxWatched).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list versions of connection %s: %w", c.ID, err)
	}
	return list, nil
}

// watchedIn says which of some changes are watched still and could be why people are turned away.
func watchedIn(changes []ConnectionVersion, now Connection, at time.Time) ([]int, error) {
	var list []int
	for i, v := range changes {
		if !at.Before(v.ReplacedAt.Add(watched)) {
			break
		}
		cures, err := v.curable(now, at)
		if err != nil {
			return nil, err
		}
		if cures {
			list = append(list, i)
		}
	}
	return list, nil
}

// countLockedOut counts since a time, without refusals for some reasons.
func countLockedOut(ctx context.Context, tx *db.TenantTx, c Connection, since time.Time, without []Reason) (l lockedOut, err error) {
	err = tx.DB.WithContext(ctx).Raw(`SELECT
		count(DISTINCT m.id) FILTER (WHERE a.outcome = 'refused' AND a.created_at >= @since AND a.reason NOT IN @without) AS failed,
		count(DISTINCT a.membership_id) FILTER (WHERE a.outcome = 'succeeded' AND a.created_at >= @since) AS came,
		count(DISTINCT a.membership_id) FILTER (WHERE a.outcome = 'succeeded' AND a.created_at < @since) AS ever
		FROM attempts a LEFT JOIN memberships m ON m.tenant_id = a.tenant_id AND m.id = a.known_member_id AND m.status = 'active'
		WHERE a.tenant_id = @tenant AND a.connection_id = @connection AND a.purpose = 'sign_in'`,
		map[string]any{"since": since, "without": without, "tenant": tx.Tenant, "connection": c.ID}).Scan(&l).Error
	if err != nil {
		err = fmt.Errorf("count who was locked out of connection %s: %w", c.ID, err)
	}
	return l, err
}

// alertLockout tells the owners what the installation does not take back, and where to look first.
func (s *SignIn) alertLockout(ctx context.Context, tx *db.TenantTx, c Connection, changes []ConnectionVersion, l lockedOut) error {
	first, err := warnOnce(ctx, tx, "lockout "+c.ID.String()+" "+tx.Now.UTC().Format(time.DateOnly))
	if err != nil || !first {
		return err
	}
	look, err := lookFirst(ctx, tx, c, changes)
	if err != nil {
		return err
	}
	return s.alertOwners(ctx, tx, "People cannot sign in", []string{
		fmt.Sprintf("In the last hour %d people who had signed in through the connection %s before could not any more.", l.Failed, plain(c.Name)),
		look, "The recent sign-in attempts of the connection say why they failed.",
	}, "")
}

// lookFirst says what was changed here lately, which may be why people are turned away.
func lookFirst(ctx context.Context, tx *db.TenantTx, c Connection, changes []ConnectionVersion) (string, error) {
	if len(changes) > 0 {
		last := changes[0]
		return fmt.Sprintf("It was last changed on %s: %s. Nothing is taken back by itself now, so see whether that is the cause, and look at your identity provider.",
			moment(last.ReplacedAt), changed(Differences(last.Settings, c))), nil
	}
	keys, err := KeysOf(ctx, tx, c.ID)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.RetiredAt != nil && tx.Now.Before(k.RetiredAt.Add(lately)) {
			return fmt.Sprintf("Our key was changed on %s: see whether your identity provider knows the certificate of today.", moment(*k.RetiredAt)), nil
		}
	}
	return "None of its settings was changed here in the last week, so look at your identity provider first.", nil
}

// changed names settings, without their values: a mail is no place for those.
func changed(list []Change) string {
	if len(list) == 0 {
		return "its details"
	}
	var names []string
	for _, c := range list {
		names = append(names, c.Field)
	}
	return strings.Join(names, ", ")
}

func moment(at time.Time) string { return at.UTC().Format("2 January 2006 15:04 UTC") }
