package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

const (
	// holdUsually and holdMost are how many seconds a reservation lasts.
	holdUsually = 60
	holdMost    = 3600
)

// takeIn is the part of a check that asks of a meter, and takes of it.
type takeIn struct {
	Meter       billing.Feature `json:"meter,omitzero" doc:"A meter of the catalog: the quantity is reserved of all budgets of the caller, or of none"`
	Cost        int64           `json:"cost,omitzero" minimum:"0" doc:"Of a meter: the most that it costs, in billionths of the currency's unit; its price decides if it is left out"`
	Subject     string          `json:"subject,omitzero" doc:"What a meter of unique things counts; whoever calls if it is left out"`
	HoldSeconds int64           `json:"hold_seconds,omitzero" minimum:"1" maximum:"3600" doc:"How long the reservation lasts; 60 if it is left out"`
	Record      string          `json:"record,omitzero" doc:"Instead of a reservation: count the quantity now, once by this id as POST /v1/usage does. For what is known before. An id of a caller without usage:write is theirs alone"`
	Model       string          `json:"model,omitzero" doc:"Of what is recorded"`
	Currency    string          `json:"currency,omitzero" doc:"Of the cost; another than the meter's is refused. Of what is recorded it is for callers with usage:write, as is the cost"`
}

// takenOut is what a check of a meter says beside the decision.
type takenOut struct {
	Quota       *metered.State  `json:"quota,omitempty" doc:"The budget that refused or is over, or else the one that has least left; of a check that records, as far as it is known without asking the database"`
	Reservation *reservationOut `json:"reservation,omitempty" doc:"To settle or release; of a meter that is no sum there is none"`
	Recorded    usage.Status    `json:"recorded,omitempty" enum:"accepted,duplicate" doc:"What became of the event of a check that records; a duplicate was counted before, and takes nothing"`
}

type reservationOut struct {
	ID        string    `json:"id" doc:"Opaque, of up to 1,024 characters"`
	ExpiresAt time.Time `json:"expires_at" doc:"When what it holds is given back by itself. It can be settled later, and counts all the same"`
}

// validMeter says what is wrong with what is asked of a meter.
func (in checkIn) validMeter(prefix string) error {
	switch {
	case in.Meter == "":
		return errs.InvalidField(prefix+"meter", "Name the meter that this is of.")
	case in.Quantity < 0:
		return errs.InvalidField(prefix+"quantity", "is at least 1")
	case in.HoldSeconds < 0 || in.HoldSeconds > holdMost:
		return errs.InvalidField(prefix+"hold_seconds", "is from 1 to 3600")
	case in.HoldSeconds > 0 && in.Record != "":
		return errs.InvalidField(prefix+"hold_seconds", "What is recorded at once is not held.")
	case len(in.Record) > 255:
		return errs.InvalidField(prefix+"record", "has at most 255 bytes")
	case in.Record == "" && in.Model != "":
		return errs.InvalidField(prefix+"record", "The model is that of what is recorded. Of a reservation it is said when it is settled.")
	case in.Explain && in.Permission == "" && in.Feature == "":
		return errs.InvalidField(prefix+"explain", "Name the permission or the feature that is to be explained.")
	}
	return nil
}

// use is what the caller is about to use of the meter.
func (in checkIn) use(ctx context.Context) metered.Use {
	u := metered.Use{
		Meter: in.Meter, Quantity: max(in.Quantity, 1), Cost: in.Cost, Currency: in.Currency, Subject: in.Subject, Permission: in.Permission, Route: web.RouteOf(ctx),
		Lasts: time.Duration(in.HoldSeconds) * time.Second,
	}
	if u.Lasts == 0 {
		u.Lasts = holdUsually * time.Second
	}
	return u
}

// checkMeter takes what an allowed caller asks of a meter, and puts the answer into out.
func (a *API) checkMeter(ctx context.Context, p *authn.Principal, in checkIn, out *checkOut) error {
	if in.Record != "" {
		return a.checkAndRecord(ctx, p, in, out)
	}
	r, d, state, err := a.Meters.Reserve(ctx, p, in.use(ctx))
	if err != nil {
		return err
	}
	if d.Clause != "" {
		out.Decision = d
	}
	if out.tell(state); r != nil {
		out.Reservation = &reservationOut{a.Tickets.Issue(r), r.ExpiresAt}
	}
	return nil
}

// tell says what is known of the budget.
func (out *checkOut) tell(s metered.State) {
	if s.Known() {
		out.Quota = &s
	}
}

// checkAndRecord takes and counts in one.
func (a *API) checkAndRecord(ctx context.Context, p *authn.Principal, in checkIn, out *checkOut) error {
	trusted, err := a.recordsUsage(ctx, p, nil, in.Cost, in.Currency)
	if err != nil {
		return err
	}
	key := in.Record
	if !trusted {
		key = metered.OwnKey(p, key)
	}
	u := in.use(ctx)
	u.Lasts = 0 // a moment
	hold, d, state, err := a.Meters.Take(ctx, p, u)
	if err != nil {
		return err
	}
	if hold == nil {
		out.Decision = d
		out.tell(state)
		return nil
	}
	defer hold.Release() // nothing, once it is settled
	o, err := hold.Settle(ctx, usage.Event{
		Key: key, Quantity: u.Quantity, Cost: in.Cost, Currency: in.Currency, Feature: string(in.Feature), Model: in.Model, Route: u.Route,
	})
	if err != nil {
		return err
	}
	if o.Status == usage.Refused {
		return refusedEvent(o.Refusal)
	}
	out.Recorded = o.Status
	out.tell(hold.State())
	return nil
}

// refusedEvent is why the event of a request cannot be taken, as an error of the request.
func refusedEvent(why *usage.Refusal) error {
	if why.Code == usage.CurrencyMismatch {
		return metered.Mismatch(why)
	}
	field := why.Field
	if field == "" {
		field = map[string]string{
			usage.InvalidKey: "record", usage.TooOld: "record", usage.InFuture: "record", usage.OutOfRange: "quantity", usage.NoCurrency: "currency",
			usage.UnknownMeter: "meter",
		}[why.Code]
	}
	return errs.InvalidField(field, why.Detail)
}
