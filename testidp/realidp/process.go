package realidp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// process is a running script and its provider.
type process struct {
	base  string // the provider's address, without a slash at the end
	state string // the folder for what it reads and writes; gone after stop
	stop  func()
}

// run starts the script of a provider on a free port and waits until it says that it is ready.
func run(ctx context.Context, kind Kind, o Options) (process, error) {
	script, err := scriptOf(kind)
	if err != nil {
		return process{}, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return process{}, err
	}
	state, err := os.MkdirTemp("", "gatehouse-"+string(kind)+"-")
	if err != nil {
		return process{}, fmt.Errorf("make state folder: %w", err)
	}
	cmd := exec.Command("bash", script, "run") //nolint:noctx // ends when its standard input does, not with ctx
	cmd.Env = append(os.Environ(), "PORT="+strconv.Itoa(port), "STATE="+state,
		"TENANTS="+strings.Join(o.Tenants, ","), "REDIRECTS="+strings.Join(o.Redirects, ","))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		return process{}, errors.Join(fmt.Errorf("run %s: %w", script, err), os.RemoveAll(state))
	}
	stop := sync.OnceFunc(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
		_ = os.RemoveAll(state)
	})
	ready := make(chan bool, 1)
	go func() {
		ready <- saysReady(stdout)
		_, _ = io.Copy(io.Discard, stdout)
	}()
	select {
	case ok := <-ready:
		if !ok {
			stop()
			return process{}, fmt.Errorf("%s ended: %s", filepath.Base(script), strings.TrimSpace(stderr.String()))
		}
	case <-ctx.Done():
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // with whatever is installing; the script stops the provider
		stop()
		return process{}, fmt.Errorf("%s is not ready: %w: %s", filepath.Base(script), ctx.Err(), strings.TrimSpace(stderr.String()))
	}
	return process{base: "http://127.0.0.1:" + strconv.Itoa(port), state: state, stop: stop}, nil
}

func saysReady(out io.Reader) bool {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return true
		}
	}
	return false
}

// scriptOf finds hack/idps from this source file, or, where the build hides its path, above the working directory.
func scriptOf(kind Kind) (string, error) {
	name := filepath.Join("hack", "idps", string(kind)+".sh")
	var roots []string
	if _, file, _, ok := runtime.Caller(0); ok {
		roots = append(roots, filepath.Join(filepath.Dir(file), "..", ".."))
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		roots = append(roots, dir)
	}
	for _, root := range roots {
		if path := filepath.Join(root, name); filepath.IsAbs(path) && exists(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not in this checkout", name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
