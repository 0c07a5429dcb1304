"""Finding jobs: search, filters and orders agree with a naive reading of all jobs, page by page."""
import time
from datetime import timedelta

import pytest
from harness.api import assert_problem
from raw_agent import NOW, RawAgent, execution

DAY = "@daily"


@pytest.fixture
def jobs(api):
    """Names and URLs in no order; one paused, one at most once."""
    made = [api.create_job(DAY, f"http://127.0.0.1:1/{path}", name=name) for name, path in (
        ("Zeta invoices", "a"), ("alpha Backup", "Reports"), ("beta", "b"), ("Alpha mail", "c"), ("100% odd_name", "d"), ("ära", "e"))]
    api.post(f"/api/jobs/{made[2]['jobId']}/actions/pause")
    api.edit_job(made[3]["jobId"], type="ATMOST_ONCE")
    return [api.json(f"/api/jobs/{job['jobId']}") for job in made]


def names(found):
    return [job["name"] for job in found]


def decide(database, job, status, age_s, duration_us=5000, n=1):
    """Executions as ingest would have written them, the last one age_s ago, a second apart."""
    database.execute("SELECT execution_partition_make((now() - interval '1 day' * d)::date) FROM generate_series(0, 1) d")
    database.execute(
        "INSERT INTO execution (execution_id, job_id, agent_id, scheduled_at, started_at, finished_at, received_at, job_revision, count, "
        "duration_us, lateness_us, attempts, http_status, status, cause) SELECT gen_random_uuid(), %s, gen_random_uuid(), at, at, at, at, 1, 1, "
        "%s, 1, 1, 200, %s, 1 FROM (SELECT date_trunc('second', now()) - interval '1 second' * (%s + i) AS at FROM generate_series(0, %s) i) t",
        (job["jobId"], duration_us, status, age_s, n - 1))


def test_a_part_of_name_url_or_id_finds_a_job_in_any_case(api, jobs):
    assert names(api.jobs(q="ALPHA")) == ["alpha Backup", "Alpha mail"]
    assert names(api.jobs(q="reports")) == ["alpha Backup"]
    assert names(api.jobs(q=jobs[0]["jobId"][-6:].upper())) == ["Zeta invoices"]
    assert names(api.jobs(q="0% ODD_n")) == ["100% odd_name"]
    assert names(api.jobs(q="ÄR")) == ["ära"]
    assert names(api.jobs(q="et")) == ["Zeta invoices", "beta"]
    assert api.jobs(q="%") == api.jobs(q="100%") and api.jobs(q="nowhere") == [] and len(api.jobs(q="")) == len(jobs)


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_every_order_walks_all_jobs_once_in_both_directions(api, jobs, database, limit):
    for i, job in enumerate(jobs[:4]):
        decide(database, job, 1, 100 - 7 * i)
    latest = {job["jobId"]: (job["lastExecution"] or {}).get("scheduledAt", "") for job in api.jobs()}
    keys = {
        "createdAt": lambda job: job["jobId"],
        "name": lambda job: (job["name"].lower().encode(), job["jobId"]),
        "updatedAt": lambda job: (job["updatedAt"], job["jobId"]),
        "lastAt": lambda job: (latest[job["jobId"]], job["jobId"]),
    }
    for sort, key in keys.items():
        expected = names(sorted(jobs, key=key))
        assert names(api.jobs(sort=sort, limit=limit)) == expected, sort
        assert names(api.jobs(sort="-" + sort, limit=limit)) == expected[::-1], sort


def test_the_place_of_a_job_that_runs_every_second_is_at_most_ten_seconds_old(api, jobs, database):
    """So that its many runs change no index; a job that runs less often stands at its last run."""
    for age in range(30, -1, -1):
        decide(database, jobs[0], 1, age)
    decide(database, jobs[1], 1, 95)
    decide(database, jobs[1], 1, 45)
    read = "SELECT scheduled_at - place_at FROM job_latest WHERE job_id = %s"
    behind = database.query(read, (jobs[0]["jobId"],))[0][0].total_seconds()
    assert 0 <= behind < 10
    assert database.query(read, (jobs[1]["jobId"],))[0][0].total_seconds() == 0
    assert names(api.jobs(sort="-lastAt"))[:2] == [jobs[0]["name"], jobs[1]["name"]]


def test_filters_narrow_the_list_together(api, jobs, database):
    assert names(api.jobs(active="false")) == ["beta"]
    assert names(api.jobs(type="ATMOST_ONCE", q="alpha")) == ["Alpha mail"]
    decide(database, jobs[0], 2, 10)
    decide(database, jobs[1], 3, 10)
    decide(database, jobs[2], 1, 10)
    decide(database, jobs[0], 1, 20)  # late news of an older fire
    assert names(api.jobs(lastStatus="failed,timeout")) == ["Zeta invoices", "alpha Backup"]
    assert names(api.jobs(lastStatus="success", sort="-lastAt")) == ["beta"]
    assert api.jobs(lastStatus="missed") == [] and api.jobs(late="true") == []
    database.execute("INSERT INTO job_late VALUES (%s, now(), now(), NULL, 'test')", (jobs[4]["jobId"],))
    assert names(api.jobs(late="true")) == ["100% odd_name"] and api.jobs(late="true")[0]["lateSince"]
    assert_problem(api.get("/api/jobs", params={"agentId": "x"}), 400)


def test_jobs_of_an_agent_are_those_it_holds(api, central, jobs):
    agent = RawAgent(central)
    api.edit_job(jobs[0]["jobId"], target={"mode": "agent", "agent": "nobody"})
    assert len(api.jobs(agentId=agent.agent_id)) == len(jobs) - 1
    assert api.jobs(agentId=jobs[0]["jobId"]) == []


def test_a_listed_job_shows_its_last_runs_and_how_long_they_took(api, jobs, database, central):
    quiet, busy = jobs[0]["jobId"], jobs[1]["jobId"]
    records = [execution(busy, NOW - timedelta(seconds=60 - i), "failed" if i == 28 else "success") for i in range(30)]
    RawAgent(central).sync(1, records)
    listed = {job["jobId"]: job for job in api.jobs()}
    assert listed[busy]["recent"] == ["success", "failed"] + ["success"] * 18
    assert listed[busy]["lastExecution"]["status"] == "success" and listed[busy]["lastExecution"]["durationMs"] == 12
    assert listed[busy]["lastExecution"]["executionId"] == records[-1]["executionId"]
    assert 10 <= listed[busy]["p95Ms"] <= 20 and listed[busy]["scheduleText"] == "At 00:00"
    assert (listed[quiet]["recent"], listed[quiet]["lastExecution"], listed[quiet]["p95Ms"], listed[quiet]["lateSince"]) == ([], None, None, None)


@pytest.mark.parametrize("parameter, value", [("sort", "colour"), ("sort", "--name"), ("type", "ONCE"), ("agentId", "1"), ("late", "maybe"),
                                              ("lastStatus", "fine"), ("q", "x" * 513), ("cursor", "x"), ("limit", "0")])  # fmt: skip
def test_a_bad_question_names_the_parameter(api, parameter, value):
    assert assert_problem(api.get("/api/jobs", params={parameter: value}), 400)["parameter"] == parameter


def test_a_cursor_of_another_order_is_refused(api, jobs):
    cursor = api.json("/api/jobs", sort="name", limit=1)["nextCursor"]
    assert_problem(api.get("/api/jobs", params={"sort": "updatedAt", "cursor": cursor}), 400)
    assert_problem(api.get("/api/jobs", params={"sort": "-name", "cursor": cursor}), 400)


def seconds(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


@pytest.mark.long
def test_searches_among_100000_jobs_do_not_read_them_all(central, api, database):
    """In time, but against reading them all on the same machine in the same minute; milliseconds are for `make bench ONLY=job_search`."""
    database.execute("""
        INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at, updated_by)
        SELECT ('0192f0c1-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'job ' || md5(n::text) || ' ' || n, true, 'ATLEAST_ONCE',
            'one', '{"schedule":"*/5 * * * *","api":"https://host' || n % 500 || '.example.com/hooks/' || md5('u' || n) || '"}', now(), 'a',
            now() - n * interval '1 s', 'a' FROM generate_series(1, 100000) n""")
    database.execute("ANALYZE job")
    read_all = "SELECT count(*) FROM job WHERE name || definition::text ILIKE '%nowhere at all%'"
    for question in ({"q": "50000"}, {"q": "nowhere"}, {"q": "abc", "sort": "-updatedAt"}, {"q": "host77.", "sort": "name"}, {"sort": "name"},
                     {"q": "zq"}, {"sort": "lastAt"}, {"sort": "-lastAt", "q": "nowhere"}, {"sort": "name", "lastStatus": "failed"}):  # fmt: skip
        pairs = [(seconds(lambda: api.json("/api/jobs", limit=50, **question)), seconds(lambda: database.query(read_all))) for _ in range(15)]
        search, scan = (sorted(times)[7] for times in zip(*pairs))
        print(question, f"median {search * 1000:.1f} ms, reading all {scan * 1000:.1f} ms")
        assert search <= scan / 2, f"{question}: {search * 1000:.1f} ms, reading all {scan * 1000:.1f} ms"


def test_jobs_are_counted_by_type_and_by_each_mode_of_target(central, api):
    RawAgent(central, name="porter")
    for target, n in (({"mode": "one"}, 1), ({"mode": "all"}, 2), ({"mode": "count", "count": 2}, 3), ({"mode": "agent", "agent": "porter"}, 4), ({"mode": "agent", "agent": "nobody"}, 1)):
        for _ in range(n):
            api.create_job("@daily", "http://127.0.0.1:1/", target=target)
    counts = api.json("/api/observability/stats/jobs")
    assert counts["byTarget"] == {"one": 1, "all": 2, "count": 3, "agent": 5} and sum(counts["byTarget"].values()) == counts["jobs"] == sum(counts["byType"].values())
    assert counts["unassigned"] == 1


def test_jobs_without_an_agent_and_those_of_silent_agents_are_told_and_found(central, api, database):
    for name in ("heard", "silent"):
        RawAgent(central, name=name)
    for name, target in (("idle", {"mode": "agent", "agent": "nobody"}), ("fine", {"mode": "agent", "agent": "heard"}),
                         ("lost", {"mode": "agent", "agent": "silent"}), ("both", {"mode": "all"})):
        api.create_job(DAY, "http://127.0.0.1:1/", name=name, target=target)
    database.execute("UPDATE agent SET offline_at = '2100-01-01T00:00:00Z' WHERE name = 'silent'")  # later than it is ever heard
    told = {job["name"]: (job["held"], job["unknownSince"]) for job in api.jobs()}
    assert told == {"idle": (False, None), "fine": (True, None), "lost": (True, "2100-01-01T00:00:00.000Z"), "both": (True, None)}
    assert names(api.jobs(held="false")) == ["idle"] and names(api.jobs(unknown="true")) == ["lost"]
    assert sorted(names(api.jobs(held="true", unknown="false"))) == ["both", "fine", "lost"]
    for filters, found in (({"held": False}, 1), ({"unknown": True}, 1), ({"held": True, "unknown": False}, 3), ({"unknown": None}, 4)):
        assert api.post("/api/bulk/jobs", json={"action": "pause", "filter": filters, "dryRun": True}).json()["matched"] == found
    assert_problem(api.get("/api/jobs", params={"held": "maybe"}), 400)


def test_jobs_of_all_agents_are_unknown_when_those_of_their_own_selector_are_silent(central, api, database):
    agents = {name: RawAgent(central, name=name).agent_id for name in ("heard", "silent")}
    relabel = lambda name, **labels: api.patch(f"/api/agents/{agents[name]}", json={"labels": labels}).raise_for_status()  # noqa: E731
    for name in agents:
        relabel(name, site=name)
    for n in (1, 2):
        for name, target in (("everywhere", {"mode": "all"}), ("here", {"mode": "all", "selector": "site=heard"}),
                             ("there", {"mode": "all", "selector": "site=silent"}), ("one there", {"mode": "one", "selector": "site=silent"}),
                             ("some there", {"mode": "count", "count": 2, "selector": "site=silent"})):
            api.create_job(DAY, "http://127.0.0.1:1/", name=f"{name} {n}", target=target, failover={"policy": "never"})
    database.execute("UPDATE agent SET offline_at = '2100-01-01T00:00:00Z' WHERE name = 'silent'")  # later than it is ever heard
    both = lambda *those: sorted(f"{name} {n}" for name in those for n in (1, 2))  # noqa: E731

    def unknown(**filters):
        told = {job["name"]: job["unknownSince"] for job in api.jobs(**filters)}
        assert set(told.values()) <= {None, "2100-01-01T00:00:00.000Z"}
        return sorted(name for name, since in told.items() if since)

    assert unknown() == unknown(unknown="true") == names(api.jobs(unknown="true", sort="name")) == both("there", "one there", "some there")
    relabel("heard", site="silent")
    assert unknown() == unknown(unknown="true") == both("one there"), "the others have one more holder, who is heard"
    api.edit_job(api.jobs(q="everywhere 2")[0]["jobId"], target={"mode": "agent", "agent": "silent"})
    assert unknown() == unknown(unknown="true") == sorted(["everywhere 2", *both("one there")])


MANY = """
    INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at, updated_by)
    SELECT ('0192f0c1-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'Job ' || n * 7919 %% 6007, n %% 5 <> 0,
        CASE WHEN n %% 7 = 0 THEN 'ATMOST_ONCE' ELSE 'ATLEAST_ONCE' END, 'one',
        '{"schedule":"@daily","api":"http://host' || n %% 10 || CASE WHEN n > 5900 THEN '.rare' ELSE '.test' END || '/"}', now(), 'a',
        now() - n * 7907 %% 6007 * interval '1 s', 'a' FROM generate_series(1, %s) n"""
# Every other one ran; those of host 3 failed, the last ones timed out.
MANY_RAN = """
    INSERT INTO execution (execution_id, job_id, agent_id, scheduled_at, started_at, finished_at, received_at, job_revision, count,
        duration_us, lateness_us, attempts, http_status, status, cause)
    SELECT gen_random_uuid(), job_id, job_id, at, at, at, at, 1, 1, 1, 1, 1, 200,
        CASE WHEN definition LIKE '%rare%' THEN 3 WHEN definition LIKE '%host3%' THEN 2 ELSE 1 END, 1
    FROM (SELECT *, date_trunc('second', now()) - hashtext(name) % 5000 * interval '1 s' AS at FROM job WHERE hashtext(name) % 2 = 0) j"""
MANY_READ = """
    SELECT job.job_id::text, lower(job.name) COLLATE "C", job.updated_at, coalesce(ran.at::text, ''), ran.status, job.active, job.type,
        lower(job.name || chr(10) || (job.definition::json ->> 'api') || chr(10) || job.job_id)
    FROM job LEFT JOIN (SELECT job_id, max(scheduled_at) AS at, max(status) AS status FROM execution GROUP BY job_id) ran ON ran.job_id = job.job_id
    WHERE job.deleted_at IS NULL"""
SORTS = {"createdAt": 0, "name": 1, "updatedAt": 2, "lastAt": 3}


def test_pages_of_frequent_and_of_rare_jobs_agree_with_reading_all(api, database):
    """Enough jobs that a page of frequent ones is found along the order, and one of rare ones is not."""
    database.execute("SELECT execution_partition_make((now() + interval '1 day' * d)::date) FROM generate_series(-2, 2) d")
    database.execute(MANY, (6000,))
    database.execute(MANY_RAN)
    gone = [row[0] for row in database.query("SELECT job_id::text FROM job WHERE name LIKE '%99' ORDER BY job_id")]
    for job_id in gone:
        api.delete(f"/api/jobs/{job_id}")
    every = database.query(MANY_READ)
    assert len(every) == 6000 - len(gone) and len(gone) > 10
    for question, keep in (
        ({}, lambda row: True),
        ({"q": "host3"}, lambda row: "host3" in row[7]),
        ({"q": "JOB 12"}, lambda row: "job 12" in row[7]),
        ({"q": ".rare"}, lambda row: ".rare" in row[7]),
        ({"q": "e/"}, lambda row: "e/" in row[7]),
        ({"q": "9\n"}, lambda row: "9\n" in row[7]),
        ({"q": "~"}, lambda row: False),
        ({"active": "false"}, lambda row: not row[5]),
        ({"type": "ATMOST_ONCE", "lastStatus": "success"}, lambda row: row[6] == "ATMOST_ONCE" and row[4] == 1),
        ({"lastStatus": "timeout"}, lambda row: row[4] == 3),
        ({"lastStatus": "failed,timeout", "q": "7"}, lambda row: row[4] in (2, 3) and "7" in row[7]),
        ({"lastStatus": "missed"}, lambda row: False),
    ):
        for sort, column in SORTS.items():
            wanted = sorted((row for row in every if keep(row)), key=lambda row: (row[column], row[0]))
            for order, rows in ((sort, wanted), ("-" + sort, wanted[::-1])):
                first = api.json("/api/jobs", sort=order, limit=40, **question)
                found = [job["jobId"] for job in first["jobs"]]
                if first["nextCursor"]:
                    found += [job["jobId"] for job in api.json("/api/jobs", sort=order, limit=40, cursor=first["nextCursor"], **question)["jobs"]]
                assert found == [row[0] for row in rows[:80]], f"{question} in the order {order}"


@pytest.mark.parametrize("name", ["it's", "back\\slash", "a & b | !c", "x:*", "<->", "two\\'s", "ß→ü", "\"quoted\""])
def test_a_search_takes_every_character_as_it_is(api, jobs, name):
    api.create_job(DAY, "http://127.0.0.1:1/", name=f"named {name} here")
    for begin in range(len(name)):
        for end in range(begin + 1, len(name) + 1):
            part = name[begin:end]
            assert f"named {name} here" in names(api.jobs(q=part)), part


def test_pages_of_large_jobs_and_changes_end_early_and_none_is_left_out(api):
    """Five hundred jobs with bodies of 64 KB would be one reply of 32 MB."""
    body = "x" * 60000
    made = [api.create_job(DAY, "http://127.0.0.1:1/", name=f"j{i}", body=body)["jobId"] for i in range(100)]
    sizes, cursor, found = [], None, []
    while cursor or not sizes:
        page = api.json("/api/jobs", limit=500, sort="name", **({"cursor": cursor} if cursor else {}))
        sizes.append(len(page["jobs"]))
        found += [job["jobId"] for job in page["jobs"]]
        cursor = page["nextCursor"]
    assert sorted(found) == sorted(made) and len(sizes) > 1 and max(sizes) < 80, sizes
    page = api.json("/api/audit", limit=1000, action="job.create")
    assert 1 < len(page["entries"]) < 80 and page["nextCursor"]
    entries = list(api.pages("/api/audit", "entries", limit=1000, action="job.create"))
    assert sorted(entry["object"].split(":")[-1] for entry in entries) == sorted(made)


def test_a_job_as_a_list_or_its_creation_shows_it_may_be_sent_back(api, jobs):
    made = api.create_job(DAY, "http://127.0.0.1:1/x", name="made")
    listed = next(job for job in api.jobs() if job["jobId"] == jobs[0]["jobId"])
    assert listed["held"] is False and made["held"] is False
    for shown in (made, listed):
        reply = api.put(f"/api/jobs/{shown['jobId']}", json={**shown, "name": "again " + shown["name"]})
        assert reply.status_code == 200 and reply.json()["name"] == "again " + shown["name"], reply.text
        assert reply.json()["held"] is False
