package sso

import (
	"slices"
	"time"
)

// note writes down how a refresh went.
func (s *SAML) note(now time.Time, r Refreshed) {
	m := &s.Metadata
	m.RefreshedAt, m.Problem, m.Detail, m.NextRefresh = now, r.Problem, r.Detail, r.Next
	if !r.Next.IsZero() {
		m.Failures, m.ValidUntil = 0, r.ValidUntil
		return
	}
	// Every hour at first, and then ever more seldom: a provider that is away for a week is not asked a hundred times.
	m.NextRefresh = now.Add(min(24*time.Hour, time.Hour<<min(m.Failures, 5)))
	m.Failures++
}

// taken is what a refresh did to the certificates.
type taken struct{ added, waiting, dropped []SAMLCertificate }

// take follows a refresh, but never so far that no certificate is left that works.
func (s *SAML) take(now time.Time, r Refreshed) taken {
	if r.Next.IsZero() {
		return taken{}
	}
	var t taken
	old := s.Certificates
	var list []SAMLCertificate
	for _, c := range old {
		switch {
		case c.Pending && !c.ByHand: // it waits again if it is still there
		case slices.Contains(r.Drop, c.Fingerprint):
			t.dropped = append(t.dropped, c)
		default:
			list = append(list, c)
		}
	}
	if !slices.ContainsFunc(list, func(c SAMLCertificate) bool { return c.works(now) }) { // whatever was proposed
		list, t.dropped = append(list, t.dropped...), nil
	}
	for _, c := range r.Add {
		if !known(list, c) {
			list, t.added = append(list, c), append(t.added, c)
		}
	}
	for _, c := range r.Waiting {
		if known(list, c) {
			continue
		}
		if i := slices.IndexFunc(old, func(o SAMLCertificate) bool { return o.Pending && o.Fingerprint == c.Fingerprint }); i >= 0 {
			list = append(list, old[i])
			continue
		}
		list, t.waiting = append(list, c), append(t.waiting, c)
	}
	s.Certificates = list
	return t
}

func known(list []SAMLCertificate, c SAMLCertificate) bool {
	return slices.ContainsFunc(list, func(o SAMLCertificate) bool { return o.Fingerprint == c.Fingerprint })
}

// works says whether a certificate is trusted and valid.
func (c SAMLCertificate) works(now time.Time) bool {
	return !c.Pending && !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

func (s *SAML) clone() *SAML {
	o := *s
	o.Certificates, o.Metadata.Declined = slices.Clone(s.Certificates), slices.Clone(s.Metadata.Declined)
	return &o
}
