package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
)

// openFGA is a peer: https://openfga.dev, in memory and without its caches.
type openFGA struct{ url, store, model string }

func (o *openFGA) command(ctx context.Context, binary, http, grpc, _ string) (*exec.Cmd, error) {
	o.url = "http://" + http
	return exec.CommandContext(ctx, binary, "run", "--datastore-engine", "memory", "--http-addr", http, "--grpc-addr", grpc, //nolint:gosec // the operator names the binary
		"--playground-enabled=false", "--log-level", "error"), nil
}

func (o *openFGA) health() string { return o.url + "/healthz" }

// object is what JSON calls so.
type object map[string]any

// rolesModel says who may use the chat: everybody from member up, as Gatehouse's catalog does.
func rolesModel() object {
	relations, related, union := object{}, object{}, []object{}
	for _, role := range []string{"viewer", "member", "admin", "owner"} {
		relations[role] = object{"this": object{}}
		related[role] = object{"directly_related_user_types": []object{{"type": "user"}}}
		if role != "viewer" {
			union = append(union, object{"computedUserset": object{"relation": role}})
		}
	}
	relations["chat_use"] = object{"union": object{"child": union}}
	return object{"schema_version": "1.1", "type_definitions": []object{
		{"type": "user"}, {"type": "tenant", "relations": relations, "metadata": object{"relations": related}},
	}}
}

// load makes a store with the model and the members. At most a hundred tuples are written at once.
func (o *openFGA) load(ctx context.Context, members []member) error {
	var store struct{ ID string }
	if err := tell(ctx, o.url+"/stores", object{"name": "bench"}, &store); err != nil {
		return err
	}
	var model struct {
		ID string `json:"authorization_model_id"`
	}
	if err := tell(ctx, o.url+"/stores/"+store.ID+"/authorization-models", rolesModel(), &model); err != nil {
		return err
	}
	if o.store, o.model = store.ID, model.ID; o.store == "" || o.model == "" {
		return errors.New("OpenFGA gave no store or model")
	}
	for len(members) > 0 {
		n := min(len(members), 100)
		tuples := make([]object, n)
		for i, m := range members[:n] {
			tuples[i] = m.tuple("member")
		}
		if err := tell(ctx, o.url+"/stores/"+o.store+"/write", object{"writes": object{"tuple_keys": tuples}, "authorization_model_id": o.model}, nil); err != nil {
			return err
		}
		members = members[n:]
	}
	return nil
}

func (m member) tuple(relation string) object {
	return object{"user": "user:" + m.user, "relation": relation, "object": "tenant:" + m.tenant}
}

func (o *openFGA) question(m member, tenant string) (url string, body any) {
	return o.url + "/stores/" + o.store + "/check", object{"tuple_key": member{tenant, m.user}.tuple("chat_use"), "authorization_model_id": o.model}
}

func (*openFGA) allows(answer []byte) (bool, error) {
	var a struct{ Allowed *bool }
	if err := json.Unmarshal(answer, &a); err != nil || a.Allowed == nil {
		return false, fmt.Errorf("no answer of OpenFGA: %s", answer)
	}
	return *a.Allowed, nil
}
