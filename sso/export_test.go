package sso

// Blamed says that the reason is listed with who has to do something about it.
func (r Reason) Blamed() bool { _, ok := blames[r]; return ok }
