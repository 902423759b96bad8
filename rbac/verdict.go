package rbac

// Verdict is the answer to one question. The zero Verdict denies.
type Verdict struct {
	Allowed bool
	Clause  Clause // why not; empty if allowed
	// NeedsRole is the lowest built-in role that would allow it, if the role is what lacks.
	NeedsRole Role
	// NeedsTier is the lowest tier that would allow it, if the tier lacks something. It stands beside NeedsRole
	// when a better role alone would not do.
	NeedsTier Tier
}

// Clause is the stable name of the reason for a refusal.
type Clause string

// The clauses. When several hold, the first of them in this order is the answer: a name that nobody knows is a
// mistake of the caller whoever asks; and who lacks the role is not told to buy a higher plan.
const (
	UnknownPermission   Clause = "unknown_permission"
	UnknownFeature      Clause = "unknown_feature"
	UnknownRole         Clause = "unknown_role"
	UnknownTier         Clause = "unknown_plan"
	RoleLacksPermission Clause = "role_lacks_permission"
	FeatureSwitchedOff  Clause = "feature_switched_off"
	FeatureNotInPlan    Clause = "feature_not_in_plan"
)
