package main

import (
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
)

// saleShift is a meter that is sold on other terms.
type saleShift struct {
	Feature string    `json:"feature"`
	From    saleTerms `json:"from"`
	To      saleTerms `json:"to"`
}

type saleTerms billing.Sale

func saleShiftOf(s catalog.SaleShift) saleShift {
	return saleShift{string(s.Feature), saleTerms(s.From), saleTerms(s.To)}
}

// String says on what terms a meter is sold.
func (s saleTerms) String() string {
	text := fmt.Sprintf("%s by %s", s.Limit, s.Period)
	switch {
	case s.Cost > 0:
		text += fmt.Sprintf(", %d pico-%s", s.Cost, s.Currency)
	case s.Currency != "":
		text += ", costs in " + s.Currency
	}
	return text
}
