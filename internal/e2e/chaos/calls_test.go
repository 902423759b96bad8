package chaos_test

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// check is what is asked before a metered call. With Record its use is counted at once; otherwise it is reserved.
type check struct {
	Meter       string `json:"meter"`
	Quantity    int64  `json:"quantity"`
	Record      string `json:"record,omitempty"`
	HoldSeconds int    `json:"hold_seconds,omitempty"`
}

// checked is the answer to POST /v1/check.
type checked struct {
	Allowed     bool
	Clause      string
	Reservation *struct {
		ID        string
		ExpiresAt time.Time `json:"expires_at"`
	}
}

// call makes metered calls, of what is known before, until the load ends.
func (c *client) call(u user) {
	for !c.over.Load() {
		c.callOnce(u, 1+c.rng.Int64N(5))
		time.Sleep(time.Duration(c.rng.IntN(30)) * time.Millisecond)
	}
}

// callOnce makes one and says whether it was admitted. An answer that did not come may have been either, which the next one tells: what was
// counted counts once.
func (c *client) callOnce(u user, quantity int64) bool {
	key := uuid.Must(uuid.NewV7()).String()
	u.book.send(key, quantity)
	a, ok := c.insist(http.MethodPost, "/v1/check", u.tenant, check{Meter: u.meter, Quantity: quantity, Record: key})
	if !ok {
		return false
	}
	var got checked
	if err := a.decode(&got); err != nil {
		c.tally.violate(unclear, 1, "a call = %v", err)
		return false
	}
	if !got.Allowed {
		c.refusedCall(got, a)
		if a.asked == 1 {
			u.book.refuse(key)
		}
		return false
	}
	u.book.acknowledge(key)
	c.tally.add(admitted, quantity)
	return true
}

func (c *client) refusedCall(got checked, a answer) {
	if got.Clause != "quota_exceeded" {
		c.tally.violate(unclear, 1, "a call = %s", a.body)
	}
	c.tally.add(turnedAway, 1)
}

// holdFor is how long calls reserve: longer than anything is away.
const holdFor = 25

// reserve makes metered calls whose use is known only afterwards. Some are settled, some released, and some left behind.
func (c *client) reserve(u user) {
	for !c.over.Load() {
		most := 1 + c.rng.Int64N(10)
		hold := [...]int{1, holdFor}[min(1, c.rng.IntN(4))]
		a, ok := c.insist(http.MethodPost, "/v1/check", u.tenant, check{Meter: u.meter, Quantity: most, HoldSeconds: hold})
		if !ok {
			return
		}
		var got checked
		if err := a.decode(&got); err != nil || got.Allowed && got.Reservation == nil {
			c.tally.violate(unclear, 1, "a reservation = %s: %v", a.body, err)
			return
		}
		time.Sleep(time.Duration(c.rng.IntN(60)) * time.Millisecond) // the call
		switch {
		case !got.Allowed:
			c.refusedCall(got, a)
		case hold == holdFor && c.rng.IntN(5) == 0:
			c.end(u, got, "release", 0)
		case hold == holdFor:
			c.end(u, got, "settle", c.rng.Int64N(most+1))
		}
	}
}

// end settles or releases a reservation, unless it may expire before that is done: what is settled later counts all the same, above a limit too.
func (c *client) end(u user, got checked, how string, quantity int64) {
	var body any
	if how == "settle" {
		body = map[string]int64{"quantity": quantity}
	}
	key := "reservation " + got.Reservation.ID
	u.book.send(key, quantity)
	a, ok := c.insistUntil(got.Reservation.ExpiresAt.Add(-time.Second), http.MethodPost, "/v1/reservations/"+got.Reservation.ID+"/"+how, u.tenant, body)
	var settled struct {
		Status string
		Late   bool
	}
	switch {
	case !ok:
		u.book.doubt(quantity)
		return
	case a.decode(&settled) != nil || how == "settle" && settled.Status != "accepted" && settled.Status != "duplicate":
		c.tally.violate(unclear, 1, "%s a reservation = %s", how, a.body)
		return
	case settled.Late:
		u.book.doubt(quantity)
	}
	if how == "settle" {
		u.book.acknowledge(key)
		c.tally.add(admitted, quantity)
	}
}

// useUp admits what is left of a limit, and says that something of it is stranded if nothing more is admitted for as long as the last lease
// and the last reservation can live.
func (c *client) useUp(ctx context.Context, u user) error {
	limit := limits[u.tenant.plan]
	const patience = (holdFor + 20) * time.Second
	deadline := time.Now().Add(patience)
	for quantity := limit / 4; ; {
		if c.callOnce(u, max(1, quantity)) {
			deadline = time.Now().Add(patience)
			continue
		}
		if quantity /= 2; quantity > 0 {
			continue
		}
		used, ledger, err := c.used(ctx, u)
		switch {
		case err != nil:
			return err
		case used >= limit: // more is found by the audit
			return nil
		case time.Now().After(deadline):
			c.tally.violate(stranded, limit-used, "%s has used %d of %d and is refused more: %s", u.tenant.slug, used, limit, ledger)
			return nil
		}
		quantity = (limit - used) / 2
		time.Sleep(300 * time.Millisecond)
	}
}
