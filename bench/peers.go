package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
)

const peersHint = `A peer is measured when its binary is on this machine:

  %-12s of Cerbos,  as from go install github.com/cerbos/cerbos/cmd/cerbos@latest
  %-12s of OpenFGA, as from go install github.com/openfga/openfga/cmd/openfga@latest

`

// comparePeers asks Gatehouse and the peers that are on the machine the same question of the same number of members, in turns, and prints one
// table. What the peers do not do is still in Gatehouse's figure: it says who asks by their session, holds their rate limit, looks at the
// plan and keeps the decision.
func comparePeers(ctx context.Context, l load) error {
	fmt.Printf(peersHint, "CERBOS_BIN", "OPENFGA_BIN")
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	p, err := w.populate(ctx)
	if err != nil {
		return fmt.Errorf("make callers: %w", err)
	}
	targets := []target{{"Gatehouse", hostOf(w.url), w.server.Process.Pid, post(w.url+"/v1/check", checkBody, p.bearers)}}
	if err := l.every(ctx, targets[0]); err != nil {
		return err
	}
	for _, r := range rivals() {
		binary := os.Getenv(r.binary)
		if binary == "" {
			continue
		}
		t, stop, err := w.startPeer(ctx, r.name, binary, r)
		if err != nil {
			return fmt.Errorf("%s: %w", binary, err)
		}
		defer stop()
		targets = append(targets, t)
	}
	speeds, err := l.interleave(ctx, targets)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "SERVICE\tCHECKS/S\tOF GATEHOUSE'S\tCPU µs A CHECK\tOF GATEHOUSE'S\tMEMORY MB")
	ours := speeds[targets[0].name]
	for _, one := range targets {
		theirs := speeds[one.name]
		memory, err := residentMiB(one.pid)
		if err != nil {
			return err
		}
		rate, cpu := func(s speed) float64 { return s.rate }, func(s speed) float64 { return s.cpu }
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.1f\t%.2f\t%.0f\n", one.name, middle(theirs, rate), ratio(theirs, ours, rate), middle(theirs, cpu), ratio(theirs, ours, cpu), memory)
	}
	fmt.Fprintf(t, "%d rounds of %s, %d connections, %d tenants of %d members\n", l.rounds, l.each, l.clients, customers, staff)
	return t.Flush()
}

// startPeer starts a peer, tells it of as many members as Gatehouse has, and makes sure that it answers as Gatehouse does.
func (w *world) startPeer(ctx context.Context, name, binary string, p peer) (t target, stop func(), err error) {
	dir, err := os.MkdirTemp(w.dir, "peer-")
	if err != nil {
		return t, nil, fmt.Errorf("make a folder: %w", err)
	}
	http, err := freeAddr(ctx)
	if err != nil {
		return t, nil, err
	}
	grpc, err := freeAddr(ctx)
	if err != nil {
		return t, nil, err
	}
	c, err := p.command(ctx, binary, http, grpc, dir)
	if err != nil {
		return t, nil, err
	}
	log := logFile{filepath.Join(dir, "peer.log")}
	said, err := log.open()
	if err != nil {
		return t, nil, err
	}
	defer said.Close()
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		return t, nil, fmt.Errorf("start: %w", err)
	}
	stop = func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	if err := waitFor(ctx, p.health()); err != nil {
		stop()
		return t, nil, fmt.Errorf("%w: %s", err, log.all())
	}
	requests, err := introduce(ctx, p)
	if err != nil {
		stop()
		return t, nil, err
	}
	return target{name, http, c.Process.Pid, requests}, stop, nil
}

// introduce tells a peer of its members and returns what to ask about each. A peer that answers otherwise than Gatehouse is not compared.
func introduce(ctx context.Context, p peer) ([][]byte, error) {
	var members []member
	for tenant := range customers {
		for user := range staff {
			members = append(members, member{fmt.Sprintf("bench-%d", tenant), fmt.Sprintf("mia-%d-%d", tenant, user)})
		}
	}
	if err := p.load(ctx, members); err != nil {
		return nil, fmt.Errorf("load members: %w", err)
	}
	first, last := members[0], members[len(members)-1]
	for _, ask := range []struct {
		tenant string
		want   bool
	}{{first.tenant, true}, {last.tenant, false}} {
		if err := answers(ctx, p, first, ask.tenant, ask.want); err != nil {
			return nil, err
		}
	}
	var requests [][]byte
	for _, m := range members {
		url, question := p.question(m, m.tenant)
		body, err := json.Marshal(question)
		if err != nil {
			return nil, fmt.Errorf("encode a question: %w", err)
		}
		requests = append(requests, post(url, string(body), []string{"User-Agent: bench"})...)
	}
	return requests, nil
}

// answers makes sure of one answer.
func answers(ctx context.Context, p peer, m member, tenant string, want bool) error {
	url, question := p.question(m, tenant)
	var raw json.RawMessage
	if err := tell(ctx, url, question, &raw); err != nil {
		return err
	}
	got, err := p.allows(raw)
	if err == nil && got != want {
		err = fmt.Errorf("whether a member of %s may use the chat of %s is answered %v", m.tenant, tenant, got)
	}
	return err
}
