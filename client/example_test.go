package client_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/client"
)

func ExampleClient_Require() {
	c, err := client.New(client.Config{BaseURL: "https://login.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	agents := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "started for", client.PrincipalFrom(r.Context()).Tenant)
	})
	mux.Handle("POST /api/agents", c.Require("agents:run").Feature("ai.agents").Then(agents))
}

func ExampleClient_Recorder() {
	ctx := context.Background()
	c, err := client.New(client.Config{BaseURL: "https://login.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := c.Recorder(ctx, client.APIKey("ghk_…"), client.RecorderConfig{
		Refused: func(u client.Use, code, detail string) { fmt.Println("not counted:", u.Key, code, detail) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := r.Record(client.Use{Meter: "ai.tokens", Quantity: 812, Model: "large", InputTokens: 512, OutputTokens: 300}); err != nil {
		fmt.Println("not taken:", err) // client.ErrFull: the server has been away for long
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if left, err := r.Close(ctx); err != nil {
		fmt.Println(err, left) // to be recorded when the product starts again: each has its key
	}
}
