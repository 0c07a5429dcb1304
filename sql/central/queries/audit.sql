-- name: audit_insert
INSERT INTO audit (at, actor, action, object, before, after, request_id) VALUES (now(), $1, $2, $3, $4, $5, $6)

-- Changes may be large: after $8 bytes of them the page ends. Names are those of today.
-- name: audit_list
SELECT audit_id, at, actor, action, object, before, after, request_id, encode(hash, 'hex'), found,
	coalesce((SELECT name FROM job WHERE job_id = known.id), (SELECT name FROM agent WHERE agent_id = known.id),
		(SELECT name FROM token WHERE token_id = known.id))
FROM (
	SELECT entry.*, count(*) OVER () AS found, sum(bytes) OVER (ORDER BY audit_id DESC) - bytes AS bytes_before
	FROM (
		SELECT audit.*, audit_link.hash, coalesce(octet_length(before), 0) + coalesce(octet_length(after), 0) AS bytes
		FROM audit LEFT JOIN audit_link USING (audit_id)
		WHERE audit.audit_id < $1::bigint AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR action = $3)
			AND ($4::text IS NULL OR object = $4) AND ($5::timestamptz IS NULL OR at >= $5)
			AND ($6::timestamptz IS NULL OR at < $6)
		ORDER BY audit.audit_id DESC LIMIT $7::integer
	) AS entry
) AS page
CROSS JOIN LATERAL (
	SELECT CASE WHEN object ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN object::uuid END AS id
) AS known
WHERE bytes_before < $8::bigint
ORDER BY audit_id DESC

-- In the order of the chain, those after a link; raw, since central computes the hashes itself.
-- name: audit_chain_read
SELECT seq, audit_link.audit_id, encode(hash, 'hex'), audit.audit_id IS NOT NULL,
	(extract(epoch FROM at) * 1000000)::bigint, actor, action, object, before, after, request_id
FROM audit_link LEFT JOIN audit USING (audit_id)
WHERE seq > $1::bigint ORDER BY seq LIMIT $2::integer

-- A row that never came into the chain: slipped in with the trigger off.
-- name: audit_unlinked
SELECT audit.audit_id FROM audit WHERE NOT EXISTS (SELECT FROM audit_link WHERE audit_link.audit_id = audit.audit_id)
ORDER BY audit.audit_id LIMIT 1

-- name: audit_head
SELECT seq, audit_id, encode(hash, 'hex') FROM audit_link ORDER BY seq DESC LIMIT 1
