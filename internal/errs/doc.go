// Package errs holds the errors that a caller can act on.
//
// An [Error] has a kind (which decides the HTTP status), a stable code in snake_case (which clients switch on) and a detail that may
// be shown to a person. What was really wrong is wrapped beneath it and reaches the operator's log only.
package errs
