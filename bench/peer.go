package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
)

// member is somebody who asks, by the names that peers know them by.
type member struct{ tenant, user string }

// peer is another service that answers the same question over HTTP.
type peer interface {
	// command serves at the two addresses, for HTTP and gRPC, with what it needs in a folder of its own.
	command(ctx context.Context, binary, http, grpc, dir string) (*exec.Cmd, error)
	health() string
	load(ctx context.Context, members []member) error
	question(m member, tenant string) (url string, body any) // whether m may use the chat of a tenant
	allows(answer []byte) (bool, error)
}

// rival is a peer with its name and the environment variable that says where its binary is.
type rival struct {
	name, binary string
	peer
}

func rivals() []rival {
	return []rival{{"Cerbos", "CERBOS_BIN", &cerbos{}}, {"OpenFGA", "OPENFGA_BIN", &openFGA{}}}
}

// tell posts JSON and reads the answer into out, if there is one to be read.
func tell(ctx context.Context, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := new(http.Client).Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", url, err)
	case res.StatusCode/100 != 2:
		return fmt.Errorf("%s answers %d: %s", url, res.StatusCode, answer)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	return nil
}
