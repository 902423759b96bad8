package strict

// Limits bound a document in every direction in which one can be made to cost. A zero limit lets nothing pass.
type Limits struct {
	Bytes      int
	Depth      int // of nested elements
	Elements   int
	Attributes int // of one element, and namespace declarations in scope of one
}

// DefaultLimits are those of what somebody sends at a sign-in or sign-out: wide enough for a person with 3,000 groups. What passes is walked
// some ten times, so the elements are what a hostile response costs.
func DefaultLimits() Limits {
	return Limits{Bytes: 1 << 20, Depth: 32, Elements: 8_000, Attributes: 64}
}
