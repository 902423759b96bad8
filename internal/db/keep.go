package db

// kept marks a refusal whose writes stay.
type kept struct{ err error }

func (k *kept) Error() string { return k.err.Error() }
func (k *kept) Unwrap() error { return k.err }

// Keep wraps a refusal that must be remembered: the scope commits what was written (a consumed attempt, a revoked family, an event) and
// returns err all the same. Keep(nil) is nil.
func Keep(err error) error {
	if err == nil {
		return nil
	}
	return &kept{err}
}
