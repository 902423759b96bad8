// Package rbac says what a role may do, on which tier of the product.
//
//   - A [Permission] is a name such as "members:write". Gatehouse's own are constants; a product adds its own.
//   - A [Role] holds permissions and inherits others. Owner, admin, member and viewer always exist, each
//     including the next; a product may add more.
//   - A [Tier] is a step of a ladder, each including the one below. This package does not know what is sold
//     under it: it compares labels. The same goes for a [Feature].
//   - A [Definition] is all of it as data. Its [Policy] is the same in the words of Casbin, and the [Engine] is
//     Casbin with that policy: the one place where "allowed" is defined (see model.conf).
//   - A [Table] is every answer of the engine, asked for once and kept in bitsets. Requests are answered by it.
//
// No person and no tenant ever enters Casbin. A caller brings the role of a membership and the tier of a tenant,
// so the policy has the size of the catalog, however many customers there are.
package rbac
