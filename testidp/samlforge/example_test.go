package samlforge_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func ExampleResponse() {
	now := time.Now()
	key, err := samlforge.NewKey(samlforge.P256, now.Add(-time.Hour), now.Add(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	honest := samlforge.Options{
		IdP: "https://idp.example/metadata", SP: "https://sp.example/metadata", ACS: "https://sp.example/acs",
		InResponseTo: "_request", Now: now, Key: key,
		Subject: samlforge.Person{NameID: samlforge.NameID{Value: "alice", Format: samlforge.Persistent}},
	}
	doc, err := samlforge.Response(honest)
	fmt.Println(strings.Count(string(doc), "<saml:Assertion "), err)

	tools, err := samlforge.NewTools(now)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range samlforge.Scenarios() {
		if s.ID == "SAML-003" {
			doc, err = s.Build(honest, samlforge.SignAssertion, tools)
			fmt.Println(strings.Count(string(doc), "<saml:Assertion "), err, s.Outcome)
		}
	}
	// Output:
	// 1 <nil>
	// 2 <nil> refuse
}
