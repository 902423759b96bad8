package usage

// cellHash names a cell by everything that its row is about. The text of a row is unambiguous.
const cellHash = `CAST(substring(encode(sha256(convert_to(CAST(ROW(user_id, key_id, subject, feature, role, route, model, currency) AS text),
	'UTF8')), 'hex') for 32) AS uuid)`

// about is what a row of sums is about, beside its tenant, meter and time.
const about = `user_id, key_id, subject, feature, role, route, model, currency`

// unfolded is the condition of events that the sums do not have. Both ends of the range of txid are said so that Postgres expects few rows
// and takes the index, also while it knows nothing of how many there are.
const unfolded = `txid >= (SELECT txid FROM usage_watermark) AND txid < 9223372036854775807`

const sums = `events, largest, quantity, input_tokens, output_tokens, cached_tokens, cost`

// added is how a row of sums takes more.
const added = `events = s.events + EXCLUDED.events, largest = GREATEST(s.largest, EXCLUDED.largest), quantity = s.quantity + EXCLUDED.quantity,
	input_tokens = s.input_tokens + EXCLUDED.input_tokens, output_tokens = s.output_tokens + EXCLUDED.output_tokens,
	cached_tokens = s.cached_tokens + EXCLUDED.cached_tokens, cost = s.cost + EXCLUDED.cost`

// foldSQL reads the events once, and makes the days of the hours.
const foldSQL = `WITH hours AS MATERIALIZED (
	SELECT tenant_id, meter, date_trunc('hour', at, 'UTC') AS starts_at, ` + about + `, count(*) AS events, max(quantity) AS largest,
		sum(quantity) AS quantity, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cached_tokens) AS cached_tokens,
		sum(cost) AS cost
	FROM usage_events WHERE txid >= $1 AND txid < $2 GROUP BY tenant_id, meter, date_trunc('hour', at, 'UTC'), ` + about + `
), by_hour AS (
	INSERT INTO usage_hours AS s (tenant_id, meter, starts_at, cell, ` + about + `, ` + sums + `)
	SELECT tenant_id, meter, starts_at, ` + cellHash + `, ` + about + `, ` + sums + ` FROM hours
	ON CONFLICT (tenant_id, meter, starts_at, cell) DO UPDATE SET ` + added + `
)
INSERT INTO usage_days AS s (tenant_id, meter, starts_at, cell, ` + about + `, ` + sums + `)
SELECT tenant_id, meter, date_trunc('day', starts_at, 'UTC'), ` + cellHash + `, ` + about + `, sum(events), max(largest), sum(quantity),
	sum(input_tokens), sum(output_tokens), sum(cached_tokens), sum(cost)
FROM hours GROUP BY tenant_id, meter, date_trunc('day', starts_at, 'UTC'), ` + about + `
ON CONFLICT (tenant_id, meter, starts_at, cell) DO UPDATE SET ` + added
