package client

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxEvent bounds what is read of one event: fifty thousand members have a quarter of it.
const maxEvent = 32 << 20

// event is one of a stream.
type event struct{ name, data string }

// events reads server-sent events as the server writes them. Everything else is an error: to guess would be to decide by it.
type events struct{ lines *bufio.Scanner }

func newEvents(r io.Reader) *events {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 4096), maxEvent)
	return &events{lines}
}

var errGarbage = errors.New("the stream has what the server never sends")

func (s *events) next() (event, error) {
	name, err := s.line("event: ")
	if err != nil {
		return event{}, err
	}
	data, err := s.line("data: ")
	if err != nil {
		return event{}, err
	}
	if end, err := s.line(""); err != nil || end != "" {
		return event{}, errors.Join(errGarbage, err)
	}
	return event{name, data}, nil
}

func (s *events) line(prefix string) (string, error) {
	if !s.lines.Scan() {
		if err := s.lines.Err(); err != nil {
			return "", err
		}
		return "", io.ErrUnexpectedEOF
	}
	rest, ok := strings.CutPrefix(s.lines.Text(), prefix)
	if !ok {
		return "", errGarbage
	}
	return rest, nil
}
