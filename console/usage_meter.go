package console

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
)

// soldMeter is a meter of the catalog, as a tenant has it.
type soldMeter struct {
	billing.Meter
	Name   string
	Title  string
	Number billing.Number
	Anchor time.Time // when the tenant's billing begins
}

// metersOf are the meters to choose from.
func metersOf(rules *catalog.Catalog, name string) (list []option) {
	for _, f := range rules.Features() {
		if f.Meter.Period != "" {
			list = append(list, option{Value: string(f.Name), Label: or(f.Title, string(f.Name))})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return chosen(list, name)
}

func meterOf(rules *catalog.Catalog, sold *billing.Entitlements, name string, now time.Time) soldMeter {
	m, number, _ := rules.MeterOf(sold, billing.Feature(name), now)
	of := soldMeter{Meter: m, Name: name, Title: name, Number: number, Anchor: sold.Anchor}
	for _, f := range rules.Features() {
		if string(f.Name) == name {
			of.Title = or(f.Title, name)
		}
	}
	return of
}

// unit is in what the meter counts, for people.
func (m soldMeter) unit() string {
	switch {
	case m.Unit != "":
		return m.Unit
	case m.Aggregation == billing.Count:
		return "calls"
	default:
		return ""
	}
}

// amount writes a quantity with its unit.
func (m soldMeter) amount(n int64) string { return withUnit(n, m.unit()) }
