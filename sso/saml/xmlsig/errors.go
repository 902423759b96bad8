package xmlsig

import "errors"

// The errors of [Verify] and [VerifyQuery]. They are wrapped with what an administrator may read; nothing in that is a secret.
var (
	ErrNoTrust     = errors.New("no certificate is pinned")
	ErrMissing     = errors.New("the signature is missing")
	ErrInvalid     = errors.New("the signature does not match")
	ErrKeyUnknown  = errors.New("the signature is by a certificate that is not pinned")
	ErrAlgorithm   = errors.New("an algorithm is not accepted")
	ErrCertExpired = errors.New("the certificate of the signature has expired or is not valid yet")
)
