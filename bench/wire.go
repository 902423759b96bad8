package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// conn is one kept-alive connection of the load. It sends bytes that were made before and reads no more of an answer than where it ends:
// a client as rich as that of net/http would take more of the machine than what is measured.
type conn struct {
	net.Conn
	buffer []byte
	stop   func() bool
}

func dial(ctx context.Context, addr string) (*conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &conn{c, make([]byte, 64<<10), context.AfterFunc(ctx, func() { _ = c.Close() })}, nil
}

func (c *conn) close() {
	c.stop()
	_ = c.Close()
}

var (
	endOfChunks = []byte("\r\n0\r\n\r\n")
	lengthField = []byte("Content-Length: ")
	chunkField  = []byte("Transfer-Encoding: chunked")
)

// ask returns the status and the whole answer, which is overwritten by the next one.
func (c *conn) ask(request []byte) (status int, answer []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	for read, whole := 0, false; !whole; {
		if read == len(c.buffer) {
			return 0, nil, errors.New("the answer is too long")
		}
		n, err := c.Read(c.buffer[read:])
		if err != nil {
			return 0, nil, fmt.Errorf("receive: %w", err)
		}
		read += n
		answer = c.buffer[:read]
		if whole, err = isWhole(answer); err != nil {
			return 0, nil, err
		}
	}
	status, err = strconv.Atoi(string(answer[9:12])) // behind HTTP/1.1
	return status, answer, err
}

// isWhole says whether an answer has all come. It goes over the head once: the client is to take as little of the machine as can be.
func isWhole(answer []byte) (bool, error) {
	length := -1
	for rest := answer; ; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return false, nil
		}
		line := rest[:end]
		rest = rest[end+1:]
		switch {
		case len(line) <= 1: // the end of the head
			if length < 0 {
				return false, fmt.Errorf("no length in %q", answer[:len(answer)-len(rest)])
			}
			return len(rest) == length, nil
		case line[0] == 'C' && bytes.HasPrefix(line, lengthField):
			digits := bytes.TrimRight(line[len(lengthField):], "\r")
			var err error
			if length, err = strconv.Atoi(string(digits)); err != nil {
				return false, fmt.Errorf("read the length of an answer: %w", err)
			}
		case line[0] == 'T' && bytes.HasPrefix(line, chunkField):
			return bytes.HasSuffix(answer, endOfChunks), nil
		}
	}
}

// get and post make the bytes of requests; each header line ends one request's head.
func get(url string, lines []string) [][]byte { return requests("GET", url, "", lines) }

func post(url, body string, lines []string) [][]byte {
	length := "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	out := requests("POST", url, length, lines)
	for i := range out {
		out[i] = append(out[i], body...)
	}
	return out
}

func requests(method, url, fields string, lines []string) [][]byte {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	head := method + " /" + path + " HTTP/1.1\r\nHost: " + host + "\r\nAccept: */*\r\n" + fields
	out := make([][]byte, len(lines))
	for i, line := range lines {
		out[i] = []byte(head + line + "\r\n\r\n")
	}
	return out
}
