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
	endOfHeader = []byte("\r\n\r\n")
	endOfChunks = []byte("\r\n0\r\n\r\n")
	lengthField = []byte("\r\nContent-Length: ")
	chunkField  = []byte("\r\nTransfer-Encoding: chunked")
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

// isWhole says whether an answer has all come.
func isWhole(answer []byte) (bool, error) {
	end := bytes.Index(answer, endOfHeader)
	if end < 0 {
		return false, nil
	}
	header := answer[:end]
	if bytes.Contains(header, chunkField) {
		return bytes.HasSuffix(answer, endOfChunks), nil
	}
	_, rest, found := bytes.Cut(header, lengthField)
	if !found {
		return false, fmt.Errorf("no length in %q", header)
	}
	digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
	length, err := strconv.Atoi(string(digits))
	return len(answer) == end+len(endOfHeader)+length, err
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
