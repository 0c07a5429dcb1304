-- No JIT and no parallel workers: compiling and starting them costs more than any of these statements takes, and whether it
-- happens hangs on estimates.
-- name: session_setup
SELECT set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO', false), set_config('client_encoding', 'UTF8', false),
	set_config('statement_timeout', $1::text, false), set_config('lock_timeout', $1::text, false),
	set_config('idle_in_transaction_session_timeout', $2::text, false), set_config('application_name', $3::text, false),
	set_config('plan_cache_mode', $4::text, false),
	set_config('jit', 'off', false), set_config('max_parallel_workers_per_gather', '0', false)

-- name: session_timeout
SELECT set_config('statement_timeout', $1::text, false), set_config('lock_timeout', $1::text, false)

-- name: session_is_durable
SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'

-- name: transaction_begin
BEGIN ISOLATION LEVEL READ COMMITTED

-- name: transaction_commit
COMMIT

-- name: transaction_rollback
ROLLBACK
