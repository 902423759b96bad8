package client_test

import (
	"fmt"
	"net/http"

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
