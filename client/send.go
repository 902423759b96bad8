package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer bounds what is read of an answer. A hundred decisions have a tenth of it.
const maxAnswer = 256 << 10

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request is what is asked.
type request struct {
	method, path string
	header       http.Header
	body         any // written as JSON; nil means none
	most         int // bytes of an answer
}

// send asks, and returns an answer with status 200, a *Problem, or ErrUnavailable.
func (c *Client) send(ctx context.Context, method, path string, header http.Header, body any) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	a, err := c.exchange(ctx, request{method, path, header, body, maxAnswer})
	if err != nil {
		return nil, unavailable("ask "+path, err)
	}
	if refusal(a.status) {
		p, err := problemOf(a)
		if err != nil {
			return nil, unavailable(fmt.Sprintf("ask %s, which answered %d", path, a.status), err)
		}
		return a, p
	}
	if a.status != http.StatusOK {
		return nil, unavailable("ask "+path, fmt.Errorf("the answer has the status %d", a.status))
	}
	return a, nil
}

func (c *Client) exchange(ctx context.Context, q request) (*answer, error) {
	var reader io.Reader = http.NoBody
	if q.body != nil {
		text, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, c.base+q.path, reader)
	if err != nil {
		return nil, err
	}
	r.Header = q.header.Clone()
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, int64(q.most)+1))
	if err != nil {
		return nil, err
	}
	if len(text) > q.most {
		return nil, errors.New("the answer is too long")
	}
	return &answer{res.StatusCode, res.Header, text}, nil
}

// read decodes a JSON answer.
func (a *answer) read(out any) error {
	if a.header.Get("Content-Type") != "application/json" {
		return errors.New("the answer is no JSON")
	}
	return json.Unmarshal(a.body, out)
}
