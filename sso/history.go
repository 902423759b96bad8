package sso

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// Revision is one change of a connection that decided who comes in, as its administrators made it.
type Revision struct {
	At        time.Time
	ChangedBy string // who did it, as events name them; "" for the installation
	Changes   []Change
}

// History lists what was done to a connection, the latest first; at most limit. It goes back ninety days.
func History(ctx context.Context, tx *db.TenantTx, c Connection, limit int) ([]Revision, error) {
	versions, err := db.Of[ConnectionVersion](tx.DB).Omit("client_secret").Where("connection_id = ?", c.ID).Order("version DESC").Limit(limit).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list versions of connection %s: %w", c.ID, err)
	}
	list := make([]Revision, 0, len(versions))
	after := c
	for _, v := range versions {
		list = append(list, Revision{v.ReplacedAt, v.ChangedBy, Differences(v.Settings, after)})
		after = v.Settings
	}
	return list, nil
}

// Differences says in which settings two versions of a connection differ. Secrets are told apart and not told.
func Differences(before, after Connection) []Change {
	old, now := before.told(), after.told()
	var list []Change
	for i := range now {
		if old[i].value != now[i].value {
			list = append(list, Change{now[i].name, old[i].value, now[i].value})
		}
	}
	return list
}

// setting is one of a connection, in words.
type setting struct{ name, value string }

// told lists all settings that decide who comes in, always the same in the same order.
func (c Connection) told() []setting {
	secret := ""
	if c.SecretSet() || c.SecretHint != "" {
		secret = "set (" + c.SecretHint + ")"
	}
	s := c.SAML
	if s == nil {
		s = &SAML{}
	}
	return []setting{
		{"state", string(c.Status)},
		{"issuer", c.Issuer},
		{"client id", c.ClientID},
		{"client secret", secret},
		{"endpoints", c.Endpoints.Authorization},
		{"sign-in address", locations(s.SSO)},
		{"log-out address", locations(s.SLO)},
		{"certificates", short(s.fingerprints())},
		{"mapping", c.Claims.told()},
		{"group roles", groupsTold(c.GroupRoles)},
		{"joining at the first sign-in", onOff(c.JIT)},
		{"role of new members", string(c.DefaultRole)},
		{"testers", strings.Join(c.Testers, ", ")},
		{"sign-in that the provider starts", onOff(s.IdPInitiated)},
		{"encrypted assertions", onOff(s.Encryption)},
		{"fresh sign-in at the provider", onOff(s.ForceAuthn)},
		{"NameID format", s.NameIDFormat},
		{"request binding", s.RequestBinding},
		{"demanded contexts", strings.Join(s.AuthnContexts, ", ")},
		{"SHA-1 signatures", onOff(s.LegacySHA1 != nil)},
		{"inclusive canonicalization", onOff(s.LegacyInclusive != nil)},
		{"unsigned assertions in signed responses", onOff(s.LegacyResponseOnly != nil)},
		{"identities of the former provider", frozen(c.FrozenAt)},
	}
}

func (m ClaimMapping) told() string {
	var parts []string
	for field, name := range m.names() {
		if name != "" {
			parts = append(parts, field+" from "+name)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func locations(list []SAMLEndpoint) string {
	var all []string
	for _, e := range list {
		all = append(all, e.Location)
	}
	return strings.Join(slices.Compact(all), ", ")
}

func short(fingerprints []string) string {
	var all []string
	for _, f := range fingerprints {
		all = append(all, f[:min(len(f), 12)])
	}
	return strings.Join(all, ", ")
}

func groupsTold(list []GroupRole) string {
	var all []string
	for _, g := range list {
		all = append(all, g.Group+" → "+string(g.Role))
	}
	return strings.Join(all, ", ")
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func frozen(at *time.Time) string {
	if at != nil {
		return "wait for approval"
	}
	return "count"
}
