package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// The questions, and answers of the same size as the server's.
var (
	checkBody = `{"permission":"chat:use","feature":"ai.agents"}`
	batchBody = `{"checks":[` + strings.Repeat(checkBody+",", batchSize-1) + checkBody + `]}`
)

const batchSize = 40

type question struct {
	Permission string `json:"permission"`
	Feature    string `json:"feature"`
}

type answer struct {
	Allowed  bool   `json:"allowed"`
	Decision string `json:"decision_id"`
}

const someDecision = "dec_06h018d54sx5n9s5vhc1jvr8nr"

// serveBaseline is the bare handler: the same framework, the same sizes of JSON, and nothing else.
func serveBaseline(addr string) error {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/me", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]any{
			"kind": "member", "tenant": map[string]string{"id": "tnt_06h018cjh9vh321s2k49bhf4dm", "slug": "acme", "name": "Acme Corporation"},
			"user_id": "usr_06h018cjh9vh321s2k49bhf4dm", "membership_id": "mem_06h018cjh9vh321s2k49bhf4dm", "name": "Mia", "email": "mia@acme.example",
			"role": "member", "plan": "enterprise",
		})
	})
	e.POST("/check", func(c echo.Context) error {
		var q question
		if err := c.Bind(&q); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, answer{q.Permission != "", someDecision})
	})
	e.POST("/check/batch", func(c echo.Context) error {
		var in struct {
			Checks []question `json:"checks"`
		}
		if err := c.Bind(&in); err != nil {
			return err
		}
		out := make([]answer, len(in.Checks))
		for i, q := range in.Checks {
			out[i] = answer{q.Permission != "", someDecision}
		}
		return c.JSON(http.StatusOK, map[string]any{"decisions": out})
	})
	s := &http.Server{Addr: addr, Handler: e, ReadHeaderTimeout: 5 * time.Second}
	if err := s.ListenAndServe(); err != nil {
		return fmt.Errorf("serve the baseline: %w", err)
	}
	return nil
}
