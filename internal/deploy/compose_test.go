package deploy_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

const composeFile = "../../docker-compose.yml"

// secrets are the variables without which the installation must not start. They stand in URLs and reach the server.
func secrets() types.Mapping {
	return types.Mapping{
		"GATEHOUSE_POSTGRES_PASSWORD": "test-postgres-password",
		"GATEHOUSE_APP_PASSWORD":      "test-app-password",
		"GATEHOUSE_MASTER_KEYS":       "k1:test-master-key",
		"GATEHOUSE_ROOT_SECRET":       "test-root-secret",
	}
}

func load(ctx context.Context, env types.Mapping) (*types.Project, error) {
	details := types.ConfigDetails{
		WorkingDir:  "../..",
		ConfigFiles: []types.ConfigFile{{Filename: composeFile}},
		Environment: env,
	}
	return loader.LoadWithContext(ctx, details)
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t.Context(), secrets())
	if err != nil {
		t.Fatalf("load %s: %v", composeFile, err)
	}
	return p
}

func TestComposeServices(t *testing.T) {
	t.Parallel()
	want := []string{"app", "mail", "migrate", "postgres", "redis"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(project(t).Services))); diff != "" {
		t.Errorf("services of %s (-want +got):\n%s", composeFile, diff)
	}
}

func TestEveryLastingServiceHasAHealthCheck(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"app":      {"CMD", "/gatehouse", "healthcheck"},
		"mail":     {"CMD", "/mailpit", "readyz"},
		"postgres": {"CMD", "pg_isready", "--host=127.0.0.1", "--username=postgres", "--dbname=gatehouse"},
		"redis":    {"CMD", "redis-cli", "ping"},
	}
	got := map[string][]string{}
	for name, s := range project(t).Services {
		if s.HealthCheck == nil {
			t.Errorf("health check of %s is missing", name)
			continue
		}
		if !s.HealthCheck.Disable {
			got[name] = s.HealthCheck.Test
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("health checks (-want +got):\n%s", diff)
	}
}

func TestTheServerWaitsForWhatItNeeds(t *testing.T) {
	t.Parallel()
	want := map[string]map[string]string{
		"migrate": {"postgres": types.ServiceConditionHealthy},
		"app": {
			"postgres": types.ServiceConditionHealthy,
			"mail":     types.ServiceConditionHealthy,
			"migrate":  types.ServiceConditionCompletedSuccessfully,
		},
	}
	got := map[string]map[string]string{}
	for name, s := range project(t).Services {
		for on, d := range s.DependsOn {
			if got[name] == nil {
				got[name] = map[string]string{}
			}
			got[name][on] = d.Condition
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("depends_on (-want +got):\n%s", diff)
	}
}

// Nobody runs with a password that can be read in a public repository: each secret is demanded, one at a time.
func TestNoSecretHasADefault(t *testing.T) {
	t.Parallel()
	for name := range secrets() {
		for _, value := range []string{"unset", "empty"} {
			env := secrets()
			delete(env, name)
			if value == "empty" {
				env[name] = ""
			}
			_, err := load(t.Context(), env)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("load with %s %s = %v, want an error that names it", name, value, err)
			}
		}
	}
}

func TestOnlyTheMigrationKnowsTheOwner(t *testing.T) {
	t.Parallel()
	owner := secrets()["GATEHOUSE_POSTGRES_PASSWORD"]
	for name, s := range project(t).Services {
		for key, value := range s.Environment {
			if value != nil && strings.Contains(*value, owner) && name != "postgres" && name != "migrate" {
				t.Errorf("%s of %s holds the password of the database owner", key, name)
			}
		}
	}
}

func TestOurContainersHaveNoPrivileges(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app", "migrate"} {
		s := project(t).Services[name]
		if s.User != "65532:65532" || !s.ReadOnly || s.Privileged {
			t.Errorf("%s: user %q, read-only %v, privileged %v; want 65532:65532, true, false", name, s.User, s.ReadOnly, s.Privileged)
		}
		if diff := cmp.Diff([]string{"ALL"}, s.CapDrop); diff != "" {
			t.Errorf("%s: cap_drop (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{"no-new-privileges:true"}, s.SecurityOpt); diff != "" {
			t.Errorf("%s: security_opt (-want +got):\n%s", name, diff)
		}
	}
}

func TestPortsAreBoundToThisMachine(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for name, s := range project(t).Services {
		if s.NetworkMode == "host" {
			t.Errorf("%s uses the network of the host", name)
		}
		for _, p := range s.Ports {
			got[name] = append(got[name], p.HostIP+":"+p.Published)
		}
	}
	want := map[string][]string{"app": {"127.0.0.1:8080"}, "mail": {"127.0.0.1:8025"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("published ports (-want +got):\n%s", diff)
	}
}

// An image without a tag, or with one that moves at will, is another program tomorrow.
func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	for name, s := range project(t).Services {
		if s.Build != nil {
			continue
		}
		_, tag, ok := strings.Cut(s.Image, ":")
		if !ok || tag == "latest" {
			t.Errorf("image of %s = %q, want a version", name, s.Image)
		}
	}
}
