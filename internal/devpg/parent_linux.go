package devpg

import "syscall"

// dieWithParent makes the kernel shut Postgres down, in order, when the thread
// that started it is gone: with the process, however that ends.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = fastShutdown }
