package e2e_test

import "syscall"

// mortal makes a process end with the tests, also when those are killed.
func mortal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
