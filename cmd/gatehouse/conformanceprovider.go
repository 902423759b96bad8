package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/conformance"
)

// providers says how identity providers are started that the installation reaches, if there is a way.
func (f conformanceFlags) providers(cfg *conformance.Config, base *url.URL) error {
	switch {
	case f.providerAddress != "":
		cfg.OneAddress = true
		cfg.Providers = f.listen
	case f.providerURL != "":
		return fmt.Errorf("--provider-url %s leads to --provider-address, which is missing", f.providerURL)
	case onLoopback(base):
		cfg.Providers = func() (*testidp.Server, func(), error) { return testidp.Listen("127.0.0.1:0") }
	}
	return nil
}

// listen starts the test provider where others reach it too. Nobody there has a password, and nobody there is known anywhere but in the
// throw-away tenants.
func (f conformanceFlags) listen() (*testidp.Server, func(), error) {
	l, err := net.Listen("tcp", f.providerAddress) //nolint:noctx // bound at once, closed by stop
	if err != nil {
		return nil, nil, fmt.Errorf("--provider-address: %w", err)
	}
	s, err := testidp.New(testidp.Config{BaseURL: or(f.providerURL, "http://"+l.Addr().String())})
	if err != nil {
		_ = l.Close() // the other error says more
		return nil, nil, fmt.Errorf("--provider-url: %w", err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends by Close alone
	}()
	return s, func() {
		s.Close()
		_ = srv.Close()
		<-done
	}, nil
}
