package quota

import (
	"context"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
)

// path is all that calls of one kind take from, narrowest first. It is immutable but for what it points to.
type path struct {
	terms   *Terms
	rules   *rules
	holder  *holder
	ends    time.Duration // when the first of the periods does, in the time of the process
	budgets []*budget
	// void says that the path is not to be used any more.
	void atomic.Bool
	// signpost stands where who calls decides on the budgets; it admits nothing.
	signpost bool
}

// budget is what this instance knows of a budget.
type budget struct {
	Budget
	terms    atomic.Pointer[terms]
	lease    atomic.Pointer[lease]
	denied   atomic.Pointer[denial]
	known    atomic.Pointer[State] // with all of lease
	foreseen atomic.Bool           // more is to be asked for before the lease is used up
	asking   chan struct{}         // held by who asks the database
	// Guarded by asking.
	last            int64         // what was left after it was last asked
	asked           time.Duration // when
	agreed          *terms        // as they were then
	amount, version int64         // likewise, as the row has them
	kept            []*lease      // that are replaced, and that calls still hold
	// Guarded by the holder.
	touched time.Duration // when a path was last made of it

	tended atomic.Bool  // somebody looks after its leases
	old    atomic.Int32 // how many kept are
	seen   int64        // by the loop in its last round
	still  atomic.Int32 // for how many rounds nobody took anything
}

// denial is a refusal that need not be asked for again at once.
type denial struct {
	n        int64
	until    time.Duration
	believed time.Duration
	State
}

// off reports whether something that the path was made of has changed.
func (p *path) off() bool { return p.void.Load() || p.rules.stale.Load() }

func (b *budget) lock(ctx context.Context) error {
	select {
	case b.asking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// here is about what can be spent without asking.
func (b *budget) here() int64 {
	if l := b.lease.Load(); l != nil {
		return l.left()
	}
	return 0
}

func (b *budget) unlock() { <-b.asking }

// ofPlan says that the plan is what limits a budget in a state.
func (b *budget) ofPlan(s State) bool { return b.terms.Load().ofPlan(s.Limit.Value) }

// replaced takes a lease out of use, and remembers it while calls hold something of it.
func (b *budget) replaced(l *lease, mono time.Duration) {
	b.lease.Store(nil)
	if l.held(mono) {
		b.keep(l)
	}
}

// keep has a lease looked after that is not in use.
func (b *budget) keep(l *lease) {
	if !slices.Contains(b.kept, l) {
		b.kept = append(b.kept, l)
		b.old.Store(int32(len(b.kept)))
	}
}

func (e *Engine) shard(k *pathKey) *pathShard {
	t, u, x := k.tenant.Bytes(), k.user.Bytes(), k.key.Bytes()
	return &e.paths[(binary.BigEndian.Uint32(t[12:])^binary.BigEndian.Uint32(u[12:])^binary.BigEndian.Uint32(x[12:]))%64]
}

func (e *Engine) find(k pathKey) *path {
	s := e.shard(&k)
	s.RLock()
	defer s.RUnlock()
	return s.m[k]
}

// lookup returns the path of a call, or nil if there is none that is in force.
func (e *Engine) lookup(c *Call) *path {
	p := e.find(pathKey{tenant: c.Tenant, meter: c.Meter})
	if p == nil || p.off() {
		return nil
	}
	if byUser, byKey := p.rules.asks(c.Meter); byUser && !c.User.IsZero() || byKey && !c.Key.IsZero() {
		if p = e.find(keyOf(c, byUser, byKey)); p == nil || p.off() {
			return nil
		}
	}
	if p.terms != c.Terms || p.signpost {
		return nil
	}
	return p
}

func keyOf(c *Call, byUser, byKey bool) pathKey {
	k := pathKey{tenant: c.Tenant, meter: c.Meter}
	if byUser {
		k.user = c.User
	}
	if byKey {
		k.key = c.Key
	}
	return k
}

// build makes the path of a call as of now, from budgets that there are and others.
func (e *Engine) build(ctx context.Context, c *Call) (*path, error) {
	h := e.holder(c.Tenant)
	r, err := e.rulesOf(ctx, h)
	if err != nil {
		return nil, err
	}
	mono, _ := e.now()
	clock := e.clock.Load()
	now := clock.at(mono)
	meter := c.Terms.Meter
	p := &path{terms: c.Terms, rules: r, holder: h, ends: mono + e.turn()}
	add := func(m Measure, kind Kind, subject uuid.UUID, period billing.Period, t terms) {
		b := Budget{Tenant: c.Tenant, Meter: c.Meter, Measure: m, Currency: currencyOf(meter, m), Kind: kind, Subject: subject, Period: period}
		b.Starts, t.ends = h.bounds(b, now, c.Terms)
		p.budgets = append(p.budgets, h.budget(b, t, mono))
		p.ends = min(p.ends, clock.when(t.ends))
	}
	met := r.of(c)
	if n := c.Terms.Number; !n.Unlimited {
		t := terms{base: n.Value, soft: meter.Limit == billing.Soft, byPlan: true, granted: granted(r.grants[c.Meter], now), version: c.Terms.Version}
		same := slices.IndexFunc(met, func(r Rule) bool { return r.Kind == OfTenant && r.Measure == plain(meter) && r.Period == meter.Period })
		if same >= 0 {
			t = t.within(met[same])
			met = slices.Delete(met, same, same+1)
		}
		add(plain(meter), OfTenant, uuid.Nil, meter.Period, t)
	}
	for _, rule := range met {
		subject := rule.Subject
		switch rule.Kind {
		case OfUser:
			subject = c.User.UUID()
		case OfKey:
			subject = c.Key.UUID()
		case OfTenant:
		}
		add(rule.Measure, rule.Kind, subject, rule.Period, terms{base: rule.allows(meter), soft: rule.Soft, version: c.Terms.Version})
	}
	if len(p.budgets) > maxBudgets {
		p.budgets = p.budgets[:maxBudgets] // rules are limited so that this is impossible
	}
	slices.SortFunc(p.budgets, func(a, b *budget) int { return a.compare(b.Budget) })
	byUser, byKey := r.asks(c.Meter)
	all, mine := pathKey{tenant: c.Tenant, meter: c.Meter}, keyOf(c, byUser, byKey)
	e.keep(mine, p)
	if old := e.find(all); mine != all && (old == nil || old.rules != r) {
		e.keep(all, &path{terms: c.Terms, rules: r, holder: h, ends: mono + e.turn(), signpost: true})
	}
	return p, nil
}

func (e *Engine) keep(k pathKey, p *path) {
	s := e.shard(&k)
	s.Lock()
	defer s.Unlock()
	s.m[k] = p
}

// plain is the measure of the number of a plan.
func plain(m billing.Meter) Measure {
	if m.Aggregation == billing.Count {
		return Events
	}
	return Quantity
}

// currencyOf is that of a budget of a measure.
func currencyOf(m billing.Meter, measure Measure) string {
	if measure == Cost {
		return m.Currency
	}
	return ""
}

func (h *holder) budget(key Budget, t terms, mono time.Duration) *budget {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.budgets[key]
	if b == nil {
		b = &budget{Budget: key, asking: make(chan struct{}, 1)}
		h.budgets[key] = b
	}
	b.touched = mono
	if old := b.terms.Load(); old == nil || *old != t {
		b.terms.Store(&t)
		b.denied.Store(nil)
	}
	return b
}

// current returns the id of the tenant's leases, a new one if it has served for a turn or if one of its leases has expired.
func (h *holder) current(mono, turn time.Duration, expired bool) uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	if expired || mono-h.born > turn {
		h.wallet, h.born = uuid.Must(uuid.NewV7()), mono
	}
	return h.wallet
}
