-- +goose Up
-- Amounts of two currencies are never added: the row of a budget of money counts that of one currency, as "cost USD". A row from before, which is of
-- "cost" alone, counts nothing any more.
SET LOCAL ROLE gatehouse_usage;
ALTER TABLE quotas DROP CONSTRAINT quotas_measure_check,
  ADD CONSTRAINT quotas_measure_check CHECK (measure IN ('quantity', 'events', 'cost', 'subjects') OR measure ~ '^cost [A-Z]{3}$');
SET LOCAL ROLE gatehouse_owner;
ALTER TABLE quota_rules ADD currency text NOT NULL DEFAULT ''; -- of a cost; '' of a rule from before: that of the meter

-- +goose Down
ALTER TABLE quota_rules DROP currency;
SET LOCAL ROLE gatehouse_usage;
DELETE FROM quota_leases WHERE measure LIKE 'cost %';
DELETE FROM quotas WHERE measure LIKE 'cost %';
ALTER TABLE quotas DROP CONSTRAINT quotas_measure_check,
  ADD CONSTRAINT quotas_measure_check CHECK (measure IN ('quantity', 'events', 'cost', 'subjects'));
SET LOCAL ROLE gatehouse_owner;
