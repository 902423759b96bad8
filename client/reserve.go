package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Demand is what somebody wants to do, and the most that they would use of a meter.
type Demand struct {
	Question // either of it, or nothing: then the meter alone decides

	Meter    string
	Quantity int64         // 0 means 1
	Cost     int64         // in billionths of the currency's unit; 0 has the meter's price decide
	Subject  string        // what a meter of unique things counts
	Hold     time.Duration // how long it is reserved, in whole seconds of up to an hour; 0 means a minute

	// Of what [Client.Count] counts; of a reservation they are said when it is settled.
	Model string

	// Of the Cost. Another than the meter's is a *Problem with the code currency_mismatch. Count takes either of credentials with usage:write alone.
	Currency string
}

// Quota is what is known of the budget that decided, or else of the one that has least left.
type Quota struct {
	Limit     int64     `json:"limit"`
	Used      int64     `json:"used"`
	Remaining int64     `json:"remaining"`
	ResetsAt  time.Time `json:"resets_at"`
	Unlimited bool      `json:"unlimited"`
	Over      bool      `json:"over"`      // above a soft limit, which lets it pass
	Unchecked bool      `json:"unchecked"` // the database could not be asked, and the meter is open then
}

// Reservation is the answer to a Demand. If it allows, it is settled or released; one that is left behind ends by itself.
type Reservation struct {
	Decision

	ID        string // "" if it is refused, or if there is nothing to reserve of the meter
	ExpiresAt time.Time
	Quota     Quota
}

// Settled is what became of a use that was settled.
type Settled struct {
	Duplicate bool // it was settled before: it counts once
	Late      bool // the reservation held nothing any more; it counts all the same
	Above     bool // more was used than was reserved; it counts all the same, of a credential with usage:write
}

var (
	errDemand      = errors.New("gatehouse client: a demand names a meter, a quantity that is not negative and whole seconds of up to an hour")
	errReservation = errors.New("gatehouse client: there is no reservation")
)

func (d Demand) check() error {
	if d.Meter == "" || d.Quantity < 0 || d.Cost < 0 || d.Hold < 0 || d.Hold > time.Hour || d.Hold%time.Second != 0 {
		return errDemand
	}
	return nil
}

// wireDemand is a demand as it is sent.
type wireDemand struct {
	Question

	Meter    string `json:"meter"`
	Quantity int64  `json:"quantity,omitempty"`
	Cost     int64  `json:"cost,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Hold     int64  `json:"hold_seconds,omitempty"`
	Record   string `json:"record,omitempty"`
	Model    string `json:"model,omitempty"`
	Currency string `json:"currency,omitempty"`
}

func (d Demand) wire() wireDemand {
	return wireDemand{
		Question: d.Question, Meter: d.Meter, Quantity: d.Quantity, Cost: d.Cost, Subject: d.Subject, Hold: int64(d.Hold / time.Second),
		Model: d.Model, Currency: d.Currency,
	}
}

// Reserve asks whether the holder of a credential may do something, and reserves what it may use of a meter, in one request. A refusal is a
// Decision, as of [Client.Check], with the clause quota_exceeded if it is the meter's. Its errors are those of Check.
func (c *Client) Reserve(ctx context.Context, who Credential, d Demand) (Reservation, error) {
	if err := d.check(); err != nil {
		return Reservation{}, err
	}
	return c.demand(ctx, who, d.wire())
}

// Count asks as [Client.Reserve] does, and counts the quantity at once: for what is known before. The key makes it count once: after an error the
// same is asked again with the same key. Keys of credentials with usage:write are those of [Recorder]; those of any other are its own.
func (c *Client) Count(ctx context.Context, who Credential, d Demand, key string) (Reservation, error) {
	if err := d.check(); err != nil {
		return Reservation{}, err
	}
	if key == "" || d.Hold != 0 {
		return Reservation{}, errors.New("gatehouse client: what is counted has a key, and is not held")
	}
	w := d.wire()
	w.Record = key
	return c.demand(ctx, who, w)
}

func (c *Client) demand(ctx context.Context, who Credential, w wireDemand) (Reservation, error) {
	if !who.usable() {
		return Reservation{}, errCredential
	}
	const path = "/v1/check"
	a, err := c.send(ctx, http.MethodPost, path, http.Header{who.header: {who.value}}, w)
	if err != nil {
		return Reservation{}, err
	}
	var wire struct {
		wireDecision

		Quota       Quota `json:"quota"`
		Recorded    string
		Reservation struct {
			ID        string    `json:"id"`
			ExpiresAt time.Time `json:"expires_at"`
		} `json:"reservation"`
	}
	if err := a.read(&wire); err != nil {
		return Reservation{}, unavailable("ask "+path, err)
	}
	d, err := wire.decision()
	if err == nil && d.Allowed && w.Record != "" && wire.Recorded == "" {
		err = errors.New("it allows, and has counted nothing")
	}
	if err != nil {
		return Reservation{}, unavailable("ask "+path, err)
	}
	return Reservation{d, wire.Reservation.ID, wire.Reservation.ExpiresAt, wire.Quota}, nil
}

// Settle counts what a reserved use came to, and gives back the rest. The credential is the one that reserved, or an API key of the tenant
// with usage:write; meter, key, time and subject are those of the reservation, whatever u says. After [ErrUnavailable] it may be asked again:
// it counts once. A reservation that is not the caller's is a *Problem with the code not_found. Without usage:write a cost or a currency is one too
// (role_lacks_permission), and more than was reserved (above_reservation): nothing is counted, and the reservation stands.
func (c *Client) Settle(ctx context.Context, who Credential, reservation string, u Use) (Settled, error) {
	in := map[string]any{
		"quantity": u.Quantity, "cost": u.Cost, "currency": u.Currency, "feature": u.Feature, "route": u.Route, "model": u.Model,
		"input_tokens": u.InputTokens, "output_tokens": u.OutputTokens, "cached_tokens": u.CachedTokens,
	}
	var out struct {
		Status      string
		Late, Above bool
	}
	if err := c.end(ctx, who, reservation, "/settle", in, &out); err != nil {
		return Settled{}, err
	}
	if out.Status != "accepted" && out.Status != "duplicate" {
		return Settled{}, unavailable("settle", errors.New("it does not say that it was counted"))
	}
	return Settled{out.Status == "duplicate", out.Late, out.Above}, nil
}

// Release gives back all of a reservation: nothing was used. Of one that was settled it changes nothing. See [Client.Settle].
func (c *Client) Release(ctx context.Context, who Credential, reservation string) error {
	return c.end(ctx, who, reservation, "/release", nil, &struct{}{})
}

// end settles or releases. That there is no such reservation is an answer here, and elsewhere a failure.
func (c *Client) end(ctx context.Context, who Credential, reservation, how string, in, out any) error {
	if !who.usable() {
		return errCredential
	}
	if reservation == "" {
		return errReservation
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	path := "/v1/reservations/" + url.PathEscape(reservation) + how
	doing := how[1:] + " a reservation" // whose id is for who made it
	a, err := c.exchange(ctx, request{http.MethodPost, path, http.Header{who.header: {who.value}}, in, maxAnswer})
	if err != nil {
		return unavailable(doing, err)
	}
	if refusal(a.status) || a.status == http.StatusNotFound || a.status == http.StatusGone {
		p, err := problemOf(a)
		if err != nil {
			return unavailable(doing, err)
		}
		return p
	}
	if a.status != http.StatusOK {
		return unavailable(doing, errors.New("it has failed"))
	}
	if err := a.read(out); err != nil {
		return unavailable(doing, err)
	}
	return nil
}
