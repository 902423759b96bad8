package rbac

import "regexp"

// Tier is the label of one step of the product's ladder. Only its place in [Definition.Tiers] has a meaning.
type Tier string

// Feature is the label of something that is included from one tier upwards.
type Feature string

// label is the form of a tier's and a feature's name wherever one enters a policy.
var label = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)
