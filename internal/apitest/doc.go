// Package apitest starts the whole product for a test: a database of its own, a server on loopback, identity providers, and
// tenants with people of every role.
//
//	s := apitest.Start(t)
//	acme := s.NewTenant(t, billing.Team)
//	admin := s.Bearer(s.Session(t, acme, rbac.Admin))
//	admin.Do(t, "GET", "/v1/members", nil).Want(t, 200)
//
// Tests come in by the front door, over HTTP. Only what a test starts from is put into place from behind: tenants, members and
// sessions. Every answer that the client gets is held to the OpenAPI document, so that no test has to.
//
// Prefer a tenant for each test to a server for each test: tests that run beside one another prove that tenants are apart.
package apitest
