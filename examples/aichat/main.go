// Command aichat is a small AI product that mounts Gatehouse as a library. What makes it sellable to companies is two
// lines: the chat needs a permission, the agent needs a permission and a plan, and both count towards what the plan includes.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
)

//go:embed catalog.yaml
var sold []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "aichat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, env func(string) string) error {
	addr := env("AICHAT_ADDR")
	if addr == "" {
		addr = "127.0.0.1:8090"
	}
	g, err := gatehouse.New(ctx, gatehouse.Config{
		DatabaseURL: env("GATEHOUSE_DATABASE_URL"),
		MasterKeys:  env("GATEHOUSE_MASTER_KEYS"),
		RootSecret:  env("GATEHOUSE_ROOT_SECRET"),
		BaseURL:     "http://" + addr,
		Catalog:     sold,
		// The demo's identity providers are on this machine and speak http. A real product leaves this out.
		InsecureLoopbackProviders: true,
	})
	if err != nil {
		return err
	}
	defer g.Close()

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	if err := g.Mount(e); err != nil { // sign-in, sessions, members, connections, API keys, …
		return err
	}
	product{g}.mount(e)

	background := make(chan error, 1)
	go func() { background <- g.Run(ctx) }()
	server := &http.Server{Addr: addr, Handler: e, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-background
}
