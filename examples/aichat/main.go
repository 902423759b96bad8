// Command aichat is a small AI product that mounts Gatehouse as a library. Everything that makes it sellable to companies is two lines:
// the chat needs a permission, the agent needs a permission and a plan.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
)

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
	e.POST("/api/chat", g.Require("chat:use").Then(chat))
	e.POST("/api/agents", g.Require("agents:run").Feature("ai.agents").Then(agent))

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

type message struct {
	Message string `json:"message"`
}

// chat would call a model. The caller says whom to bill.
func chat(c echo.Context) error {
	var in message
	if err := c.Bind(&in); err != nil {
		return err
	}
	who := gatehouse.CallerOf(c.Request().Context())
	return c.JSON(http.StatusOK, map[string]string{
		"reply": "You said: " + in.Message, "tenant": who.Tenant, "member": who.Member, "api_key": who.APIKey, "role": who.Role, "plan": who.Plan,
	})
}

// agent is what only tenants on a larger plan have bought.
func agent(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "started", "plan": gatehouse.CallerOf(c.Request().Context()).Plan})
}
