package sso

import "slices"

// Next lists the states that an administrator may choose for a connection in this one, from the most careful to the strictest, and
// disabled last. Whether it may be required yet, and by whom, is asked by [SignIn.Move].
func (s Status) Next() []Status {
	return slices.DeleteFunc([]Status{Testing, Optional, Required, Disabled}, func(to Status) bool { return !slices.Contains(cameFrom[to], s) })
}
