package usage

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Meter is what has to be known of a meter to record it.
type Meter struct {
	Unique   bool   // different subjects are counted
	Price    int64  // of a unit, in millionths of a millionth of the currency's unit; 0 for none
	Currency string // of the price, and of all costs of the meter; "" takes costs of any
}

// Meters says how a tenant's meter is recorded, or that there is none of this name. It is asked for each event and should answer from memory;
// its error is that of the whole call.
type Meters func(ctx context.Context, tenant id.Tenant, meter string) (m Meter, known bool, err error)

func anyMeter(context.Context, id.Tenant, string) (Meter, bool, error) { return Meter{}, true, nil }

// Mismatch is the refusal of a cost in another currency than the meter's, and nil of its own or where either names none. Amounts of two
// currencies come to nothing together, so that a budget of money needs a meter of one.
func (m Meter) Mismatch(currency string) *Refusal {
	if currency == "" || m.Currency == "" || currency == m.Currency {
		return nil
	}
	return refuse(CurrencyMismatch, "Costs of this meter are in "+m.Currency+".")
}

// CostOf is the cost of a quantity in billionths, rounded half up. ok is false where no cost can be told in 64 bits.
func (m Meter) CostOf(quantity int64) (cost int64, ok bool) {
	const perBillionth = 1000
	if quantity > 0 && m.Price > (1<<63-1-perBillionth/2)/quantity {
		return 0, false
	}
	return (m.Price*quantity + perBillionth/2) / perBillionth, true
}
