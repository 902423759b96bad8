package devpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// startPatience bounds a start whose context has no deadline. It is long, for
// after a crash Postgres replays its log first.
const startPatience = time.Minute

// Config says what to run.
type Config struct {
	// Dir is the folder of the server. It is made if it does not exist.
	Dir string
	// Log gets a line for each start and stop. Nil means none.
	Log *slog.Logger
	// Fast gives up all safety against a crash of the machine for speed. It is
	// for tests.
	Fast bool
	// Settings are added to the settings of Postgres and win over ours.
	Settings map[string]string
	// Locate finds the programs of a major version (0: any). Nil means
	// DefaultLocator().Locate.
	Locate func(ctx context.Context, major int) (Binaries, error)
}

// Cluster is a running server. Its address stays the same until Stop.
type Cluster struct {
	Address
	// Dir is the absolute path of the folder.
	Dir string

	log    *slog.Logger
	home   home
	lock   *lock
	server *postmaster
	once   sync.Once
	err    error
}

// Start runs the server of cfg.Dir and returns when it answers. The first start
// makes the database cluster; later ones reuse it and end whatever a killed
// predecessor left running. The context bounds the start, not the life of the
// server: call Stop.
//
// It returns ErrInUse, with the id of the other process, if one has the folder,
// and ErrNoBinaries where there is no Postgres.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Locate == nil {
		cfg.Locate = DefaultLocator().Locate
	}
	dir, err := makeDir(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("prepare the folder of the database: %w", err)
	}
	l, err := acquireSoon(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("database folder %s: %w", dir, err)
	}
	c := &Cluster{Dir: dir, log: cfg.Log, lock: l}
	if err := c.start(ctx, cfg); err != nil {
		l.release()
		return nil, err
	}
	return c, nil
}

// Stop ends the server in order, and by force if it does not end in ten seconds
// or before ctx does. It may be called more than once.
func (c *Cluster) Stop(ctx context.Context) error {
	c.once.Do(func() {
		c.server.stop(ctx)
		c.err = endLeftovers(context.WithoutCancel(ctx), c.home.data())
		c.lock.release()
		c.log.InfoContext(ctx, "database stopped", "dir", c.Dir)
	})
	return c.err
}

// Wait returns a channel that delivers one error if the server ends without
// Stop, and is closed when it has ended.
func (c *Cluster) Wait() <-chan error { return c.server.failure }

// makeDir returns the real path of the folder, which names its data outside.
func makeDir(dir string) (string, error) {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		// The user that Postgres runs as has to pass through. It can neither
		// list the folder nor read the files, which are 0600.
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func (c *Cluster) start(ctx context.Context, cfg Config) error {
	began := time.Now()
	if err := c.lock.sign(); err != nil {
		return fmt.Errorf("sign %s: %w", lockFile, err)
	}
	bin, s, err := c.prepare(ctx, cfg)
	if err != nil {
		return err
	}
	// Between finding a free port and listening on it somebody may take it.
	for range 3 {
		err = c.run(ctx, cfg, bin, &s)
		if !errors.Is(err, errPortTaken) {
			break
		}
		s.Port = 0
	}
	if err != nil {
		return err
	}
	c.Address = Address{Port: s.Port, Password: s.Password}
	c.log.InfoContext(ctx, "database started", "dir", c.Dir, "port", s.Port, "version", bin.Major, "took", time.Since(began))
	return nil
}

// prepare finds the programs and the data, and clears the way for a start.
func (c *Cluster) prepare(ctx context.Context, cfg Config) (Binaries, state, error) {
	s, err := loadState(c.Dir)
	if err != nil {
		return Binaries{}, s, err
	}
	known, err := s.find(c.Dir)
	if err != nil {
		return Binaries{}, s, err
	}
	major, err := majorIn(known)
	if err != nil {
		return Binaries{}, s, fmt.Errorf("find the version of the data: %w", err)
	}
	bin, err := cfg.Locate(ctx, major)
	if err != nil {
		return Binaries{}, s, err
	}
	a, err := findAccount()
	if err != nil {
		return Binaries{}, s, err
	}
	c.home, err = openHome(ctx, c.Dir, s, a, bin)
	if err != nil {
		return Binaries{}, s, err
	}
	if major, err := majorIn(c.home.path); err != nil || major != 0 && known == "" {
		return Binaries{}, s, fmt.Errorf("%s is missing and with it the password of the database: remove %s", stateFile, c.home.path)
	}
	err = c.populate(ctx, bin, &s)
	return bin, s, err
}

// populate makes the data if it is missing.
func (c *Cluster) populate(ctx context.Context, bin Binaries, s *state) error {
	if err := endLeftovers(ctx, c.home.data()); err != nil {
		return fmt.Errorf("end what the last run left: %w", err)
	}
	s.Home = c.home.path
	if filepath.Dir(c.home.path) == c.Dir {
		s.Home = insideName
	}
	// The password is on disk before the data that it opens.
	if err := s.save(c.Dir); err != nil {
		return fmt.Errorf("write %s: %w", stateFile, err)
	}
	if err := c.home.initialize(ctx, bin, s.Password); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return nil
}

// errPortTaken says that another program listens on the port.
var errPortTaken = errors.New("port is taken")

// run starts the server, on its last port if that is free, and waits for it.
func (c *Cluster) run(ctx context.Context, cfg Config, bin Binaries, s *state) error {
	if s.Port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.Port = port
		if err := s.save(c.Dir); err != nil {
			return fmt.Errorf("write %s: %w", stateFile, err)
		}
	}
	out, err := openLog(c.Dir)
	if err != nil {
		return fmt.Errorf("open the log of the database: %w", err)
	}
	defer out.close()
	// The server outlives ctx, which bounds the start alone.
	cmd := c.home.command(context.WithoutCancel(ctx), c.home.data(),
		filepath.Join(bin.Dir, "postgres"), arguments(c.home.data(), s.Port, cfg)...)
	cmd.Stdout, cmd.Stderr = out.file, out.file
	c.server, err = launch(cmd)
	if err != nil {
		return err
	}
	if err := c.server.ready(ctx, Address{Port: s.Port, Password: s.Password}); err != nil {
		c.server.stop(context.WithoutCancel(ctx))
		said := out.tail()
		if strings.Contains(said, "Address already in use") {
			return errPortTaken
		}
		return fmt.Errorf("start the database: %w: %s", err, said)
	}
	return nil
}
