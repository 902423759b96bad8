package samlforge

import (
	"time"
)

// Tools is what an attacker has beside an honest document. Making them takes time; they never change, so that all tests
// can share one set.
type Tools struct {
	// Attacker is a key that nobody trusts.
	Attacker *Key
	// Weak, Expired, Future and EC are keys that a service provider has to be told to trust, see [Scenario.Trust]: RSA with
	// 1024 bits, one whose certificate has expired, one whose certificate is not valid yet, and one on P-256.
	Weak, Expired, Future, EC *Key
	// Canary is a URL that nobody may call.
	Canary string
}

// NewTools makes the keys, valid or not at the given time.
func NewTools(now time.Time) (*Tools, error) {
	t := &Tools{Canary: "http://127.0.0.1:9/canary"}
	day := 24 * time.Hour
	var err error
	if t.Attacker, err = NewKey(RSA2048, now.Add(-day), now.Add(365*day)); err != nil {
		return nil, err
	}
	if t.Weak, err = NewKey(RSA1024, now.Add(-day), now.Add(365*day)); err != nil {
		return nil, err
	}
	if t.EC, err = NewKey(P256, now.Add(-day), now.Add(365*day)); err != nil {
		return nil, err
	}
	other, err := newSigner(RSA2048)
	if err != nil {
		return nil, err
	}
	if t.Expired, err = (&Key{Signer: other}).Certify(now.Add(-365*day), now.Add(-time.Minute)); err != nil {
		return nil, err
	}
	t.Future, err = t.Expired.Certify(now.Add(day), now.Add(365*day))
	return t, err
}
