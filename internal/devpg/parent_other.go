//go:build !linux

package devpg

import "syscall"

// dieWithParent does nothing: only Linux can do it. Elsewhere the next Start on
// the folder ends what a killed process left.
func dieWithParent(*syscall.SysProcAttr) {}
