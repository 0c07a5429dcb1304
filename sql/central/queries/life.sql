-- Two agents with one identity (central/svc_life.h). $1 agent.

-- $2 life, $3 the number that it was told last, $4 where it comes from, $5 epoch, $6 first seq.
-- name: life_heard
SELECT is_copy, lives, coalesce(found_copies, false) FROM life_heard($1::uuid, $2, $3::bigint, $4, $5::bigint, $6::bigint)

-- The newest life of an agent stays, so that its number does.
-- name: life_prune
DELETE FROM agent_life
WHERE greatest(born_at, tried_at) < now() - interval '7 days'
	AND EXISTS (SELECT FROM agent_life later WHERE later.agent_id = agent_life.agent_id AND later.number > agent_life.number)
