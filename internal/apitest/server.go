package apitest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// Server is the product, running. It ends with the test that started it.
type Server struct {
	URL       string // http://localhost:port; providers are at 127.0.0.1, which is another site
	Gatehouse *gatehouse.Gatehouse
	Handler   http.Handler // what listens at URL
	Keys      tenants.Keys // as the server has them

	TestIDP *testidp.Server
	Google  *testidp.Provider // the installation's Google

	DB    *testdb.DB    // the addresses of the database
	Scope *db.DB        // the server's own scopes: what a test changes through them the server answers by at once
	Admin *pgxpool.Pool // a superuser, whom row-level security does not bind

	Log *Log // what the server logged

	address  string
	sessions *sessions.Sessions
	versions *access.Store // only makes texts
	contract *contract
	client   *http.Client
	visitors atomic.Uint32
	names    atomic.Int64
}

// The registration of every server at its Google.
const (
	googleClient = "gatehouse"
	clientSecret = "a secret of the test client"
)

// Start starts a server. Each change may alter its configuration before that.
func Start(tb testing.TB, changes ...func(*gatehouse.Config)) *Server {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // the test's own ends before its clean-up
	var dial net.ListenConfig
	listener, err := dial.Listen(ctx, "tcp", "127.0.0.1:0")
	must(tb, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(tb, err)
	idp, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name: "google", Profile: testidp.Google, Clients: []testidp.Client{{ID: googleClient, Secret: clientSecret}},
	})
	must(tb, err)
	tb.Cleanup(stop)

	s := &Server{
		URL: "http://localhost:" + port, TestIDP: idp, Google: idp.Provider("google"), DB: testdb.New(tb), Log: &Log{},
		address: listener.Addr().String(), contract: loadContract(tb),
	}
	cfg := gatehouse.Config{
		DatabaseURL: s.DB.URL, BaseURL: s.URL, MasterKeys: "test:" + randomKey(), RootSecret: randomKey(), MaxConns: 16,
		GoogleClientID: googleClient, GoogleClientSecret: clientSecret, GoogleIssuer: s.Google.URL(), InsecureLoopbackProviders: true,
		DNSResolver:    "127.0.0.1:1",                                        // nobody listens: a test that needs the DNS names its own
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, // so that each client can have an address
		Log:            slog.New(slog.NewJSONHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&cfg)
	}
	s.run(ctx, tb, cfg, listener)
	s.openBehind(ctx, tb, cfg)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", s.address)
		},
		MaxIdleConnsPerHost: 64, DisableCompression: true,
	}
	tb.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{
		Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// run serves until the test ends.
func (s *Server) run(ctx context.Context, tb testing.TB, cfg gatehouse.Config, listener net.Listener) {
	tb.Helper()
	g, err := gatehouse.New(ctx, cfg)
	must(tb, err)
	s.Gatehouse = g
	s.Handler, err = g.Handler()
	must(tb, err)
	ctx, cancel := context.WithCancel(ctx)
	ran, served := make(chan error, 1), make(chan error, 1)
	srv := web.NewHTTPServer(s.address, s.Handler, cfg.Log)
	go func() { ran <- g.Run(ctx) }()
	go func() { served <- srv.Serve(listener) }()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the server's warnings:\n%s", s.Log.Warnings())
		}
		_ = srv.Close() // open connections do not matter any more
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("the server stopped listening: %v", err)
		}
		cancel()
		if err := <-ran; err != nil && ctx.Err() == nil {
			tb.Errorf("the server ended: %v", err)
		}
		g.Close()
	})
	ready, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	must(tb, g.WaitReady(ready))
}

// openBehind opens what puts things into place without a request.
func (s *Server) openBehind(ctx context.Context, tb testing.TB, cfg gatehouse.Config) {
	tb.Helper()
	var err error
	s.Scope, _ = s.Gatehouse.Parts()
	s.Admin, err = pgxpool.New(ctx, s.DB.AdminURL)
	must(tb, err)
	tb.Cleanup(s.Admin.Close)
	ring, err := secret.ParseKeyring(cfg.MasterKeys)
	must(tb, err)
	key, err := secret.ParseKey(cfg.RootSecret)
	must(tb, err)
	root := secret.Root(key)
	s.Keys = tenants.Keys{Pepper: root.Derive("api keys")}
	// A Store of the server's own scopes would be told of its changes in place of the server.
	apart, err := db.Open(ctx, db.Config{URL: cfg.DatabaseURL, DirectURL: cfg.DirectURL, MaxConns: 2, Log: cfg.Log})
	must(tb, err)
	tb.Cleanup(apart.Close)
	s.versions, err = access.New(access.Config{DB: apart, Keys: s.Keys, Versions: page.New(root.Derive("versions"))})
	must(tb, err)
	signing, err := sessions.NewKeys(sessions.KeysConfig{DB: s.Scope, Keyring: ring, Log: cfg.Log})
	must(tb, err)
	must(tb, signing.Ensure(ctx)) // loads those of the server
	s.sessions, err = sessions.New(sessions.Config{Keys: signing, Root: root, Issuer: cfg.BaseURL})
	must(tb, err)
}

func randomKey() string {
	b := make([]byte, secret.KeySize)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
