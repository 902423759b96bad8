package devpg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// fastShutdown is the signal by which Postgres ends its sessions, writes
	// everything down and exits.
	fastShutdown = syscall.SIGINT
	// immediateShutdown makes it exit at once; the next start replays the log.
	immediateShutdown = syscall.SIGQUIT

	fastPatience      = 10 * time.Second
	immediatePatience = 3 * time.Second
	pollInterval      = 10 * time.Millisecond
)

// postmaster is a running server process.
type postmaster struct {
	process  *os.Process
	stopping atomic.Bool
	done     chan struct{} // closed when the process is gone
	failure  chan error    // one error if it went by itself, then closed
}

// launch starts cmd in a process group of its own: Ctrl-C in a terminal goes to
// the whole group, and it is Stop that ends Postgres, in order.
func launch(cmd *exec.Cmd) (*postmaster, error) {
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
	p := &postmaster{done: make(chan struct{}), failure: make(chan error, 1)}
	started := make(chan error, 1)
	go p.supervise(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return p, nil
}

// supervise starts the process and waits for it on one locked thread: to the
// kernel the parent whose death ends the child is the thread that made it.
func (p *postmaster) supervise(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	p.process = cmd.Process
	started <- err
	if err != nil {
		return
	}
	err = cmd.Wait()
	if !p.stopping.Load() {
		p.failure <- fmt.Errorf("postgres ended by itself: %w", exitError(err))
	}
	close(p.failure)
	close(p.done)
}

func exitError(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// stop ends the process with growing force.
func (p *postmaster) stop(ctx context.Context) {
	p.stopping.Store(true)
	for _, s := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{fastShutdown, fastPatience}, {immediateShutdown, immediatePatience}, {syscall.SIGKILL, time.Hour}} {
		_ = p.process.Signal(s.signal) // fails only if it is gone
		select {
		case <-p.done:
			return
		case <-time.After(s.patience):
		case <-ctx.Done(): // the caller is out of patience: go on to more force
			ctx = context.WithoutCancel(ctx)
		}
	}
	<-p.done
}

// arguments returns the command line of the server.
func arguments(data string, port int, cfg Config) []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "",
		"max_connections":         "100",
		"shared_buffers":          "64MB",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"logging_collector":       "off",
	}
	if cfg.Fast {
		maps.Copy(settings, map[string]string{
			"fsync":              "off",
			"full_page_writes":   "off",
			"synchronous_commit": "off",
			"max_connections":    "200",
			// In files of the data folder, where a killed server leaves
			// nothing behind in the memory of the machine.
			"dynamic_shared_memory_type": "mmap",
		})
	}
	maps.Copy(settings, cfg.Settings)
	args := []string{"-D", data}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}
