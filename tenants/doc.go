// Package tenants knows the customers and their people.
//
// A tenant is one customer. A user is a person, once for the whole installation; a membership is that person in one tenant, with a role,
// a status and the profile as this tenant knows it. Domains say which tenant an e-mail address leads to; a [Prover] asks the DNS, again and
// again, whether they are the tenant's own. API keys let a tenant's machines in, and a sign-in link lets a named member in once.
//
// Two rules are kept here and nowhere else: nobody grants a role above their own, and a tenant never loses its last active owner.
package tenants
