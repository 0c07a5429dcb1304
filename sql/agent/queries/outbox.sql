-- The outbox as sync, local API and upkeep see it (agent/store_outbox.c).

-- name: outbox_unsent
SELECT seq, at, record FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2
-- name: outbox_at
SELECT at FROM outbox WHERE seq = ?1
-- name: outbox_recent
SELECT seq, record FROM outbox WHERE kind <> 0 AND seq < ?1 ORDER BY seq DESC LIMIT ?2
-- name: outbox_replace
UPDATE outbox SET kind = 0, record = ?2 WHERE seq = ?1
-- name: outbox_ack
UPDATE state SET acked_seq = ?1
-- name: outbox_first
SELECT min(seq) FROM outbox
-- name: outbox_old
SELECT max(seq) FROM outbox WHERE seq <= ?1 AND at < ?2
-- name: outbox_prune
DELETE FROM outbox WHERE seq <= ?1
