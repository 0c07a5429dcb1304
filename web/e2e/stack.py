"""Real PostgreSQL, central with the built dashboard, an agent and a target, for the browser tests.

Prints one line of JSON when all is up. Then reads commands, one a line, and answers each with a line: `target STATUS`,
`agent kill`, `agent start`, `central stop`, `central kill`, `central start`, `central begin` (does not wait until it is ready), `database stop`, `database start`, `jobs N`, `fill N` (jobs that
no agent has, copied in the database from the first of `jobs`), `crowd` (500 agents, 1000 jobs and two days of their executions,
by the filling of tests/bench), `called` (the executions that asked the target for something
so far), `end`."""
import contextlib
import json
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

WEB = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(WEB.parent / "tests" / "daemon"), str(WEB.parent / "tests" / "bench")]

from harness.postgres import Cluster, make_template  # noqa: E402
from harness.world import World  # noqa: E402
import read_fill  # noqa: E402

CROWD = read_fill.Size(executions=300_000, days=2, jobs=1000, agents=500)
NAME, PASSWORD = "maria", "correct horse battery staple"


def say(**words):
    print(json.dumps(words), flush=True)


def make_jobs(central, target, number):
    api = central.api
    for index in range(number):
        api.create_job("0 0 1 1 *", f"{target.url}/many", name=f"many-{index:05d}")


def fill(central, number):
    database = central.database
    columns = [name for name, in database.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'job' AND is_generated = 'NEVER'")]
    new = {"job_id": "gen_random_uuid()", "name": "'copy-' || lpad(n::text, 5, '0')",
           "definition": "replace(definition, '\"many-00000\"', '\"copy-' || lpad(n::text, 5, '0') || '\"')"}
    chosen = ", ".join(new.get(name, name) for name in columns)
    database.execute(f"INSERT INTO job ({', '.join(columns)}) SELECT {chosen} FROM job, generate_series(1, %s) n "
                     "WHERE name = 'many-00000'", (number,))


def crowd(database):
    begin = read_fill.first_day(CROWD)
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        read_fill.make_jobs(cursor, CROWD.jobs, CROWD.agents)
        for day in range(CROWD.days):
            read_fill.fill_day(cursor, begin + timedelta(days=day), 0, CROWD)
        cursor.execute(read_fill.MAKE_LATEST, (begin,))
        cursor.execute(f"UPDATE agent_state SET last_seen_at = now() + interval '1 hour' WHERE {read_fill.OURS}")  # nobody speaks for them
        cursor.execute("ANALYZE")


def serve(world):
    central = world.central(web_dir=WEB / "dist", offline_after_ms=2000).start()
    agent = world.agent(central).start()
    target = world.target()
    status = [200]
    target.behave(lambda request, handler: status[0])
    reply = central.api.post("/api/users", json={"name": NAME, "role": "admin", "password": PASSWORD})
    assert reply.status_code == 201, reply.text
    say(url=central.url, target=target.url, name=NAME, password=PASSWORD, link=central.api.session_link(), token=central.token)
    for line in sys.stdin:
        words, more = line.split(), {}
        if words[0] == "end":
            break
        if words[0] == "target":
            status[0] = int(words[1])
        elif words[0] == "agent":
            agent.kill() if words[1] == "kill" else agent.start()
        elif words[0] == "central":
            {"stop": central.stop, "kill": central.kill, "start": central.start, "begin": lambda: central.start(ready=False)}[words[1]]()
        elif words[0] == "database":
            cluster = central.database.cluster
            cluster.stop() if words[1] == "stop" else cluster.start()
        elif words[0] == "fill":
            fill(central, int(words[1]))
        elif words[0] == "crowd":
            crowd(central.database)
        elif words[0] == "jobs":
            make_jobs(central, target, int(words[1]))
        elif words[0] == "called":
            more = {"called": [request.json()["executionId"] for request in target.requests("/first")]}
        say(done=words, **more)


def main():
    folder = Path(tempfile.mkdtemp(prefix="belfry-browser-"))
    folder.chmod(0o755)
    clusters = []
    template = make_template(folder / "template")

    def shared():
        if not clusters:
            clusters.append(Cluster(template, folder).start())
        return clusters[0]

    world = World(template, shared)
    try:
        serve(world)
    finally:
        complaints = world.close()
        for cluster in clusters:
            cluster.stop()
        world.remove()
        shutil.rmtree(folder, ignore_errors=True)
    say(complaints=complaints)


main()
