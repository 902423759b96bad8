package usage

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Meter is what has to be known of a meter to record it.
type Meter struct {
	Unique   bool   // different subjects are counted
	Price    int64  // of a unit, in millionths of a millionth of the currency's unit; 0 for none
	Currency string // of the price
}

// Meters says how a tenant's meter is recorded, or that there is none of this name. It is asked for each event and should answer from memory;
// its error is that of the whole call.
type Meters func(ctx context.Context, tenant id.Tenant, meter string) (m Meter, known bool, err error)

func anyMeter(context.Context, id.Tenant, string) (Meter, bool, error) { return Meter{}, true, nil }

// CostOf is the cost of a quantity in billionths, rounded half up. ok is false where no cost can be told in 64 bits.
func (m Meter) CostOf(quantity int64) (cost int64, ok bool) {
	const perBillionth = 1000
	if quantity > 0 && m.Price > (1<<63-1-perBillionth/2)/quantity {
		return 0, false
	}
	return (m.Price*quantity + perBillionth/2) / perBillionth, true
}
