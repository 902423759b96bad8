package testidp_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/seed-2a059015/gatehouse/testidp"
)

func Example() {
	server, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name:    "acme",
		Users:   []testidp.User{{Login: "alice", Email: "alice@acme.example", EmailVerified: true}},
		Clients: []testidp.Client{{ID: "web", Secret: "secret"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	acme := server.Provider("acme")

	// From now on it signs ID tokens with a key that nobody published.
	acme.Misbehave(testidp.Fault{Sign: testidp.SignUnknownKid})

	// The authorization URL comes from the relying party under test; this one is written by hand.
	back, err := acme.Authorize(context.Background(), acme.URL()+"/authorize?client_id=web&response_type=code&scope=openid"+
		"&redirect_uri=http://127.0.0.1/callback&state=s&code_challenge_method=S256&code_challenge=x", "alice")
	if err != nil {
		fmt.Println(err)
		return
	}
	callback, _ := url.Parse(back)
	fmt.Println(callback.Path, callback.Query().Get("state"))
	fmt.Println("token requests:", acme.Requests(testidp.Token))
	// Output:
	// /callback s
	// token requests: 0
}
