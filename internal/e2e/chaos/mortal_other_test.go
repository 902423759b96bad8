//go:build !linux

package chaos_test

import "syscall"

func mortal() *syscall.SysProcAttr { return nil }
