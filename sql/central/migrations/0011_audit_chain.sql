-- The audit becomes a chain: each row has a link whose hash covers the link before it and the row's own content. A row that
-- is changed, removed or slipped in afterwards no longer fits, and verification (central/audit_chain.h) names it.
--
-- Links are made when the transaction commits (a deferred trigger), under a lock that is held until the commit is done and
-- taken after all others: edits run side by side and queue for the commit only. Central verifies with its own code, not
-- with the functions here. Who can write these tables as their owner could also make the whole chain anew: compare the head
-- with one that was noted elsewhere. contrib/postgres/README.md tells how, and how to take the tables from central's role.

CREATE TABLE audit_link (
	seq bigint PRIMARY KEY,
	audit_id bigint NOT NULL UNIQUE,
	hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- SHA-256 over the 32 bytes of the link before (zeros at the start) and the fields in UTF-8, each as "LENGTH:TEXT;" in
-- bytes, NULL as "-;", so that no two entries read the same. In one function: nested ones took thirty times as long.
CREATE FUNCTION audit_hash(previous bytea, entry audit) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
	field text;
	content text := '';
BEGIN
	FOREACH field IN ARRAY ARRAY[entry.audit_id::text, (extract(epoch FROM entry.at) * 1000000)::bigint::text, entry.actor,
		entry.action, entry.object, entry.before, entry.after, entry.request_id]
	LOOP
		content := content || CASE WHEN field IS NULL THEN '-;' ELSE octet_length(field) || ':' || field || ';' END;
	END LOOP;
	RETURN sha256(coalesce(previous, decode(repeat('00', 32), 'hex')) || convert_to(content, 'UTF8'));
END $$;

CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	last audit_link;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('belfry.audit'));
	SELECT * INTO last FROM audit_link ORDER BY seq DESC LIMIT 1;
	INSERT INTO audit_link (seq, audit_id, hash) VALUES (coalesce(last.seq, 0) + 1, NEW.audit_id, audit_hash(last.hash, NEW));
	RETURN NULL;
END $$;

-- It runs with the rights of its owner, so nobody's temporary tables may stand in for the ones it means.
DO $$
BEGIN
	EXECUTE format('ALTER FUNCTION audit_chain() SET search_path = %I, pg_temp', current_schema());
END $$;

-- What is there already.
DO $$
DECLARE
	entry audit;
	previous bytea;
	n bigint := 0;
BEGIN
	FOR entry IN SELECT * FROM audit ORDER BY audit_id LOOP
		n := n + 1;
		previous := audit_hash(previous, entry);
		INSERT INTO audit_link (seq, audit_id, hash) VALUES (n, entry.audit_id, previous);
	END LOOP;
END $$;

CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_chain();

-- Rows are added and never touched again. An owner could drop these triggers; a slip or a stolen statement cannot.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the audit only grows: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE INDEX audit_by_actor ON audit (actor, audit_id DESC);
CREATE INDEX audit_by_action ON audit (action, audit_id DESC);
CREATE INDEX audit_by_time ON audit (at DESC, audit_id DESC);
