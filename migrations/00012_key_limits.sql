-- +goose Up
-- How often an API key may be used, such as 600/min or 600/min burst 50, beside what the plan says; '' where only the plan does.
ALTER TABLE api_keys ADD COLUMN rate_limit text NOT NULL DEFAULT ''
  CONSTRAINT api_keys_rate_limit_check CHECK (rate_limit ~ '^$|^[0-9]+/(s|min|h)( burst [0-9]+)?$');

-- +goose Down
ALTER TABLE api_keys DROP COLUMN rate_limit;
