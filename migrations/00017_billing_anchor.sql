-- +goose Up
-- When the tenant's billing begins: its billing periods begin on that day of each month and at that hour. NULL is the first of the month.
ALTER TABLE tenants ADD COLUMN billing_anchor timestamptz;

-- +goose Down
ALTER TABLE tenants DROP COLUMN billing_anchor;
