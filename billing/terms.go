package billing

import (
	"maps"
	"slices"
	"strconv"
)

// Pin names one version of a plan. Versions count from 1 and never change.
type Pin struct {
	Plan    Plan
	Version int64
}

// String returns the pin as people read it, as in team@3.
func (p Pin) String() string { return string(p.Plan) + "@" + strconv.FormatInt(p.Version, 10) }

// Terms is what a version of a plan includes.
type Terms struct {
	Features []Feature          `json:"features"` // that are included, sorted
	Numbers  map[Feature]Number `json:"numbers,omitempty"`
	Limits   *Limits            `json:"limits,omitempty"` // nil of a version that is older than they are: those of the newest hold
	Meters   map[Feature]Sale   `json:"meters,omitempty"` // of metered features, but for those of [PlainSale]
}

// Equal reports whether both include the same.
func (t Terms) Equal(other Terms) bool {
	return slices.Equal(t.Features, other.Features) && maps.Equal(t.Numbers, other.Numbers) && maps.Equal(t.Meters, other.Meters) &&
		t.Limits.Equal(other.Limits)
}

// Sale returns on what terms a metered feature is sold.
func (t Terms) Sale(f Feature) Sale {
	if s, said := t.Meters[f]; said {
		return s
	}
	return PlainSale()
}

// Includes reports whether the feature is included.
func (t Terms) Includes(f Feature) bool {
	_, found := slices.BinarySearch(t.Features, f)
	return found
}

// PlanVersion is a version of a plan with what it includes. It is immutable.
type PlanVersion struct {
	Pin
	Terms Terms
}
