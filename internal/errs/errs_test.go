package errs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

var errTaken = errs.New(errs.Conflict, "taken", "This cannot be used.")

func TestACopyMatchesItsOriginal(t *testing.T) {
	t.Parallel()
	cause := errors.New("duplicate key of alice@secret.example")
	err := fmt.Errorf("create: %w", errTaken.Because(cause).With("decision_id", "dec_1"))
	if !errors.Is(err, errTaken) || !errors.Is(err, cause) {
		t.Errorf("%v matches neither its original nor its cause", err)
	}
	for _, other := range []*errs.Error{errs.New(errs.Conflict, "other", ""), errs.New(errs.Gone, "taken", "")} {
		if errors.Is(err, other) {
			t.Errorf("%v matches %v", err, other)
		}
	}
	if got := errs.As(err); got.Kind != errs.Conflict || got.Code != "taken" || got.Detail != errTaken.Detail {
		t.Errorf("As(%v) = %+v", err, got)
	}
}

func TestOriginalsDoNotChange(t *testing.T) {
	t.Parallel()
	first := errTaken.With("a", 1)
	second := first.With("b", 2)
	_ = second.Because(errors.New("x"))
	if len(errTaken.Extra) != 0 || errTaken.Unwrap() != nil || second.Unwrap() != nil {
		t.Errorf("the original is now %+v", errTaken)
	}
	if diff := cmp.Diff(map[string]any{"a": 1}, first.Extra); diff != "" {
		t.Errorf("the first copy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"a": 1, "b": 2}, second.Extra); diff != "" {
		t.Errorf("the second copy (-want +got):\n%s", diff)
	}
}

func TestWhatWasWrongIsForTheLogAlone(t *testing.T) {
	t.Parallel()
	err := errTaken.Because(errors.New("row of alice@secret.example"))
	if !strings.Contains(err.Error(), "alice") {
		t.Errorf("Error() = %q, want the cause in it", err)
	}
	if strings.Contains(err.Detail, "alice") {
		t.Errorf("Detail = %q, want no cause in it", err.Detail)
	}
	unknown := errs.As(errors.New("pq: password of bob"))
	if unknown.Kind != errs.Internal || unknown.Code != "internal" || strings.Contains(unknown.Detail, "bob") || !strings.Contains(unknown.Error(), "bob") {
		t.Errorf("As(an error without a code) = %+v", unknown)
	}
	if got := errs.CodeOf(errors.New("x")); got != "internal" {
		t.Errorf("CodeOf = %q, want internal", got)
	}
}

func TestInvalidFieldNamesIt(t *testing.T) {
	t.Parallel()
	err := errs.InvalidField("slug", "Use letters.")
	want := []errs.Field{{Name: "slug", Detail: "Use letters."}}
	if diff := cmp.Diff(want, err.Fields); diff != "" || err.Kind != errs.Invalid {
		t.Errorf("InvalidField of kind %d (-want +got):\n%s", err.Kind, diff)
	}
	if got := err.Error(); got != "invalid_input: slug: Use letters." {
		t.Errorf("Error() = %q", got)
	}
}
