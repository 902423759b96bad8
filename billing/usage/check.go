package usage

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// The codes of refusals.
const (
	TooOld       = "event_too_old"
	InFuture     = "event_in_future"
	UnknownMeter = "unknown_meter"
	OutOfRange   = "out_of_range"
	InvalidText  = "invalid_text"
	InvalidKey   = "invalid_key"
	NoTenant     = "no_tenant"
	NoCurrency   = "no_currency"

	CurrencyMismatch = "currency_mismatch"
)

const (
	// most is the largest quantity, token count or cost of one event: it stays exact in JavaScript.
	most = 999_999_999_999_999
	// longestText bounds each text of an event.
	longestText = 255
	// ahead is how far an event's clock may be before ours.
	ahead = 5 * time.Minute
)

func refuse(code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

// complete fills in what an event leaves open, and says why it cannot be taken.
func (r *Recorder) complete(ctx context.Context, e *Event, now time.Time) (key, *Refusal, error) {
	if e.Tenant.IsZero() {
		return key{}, refuse(NoTenant, "An event belongs to a tenant."), nil
	}
	if e.Key == "" {
		e.Key = id.At[id.Request](now).UUID().String()
	}
	if len(e.Key) > longestKey {
		return key{}, refuse(InvalidKey, "A key has at most 255 bytes."), nil
	}
	if e.At.IsZero() {
		e.At = now
	}
	k := parseKey(e.Key)
	if why := r.timely(e.At, k.made, now); why != nil {
		return key{}, why, nil
	}
	m, known, err := r.meters(ctx, e.Tenant, e.Meter)
	if err != nil {
		return key{}, nil, fmt.Errorf("look up meter %q: %w", e.Meter, err)
	}
	if !known {
		return key{}, refuse(UnknownMeter, "The catalog has no meter of this name."), nil
	}
	e.subject(m)
	if why := e.numbers(); why != nil {
		return key{}, why, nil
	}
	if why := e.cost(m); why != nil {
		return key{}, why, nil
	}
	return k, e.texts(), nil
}

func (e *Event) numbers() *Refusal {
	for _, n := range [...]struct {
		field string
		value int64
	}{
		{"quantity", e.Quantity}, {"input_tokens", e.InputTokens}, {"output_tokens", e.OutputTokens}, {"cached_tokens", e.CachedTokens}, {"cost", e.Cost},
	} {
		if n.value < 0 || n.value > most {
			return &Refusal{OutOfRange, "Quantity, tokens and cost are 0 to 999,999,999,999,999.", n.field}
		}
	}
	return nil
}

// texts holds each text to what Postgres stores: one that it does not would take the whole batch with it.
func (e *Event) texts() *Refusal {
	for _, text := range [...]struct{ field, value string }{
		{"meter", e.Meter},
		{"subject", e.Subject},
		{"feature", e.Feature},
		{"role", e.Role},
		{"plan", e.Plan},
		{"route", e.Route},
		{"model", e.Model},
		{"currency", e.Currency},
	} {
		if v := text.value; len(v) > longestText || !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return &Refusal{InvalidText, "A text has at most 255 bytes of UTF-8 without NUL.", text.field}
		}
	}
	return nil
}

// timely holds both clocks of an event to what can be taken: its own, and that of a key which tells its day.
func (r *Recorder) timely(at, made, now time.Time) *Refusal {
	oldest := dayOf(now) - day(r.keep)
	for _, t := range [...]time.Time{at, made} {
		switch {
		case t.IsZero():
		case dayOf(t) < oldest:
			return refuse(TooOld, "The event, or its key, is older than events are kept.")
		case t.After(now.Add(ahead)):
			return refuse(InFuture, "The event, or its key, is more than five minutes in the future.")
		}
	}
	return nil
}

// cost prices an event that brings no cost along.
func (e *Event) cost(m Meter) *Refusal {
	if e.Cost != 0 {
		if e.Currency == "" {
			e.Currency = m.Currency
		}
		if e.Currency == "" {
			return refuse(NoCurrency, "A cost has a currency.")
		}
		if _, err := billing.ParseCurrency(e.Currency); err != nil {
			return refuse(NoCurrency, "A currency is three capital letters, such as USD.") // "usd" would be a line of its own in a statement
		}
		return m.Mismatch(e.Currency)
	}
	if why := m.Mismatch(e.Currency); why != nil {
		return why
	}
	if e.Currency = ""; m.Price == 0 { // what costs nothing is of no currency
		return nil
	}
	e.Currency = m.Currency
	cost, ok := m.CostOf(e.Quantity)
	if !ok || cost > most {
		return refuse(OutOfRange, "The cost of this quantity is more than can be told.")
	}
	e.Cost = cost
	return nil
}

// subject keeps what a meter of unique things counts, and drops what no other meter needs: each subject is a row of sums.
func (e *Event) subject(m Meter) {
	switch {
	case !m.Unique:
		e.Subject = ""
	case e.Subject != "":
	case !e.User.IsZero():
		e.Subject = e.User.String()
	default:
		e.Subject = e.APIKey.String()
	}
}
