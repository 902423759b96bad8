package saml

// Guarded lets a test panic where a library could.
var Guarded = guarded[Assertion]

// Occupy takes a turn until the returned function is called.
func (v *Verifier) Occupy() (leave func()) {
	v.slots <- struct{}{}
	return func() { <-v.slots }
}

// Occupy takes all turns of the provider's verifier until the returned function is called.
func (p *Provider) Occupy() (leave func()) {
	for range cap(p.verifier.slots) {
		p.verifier.slots <- struct{}{}
	}
	return func() {
		for range cap(p.verifier.slots) {
			<-p.verifier.slots
		}
	}
}
