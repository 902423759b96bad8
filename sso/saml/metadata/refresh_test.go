package metadata_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// pin is a certificate that has been trusted for a month.
func pin(i identity) metadata.Pin {
	return metadata.Pin{Certificate: i.cert, AddedAt: now.AddDate(0, -1, 0), Source: metadata.FromMetadata}
}

func certs(of ...identity) []*x509.Certificate {
	var list []*x509.Certificate
	for _, i := range of {
		list = append(list, i.cert)
	}
	return list
}

// outcome is a Change with certificates by their names.
type outcome struct {
	Add, Pending, Drop  []string
	EntityID, Endpoints bool
	Alerts              []metadata.Alert
}

func outcomeOf(c metadata.Change) outcome {
	return outcome{names(c.AddNow), names(c.Pending), names(c.Drop), c.EntityIDChanged, c.EndpointsChanged, c.Alerts}
}

func TestSAML_162_Decide(t *testing.T) {
	t.Parallel()
	ids := provider()
	active, next, other, expired := ids.Active, ids.Next, ids.Other, ids.Expired
	fresh := pin(next)
	fresh.AddedAt = now.Add(-24*time.Hour + time.Second)
	byHand := pin(active)
	byHand.Source = metadata.ByHand
	type alerts = []metadata.Alert
	for name, c := range map[string]struct {
		pinned  []metadata.Pin
		fetched []*x509.Certificate
		expired []*x509.Certificate
		signed  bool
		want    outcome
	}{
		"nothing new": {pinned: []metadata.Pin{pin(active)}, fetched: certs(active)},
		"a next key waits": {
			pinned: []metadata.Pin{pin(active)}, fetched: certs(active, next),
			want: outcome{Pending: []string{"next"}, Alerts: alerts{metadata.KeyPending}},
		},
		"a next key, signed": {
			pinned: []metadata.Pin{pin(active)}, fetched: certs(active, next), signed: true,
			want: outcome{Add: []string{"next"}, Alerts: alerts{metadata.KeyAdded}},
		},
		"the only key replaced": {
			pinned: []metadata.Pin{pin(active)}, fetched: certs(next),
			want: outcome{Pending: []string{"next"}, Alerts: alerts{metadata.KeyReplaced}},
		},
		"the only key replaced, signed: the old one stays for now": {
			pinned: []metadata.Pin{pin(active)}, fetched: certs(next), signed: true,
			want: outcome{Add: []string{"next"}, Alerts: alerts{metadata.KeyAdded}},
		},
		"the old key leaves": {
			pinned: []metadata.Pin{pin(active), pin(next)}, fetched: certs(next),
			want: outcome{Drop: []string{"active"}, Alerts: alerts{metadata.KeyDropped}},
		},
		"the old key leaves too early": {pinned: []metadata.Pin{pin(active), fresh}, fetched: certs(next)},
		"the old key leaves while a new one waits": {
			pinned: []metadata.Pin{pin(active), pin(other)}, fetched: certs(other, next),
			want: outcome{Pending: []string{"next"}, Alerts: alerts{metadata.KeyPending}},
		},
		"the old key leaves beside a new one, signed": {
			pinned: []metadata.Pin{pin(active), pin(other)}, fetched: certs(other, next), signed: true,
			want: outcome{Add: []string{"next"}, Drop: []string{"active"}, Alerts: alerts{metadata.KeyAdded, metadata.KeyDropped}},
		},
		"what was added by hand stays": {pinned: []metadata.Pin{byHand, pin(next)}, fetched: certs(next)},
		"an expired one leaves": {
			pinned: []metadata.Pin{pin(expired), pin(active)}, fetched: certs(active),
			want: outcome{Drop: []string{"expired"}, Alerts: alerts{metadata.KeyDropped}},
		},
		"an expired one that is listed stays": {pinned: []metadata.Pin{pin(expired), pin(active)}, fetched: certs(active), expired: certs(expired)},
		"an expired one is no successor":      {pinned: []metadata.Pin{pin(expired), pin(active)}, fetched: certs(expired)},
		"a key from before, signed": {
			pinned: []metadata.Pin{pin(next)}, fetched: certs(next, active), signed: true,
			want: outcome{Pending: []string{"active"}, Alerts: alerts{metadata.KeyPending}},
		},
		"nothing pinned, signed by what is pinned elsewhere": {
			fetched: certs(active), signed: true, want: outcome{Add: []string{"active"}, Alerts: alerts{metadata.KeyAdded}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fetched := metadata.Entity{EntityID: "urn:idp", Certificates: c.fetched, Expired: c.expired}
			if c.signed {
				fetched.SignedBy = "a fingerprint"
			}
			got := metadata.Decide(now, metadata.Pinned{EntityID: "urn:idp", Certificates: c.pinned}, fetched)
			same(t, "Decide", outcomeOf(got), c.want)
		})
	}
}

func TestSAML_158_162_NothingIsFollowed(t *testing.T) {
	t.Parallel()
	ids := provider()
	current := metadata.Pinned{EntityID: "urn:idp", SSO: []metadata.Endpoint{redirect("https://idp.test/")}, Certificates: []metadata.Pin{pin(ids.Active), pin(ids.Other)}}
	hostile := metadata.Entity{
		EntityID: "urn:idp", SSO: []metadata.Endpoint{redirect("https://evil.test/")}, Certificates: certs(ids.Next, ids.Other), SignedBy: "a fingerprint",
	}
	changed := hostile
	changed.EntityID = "URN:idp"
	same(t, "changed entity ID", outcomeOf(metadata.Decide(now, current, changed)), outcome{EntityID: true, Alerts: []metadata.Alert{metadata.EntityIDChanged}})

	stale := hostile
	stale.ValidUntil = now
	same(t, "validUntil passed", outcomeOf(metadata.Decide(now, current, stale)), outcome{Alerts: []metadata.Alert{metadata.MetadataExpired}})

	for _, c := range []struct {
		err  error
		want metadata.Change
	}{
		{&metadata.Error{Reason: metadata.Expired}, metadata.Change{Alerts: []metadata.Alert{metadata.MetadataExpired}}},
		{&metadata.Error{Reason: metadata.UnknownEntity}, metadata.Change{EntityIDChanged: true, Alerts: []metadata.Alert{metadata.EntityIDChanged}}},
		{fmt.Errorf("refresh: %w", &metadata.Error{Reason: metadata.CertificateExpired}), metadata.Change{Alerts: []metadata.Alert{metadata.MetadataRefused}}},
		{errors.New("something else"), metadata.Change{Alerts: []metadata.Alert{metadata.MetadataRefused}}},
	} {
		same(t, c.err.Error(), metadata.Refused(c.err), c.want)
	}
}

func TestSAML_162_EndpointsWaitForApproval(t *testing.T) {
	t.Parallel()
	ids := provider()
	current := metadata.Pinned{
		EntityID: "urn:idp", Certificates: []metadata.Pin{pin(ids.Active)},
		SSO: []metadata.Endpoint{redirect("https://idp.test/"), post("https://idp.test/")}, SLO: []metadata.Endpoint{redirect("https://idp.test/out")},
	}
	answers := metadata.Endpoint{Binding: metadata.Redirect, Location: "https://idp.test/out", ResponseLocation: "https://idp.test/answer"}
	for name, c := range map[string]struct {
		sso, slo []metadata.Endpoint
		want     bool
	}{
		"the same":             {current.SSO, current.SLO, false},
		"another order":        {[]metadata.Endpoint{current.SSO[1], current.SSO[0]}, current.SLO, false},
		"one less":             {current.SSO[:1], current.SLO, true},
		"one more":             {append(slices.Clone(current.SSO), post("https://evil.test/")), current.SLO, true},
		"no logout anymore":    {current.SSO, nil, true},
		"answers go elsewhere": {current.SSO, []metadata.Endpoint{answers}, true},
	} {
		for _, signedBy := range []string{"", "a fingerprint"} {
			fetched := metadata.Entity{EntityID: "urn:idp", SSO: c.sso, SLO: c.slo, Certificates: certs(ids.Active), SignedBy: signedBy}
			got := metadata.Decide(now, current, fetched)
			if got.EndpointsChanged != c.want || slices.Contains(got.Alerts, metadata.EndpointsChanged) != c.want {
				t.Errorf("%s: Decide(...) = %+v, want EndpointsChanged %v", name, got, c.want)
			}
		}
	}
}

// TestSAML_162_LastWorkingCertificateStays tries every set of pins against every set of listed certificates, at every age.
func TestSAML_162_LastWorkingCertificateStays(t *testing.T) {
	t.Parallel()
	ids := provider()
	all := []identity{ids.Active, ids.Next, ids.Other, ids.Expired}
	for trusted := 1; trusted < 16; trusted++ {
		for listed := range 16 {
			for _, signedBy := range []string{"", "a fingerprint"} {
				for _, age := range []time.Duration{0, 25 * time.Hour} {
					decideOnce(t, all, trusted, listed, signedBy, now.Add(-age))
				}
			}
		}
	}
}

func decideOnce(t *testing.T, all []identity, trusted, listed int, signedBy string, addedAt time.Time) {
	t.Helper()
	var current metadata.Pinned
	fetched := metadata.Entity{SignedBy: signedBy}
	works := func(cert *x509.Certificate) bool { return !now.After(cert.NotAfter) }
	for bit, i := range all {
		if trusted&(1<<bit) != 0 {
			current.Certificates = append(current.Certificates, metadata.Pin{Certificate: i.cert, AddedAt: addedAt, Source: metadata.FromMetadata})
		}
		if listed&(1<<bit) != 0 && works(i.cert) {
			fetched.Certificates = append(fetched.Certificates, i.cert)
		}
	}
	change := metadata.Decide(now, current, fetched)
	before, after, trustedAndListed := 0, 0, false
	for _, p := range current.Certificates {
		if !works(p.Certificate) {
			continue
		}
		before++
		if !slices.ContainsFunc(change.Drop, p.Certificate.Equal) {
			after++
			trustedAndListed = trustedAndListed || slices.ContainsFunc(fetched.Certificates, p.Certificate.Equal)
		}
	}
	if before > 0 && after == 0 || len(change.Drop) > 0 && !trustedAndListed {
		t.Errorf("pins %04b, listed %04b, signed %q: Decide(...) drops %v", trusted, listed, signedBy, names(change.Drop))
	}
	if signedBy == "" && len(change.AddNow) > 0 {
		t.Errorf("pins %04b, listed %04b: Decide(...) trusts %v without a signature", trusted, listed, names(change.AddNow))
	}
}

func TestSAML_162_SignedMetadataAddsNotWithoutEnd(t *testing.T) {
	t.Parallel()
	ids := provider()
	var current metadata.Pinned
	for range 10 {
		current.Certificates = append(current.Certificates, pin(ids.Active))
	}
	got := metadata.Decide(now, current, metadata.Entity{Certificates: certs(ids.Active, ids.Next), SignedBy: "a fingerprint"})
	same(t, "Decide", outcomeOf(got), outcome{Pending: []string{"next"}, Alerts: []metadata.Alert{metadata.KeyPending}})
}

func TestNextRefresh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cache, valid, want time.Duration
	}{
		"nothing stated":       {0, 0, 24 * time.Hour},
		"a week":               {7 * 24 * time.Hour, 0, 24 * time.Hour},
		"six hours":            {6 * time.Hour, 0, 6 * time.Hour},
		"a minute":             {time.Minute, 0, time.Hour},
		"valid for a year":     {0, 365 * 24 * time.Hour, 24 * time.Hour},
		"valid for ten hours":  {0, 10 * time.Hour, 5 * time.Hour},
		"valid for a minute":   {0, time.Minute, time.Hour},
		"not valid anymore":    {0, -time.Hour, time.Hour},
		"the shorter of both":  {8 * time.Hour, 10 * time.Hour, 5 * time.Hour},
		"the shorter of both²": {4 * time.Hour, 10 * time.Hour, 4 * time.Hour},
	} {
		e := metadata.Entity{CacheDuration: c.cache}
		if c.valid != 0 {
			e.ValidUntil = now.Add(c.valid)
		}
		if got := metadata.NextRefresh(now, e).Sub(now); got != c.want {
			t.Errorf("%s: NextRefresh(...) = %v later, want %v", name, got, c.want)
		}
	}
}
