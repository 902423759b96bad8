// Package quota holds tenants to what they may use, exactly, on many instances, and without asking the database for each call.
//
//   - A [Budget] is what may be used of a meter in a period: of the tenant by its plan, and of it, its people or its API keys by rules of
//     its own, in quantities or in money.
//   - A lease is a share of a budget that an instance spends without asking. It lasts for seconds and shrinks with what is left, down to one.
//   - A [Hold] is what a call has taken of all its budgets; what was used in the end settles it. A reservation is a hold that lies in the
//     database, for a call whose end another instance may see.
//
// At every moment what is used and what is lent come to at most the budget. What is used comes from events alone: they carry the id of the
// lease that paid, and when they are folded ([Engine.Sink]) the lease becomes that much smaller. So a lease whose instance is gone counts as
// used until it has expired and all that was recorded before then is folded.
package quota
