package sso

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

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

// rollback is a decision to go back to the version before some changes.
type rollback struct {
	undone []ConnectionVersion // what the connection was before each of them, the latest first
	left   []ConnectionVersion // before the changes that stay
	seen   lockedOut
}

// rollBack makes a connection what it was before the first of the changes, but for what could not be the cause.
func (s *SignIn) rollBack(ctx context.Context, tx *db.TenantTx, c Connection, r rollback) error {
	to := r.undone[len(r.undone)-1]
	back := to.former(c, tx.Now)
	back.WatchedUntil = nil
	causes, err := watchedIn(r.left, back, tx.Now)
	if err != nil {
		return err
	}
	if len(causes) > 0 {
		until := r.left[causes[0]].ReplacedAt.Add(watched)
		back.WatchedUntil = &until
	}
	if _, err := db.Of[ConnectionVersion](tx.DB).Where("connection_id = ? AND version >= ?", c.ID, to.Version).Delete(ctx); err != nil {
		return fmt.Errorf("drop versions of connection %s: %w", c.ID, err)
	}
	if err := store(ctx, tx, &back); err != nil {
		return err
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "connection_rolled_back", slog.String("connection", c.ID.String()), slog.Int64("failed", r.seen.Failed))
	if err := s.tellRollBack(ctx, tx, c, back, r); err != nil {
		return err
	}
	data := describe(back)
	data["undone_version"], data["undone_versions"], data["restored_version"] = c.Version, r.versions(), to.Version
	data["failed"], data["came"] = r.seen.Failed, r.seen.Came
	return events.Record(ctx, tx, events.ConnectionRolledBack, c.ID, data)
}

func (s *SignIn) tellRollBack(ctx context.Context, tx *db.TenantTx, from, to Connection, r rollback) error {
	n := len(r.undone)
	paragraphs := []string{
		fmt.Sprintf("Since the connection %s was changed on %s, %d people who had signed in through it before could not any more.",
			plain(from.Name), moment(r.undone[n-1].ReplacedAt), r.seen.Failed),
		fmt.Sprintf("It goes by its settings of before again. Taken back: %s.", changed(Differences(from, to))),
	}
	if n > 1 {
		paragraphs = append(paragraphs, fmt.Sprintf("It was changed %d times since then, the last time on %s: all changes of these settings were taken back.",
			n, moment(r.undone[0].ReplacedAt)))
	}
	return s.alertOwners(ctx, tx, "A change of single sign-on was taken back", append(paragraphs,
		"Who may join, the roles, the state of the connection and certificates that were added stay as they are. The recent sign-in attempts of the connection say why they failed."), "")
}

// versions are those that were put in the place of another, the latest first.
func (r rollback) versions() []int64 {
	var list []int64
	for _, v := range r.undone {
		list = append(list, v.Version+1)
	}
	return list
}
