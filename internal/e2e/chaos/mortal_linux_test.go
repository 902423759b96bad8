package chaos_test

import "syscall"

// mortal makes a process end with the tests, also when those are killed. SIGKILL, since one that stands still hears nothing else.
func mortal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
