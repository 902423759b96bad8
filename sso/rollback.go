package sso

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// blameless are refusals that no setting of a connection causes, or that no former setting would cure.
var blameless = []Reason{
	StateMissing, StateUnknown, AttemptUsed, AttemptExpired, WrongBrowser, ConnectionMismatch, ConnectionInactive, ConnectionChanged,
	TenantInactive, CallbackMalformed, ProviderDenied, ProviderUnreachable, KeysUnavailable, MemberSuspended, MemberRemoved, NoMembership,
	SessionEnded, IdentityInUse, IdentityMismatch, AssertionReplayed, UnsolicitedResponse, NotTester, IdentitiesFrozen, SSOBusy, Broken,
}

// lockedOut is what the attempts since a change say.
type lockedOut struct {
	Failed int64 // people who had come in through the connection before and now were refused
	Came   int64 // people who came in since
	Ever   int64 // people who came in before
}

// alarming asks for two people, unless there are not that many, and for more refusals than successes.
func (l lockedOut) alarming() bool { return l.Failed >= max(1, min(2, l.Ever)) && l.Failed > l.Came }

// watch looks at a connection after somebody who had come in through it before was refused. Within the watch it takes the last change back;
// later it tells the owners, once a day. Only known members count: they carry the proof of an earlier sign-in, so that nobody outside can
// take a change back by sending garbage.
func (s *SignIn) watch(ctx context.Context, tx *db.TenantTx, rec Record, reason Reason) error {
	if rec.KnownMemberID.IsZero() || rec.Purpose == ForTest || slices.Contains(blameless, reason) {
		return nil
	}
	ctx = authn.AsSystem(ctx)
	c, err := s.lock(ctx, tx, rec.ConnectionID)
	if errs.As(err).Kind == errs.Missing { // deleted meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	versions, err := gorm.G[ConnectionVersion](tx.DB).Where("connection_id = ?", c.ID).Order("version DESC").Limit(1).Find(ctx)
	if err != nil {
		return fmt.Errorf("list versions of connection %s: %w", c.ID, err)
	}
	watching := len(versions) == 1 && c.WatchedUntil != nil && tx.Now.Before(*c.WatchedUntil)
	if watching {
		if watching, err = versions[0].curable(c, tx.Now); err != nil {
			return err
		}
	}
	since := tx.Now.Add(-time.Hour)
	if watching {
		since = versions[0].ReplacedAt
	}
	l, err := countLockedOut(ctx, tx, c, since)
	if err != nil || !l.alarming() {
		return err
	}
	if !watching {
		return s.alertLockout(ctx, tx, c, l)
	}
	return s.rollBack(ctx, tx, c, versions[0], l)
}

func countLockedOut(ctx context.Context, tx *db.TenantTx, c Connection, since time.Time) (l lockedOut, err error) {
	err = tx.DB.WithContext(ctx).Raw(`SELECT
		count(DISTINCT m.id) FILTER (WHERE a.outcome = 'refused' AND a.created_at >= @since AND a.reason NOT IN @blameless) AS failed,
		count(DISTINCT a.membership_id) FILTER (WHERE a.outcome = 'succeeded' AND a.created_at >= @since) AS came,
		count(DISTINCT a.membership_id) FILTER (WHERE a.outcome = 'succeeded' AND a.created_at < @since) AS ever
		FROM attempts a LEFT JOIN memberships m ON m.tenant_id = a.tenant_id AND m.id = a.known_member_id AND m.status = 'active'
		WHERE a.tenant_id = @tenant AND a.connection_id = @connection AND a.purpose = 'sign_in'`,
		map[string]any{"since": since, "blameless": blameless, "tenant": tx.Tenant, "connection": c.ID}).Scan(&l).Error
	if err != nil {
		err = fmt.Errorf("count who was locked out of connection %s: %w", c.ID, err)
	}
	return l, err
}

// curable says that to take a change back could help who is turned away since: people came in with the former settings, at the provider of
// today, and something is different that decides about a sign-in.
func (v ConnectionVersion) curable(now Connection, at time.Time) (bool, error) {
	if !v.Settings.Status.Open() || !v.Settings.ProofSince.Equal(now.ProofSince) {
		return false, nil
	}
	return differ(v.former(now, at), now)
}

// former is what a connection would be with the settings of a version that could be why people are turned away. The others stay as they are
// now: who else comes in, with which role, and whether there are other ways in is no cause, and to take that back would let two people undo
// what an owner has decided.
func (v ConnectionVersion) former(now Connection, at time.Time) Connection {
	then := v.Settings
	then.Sealed, then.Version, then.WatchedUntil = v.Sealed, now.Version, now.WatchedUntil
	then.Name, then.Preset, then.Status, then.Testers, then.FrozenAt, then.ProofSince = now.Name, now.Preset, now.Status, now.Testers, now.FrozenAt, now.ProofSince
	then.JIT, then.DefaultRole, then.GroupRoles = now.JIT, now.DefaultRole, now.GroupRoles
	then.Claims.Groups = now.Claims.Groups // the roles belong to its groups: another claim could give them to anybody
	if then.SAML != nil && now.SAML != nil {
		then.SAML = then.SAML.clone()
		then.SAML.IdPInitiated, then.SAML.Metadata, then.SAML.Certificates = now.SAML.IdPInitiated, now.SAML.clone().Metadata, then.SAML.restored(now.SAML, at)
	}
	return then
}

// restored are the certificates of now, beside those of before that work. That another one is trusted turns nobody away, and one that
// somebody took away does not come back by itself: its key may have leaked.
func (s *SAML) restored(now *SAML, at time.Time) []SAMLCertificate {
	list := slices.Clone(now.Certificates)
	for _, c := range s.Certificates {
		if c.works(at) && !known(list, c) && !slices.Contains(now.Metadata.Declined, c.Fingerprint) {
			list = append(list, c)
		}
	}
	return list
}

// rollBack makes a connection what it was before its last change, but for what could not be the cause.
func (s *SignIn) rollBack(ctx context.Context, tx *db.TenantTx, c Connection, to ConnectionVersion, l lockedOut) error {
	back := to.former(c, tx.Now)
	if _, err := gorm.G[ConnectionVersion](tx.DB).Where("connection_id = ? AND version >= ?", c.ID, to.Version).Delete(ctx); err != nil {
		return fmt.Errorf("drop versions of connection %s: %w", c.ID, err)
	}
	if err := store(ctx, tx, &back); err != nil {
		return err
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "connection_rolled_back", slog.String("connection", c.ID.String()), slog.Int64("failed", l.Failed))
	err := s.alertOwners(ctx, tx, "A change of single sign-on was taken back", []string{
		fmt.Sprintf("After the connection %s was changed, %d people who had signed in through it before could not any more.", plain(c.Name), l.Failed),
		"The change was taken back. Its recent sign-in attempts say why they failed.",
	}, "")
	if err != nil {
		return err
	}
	data := describe(back)
	data["undone_version"], data["failed"], data["came"] = c.Version, l.Failed, l.Came
	return events.Record(ctx, tx, events.ConnectionRolledBack, c.ID, data)
}

func (s *SignIn) alertLockout(ctx context.Context, tx *db.TenantTx, c Connection, l lockedOut) error {
	first, err := warnOnce(ctx, tx, "lockout "+c.ID.String()+" "+tx.Now.UTC().Format(time.DateOnly))
	if err != nil || !first {
		return err
	}
	return s.alertOwners(ctx, tx, "People cannot sign in", []string{
		fmt.Sprintf("In the last hour %d people who had signed in through the connection %s before could not any more.", l.Failed, plain(c.Name)),
		"Nothing was changed here lately, so look at your identity provider. The recent sign-in attempts of the connection say why they failed.",
	}, "")
}

// warnOnce says whether a warning is due: the first time it is asked for its key.
func warnOnce(ctx context.Context, tx *db.TenantTx, key string) (bool, error) {
	done := tx.DB.WithContext(ctx).Exec("INSERT INTO sso_warnings (key, warned_at) VALUES (?, ?) ON CONFLICT (tenant_id, key) DO NOTHING", key, tx.Now)
	if done.Error != nil {
		return false, fmt.Errorf("note a warning: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}
