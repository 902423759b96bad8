package api

import (
	"context"
	"fmt"
	"math"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// The types below are those of the OpenID AuthZEN Authorization API 1.0. Properties are taken, and decide nothing: role and
// plan are what decides, and they are never taken from a request.

type subjectIn struct {
	Type       string         `json:"type" doc:"user, member or, of the caller itself, api_key"`
	ID         string         `json:"id" doc:"usr_…, mem_… or key_…"`
	Properties map[string]any `json:"properties,omitempty" doc:"Not used"`
}

type actionIn struct {
	Name       string         `json:"name" doc:"A permission, for example chat:use"`
	Properties map[string]any `json:"properties,omitempty" doc:"Not used"`
}

type resourceIn struct {
	Type       string         `json:"type" doc:"feature, to ask for a feature of the plan too; other types decide nothing"`
	ID         string         `json:"id" doc:"Of a feature: its name, for example ai.agents"`
	Properties map[string]any `json:"properties,omitempty" doc:"Not used"`
}

type evaluationIn struct {
	Subject  *subjectIn     `json:"subject,omitempty"`
	Action   *actionIn      `json:"action,omitempty"`
	Resource *resourceIn    `json:"resource,omitempty"`
	Context  map[string]any `json:"context,omitempty" doc:"min_version and quantity as in a check; nothing else is used"`
}

// since is the version that the context asks for; "" for none.
func (in evaluationIn) since() (string, error) {
	given, is := in.Context["min_version"]
	version, text := given.(string)
	if is && (!text || version == "") {
		return "", errs.InvalidField("context.min_version", "is not a version")
	}
	return version, nil
}

// quantity is how much of the feature the context asks for; 0 for none. Numbers are exact to 53 bits, as in JavaScript.
func (in evaluationIn) quantity() (int64, error) {
	given, is := in.Context["quantity"]
	n, number := given.(float64)
	switch {
	case !is:
		return 0, nil
	case !number || n < 1 || n > 1<<53 || n != math.Trunc(n):
		return 0, errs.InvalidField("context.quantity", "is a whole number, and at least 1")
	case in.Resource.Type != resourceFeature:
		return 0, errs.InvalidField("resource.type", "Name the feature that the quantity is of.")
	}
	return int64(n), nil
}

// resourceFeature is the type of a resource that decides something.
const resourceFeature = "feature"

type evaluationOut struct {
	Decision bool         `json:"decision"`
	Context  *evaluatedBy `json:"context,omitempty"`
}

// evaluation answers one question of the standard API.
func (a *API) evaluation(ctx context.Context, in evaluationIn) (evaluationOut, error) {
	if err := in.check(""); err != nil {
		return evaluationOut{}, err
	}
	return a.evaluator(ctx).evaluate(in)
}

// check says what is missing; prefix is where the evaluation stands in the body.
func (in evaluationIn) check(prefix string) error {
	for _, part := range []struct {
		missing bool
		name    string
	}{
		{in.Subject == nil, "subject"},
		{in.Subject != nil && in.Subject.Type == "", "subject.type"},
		{in.Subject != nil && in.Subject.ID == "", "subject.id"},
		{in.Action == nil, "action"},
		{in.Action != nil && in.Action.Name == "", "action.name"},
		{in.Resource == nil, "resource"},
		{in.Resource != nil && in.Resource.Type == "", "resource.type"},
		{in.Resource != nil && in.Resource.ID == "", "resource.id"},
	} {
		if part.missing {
			return errs.InvalidField(prefix+part.name, "is required")
		}
	}
	return nil
}

type evaluationsIn struct {
	Subject     *subjectIn         `json:"subject,omitempty" doc:"Of evaluations that have none"`
	Action      *actionIn          `json:"action,omitempty" doc:"Of evaluations that have none"`
	Resource    *resourceIn        `json:"resource,omitempty" doc:"Of evaluations that have none"`
	Context     map[string]any     `json:"context,omitempty" doc:"Of evaluations that have none"`
	Evaluations []evaluationIn     `json:"evaluations,omitempty" maxItems:"100" doc:"Without any, the request is one evaluation"`
	Options     evaluationsOptions `json:"options,omitzero"`
}

type evaluationsOptions struct {
	Semantic semantic `json:"evaluations_semantic,omitempty" enum:"execute_all,deny_on_first_deny,permit_on_first_permit" doc:"When to stop; execute_all if left out"`
}

// semantic says after which answer the others are left out.
type semantic string

const (
	executeAll          semantic = "execute_all"
	denyOnFirstDeny     semantic = "deny_on_first_deny"
	permitOnFirstPermit semantic = "permit_on_first_permit"
)

// stops says that an answer ends the batch.
func (s semantic) stops(allowed bool) bool {
	return s == denyOnFirstDeny && !allowed || s == permitOnFirstPermit && allowed
}

type evaluationsOut struct {
	Decision    *bool           `json:"decision,omitempty" doc:"Of a request without evaluations"`
	Context     *evaluatedBy    `json:"context,omitempty"`
	Evaluations []evaluationOut `json:"evaluations,omitempty" doc:"In the order of the request, up to the one that stopped"`
}

// evaluations answers several questions of the standard API. All of them are read before the first is answered.
func (a *API) evaluations(ctx context.Context, in evaluationsIn) (evaluationsOut, error) {
	switch in.Options.Semantic {
	case "", executeAll, denyOnFirstDeny, permitOnFirstPermit:
	default:
		return evaluationsOut{}, errs.InvalidField("options.evaluations_semantic", "is not known here")
	}
	if len(in.Evaluations) == 0 {
		one, err := a.evaluation(ctx, evaluationIn{in.Subject, in.Action, in.Resource, in.Context})
		if err != nil {
			return evaluationsOut{}, err
		}
		return evaluationsOut{Decision: &one.Decision, Context: one.Context}, nil
	}
	if len(in.Evaluations) > maxBatch {
		return evaluationsOut{}, errs.InvalidField("evaluations", fmt.Sprintf("has at most %d questions", maxBatch))
	}
	questions := make([]evaluationIn, len(in.Evaluations))
	for i, q := range in.Evaluations {
		questions[i] = q.or(in)
		if err := questions[i].check(fmt.Sprintf("evaluations.%d.", i)); err != nil {
			return evaluationsOut{}, err
		}
	}
	e := a.evaluator(ctx)
	out := evaluationsOut{Evaluations: make([]evaluationOut, 0, len(questions))}
	for _, q := range questions {
		one, err := e.evaluate(q)
		if err != nil {
			return evaluationsOut{}, err
		}
		out.Evaluations = append(out.Evaluations, one)
		if in.Options.Semantic.stops(one.Decision) {
			break
		}
	}
	return out, nil
}

// or takes the defaults of the request for what the evaluation does not say, each as a whole.
func (in evaluationIn) or(defaults evaluationsIn) evaluationIn {
	if in.Subject == nil {
		in.Subject = defaults.Subject
	}
	if in.Action == nil {
		in.Action = defaults.Action
	}
	if in.Resource == nil {
		in.Resource = defaults.Resource
	}
	if in.Context == nil {
		in.Context = defaults.Context
	}
	return in
}

// authzenOut is the metadata of a policy decision point.
type authzenOut struct {
	PDP         string `json:"policy_decision_point"`
	Evaluation  string `json:"access_evaluation_endpoint"`
	Evaluations string `json:"access_evaluations_endpoint"`
}

func (a *API) authzen(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.JSON(http.StatusOK, authzenOut{a.BaseURL, a.BaseURL + "/access/v1/evaluation", a.BaseURL + "/access/v1/evaluations"})
}
