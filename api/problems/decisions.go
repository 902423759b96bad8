package problems

import (
	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// decisions explains the clauses of a decision, and the other reasons for which a known caller is refused. The answer to
// POST /v1/check has the same words as its clause.
func decisions() []Problem {
	return []Problem{
		{Code: string(rbac.RoleLacksPermission), Status: []int{403}, Meaning: "The caller's role does not have the permission that this route demands.", Remedy: "needs_role is the lowest role that has it; an administrator can give it.", Extra: "decision_id, needs_role"},
		{Code: string(rbac.FeatureNotInPlan), Status: []int{403}, Meaning: "The tenant's plan does not include the feature that this needs.", Remedy: "needs_plan is the lowest plan that includes it.", Extra: "decision_id, needs_plan"},
		{Code: string(access.QuantityExceedsPlan), Status: []int{403}, Meaning: "The tenant has the feature, but less of it than the quantity that was asked for.", Remedy: "limit is how much it has; needs_plan is the lowest plan that has enough.", Extra: "decision_id, needs_plan"},
		{Code: string(access.QuotaExceeded), Status: []int{429}, Meaning: "A budget of the meter has less left than the call may use: the number of the tenant's plan, or a budget that the tenant has set. Nothing was taken, of any budget.", Remedy: "Wait until resets_at (Retry-After says as much, up to a day), use less, or have the limit raised: needs_plan is the lowest plan that would allow it. budget says whose it is and what it counts.", Extra: "decision_id, meter, limit, used, remaining, resets_at, budget, needs_plan"},
		{Code: string(access.UnknownMeter), Status: []int{403}, Meaning: "The catalog in force has no such meter.", Remedy: "Correct the name, or have the feature metered in the catalog.", Extra: "decision_id"},
		{Code: string(access.FeatureNotNumeric), Status: []int{403}, Meaning: "A quantity was asked for of a feature that is there or not, without a number.", Remedy: "Leave the quantity out, or give the feature numbers in the catalog.", Extra: "decision_id"},
		{Code: string(rbac.FeatureSwitchedOff), Status: []int{403}, Meaning: "The operator has switched off for this tenant the feature that this needs.", Remedy: "No other plan helps; ask the operator of this installation.", Extra: "decision_id"},
		{Code: string(rbac.UnknownPermission), Status: []int{403}, Meaning: "The catalog in force has no such permission.", Remedy: "Correct the name, or add it to the catalog.", Extra: "decision_id"},
		{Code: string(rbac.UnknownFeature), Status: []int{403}, Meaning: "The catalog in force has no such feature.", Remedy: "Correct the name, or add it to the catalog.", Extra: "decision_id"},
		{Code: string(rbac.UnknownRole), Status: []int{403}, Meaning: "The caller has a role that the catalog in force does not know.", Remedy: "Give the member another role, or bring the role back.", Extra: "decision_id"},
		{Code: string(rbac.UnknownTier), Status: []int{403}, Meaning: "The tenant has a plan that the catalog in force does not know.", Remedy: "Give the tenant another plan.", Extra: "decision_id"},
		{Code: "tenant_suspended", Status: []int{403}, Meaning: "The organization is suspended.", Remedy: "The operator of this installation can resume it."},
		{Code: "member_suspended", Status: []int{403, 409}, Meaning: "The membership is suspended.", Remedy: "An administrator of the organization can resume it."},
		{Code: "no_membership", Status: []int{403}, Meaning: "The person is not a member of the organization, or no longer.", Remedy: "Ask an administrator of the organization."},
		{Code: "sso_required", Status: []int{403}, Meaning: "The organization's sign-in policy demands its own single sign-on.", Remedy: "Sign in through the organization's provider."},
		{Code: "method_disabled", Status: []int{403}, Meaning: "The organization does not allow the way of signing in that made this session.", Remedy: "Sign in in another way."},
		{Code: "role_above_own", Status: []int{403}, Meaning: "Nobody gives, changes or takes away a role above their own.", Remedy: "Ask somebody with that role or a higher one."},
		{Code: "reauth_unavailable", Status: []int{403}, Meaning: "The way in which this session was made cannot be repeated to prove who is asking.", Remedy: "Sign out and sign in again."},
		{Code: "forbidden", Status: []int{403}, Meaning: "This is not allowed.", Remedy: "Ask an administrator of the organization."},
	}
}
