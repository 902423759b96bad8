package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
)

const numeric = `
  test.rooms: {title: Rooms, numbers: {pro: 10, team: 50, enterprise: unlimited}}
  test.halls: {title: Halls, numbers: {pro: 1, enterprise: 20}}
`

func TestQuantity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(strings.Replace(string(catalog.Default()), "\nfeatures:\n", "\nfeatures:"+numeric, 1)))
	s := w.store()
	for _, tt := range []struct {
		plan     billing.Plan
		feature  billing.Feature
		quantity int64
		want     string // clause, needs_plan, limit
	}{
		{"pro", "test.rooms", 10, "true   10"},
		{"pro", "test.rooms", 11, "false quantity_exceeds_plan team 10"},
		{"pro", "test.rooms", 51, "false quantity_exceeds_plan enterprise 10"},
		{"free", "test.rooms", 11, "false feature_not_in_plan team 0"},
		{"free", "test.rooms", 1, "false feature_not_in_plan pro 0"},
		{"enterprise", "test.rooms", 1 << 40, "true   -"},
		{"pro", "test.halls", 2, "false quantity_exceeds_plan enterprise 1"},
		{"pro", "test.halls", 21, "false quantity_exceeds_plan  1"},
		{"enterprise", "sso", 1, "false feature_not_numeric  -"},
		{"enterprise", "test.none", 1, "false unknown_feature  -"},
	} {
		p := &authn.Principal{Kind: authn.Member, Role: "admin", Plan: string(tt.plan)}
		d := s.Ask(p, nil, access.Question{Feature: tt.feature, Quantity: tt.quantity})
		limit := "-"
		if d.Limit != nil {
			limit = fmt.Sprint(*d.Limit)
		}
		if got := fmt.Sprint(d.Allowed, " ", d.Clause, " ", d.NeedsPlan, " ", limit); got != tt.want {
			t.Errorf("%d of %s on %s = %q, want %q", tt.quantity, tt.feature, tt.plan, got, tt.want)
		}
		if d.Allowed != (d.Message == "") {
			t.Errorf("%d of %s on %s says %q", tt.quantity, tt.feature, tt.plan, d.Message)
		}
	}
}
