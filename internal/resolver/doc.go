// Package resolver asks the DNS for TXT records, and tells "there is none" from "nobody knows".
//
// The difference decides whether somebody loses a domain: a server that answers with NXDOMAIN, or without a record of the type, says that
// the record is gone ([ErrMissing]). Everything else that is no record (SERVFAIL, a refusal, silence, an answer that does not fit the
// question) says nothing about it ([ErrUnreachable]).
//
// Questions go to a recursive server that the operator has chosen, never to a server that a domain names, so that no customer can point
// Gatehouse at an address. Answers are bounded: by what DNS allows over TCP, in time, and in the number of records that are looked at.
package resolver
