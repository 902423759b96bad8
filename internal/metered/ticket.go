package metered

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
)

// Tickets writes reservations as texts that only this installation can make, each good in one tenant. So a reservation can say to whom its
// event is attributed without a row that says so.
type Tickets struct{ cursors *page.Cursors }

// NewTickets returns Tickets under cursors whose key serves no other purpose.
func NewTickets(c *page.Cursors) Tickets { return Tickets{c} }

const reservationScope = "reservation"

// ErrReservation is the one answer to every text that is no reservation of the tenant.
var ErrReservation = errs.NotFound("reservation")

// Issue returns the text of a reservation.
func (t Tickets) Issue(r *Reservation) string {
	kept := ""
	if r.Kept {
		kept = "1"
	}
	whole := func(n int64) string { return strconv.FormatInt(n, 36) }
	bytes := func(b [16]byte) string { return string(b[:]) }
	return t.cursors.Encode(page.Scope{Tenant: r.By.Tenant.String(), Query: reservationScope}, []string{
		bytes(r.ID.Bytes()), bytes(r.Lease), kept, string(r.Meter), whole(r.Quantity), whole(r.Cost), whole(r.At.UnixMicro()), whole(r.ExpiresAt.UnixMicro()),
		string(r.By.Kind), bytes(r.By.User.Bytes()), bytes(r.By.Membership.Bytes()), bytes(r.By.Key.Bytes()), r.By.Role, r.By.Plan,
	})
}

// Read returns the reservation of a text, if it is one of the tenant.
func (t Tickets) Read(tenant id.Tenant, text string) (*Reservation, error) {
	parts, err := t.cursors.Decode(page.Scope{Tenant: tenant.String(), Query: reservationScope}, text)
	if err != nil || len(parts) != 14 {
		return nil, ErrReservation
	}
	whole := func(n int) int64 {
		v, _ := strconv.ParseInt(parts[n], 36, 64) // we wrote it
		return v
	}
	bytes := func(n int) (b uuid.UUID) {
		copy(b[:], parts[n])
		return b
	}
	return &Reservation{
		ID: id.From[id.Reservation](bytes(0)), Lease: bytes(1), Kept: parts[2] != "", Meter: billing.Feature(parts[3]), Quantity: whole(4), Cost: whole(5),
		At: time.UnixMicro(whole(6)).UTC(), ExpiresAt: time.UnixMicro(whole(7)).UTC(),
		By: authn.Principal{
			Kind: authn.Kind(parts[8]), Tenant: tenant, User: id.From[id.User](bytes(9)), Membership: id.From[id.Membership](bytes(10)),
			Key: id.From[id.Key](bytes(11)), Role: parts[12], Plan: parts[13],
		},
	}, nil
}
