package devpg

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
)

// ErrNotRunning says that no process runs a server for the folder.
var ErrNotRunning = errors.New("no database is running for this folder")

// Superuser is the name of the role that initdb makes.
const Superuser = "postgres"

// Address is where a server listens and the password of its superuser.
type Address struct {
	Port     int
	Password string
}

// Find returns the address of the server that another process runs for dir.
// It returns ErrNotRunning if there is none.
func Find(dir string) (Address, error) {
	l, err := acquire(filepath.Join(dir, lockFile))
	if err == nil {
		l.release()
		return Address{}, fmt.Errorf("%s: %w", dir, ErrNotRunning)
	}
	if !errors.Is(err, ErrInUse) {
		return Address{}, fmt.Errorf("%s: %w", dir, ErrNotRunning)
	}
	s, err := loadState(dir)
	if err != nil {
		return Address{}, err
	}
	if s.Port == 0 {
		return Address{}, fmt.Errorf("%s: %w", dir, ErrNotRunning)
	}
	return Address{Port: s.Port, Password: s.Password}, nil
}

// AdminURL returns the superuser's URL of the maintenance database.
func (a Address) AdminURL() string {
	return a.URL(Superuser, "postgres")
}

// URL returns the connection URL of user in database. It carries the password
// of the superuser: give the same password to the roles you create.
func (a Address) URL(user, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, a.Password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
