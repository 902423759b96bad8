package sso_test

import (
	"context"
	"encoding/xml"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// everywhere runs a job on several instances at once.
func everywhere(tb testing.TB, job func(context.Context) error) {
	tb.Helper()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := job(tb.Context()); err != nil {
				tb.Errorf("job = %v", err)
			}
		})
	}
	all.Wait()
}

func TestSAML_022_OwnersAreWarnedOfACertificateThatEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	key := newKey(t, time.Now().Add(-time.Hour), time.Now().Add(40*days))
	c := w.federated(t, func(c *company, _ *sso.SAMLDraft) { c.idp.SetSAMLKey(key) })
	quiet := w.federated(t)
	start, others := w.notices(t, c), w.notices(t, quiet)
	for _, step := range []struct {
		ahead time.Duration
		want  int // warnings so far
	}{{0, 0}, {9 * days, 0}, {11 * days, 1}, {12 * days, 1}, {27 * days, 2}, {36 * days, 2}, {38 * days, 3}, {41 * days, 3}, {80 * days, 3}} {
		w.ahead.Store(int64(step.ahead))
		everywhere(t, w.signIn.WarnOfExpiry)
		if n := w.notices(t, c) - start; n != step.want {
			t.Errorf("after %v owners have been warned %d times, want %d", step.ahead, n, step.want)
		}
	}
	if n := c.recorded(t, "connection.certificate_expiring"); n != 3 {
		t.Errorf("%d events of an expiring certificate, want 3", n)
	}
	if n := w.notices(t, quiet) - others; n != 0 {
		t.Errorf("owners whose certificates last were warned %d times", n)
	}
}

func TestNobodyIsWarnedOfACertificateThatAnotherOneOutlives(t *testing.T) {
	t.Parallel()
	now := time.Now()
	certificate := func(from, until time.Duration) sso.SAMLCertificate {
		return sso.SAMLCertificate{Fingerprint: until.String(), NotBefore: now.Add(from), NotAfter: now.Add(until)}
	}
	pending := certificate(-days, 100*days)
	pending.Pending = true
	for name, tt := range map[string]struct {
		certs []sso.SAMLCertificate
		keys  []sso.ConnectionKey
		want  []int // days left
	}{
		"alone":                     {certs: []sso.SAMLCertificate{certificate(-days, 20*days+time.Hour)}, want: []int{20}},
		"far away":                  {certs: []sso.SAMLCertificate{certificate(-days, 31*days)}},
		"expired":                   {certs: []sso.SAMLCertificate{certificate(-days, -time.Hour)}, want: []int{-1}},
		"with a successor":          {certs: []sso.SAMLCertificate{certificate(-days, 20*days), certificate(10*days, 100*days)}},
		"with one that waits":       {certs: []sso.SAMLCertificate{certificate(-days, 20*days+time.Hour), pending}, want: []int{20}},
		"with a gap before it":      {certs: []sso.SAMLCertificate{certificate(-days, 20*days+time.Hour), certificate(21*days, 100*days)}, want: []int{20}},
		"two that end together":     {certs: []sso.SAMLCertificate{certificate(-days, 20*days+time.Hour), certificate(-days, 20*days+time.Hour)}, want: []int{20, 20}},
		"ours":                      {keys: []sso.ConnectionKey{{Slot: sso.ActiveKey, NotAfter: now.Add(5*days + time.Hour)}}, want: []int{5}},
		"ours, with one that waits": {keys: []sso.ConnectionKey{{Slot: sso.ActiveKey, NotAfter: now.Add(5*days + time.Hour)}, {Slot: sso.NextKey, NotAfter: now.Add(500 * days)}}, want: []int{5}},
		"ours that is retired":      {keys: []sso.ConnectionKey{{Slot: sso.ActiveKey, NotAfter: now.Add(500 * days)}, {Slot: sso.RetiredKey, NotAfter: now.Add(5 * days)}}},
	} {
		var got []int
		for _, e := range sso.Expiring(sso.Connection{SAML: &sso.SAML{Certificates: tt.certs}}, tt.keys, now) {
			got = append(got, e.Days)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: days left (-want +got):\n%s", name, diff)
		}
	}
	if got := sso.Expiring(sso.Connection{}, nil, now); got != nil {
		t.Errorf("Expiring(OpenID Connect) = %v, want nothing", got)
	}
}

// slots are the keys of the connection by slot.
func (c *company) slots(tb testing.TB) map[sso.KeySlot][]sso.ConnectionKey {
	tb.Helper()
	found := map[sso.KeySlot][]sso.ConnectionKey{}
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		keys, err := sso.KeysOf(ctx, tx, c.connection.ID)
		for _, k := range keys {
			found[k.Slot] = append(found[k.Slot], k)
		}
		return err
	})
	return found
}

// published are the certificates in our metadata, by use.
func (c *company) published(tb testing.TB) (found map[string]int) {
	tb.Helper()
	doc, err := c.signIn.Publish(tb.Context(), c.connection.ID)
	must(tb, err)
	var m struct {
		EntityID string `xml:"entityID,attr"`
		Role     struct {
			Keys []struct {
				Use string `xml:"use,attr"`
			} `xml:"KeyDescriptor"`
		} `xml:"SPSSODescriptor"`
	}
	must(tb, xml.Unmarshal(doc, &m))
	if m.EntityID != c.signIn.EntityID(c.connection.ID) {
		tb.Errorf("entity ID = %q, want the address of the metadata", m.EntityID)
	}
	found = map[string]int{}
	for _, k := range m.Role.Keys {
		found[k.Use]++
	}
	return found
}

func TestSAML_165_KeysAreReplacedWithAnOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t, func(_ *company, d *sso.SAMLDraft) { d.Encryption = true })
	other := w.federated(t)
	if a, b := c.slots(t)[sso.ActiveKey][0], other.slots(t)[sso.ActiveKey][0]; a.Fingerprint() == b.Fingerprint() {
		t.Error("two connections share a key")
	}
	first := c.slots(t)[sso.ActiveKey][0].ID
	add := func() error {
		return c.acting(t, rbac.Owner, func(ctx context.Context, _ *db.TenantTx) error {
			k, err := c.signIn.MakeKey(ctx, c.connection.ID)
			if err != nil {
				return err
			}
			return w.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
				_, err := c.signIn.AddKey(ctx, tx, k)
				return err
			})
		})
	}
	with := func(of *company, do func(context.Context, *db.TenantTx, id.Connection, id.ConnectionKey) (sso.Connection, error), k id.ConnectionKey) error {
		return of.acting(t, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := do(ctx, tx, of.connection.ID, k)
			return err
		})
	}
	refused := func(what string, err error, code string) {
		t.Helper()
		if errs.CodeOf(err) != code {
			t.Errorf("%s = %v, want %s", what, err, code)
		}
	}
	if diff := cmp.Diff(map[string]int{"signing": 1, "encryption": 1}, c.published(t)); diff != "" {
		t.Errorf("published keys at first (-want +got):\n%s", diff)
	}
	must(t, add())
	refused("a second next key", add(), "next_key_exists")
	if diff := cmp.Diff(map[string]int{"signing": 2, "encryption": 2}, c.published(t)); diff != "" {
		t.Errorf("published keys with a next one (-want +got):\n%s", diff)
	}
	next := c.slots(t)[sso.NextKey][0].ID
	refused("dropping the active key", with(c, w.signIn.DropKey, first), "key_active")
	refused("activating another tenant's key", with(other, w.signIn.ActivateKey, next), "not_found")
	must(t, with(c, w.signIn.ActivateKey, next))
	must(t, with(c, w.signIn.ActivateKey, next))
	if got := c.slots(t); got[sso.ActiveKey][0].ID != next || got[sso.RetiredKey][0].ID != first || got[sso.RetiredKey][0].RetiredAt == nil || len(got[sso.NextKey]) != 0 {
		t.Errorf("keys after the switch = %+v", got)
	}
	if diff := cmp.Diff(map[string]int{"signing": 1, "encryption": 1}, c.published(t)); diff != "" {
		t.Errorf("published keys after the switch (-want +got):\n%s", diff)
	}
	must(t, with(c, w.signIn.ActivateKey, first)) // the provider does not know the new one after all
	if got := c.slots(t); got[sso.ActiveKey][0].ID != first || got[sso.ActiveKey][0].RetiredAt != nil {
		t.Errorf("keys after going back = %+v", got)
	}
	must(t, with(c, w.signIn.DropKey, next))
	refused("dropping it again", with(c, w.signIn.DropKey, next), "not_found")
	for range 4 {
		must(t, add())
		must(t, with(c, w.signIn.ActivateKey, c.slots(t)[sso.NextKey][0].ID))
	}
	refused("a sixth key", add(), "too_many_keys")
}

func TestOurKeysGetASuccessorInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	notices := w.notices(t, c)
	everywhere(t, w.signIn.RenewKeys)
	if got := c.slots(t); len(got[sso.NextKey]) != 0 {
		t.Fatalf("a key that lasts has got a next one")
	}
	active := c.slots(t)[sso.ActiveKey][0]
	w.ahead.Store(int64(time.Until(active.NotAfter) - 59*days))
	everywhere(t, w.signIn.RenewKeys)
	everywhere(t, w.signIn.RenewKeys)
	got := c.slots(t)
	if len(got[sso.NextKey]) != 1 || got[sso.ActiveKey][0].ID != active.ID {
		t.Errorf("keys = %+v, want a next one beside the same active one", got)
	}
	if n := w.notices(t, c) - notices; n != 1 {
		t.Errorf("owners were told %d times, want once", n)
	}
}

func TestSAML_166_MetadataOfWhatIsNotThereLooksTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	oidc, suspended := w.company(t), w.federated(t)
	suspended.suspend(t)
	var first string
	for what, which := range map[string]id.Connection{
		"unknown": id.New[id.Connection](), "of OpenID Connect": oidc.connection.ID, "of a suspended tenant": suspended.connection.ID, "Google": id.Google,
	} {
		doc, err := w.signIn.Publish(t.Context(), which)
		e := errs.As(err)
		if doc != nil || e.Kind != errs.Missing {
			t.Errorf("Publish(%s) = %q, %v, want not found", what, doc, err)
		}
		if first == "" {
			first = e.Code + e.Detail
		}
		if e.Code+e.Detail != first {
			t.Errorf("Publish(%s) says %q, another one %q", what, e.Code+e.Detail, first)
		}
	}
}
