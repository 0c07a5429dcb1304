"""The schema: however old a database is, it comes to that of a fresh one, once, and no older program takes it back."""
import difflib
import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.paths import ROOT, postgres_bin

MIGRATIONS = sorted((ROOT / "sql/central/migrations").glob("*.sql"))
OTHER = "CREATE OR REPLACE FUNCTION next_look_ms(agent uuid) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 7::bigint'"
ANOTHER_RECORD = "UPDATE schema_migration SET name = 'definitions {}', checksum = 'another' WHERE version = 0"


def migrate_without_definitions(database, migrations):
    """As a central did that did not know of definitions."""
    database.execute("""CREATE TABLE schema_migration (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now())""")
    for path in migrations:
        text = "".join(line + "\n" for line in path.read_text().splitlines() if line.strip())
        database.execute(text)
        database.execute("INSERT INTO schema_migration VALUES (%s, %s, %s)",
                         (int(path.stem[:4]), path.stem, hashlib.sha256(text.encode()).hexdigest()))  # fmt: skip


def schema(database):
    """All there is but rows, rights included. Days of executions come and go."""
    done = subprocess.run([postgres_bin() / "pg_dump", "--schema-only", "--exclude-table=execution_2*", "-h", "127.0.0.1", "-p", str(database.cluster.port), "-U", "belfry", database.name],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Newer ones of pg_dump guard what psql reads by a word that is random.
    return [line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def assert_schema(database, wanted, sentence):
    assert schema(database) == wanted, f"{sentence}:\n" + "\n".join(difflib.unified_diff(wanted, schema(database), "wanted", "found", n=1, lineterm=""))


def migrate(world, database):
    done = world.central(database).run("migrate")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_database_that_migrations_alone_have_made_comes_to_the_schema_of_a_fresh_one(world):
    fresh, old = world.database(), world.database()
    assert f"{len(MIGRATIONS)} migrations applied, definitions made anew" in migrate(world, fresh)
    migrate_without_definitions(old, MIGRATIONS)
    old.execute(OTHER)  # what its release had there
    old.execute("DROP VIEW rollup; CREATE VIEW rollup AS SELECT grain FROM rollup_sum")  # CREATE OR REPLACE may add columns at the end
    assert schema(old) != schema(fresh)
    assert "0 migrations applied, definitions made anew" in migrate(world, old)
    assert_schema(old, schema(fresh), "the old database is not as a fresh one")


def test_definitions_that_are_not_the_recorded_ones_are_put_right_at_the_next_start_and_rights_stay(database, central):
    database.execute("GRANT SELECT ON agent_shown TO PUBLIC; REVOKE EXECUTE ON FUNCTION next_look_ms(uuid) FROM PUBLIC")
    before = schema(database)
    database.execute(OTHER)
    assert schema(database) != before
    database.execute(ANOTHER_RECORD.format("0.0.99"))
    central.restart()
    assert_schema(database, before, "the definitions were not put right")
    assert 'migrations=0 definitions="made anew"' in central.log()


def test_a_start_with_nothing_to_do_writes_nothing(database, central):
    def written():
        return database.query("SELECT proname, xmin::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY oid") + database.query(
            "SELECT version, xmin::text FROM schema_migration ORDER BY version")  # fmt: skip

    before = written()
    assert len(before) > len(MIGRATIONS)
    central.restart()
    assert written() == before


@pytest.mark.parametrize("newer", [
    ANOTHER_RECORD.format("99.0.0"),
    ANOTHER_RECORD.format("0.1.0") + "; INSERT INTO schema_migration VALUES (9999, '9999_of_tomorrow', 'x')",
], ids=["a greater version", "an unknown migration"])  # fmt: skip
def test_the_definitions_of_a_newer_program_stay_when_an_older_one_starts(database, central, newer):
    database.execute(OTHER)
    database.execute(newer)
    of_newer = schema(database)
    central.restart()
    assert_schema(database, of_newer, "an older program took the definitions back")
    assert database.query("SELECT checksum FROM schema_migration WHERE version = 0") == [("another",)]


def test_of_several_that_start_at_once_one_does_it(world, database):
    centrals = [world.central(database, name=f"central-{n}") for n in range(6)]
    with ThreadPoolExecutor(len(centrals)) as pool:
        for all_migrations in (len(MIGRATIONS), 0):
            said = list(pool.map(lambda central: central.run("migrate").stdout, centrals))
            assert sum(f"{all_migrations} migrations applied, definitions made anew" in text for text in said) == 1, said
            assert sum("0 migrations applied\n" in text for text in said) == len(centrals) - 1, said
            database.execute(ANOTHER_RECORD.format("0.0.99"))


def test_migrations_and_definitions_are_there_together_or_not_at_all(world, database):
    migrate_without_definitions(database, MIGRATIONS[:-1])
    database.execute("DROP FUNCTION next_look_ms(uuid); CREATE FUNCTION next_look_ms(agent uuid) RETURNS text LANGUAGE sql AS 'SELECT NULL'")
    before = schema(database)
    refused = world.central(database).run("migrate")
    assert refused.returncode == 1 and "cannot change return type of existing function" in refused.stderr, refused.stderr
    assert_schema(database, before, "half of it is there")
    database.execute("DROP FUNCTION next_look_ms(uuid)")
    assert "1 migration applied, definitions made anew" in migrate(world, database)
