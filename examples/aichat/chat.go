package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
)

// longestReply is the most tokens that the model may write.
const longestReply = 2000

// product is the part that has nothing to do with sign-in, roles and plans.
type product struct{ g *gatehouse.Gatehouse }

// mount guards the product's routes and counts their calls: whoever has used up the plan's number is refused before the model is asked.
func (p product) mount(e *echo.Echo) {
	e.POST("/api/chat", p.g.Require("chat:use").Meters("ai.calls").Then(p.chat))
	e.POST("/api/agents", p.g.Require("agents:run").Feature("ai.agents").Meters("ai.calls").Then(p.agent))
}

type message struct {
	Message string `json:"message"`
}

// chat asks the model, and says who is billed for it.
func (p product) chat(c echo.Context) error {
	var in message
	if err := c.Bind(&in); err != nil {
		return err
	}
	reply, err := p.ask(c, "chat", "small", in.Message)
	if err != nil {
		return p.g.Refuse(c, err)
	}
	who := gatehouse.CallerOf(c.Request().Context())
	return c.JSON(http.StatusOK, map[string]string{
		"reply": reply, "tenant": who.Tenant, "member": who.Member, "api_key": who.APIKey, "role": who.Role, "plan": who.Plan,
	})
}

// agent is what only tenants on a larger plan have bought.
func (p product) agent(c echo.Context) error {
	var in message
	if err := c.Bind(&in); err != nil {
		return err
	}
	if _, err := p.ask(c, "agents", "large", in.Message); err != nil {
		return p.g.Refuse(c, err)
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "started", "plan": gatehouse.CallerOf(c.Request().Context()).Plan})
}

// ask takes what the answer may cost at most, asks the model, and settles with what it did cost: for whoever sent the request.
func (p product) ask(c echo.Context, feature, model, prompt string) (string, error) {
	ctx := c.Request().Context()
	hold, err := p.g.Take(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: tokens(prompt) + longestReply})
	if err != nil {
		return "", err
	}
	defer hold.Release() // nothing, once it is settled

	reply := "You said: " + prompt // a real product would call a model here
	in, out := tokens(prompt), tokens(reply)
	return reply, hold.Settle(ctx, gatehouse.Use{Quantity: in + out, Feature: feature, Model: model, InputTokens: in, OutputTokens: out})
}

// tokens is about how many a text has.
func tokens(text string) int64 { return int64(len(text)+3) / 4 }
