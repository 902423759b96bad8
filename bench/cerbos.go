package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// cerbos is a peer: https://cerbos.dev, with its policies on disk. It keeps no members: each question carries the role.
type cerbos struct{ url string }

const cerbosPolicy = `apiVersion: api.cerbos.dev/v1
resourcePolicy:
  version: default
  resource: tenant
  rules:
    - actions: ["chat:use"]
      effect: EFFECT_ALLOW
      roles: [member, admin, owner]
      condition: {match: {expr: P.attr.tenant == R.id}}
`

func (c *cerbos) command(ctx context.Context, binary, http, grpc, dir string) (*exec.Cmd, error) {
	c.url = "http://" + http
	if err := os.WriteFile(filepath.Join(dir, "tenant.yaml"), []byte(cerbosPolicy), 0o600); err != nil {
		return nil, fmt.Errorf("write the policy: %w", err)
	}
	return exec.CommandContext(ctx, binary, "server", "--log-level=error", "--set=server.httpListenAddr="+http, //nolint:gosec // the operator names the binary
		"--set=server.grpcListenAddr="+grpc, "--set=storage.driver=disk", "--set=storage.disk.directory="+dir, "--set=telemetry.disabled=true"), nil
}

func (c *cerbos) health() string { return c.url + "/_cerbos/health" }

func (*cerbos) load(context.Context, []member) error { return nil }

func (c *cerbos) question(m member, tenant string) (url string, body any) {
	return c.url + "/api/check/resources", object{
		"principal": object{"id": m.user, "roles": []string{"member"}, "attr": object{"tenant": m.tenant}},
		"resources": []object{{"actions": []string{"chat:use"}, "resource": object{"kind": "tenant", "id": tenant}}},
	}
}

func (*cerbos) allows(answer []byte) (bool, error) {
	var a struct {
		Results []struct{ Actions map[string]string }
	}
	if err := json.Unmarshal(answer, &a); err != nil || len(a.Results) != 1 || a.Results[0].Actions["chat:use"] == "" {
		return false, fmt.Errorf("no answer of Cerbos: %s", answer)
	}
	return a.Results[0].Actions["chat:use"] == "EFFECT_ALLOW", nil
}
