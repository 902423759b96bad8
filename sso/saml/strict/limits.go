package strict

// Limits bound a document in every direction in which one can be made to cost. A zero limit lets nothing pass.
type Limits struct {
	Bytes      int
	Depth      int // of nested elements
	Elements   int
	Attributes int // of one element, and namespace declarations in scope of one
}

// DefaultLimits are wide enough for a person with 3,000 groups, and for the metadata of a small federation.
func DefaultLimits() Limits {
	return Limits{Bytes: 1 << 20, Depth: 32, Elements: 20_000, Attributes: 64}
}
