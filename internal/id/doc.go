// Package id has one type for each kind of thing that Gatehouse names.
//
// An id is a UUIDv7 (RFC 9562), so rows made one after the other lie beside each other in an index. Inside the process and in
// Postgres it is the plain UUID; on the wire it carries the prefix of its kind (tnt_, usr_, mem_, …) followed by the 128 bits in
// Crockford's base 32, always 26 characters. The kind is a type parameter: a user's id cannot be passed where a tenant's is
// wanted, and an id with the prefix of another kind fails at parsing.
package id
