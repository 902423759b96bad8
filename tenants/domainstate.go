package tenants

import (
	"time"

	"github.com/seed-2a059015/gatehouse/internal/events"
)

// When domains are checked.
const (
	soonest  = 5 * time.Minute     // sooner, and the resolver would remember that there is no record
	latest   = 6 * time.Hour       // between two checks of a pending domain
	giveUp   = 72 * time.Hour      // after somebody asked
	monthly  = 30 * 24 * time.Hour // of a verified domain
	daily    = 24 * time.Hour      // of a verified domain whose record is gone
	lapse    = 7 * 24 * time.Hour  // after which a lost record ends the verification
	noAnswer = 6 * time.Hour       // of a verified domain when the DNS does not answer
)

// GivesUpAt is when a pending domain has failed if no record is found; nil for others.
func (d Domain) GivesUpAt() *time.Time {
	if d.Status != DomainPending {
		return nil
	}
	return after(d.AskedAt, giveUp)
}

// LapsesAt is when a verified domain whose record is gone is verified no more; nil for others.
func (d Domain) LapsesAt() *time.Time {
	if d.Status != DomainVerified || d.LostAt == nil {
		return nil
	}
	return after(*d.LostAt, lapse)
}

// see moves a domain by what a check has found and says what has happened thereby, if anything has.
func (d *Domain) see(f Finding, now time.Time) events.Type {
	d.Finding, d.CheckedAt = f, &now
	switch d.Status {
	case DomainPending:
		return d.seePending(f, now)
	case DomainVerified:
		return d.seeVerified(f, now)
	case DomainFailed:
	}
	return ""
}

func (d *Domain) seePending(f Finding, now time.Time) events.Type {
	if f == FindingFound {
		d.verified(VerifiedByDNS, now)
		return events.DomainVerified
	}
	end := d.AskedAt.Add(giveUp)
	if !now.Before(end) {
		d.Status, d.NextCheckAt = DomainFailed, nil
		return events.DomainFailed
	}
	next := now.Add(min(max(now.Sub(d.AskedAt)/2, soonest), latest))
	if next.After(end) {
		next = end
	}
	d.NextCheckAt = &next
	return ""
}

func (d *Domain) seeVerified(f Finding, now time.Time) events.Type {
	switch {
	case f == FindingUnreachable || f == FindingUnavailable: // says nothing
		d.NextCheckAt = after(now, noAnswer)
		return ""
	case f == FindingFound && d.LostAt == nil:
		d.NextCheckAt = after(now, monthly)
		return ""
	case f == FindingFound:
		d.LostAt, d.NextCheckAt = nil, after(now, monthly)
		return events.DomainRestored
	case d.LostAt == nil:
		d.LostAt, d.NextCheckAt = &now, after(now, daily)
		return events.DomainLost
	}
	end := d.LostAt.Add(lapse)
	if !now.Before(end) {
		d.Status, d.VerifiedAt, d.VerifiedBy, d.LostAt, d.NextCheckAt = DomainFailed, nil, "", nil, nil
		return events.DomainUnverified
	}
	next := now.Add(daily)
	if next.After(end) {
		next = end
	}
	d.NextCheckAt = &next
	return ""
}

func (d *Domain) verified(by VerifiedBy, now time.Time) {
	d.Status, d.VerifiedAt, d.VerifiedBy, d.LostAt, d.NextCheckAt = DomainVerified, &now, by, nil, nil
	if by == VerifiedByDNS {
		d.NextCheckAt = after(now, monthly)
	}
}

// restart begins the time anew in which a record may appear. It is nothing for a verified domain.
func (d *Domain) restart(now time.Time) events.Type {
	was := d.Status
	if was == DomainVerified {
		return ""
	}
	d.Status, d.AskedAt = DomainPending, now
	if was == DomainFailed {
		return events.DomainRestarted
	}
	return ""
}
