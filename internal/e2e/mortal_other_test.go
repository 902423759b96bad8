//go:build !linux

package e2e_test

import "syscall"

func mortal() *syscall.SysProcAttr { return nil }
