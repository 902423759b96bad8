package db_test

import (
	"slices"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

func TestModel(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		ctx := t.Context()
		all := db.Of[member](tx.DB).Order("role")
		// Two queries that share a beginning do not share their ends.
		owners, viewers := all.Where("role = ?", "owner"), all.Where("role = ?", "viewer")
		owner, err := owners.First(ctx)
		if err != nil || owner.Role != "owner" {
			t.Errorf("First of the owners = %+v, %v", owner, err)
		}
		if viewer, err := viewers.Take(ctx); err != nil || viewer.Role != "viewer" {
			t.Errorf("Take of the viewers = %+v, %v", viewer, err)
		}
		list, err := all.Select("id", "role").Find(ctx)
		if want := []member{{ID: h.ofE[0].ID, Role: "owner"}, {ID: h.ofE[1].ID, Role: "viewer"}}; err != nil || !slices.Equal(list, want) {
			t.Errorf("Find of two columns = %+v, %v, want %+v", list, err, want)
		}
		if list, err := all.Omit("name", "email").Limit(1).Find(ctx); err != nil || len(list) != 1 || list[0].Name+list[0].Email != "" || list[0].Source != "seed" {
			t.Errorf("Find without two columns = %+v, %v, want one row without them", list, err)
		}
		if n, err := all.Count(ctx, "id"); err != nil || n != 2 {
			t.Errorf("Count = %d, %v, want 2", n, err)
		}
		if n, err := viewers.Select("name", "email").Updates(ctx, member{Name: "new", Role: "owner"}); err != nil || n != 1 {
			t.Errorf("Updates = %d, %v, want 1", n, err)
		}
		if v, err := viewers.First(ctx); err != nil || v.Name != "new" || v.Email != "" || v.Role != "viewer" {
			t.Errorf("the viewer is %+v, %v, want the selected columns changed, those that are zero too, and no other", v, err)
		}
		if _, err := viewers.Where("name = ?", "old").First(ctx); !db.IsMissing(err) {
			t.Errorf("First of none = %v, want that it is missing", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
