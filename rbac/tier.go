package rbac

import "regexp"

// Tier is the label of one step of the product's ladder, or of what such a step once was.
type Tier string

// anyTier is below all tiers: what needs no feature needs it alone.
const anyTier Tier = "any"

// Former is what a step of the ladder once was: a tier beside it, which includes the features that it names and nothing else.
type Former struct {
	Tier     Tier
	Step     Tier // of the ladder
	Features []Feature
}

// Feature is the label of something that is included from one tier upwards.
type Feature string

// label is the form of a feature's name wherever one enters a policy; that of a tier may have a version behind it.
var (
	label     = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)
	tierLabel = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}(?:@[1-9][0-9]{0,18})?$`)
)
