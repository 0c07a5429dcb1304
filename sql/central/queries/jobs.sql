-- name: job_get
SELECT job_id, revision, definition, created_at, created_by, updated_at, updated_by
FROM job WHERE job_id = $1::uuid AND deleted_at IS NULL

-- name: job_get_for_update
SELECT job_id, revision, definition, created_at, created_by, updated_at, updated_by
FROM job WHERE job_id = $1::uuid AND deleted_at IS NULL FOR UPDATE

-- name: job_known
SELECT 1 FROM job WHERE job_id = $1::uuid

-- name: job_insert
INSERT INTO job (job_id, revision, name, active, type, target_mode, target_agent, definition, created_at, created_by,
	updated_at, updated_by)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9::timestamptz, $10, $9::timestamptz, $10)

-- name: job_update
UPDATE job SET revision = $2, name = $3, active = $4, type = $5, target_mode = $6, target_agent = $7, definition = $8,
	updated_at = $9::timestamptz, updated_by = $10
WHERE job_id = $1::uuid AND deleted_at IS NULL AND revision = $2 - 1
RETURNING job_id

-- name: job_delete
UPDATE job SET revision = revision + 1, active = false, deleted_at = $2::timestamptz, updated_at = $2::timestamptz, updated_by = $3
WHERE job_id = $1::uuid AND deleted_at IS NULL
RETURNING revision

-- name: job_revision_insert
INSERT INTO job_revision (job_id, revision, at, author, action, definition)
VALUES ($1::uuid, $2, $3::timestamptz, $4, $5, $6)

-- name: job_list
SELECT job_id, revision, definition, created_at, created_by, updated_at, updated_by
FROM job
WHERE deleted_at IS NULL AND job_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
	AND ($2::text IS NULL OR strpos(lower(name), lower($2::text)) > 0)
	AND ($3::boolean IS NULL OR active = $3::boolean)
ORDER BY job_id
LIMIT $4::integer
