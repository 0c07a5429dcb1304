-- name: revision_list
SELECT revision, at, author, action, NULL FROM job_revision
WHERE job_id = $1::uuid AND revision < $2::bigint
ORDER BY revision DESC LIMIT $3::integer

-- name: revision_get
SELECT revision, at, author, action, definition FROM job_revision WHERE job_id = $1::uuid AND revision = $2::bigint
