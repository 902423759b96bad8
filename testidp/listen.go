package testidp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listen starts a server on a loopback address such as "127.0.0.1:0" or "localhost:9081". The host as it is written here
// is the host of the issuers. The returned function stops the server and waits for it; it may be called twice.
func Listen(addr string, issuers ...Issuer) (*Server, func(), error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, nil, fmt.Errorf("listen on %q: a provider without passwords stays on loopback", addr)
	}
	listener, err := net.Listen("tcp", addr) //nolint:noctx // bound at once, closed by stop
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s, err := New(Config{BaseURL: "http://" + net.JoinHostPort(host, port), Issuers: issuers})
	if err != nil {
		return nil, nil, errors.Join(err, listener.Close())
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener) // ends by Close alone
	}()
	stop := sync.OnceFunc(func() {
		s.Close()
		_ = srv.Close()
		<-done
	})
	return s, stop, nil
}
