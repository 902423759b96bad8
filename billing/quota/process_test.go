package quota_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// process is an instance in a process of its own.
type process struct {
	*os.Process

	in  *json.Encoder
	out *json.Decoder
}

func (r *rig) process(tb testing.TB, tenant id.Tenant, limit int64) *process {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), self)
	cmd.Env = append(os.Environ(), instanceVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	p := &process{cmd.Process, json.NewEncoder(in), json.NewDecoder(out)}
	p.tell(tb, order{URL: r.urls.URL, Tenant: tenant, Limit: limit})
	return p
}

func (p *process) tell(tb testing.TB, o order) {
	tb.Helper()
	if err := p.in.Encode(o); err != nil {
		tb.Fatal(err)
	}
}

func (p *process) hear(tb testing.TB) (r report) {
	tb.Helper()
	if err := p.out.Decode(&r); err != nil {
		tb.Fatalf("the instance does not answer: %v", err)
	}
	return r
}

func (p *process) take(tb testing.TB, most int64) report {
	tb.Helper()
	p.tell(tb, order{Most: most})
	return p.hear(tb)
}

func (p *process) send(tb testing.TB, s syscall.Signal) {
	tb.Helper()
	if err := p.Signal(s); err != nil {
		tb.Fatal(err)
	}
}

const flat = 3_000

// takesAll has an instance take until nothing is left, while the leases of others expire.
func (r *rig) takesAll(tb testing.TB, p *process, tenant id.Tenant) (n int64) {
	tb.Helper()
	until(tb, "all is used", func() bool {
		n += p.take(tb, flat).Admitted
		r.fold(tb)
		used, _, _ := r.ledger(tb, tenant)
		return used >= flat
	})
	return n
}

// A process that is stopped with a lease in its hand, for longer than the lease lasts, spends nothing of it when it goes on.
func TestAStoppedProcessSpendsNothingOfWhatHasExpired(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	stopped, other := r.process(t, tenant, flat), r.process(t, tenant, flat)
	n := stopped.take(t, 300).Admitted
	stopped.send(t, syscall.SIGSTOP)
	if _, leased, _ := r.ledger(t, tenant); leased <= n {
		t.Errorf("the stopped process took %d and holds %d, want it to hold more", n, leased)
	}
	n += r.takesAll(t, other, tenant)
	stopped.send(t, syscall.SIGCONT)
	if more := stopped.take(t, 100); more.Admitted != 0 {
		t.Errorf("the process that goes on admitted %d, want none", more.Admitted)
	}
	r.fold(t)
	if used, leased, unleased := r.ledger(t, tenant); n != flat || used != flat || leased != 0 || unleased != 0 {
		t.Errorf("admitted %d; used, leased, unleased = %d, %d, %d, want %d; %d, 0, 0", n, used, leased, unleased, flat, flat)
	}
}

// A process that is stopped in the middle of calls admits nothing later that others have had since. What it had admitted before and records
// afterwards is the only thing that can come on top: one call of each caller.
func TestAProcessStoppedInTheMiddleOfCallsOverAdmitsNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	stopped, other := r.process(t, tenant, flat), r.process(t, tenant, flat)
	n := stopped.take(t, 100).Admitted
	stopped.tell(t, order{Most: flat})
	time.Sleep(50 * time.Millisecond)
	stopped.send(t, syscall.SIGSTOP)
	end := time.Now().Add(instanceLease + time.Second)
	n += other.take(t, flat/2).Admitted
	for time.Now().Before(end) { // the others get what the stopped one had
		r.fold(t)
		n += other.take(t, 50).Admitted
	}
	stopped.send(t, syscall.SIGCONT)
	last := stopped.hear(t)
	n += last.Admitted + r.takesAll(t, other, tenant)
	r.fold(t)
	used, leased, unleased := r.ledger(t, tenant)
	if used != n || leased != 0 {
		t.Errorf("admitted %d; used, leased = %d, %d, want the same, 0", n, used, leased)
	}
	if used-unleased > flat || unleased > last.Late {
		t.Errorf("used %d of %d, of it %d without a lease; %d were recorded late, want nothing else above", used, flat, unleased, last.Late)
	}
}

// What a killed process held comes back: all that is not used of it.
func TestAKilledProcessStrandsNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	killed, other := r.process(t, tenant, flat), r.process(t, tenant, flat)
	killed.take(t, 100)
	killed.tell(t, order{Most: flat})
	time.Sleep(50 * time.Millisecond)
	if err := killed.Kill(); err != nil {
		t.Fatal(err)
	}
	r.takesAll(t, other, tenant)
	until(t, "nothing is lent any more", func() bool {
		r.fold(t)
		_, leased, _ := r.ledger(t, tenant)
		return leased == 0
	})
	if used, _, unleased := r.ledger(t, tenant); used != flat || unleased != 0 {
		t.Errorf("used, unleased = %d, %d, want %d, 0", used, unleased, flat)
	}
}
