package sso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const fullDay = 24 * time.Hour

// Side says whose certificate it is.
type Side string

// The sides.
const (
	ProviderSide Side = "provider"
	OurSide      Side = "ours"
)

// Expiry is a certificate that ends soon, and that no other one outlives.
type Expiry struct {
	Side        Side
	Fingerprint string
	NotAfter    time.Time
	Days        int  // that are left, rounded down; negative once it has expired
	Successor   bool // there is a next key of ours, which has to be activated
}

// DaysLeft is how many whole days are left until then.
func DaysLeft(now, notAfter time.Time) int {
	left := notAfter.Sub(now)
	if left < 0 {
		return -int((-left + fullDay - 1) / fullDay)
	}
	return int(left / fullDay)
}

// Fingerprint is the SHA-256 of the certificate, in hex.
func (k ConnectionKey) Fingerprint() string {
	sum := sha256.Sum256(k.Certificate)
	return hex.EncodeToString(sum[:])
}

// Expiring lists the certificates of a connection whose end somebody has to prepare for. One of the provider's does not count as long as
// another one outlives it that takes over in time; our active one counts until the next one is activated, since nobody else can do that.
func Expiring(c Connection, keys []ConnectionKey, now time.Time) []Expiry {
	if c.SAML == nil {
		return nil
	}
	var list []Expiry
	soon := now.Add(30 * fullDay)
	trusted := c.SAML.trusted()
	for _, cert := range trusted {
		outlived := slices.ContainsFunc(trusted, func(o SAMLCertificate) bool {
			return o.NotAfter.After(cert.NotAfter) && !o.NotBefore.After(cert.NotAfter)
		})
		if !outlived && cert.NotAfter.Before(soon) {
			list = append(list, Expiry{Side: ProviderSide, Fingerprint: cert.Fingerprint, NotAfter: cert.NotAfter, Days: DaysLeft(now, cert.NotAfter)})
		}
	}
	next := slices.ContainsFunc(keys, func(k ConnectionKey) bool { return k.Slot == NextKey })
	for _, k := range keys {
		if k.Slot == ActiveKey && k.NotAfter.Before(soon) {
			list = append(list, Expiry{Side: OurSide, Fingerprint: k.Fingerprint(), NotAfter: k.NotAfter, Days: DaysLeft(now, k.NotAfter), Successor: next})
		}
	}
	return list
}

// WarnOfExpiry tells the owners 30, 14 and 3 days before a certificate of an open connection ends, of all tenants: each of these once, and
// only the latest of those that have passed. It may run in several instances at once.
func (s *SignIn) WarnOfExpiry(ctx context.Context) error {
	ctx = authn.AsSystem(ctx)
	var after id.Connection
	for ctx.Err() == nil {
		list, err := s.expiring(ctx, after)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
		if err := each(list, func(c placed) error { return gone(s.warnOfExpiry(ctx, c)) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *SignIn) expiring(ctx context.Context, after id.Connection) (list []placed, err error) {
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		soon := sys.Now.Add(30 * fullDay)
		return sys.DB.WithContext(ctx).Raw(`SELECT c.tenant_id, c.id FROM connections c JOIN tenants t ON t.id = c.tenant_id
			WHERE c.protocol = 'saml' AND c.status IN ('testing', 'optional', 'required') AND t.status = 'active' AND c.id > ?::uuid
			AND (EXISTS (SELECT 1 FROM jsonb_array_elements(c.saml -> 'certificates') e WHERE (e ->> 'not_after')::timestamptz < ?)
				OR EXISTS (SELECT 1 FROM connection_keys k
					WHERE k.tenant_id = c.tenant_id AND k.connection_id = c.id AND k.slot = 'active' AND k.not_after < ?))
			ORDER BY c.id LIMIT ?`, after.UUID().String(), soon, soon, dueBatch).Scan(&list).Error
	})
	if err != nil {
		return nil, fmt.Errorf("list certificates that end: %w", err)
	}
	return list, nil
}

func (s *SignIn) warnOfExpiry(ctx context.Context, which placed) error {
	return s.db.Tenant(ctx, which.TenantID, func(tx *db.TenantTx) error {
		c, err := ConnectionByID(ctx, tx, which.ID)
		if err != nil {
			return err
		}
		keys, err := KeysOf(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		for _, e := range Expiring(c, keys, tx.Now) {
			if err := s.warnOf(ctx, tx, c, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *SignIn) warnOf(ctx context.Context, tx *db.TenantTx, c Connection, e Expiry) error {
	ahead := e.ahead(tx.Now)
	if ahead == 0 {
		return nil
	}
	first, err := warnOnce(ctx, tx, fmt.Sprintf("certificate %s %s %d", c.ID, e.Fingerprint, ahead))
	if err != nil || !first {
		return err
	}
	err = events.Record(ctx, tx, events.CertificateExpiring, c.ID, events.Data{
		"name": c.Name, "side": e.Side, "fingerprint": e.Fingerprint, "not_after": e.NotAfter.UTC(), "days": e.Days,
	})
	if err != nil {
		return err
	}
	return s.alertOwners(ctx, tx, "A certificate of single sign-on expires on "+e.NotAfter.UTC().Format(time.DateOnly), []string{
		fmt.Sprintf("%s of the connection %s expires on %s: SHA-256 %s.", owned(e.Side), plain(c.Name), e.NotAfter.UTC().Format("2 January 2006"), colons(e.Fingerprint)),
		e.remedy(s.EntityID(c.ID)),
	}, "")
}

// ahead is the latest warning that is due, in days before the end; 0 for none. What has expired shows itself.
func (e Expiry) ahead(now time.Time) int {
	left := e.NotAfter.Sub(now)
	for _, days := range []int{3, 14, 30} {
		if left > 0 && left <= time.Duration(days)*fullDay {
			return days
		}
	}
	return 0
}

func owned(side Side) string {
	if side == OurSide {
		return "Our own certificate"
	}
	return "A signing certificate of the identity provider"
}

// remedy says what an owner can do.
func (e Expiry) remedy(metadata string) string {
	switch {
	case e.Side == ProviderSide:
		return "Nobody can sign in through the connection after that. Ask whoever runs the identity provider for its next certificate, and add it to the connection before the old one ends: both are trusted side by side."
	case e.Successor:
		return "Its successor is in our metadata at " + metadata + ". Give it to the identity provider if it does not read that by itself, and then activate the next key at the connection."
	default:
		return "Add a next key at the connection, give our metadata at " + metadata + " to the identity provider, and then activate the key."
	}
}

// KeysOfAll lists the keys of several connections at once, by connection, the active one first.
func KeysOfAll(ctx context.Context, tx *db.TenantTx, list []Connection) (map[id.Connection][]ConnectionKey, error) {
	var wanted []id.Connection
	for _, c := range list {
		if c.SAML != nil {
			wanted = append(wanted, c.ID)
		}
	}
	if len(wanted) == 0 {
		return nil, nil //nolint:nilnil // a map without entries
	}
	rows, err := db.Of[ConnectionKey](tx.DB).Where("connection_id IN ?", wanted).Order("slot, id").Limit(10 * len(wanted)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list keys of connections: %w", err)
	}
	found := map[id.Connection][]ConnectionKey{}
	for _, k := range rows {
		found[k.ConnectionID] = append(found[k.ConnectionID], k)
	}
	return found, nil
}
