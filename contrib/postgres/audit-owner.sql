-- Takes the audit away from central's role: it may add and read, nothing else. Run as a superuser, in central's database,
-- after central has made its tables, and again after an upgrade that says so:
--   psql -v ON_ERROR_STOP=1 -v app=belfry -d belfry -f audit-owner.sql
-- README.md says what this gives and what it cannot give.
BEGIN;
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'belfry_audit') AS is_new \gset
\if :is_new
CREATE ROLE belfry_audit NOLOGIN;
\endif
ALTER TABLE audit OWNER TO belfry_audit;
ALTER TABLE audit_link OWNER TO belfry_audit;
ALTER FUNCTION audit_hash(bytea, audit) OWNER TO belfry_audit;
ALTER FUNCTION audit_chain() OWNER TO belfry_audit;
ALTER FUNCTION audit_refuse() OWNER TO belfry_audit;
REVOKE ALL ON audit, audit_link FROM PUBLIC, :"app";
GRANT SELECT, INSERT ON audit TO :"app";
GRANT SELECT ON audit_link TO :"app";
COMMIT;
