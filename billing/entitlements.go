package billing

import (
	"encoding/json"
	"fmt"
	"time"
)

// Entitlements is what a tenant has been sold and given, with dates. It is immutable: what is in force at a moment is asked by that moment,
// so that nothing has to run for a trial to end. The zero value has no plan.
type Entitlements struct {
	Pin       Pin
	Move      *Move
	Trial     *Trial
	Overrides []Override
	Anchor    time.Time // when billing begins, in UTC; zero if billing periods are the months of the calendar
}

// Move is a change of the plan at a moment to come, or one that has come and is not settled into the tenant's row yet.
type Move struct {
	To Pin
	At time.Time
}

// Trial lends a higher plan until a moment.
type Trial struct {
	Pin   Pin
	Until time.Time
}

// Override sets one feature of a tenant apart from its plan.
type Override struct {
	Feature Feature
	On      bool    // of a numeric feature: that there is any of it
	Number  *Number // of a numeric feature alone
	Expires time.Time
}

// Bought returns the plan of the tenant at a moment, without a trial.
func (e *Entitlements) Bought(now time.Time) Pin {
	if e.Move != nil && !now.Before(e.Move.At) {
		return e.Move.To
	}
	return e.Pin
}

// At returns the plan that decides at a moment: that of a running trial, unless what was bought is as high.
func (e *Entitlements) At(now time.Time) Pin {
	bought := e.Bought(now)
	if e.Trial != nil && now.Before(e.Trial.Until) && e.Trial.Pin.Plan.Rank() > bought.Plan.Rank() {
		return e.Trial.Pin
	}
	return bought
}

// Pins returns the versions of plans that decide at some moment.
func (e *Entitlements) Pins() []Pin {
	pins := []Pin{e.Pin}
	if e.Move != nil {
		pins = append(pins, e.Move.To)
	}
	if e.Trial != nil {
		pins = append(pins, e.Trial.Pin)
	}
	return pins
}

// Next returns the first moment after now at which what is in force may change by the clock alone; zero if there is none.
func (e *Entitlements) Next(now time.Time) (next time.Time) {
	consider := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if e.Move != nil {
		consider(e.Move.At)
	}
	if e.Trial != nil {
		consider(e.Trial.Until)
	}
	for i := range e.Overrides {
		consider(e.Overrides[i].Expires)
	}
	return next
}

// Override returns the override of a feature that is in force at a moment, or nil.
func (e *Entitlements) Override(f Feature, now time.Time) *Override {
	for i := range e.Overrides {
		if o := &e.Overrides[i]; o.Feature == f && (o.Expires.IsZero() || now.Before(o.Expires)) {
			return o
		}
	}
	return nil
}

// written is how the database writes what a tenant has beside its plan.
type written struct {
	Anchor *time.Time `json:"anchor"`
	Move   *struct {
		Plan    Plan      `json:"plan"`
		Version int64     `json:"version"`
		At      time.Time `json:"at"`
	} `json:"move"`
	Trial *struct {
		Plan    Plan      `json:"plan"`
		Version int64     `json:"version"`
		Until   time.Time `json:"until"`
	} `json:"trial"`
	Overrides []struct {
		Feature Feature   `json:"feature"`
		On      bool      `json:"on"`
		Number  *Number   `json:"number"`
		Expires time.Time `json:"expires"`
	} `json:"overrides"`
}

// ReadEntitlements returns the entitlements of a tenant on a plan from what the database has written of them as JSON.
func ReadEntitlements(pin Pin, text string) (Entitlements, error) {
	e := Entitlements{Pin: pin}
	if text == "" {
		return e, nil
	}
	var w written
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return Entitlements{}, fmt.Errorf("read entitlements: %w", err)
	}
	if w.Anchor != nil {
		e.Anchor = w.Anchor.UTC()
	}
	if m := w.Move; m != nil {
		e.Move = &Move{Pin{m.Plan, m.Version}, m.At}
	}
	if t := w.Trial; t != nil {
		e.Trial = &Trial{Pin{t.Plan, t.Version}, t.Until}
	}
	for _, o := range w.Overrides {
		e.Overrides = append(e.Overrides, Override(o))
	}
	return e, nil
}
