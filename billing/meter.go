package billing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Meter is how a metered feature is counted, priced and held to its numbers. It is comparable, and of a feature that is not metered zero.
type Meter struct {
	Unit        string // for people: tokens
	Aggregation Aggregation
	Sale
	Unavailable Unavailable
	// Cap is how much each instance admits in a period when the database cannot be asked and Unavailable is [Open].
	Cap int64
}

// Sale is the part of a meter that a version of a plan pins: what a tenant has bought does not change under it. The zero Sale is none.
type Sale struct {
	Period   Period    `json:"period"`
	Limit    LimitKind `json:"limit"`
	Cost     int64     `json:"cost,omitempty"`     // of a unit, in millionths of a millionth of the currency's unit
	Currency string    `json:"currency,omitempty"` // of all costs of the meter, whoever names them; "" for costs of any, which no budget counts
}

// PlainSale is that of a meter of which nothing is said. Versions of plans leave it out.
func PlainSale() Sale { return Sale{Period: Month, Limit: Hard} }

// Aggregation is what the events of a period come to.
type Aggregation string

// The aggregations.
const (
	Sum    Aggregation = "sum"    // all quantities together
	Count  Aggregation = "count"  // the number of events
	Max    Aggregation = "max"    // the largest quantity
	Unique Aggregation = "unique" // the number of different subjects
)

// Aggregations returns all aggregations.
func Aggregations() []Aggregation { return []Aggregation{Sum, Count, Max, Unique} }

// Adds reports whether two events come to the sum of what each comes to. Only such a meter has a cost, and can be held in shares.
func (a Aggregation) Adds() bool { return a == Sum || a == Count }

// LimitKind is what happens to a call above the number.
type LimitKind string

// The kinds of limits. A soft one lets the call pass and says that it was over.
const (
	Hard LimitKind = "hard"
	Soft LimitKind = "soft"
)

// LimitKinds returns both limits.
func LimitKinds() []LimitKind { return []LimitKind{Hard, Soft} }

// Unavailable is the answer where the database would have to be asked and cannot be.
type Unavailable string

// The answers. Open admits up to [Meter.Cap] and no more.
const (
	Closed Unavailable = "closed"
	Open   Unavailable = "open"
)

// Unavailables returns all such answers.
func Unavailables() []Unavailable { return []Unavailable{Closed, Open} }

// PlainMeter is a meter of which nothing is said.
func PlainMeter() Meter {
	return Meter{Aggregation: Sum, Sale: PlainSale(), Unavailable: Closed}
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// ParseCurrency returns the code of a currency (ISO 4217) if it has the form of one.
func ParseCurrency(code string) (string, error) {
	if !currencyCode.MatchString(code) {
		return "", errors.New("a currency is three capital letters, such as USD")
	}
	return code, nil
}

// ParseOneOf returns the value of exactly this name among those that there are; what names them in the error.
func ParseOneOf[T ~string](what, name string, all []T) (T, error) {
	if v := T(name); slices.Contains(all, v) {
		return v, nil
	}
	return "", fmt.Errorf("unknown %s %q: it is one of %v", what, name, all)
}
