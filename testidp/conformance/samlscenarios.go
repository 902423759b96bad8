package conformance

import (
	"context"
	"errors"
	"strings"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// setup is how a connection has to be configured for some scenarios, and no weaker.
type setup struct {
	mode    samlforge.Mode
	setting samlforge.Setting
	trusted string // ID of the scenario whose key is trusted; empty is as usual
}

// samlParts are the forged responses, one part for each configuration.
func (s *suite) samlParts() []part {
	pairs := map[setup][]samlforge.Scenario{}
	var order []setup
	for i, one := range samlforge.Scenarios() {
		modes := one.Modes
		if s.Quick {
			modes = modes[i%len(modes) : i%len(modes)+1]
		}
		for _, mode := range modes {
			need := setup{mode: mode, setting: one.Setting}
			if one.Trust != nil {
				need.trusted = one.ID
			}
			if len(pairs[need]) == 0 {
				order = append(order, need)
			}
			pairs[need] = append(pairs[need], one)
		}
	}
	var parts []part
	for _, need := range order {
		parts = append(parts, func(ctx context.Context) error { return s.playScenarios(ctx, need, pairs[need]) })
	}
	return parts
}

func (need setup) encrypts() bool {
	return need.mode == samlforge.SignThenEncrypt || need.mode == samlforge.EncryptInSigned || need.mode == samlforge.EncryptInBoth
}

func (need setup) options(one samlforge.Scenario, t *samlforge.Tools) samlOptions {
	responseOnly := need.mode == samlforge.SignResponse || need.mode == samlforge.EncryptInSigned
	o := samlOptions{mode: need.mode, settings: map[string]any{
		"encryption": need.encrypts(), "legacy_response_only": responseOnly, "force_authn": need.setting == samlforge.ForcedSignIn,
		"idp_initiated": need.setting == samlforge.FromProvider, "legacy_sha1": need.setting == samlforge.LegacySHA1,
		"legacy_inclusive_c14n": need.setting == samlforge.LegacyInclusive,
	}}
	switch need.setting {
	case samlforge.NoEncryption:
		o.settings["encryption"], o.mode = false, samlforge.SignBoth // in which people come in honestly
	case samlforge.AssertionsSigned:
		o.settings["legacy_response_only"], o.mode = false, samlforge.SignBoth
	case samlforge.StrongSignIn:
		o.settings["authn_contexts"], o.context = []string{samlforge.MFAContext}, samlforge.MFAContext
	default:
	}
	if need.trusted != "" {
		o.key = one.Trust(t)
	}
	return o
}

// due is the outcome of a scenario here. CBC is no matter of configuration: it is taken inside a response whose own signature was verified,
// as some large providers send it, and nowhere else.
func due(one samlforge.Scenario, mode samlforge.Mode) Outcome {
	switch {
	case one.ID == "SAML-084" && mode != samlforge.SignThenEncrypt:
		return samlforge.Accept
	case one.Setting == samlforge.LegacyCBC && mode == samlforge.SignThenEncrypt:
		return samlforge.Refuse
	default:
		return one.Outcome
	}
}

func (s *suite) playScenarios(ctx context.Context, need setup, list []samlforge.Scenario) error {
	st, err := s.samlStand(ctx, need.options(list[0], s.tools))
	if no, ok := errors.AsType[*refusal](err); ok && need.trusted != "" {
		// A key that must not be trusted is refused before anybody can sign in with it.
		for _, one := range list {
			r := Result{
				Area: areaOf(one.ID), ID: one.ID, Title: one.Title, Variant: string(need.mode), Expect: one.Outcome, Status: no.status, Code: no.code,
			}
			r.Verdict, r.Problem = Judge(one.Outcome, Seen{Status: no.status, Code: no.code}, Honest{}, false)
			s.record(r)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer st.browser.close()
	if st.encryption == nil && need.encrypts() {
		s.skip(Encryption, "mode "+string(need.mode)+": the installation publishes no certificate to encrypt for")
		return nil
	}
	if need.trusted == "" || list[0].Outcome == samlforge.Accept { // with a key that must not be trusted nobody comes in
		if err := st.introduce(ctx, string(need.mode)); err != nil {
			return err
		}
	}
	for _, one := range list {
		err := st.try(ctx, attack{
			area: areaOf(one.ID), id: one.ID, title: one.Title, variant: string(need.mode), expect: due(one, need.mode), honest: st.as(honest),
			play: st.forge(one, need.mode),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forge plays one scenario in a real sign-in.
func (st *samlStand) forge(one samlforge.Scenario, mode samlforge.Mode) func(context.Context, *visit) (answer, error) {
	return func(ctx context.Context, v *visit) (answer, error) {
		var r request
		var err error
		if one.Setting != samlforge.FromProvider {
			if r, err = st.start(ctx, v); err != nil {
				return answer{}, err
			}
		}
		o := st.options(r, honest)
		o.AuthnContext = "" // scenarios say it themselves
		if strings.HasPrefix(one.ID, "SAML-138") {
			// Of another browser, and alive.
			other, err := st.start(ctx, st.browser.visit())
			if err != nil {
				return answer{}, err
			}
			o.OtherRequest = other.id
		}
		doc, err := one.Build(o, mode, st.tools)
		if err != nil {
			return answer{}, err //nolint:wrapcheck // says what it is
		}
		return st.post(ctx, v, doc, r.relayState)
	}
}
