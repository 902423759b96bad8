package sso

import "time"

// Blamed says that the reason is listed with who has to do something about it.
func (r Reason) Blamed() bool { _, ok := blames[r]; return ok }

// Curable says whether the version would be restored by itself.
func (v ConnectionVersion) Curable(now Connection, at time.Time) (bool, error) {
	return v.curable(now, at)
}
