"""The `belfry` command against a real central: verbs, the four forms of output, exit statuses, and what goes wrong."""
import json
import os
import pty
import re
import shlex
import socket
import stat
import subprocess
import threading
import time

import pytest

from harness.api import assert_problem
from harness.cli import Cli
from harness.ledger import now, rfc3339
from harness.paths import program
from harness.waiting import wait_until

GOOD = {"schedule": "31 10 * * MON-FRI", "api": "http://127.0.0.1:9/foo"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def role_cli(api, central, world, role):
    token = api.post("/api/tokens", json={"name": role, "role": role}).json()["token"]
    return Cli(world.folder, central.url, token)


# Jobs ----------------------------------------------------------------------------------------------------------------

def test_a_job_lives_its_life_on_the_command_line(cli, api):
    out = cli.out("job", "create", "--name", "ping", "--schedule", "5 6 7 8 *", "--api", "http://127.0.0.1:9/x",
                  "--set", "retry.maxAttempts=5", "--set", "headers.X-Text=plain")
    job = api.jobs()[0]
    assert out.startswith(f"ping: created as {job['jobId']}, due next 2")
    assert job["retry"]["maxAttempts"] == 5 and job["headers"] == {"X-Text": "plain"}

    assert "name                    ping\n" in cli.out("job", "show", "ping")
    assert cli.json("job", "show", job["jobId"]) == api.json(f"/api/jobs/{job['jobId']}")
    assert cli.out("job", "pause", "ping") == "ping: paused\n"
    assert cli.json("job", "show", "ping")["active"] is False
    assert cli.out("job", "resume", "ping").startswith("ping: active, due next 2")
    assert cli.out("job", "edit", "ping", "--timezone", "Europe/Berlin").startswith("ping: revision 4, due next ")
    assert cli.out("job", "delete", "ping") == "ping: deleted\n"
    assert api.jobs() == []


def test_the_list_has_four_forms(cli, api):
    jobs = [api.create_job("5 6 7 8 *", f"http://127.0.0.1:9/{n}", name=f"job-{n}") for n in range(3)]
    table = cli.out("job", "list").splitlines()
    assert table[0].split()[:3] == ["NAME", "ACTIVE", "SCHEDULE"] and len(table) == 4
    assert [line.split()[0] for line in table[1:]] == ["job-0", "job-1", "job-2"]
    assert cli.json("job", "list") == api.json("/api/jobs")
    assert [job["jobId"] for job in cli.lines("job", "list")] == [job["jobId"] for job in jobs]
    assert cli.out("job", "list", "-o", "name").split() == [job["jobId"] for job in jobs]


def test_an_empty_list_says_so_on_stderr_only(cli):
    done = cli.run("job", "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "belfry: there are no such jobs\n")
    assert cli.json("job", "list") == {"jobs": [], "nextCursor": None}
    assert cli.out("job", "list", "-o", "jsonl") == ""


def test_lists_follow_the_pages_as_far_as_they_are_asked(cli, api):
    names = [api.create_job("0 9 * * *", "http://127.0.0.1:9/", name=f"n{n}")["name"] for n in range(230)]
    assert [job["name"] for job in cli.lines("job", "list")] == names
    short = cli.run("job", "list")
    assert len(short.stdout.splitlines()) == 101 and short.stderr == "belfry: there are more: --limit N or --all\n"
    assert [job["name"] for job in cli.json("job", "list", "--all")["jobs"]] == names
    assert [job["name"] for job in cli.json("job", "list", "--limit", 201)["jobs"]] == names[:201]
    assert len(cli.lines("job", "list", "-n", "7")) == 7


def test_times_are_local_in_tables_and_utc_on_request(central, world, api):
    api.create_job("0 12 15 1 *", "http://127.0.0.1:9/", name="noon")
    cli = Cli(world.folder, central.url, central.token, TZ="Asia/Kathmandu")
    assert "-01-15 17:45:00 " in cli.out("job", "list")
    assert "-01-15 12:00:00Z" in cli.out("job", "list", "--utc")
    assert "-01-15 17:45:00\n" in cli.out("job", "next", "noon", "--count", "1")


def test_a_name_that_two_jobs_have_is_a_conflict_that_lists_both(cli, api):
    ids = [api.create_job(name="twin", **GOOD)["jobId"] for _ in range(2)]
    sentence = cli.fails(6, "job", "pause", "twin")
    assert all(job_id in sentence for job_id in ids)
    assert cli.out("job", "pause", ids[0]) == "twin: paused\n"


def test_part_of_a_name_is_not_the_name(cli, api):
    api.create_job(name="backup-weekly", **GOOD)
    assert cli.fails(3, "job", "show", "backup") == 'there is no job "backup" (belfry job list shows all)'


def test_many_jobs_at_once_and_the_first_failure_is_the_status(cli, api):
    for name in "abc":
        api.create_job(name=name, **GOOD)
    done = cli.run("job", "pause", "a", "nothing", "c")
    assert done.returncode == 3 and done.stdout == "a: paused\nc: paused\n"


def test_names_go_through_a_pipe(cli, api):
    for name in "ab":
        api.create_job(name=name, **GOOD)
    cli.out("job", "pause", *cli.out("job", "list", "--active", "true", "-o", "name").split())
    assert [job["active"] for job in api.jobs()] == [False, False]


def test_an_edit_of_an_old_revision_is_refused_with_6(cli, api):
    api.create_job(name="j", **GOOD)
    cli.out("job", "edit", "j", "--set", "timeoutMs=5000", "--revision", "1")
    sentence = cli.fails(6, "job", "edit", "j", "--set", "timeoutMs=6000", "--revision", "1")
    assert "belfry job show tells its revision" in sentence
    assert api.jobs()[0]["timeoutMs"] == 5000
    cli.fails(6, "job", "delete", "j", "--revision", "1")


def test_the_editor_gets_the_definition_and_what_it_saves_is_put(central, world, api):
    api.create_job(name="j", **GOOD)
    editor = world.folder / "editor"
    editor.write_text("#!/bin/sh\ngrep -q '\"revision\"' \"$2\" && exit 1\nsed -i \"$1\" \"$2\"\n")
    editor.chmod(0o755)
    cli = Cli(world.folder, central.url, central.token, EDITOR=f"{editor} 's/31 10/32 11/'", TMPDIR=str(world.folder))
    assert cli.out("job", "edit", "j").startswith("j: revision 2")
    assert api.jobs()[0]["schedule"] == "32 11 * * MON-FRI"
    assert cli.run("job", "edit", "j").stderr == "belfry: nothing was changed\n"
    assert list(world.folder.glob("belfry-*.json")) == []

    bad = Cli(world.folder, central.url, central.token, EDITOR=f"{editor} 's/32 11/99 11/'", TMPDIR=str(world.folder))
    done = bad.run("job", "edit", "j")
    assert done.returncode == 2 and "(pointer /schedule)" in done.stderr
    kept = list(world.folder.glob("belfry-*.json"))
    assert len(kept) == 1 and str(kept[0]) in done.stderr and "99 11" in kept[0].read_text()
    failing = Cli(world.folder, central.url, central.token, EDITOR="false", TMPDIR=str(world.folder))
    assert failing.run("job", "edit", "j").returncode == 1
    assert api.jobs()[0]["revision"] == 2


def test_next_agrees_with_central_and_knows_skips(cli, api):
    job = api.create_job("H H * * *", "http://127.0.0.1:9/", name="hash", timezone="Europe/Berlin")
    first = cli.json("job", "next", "hash", "--count", "2")["next"]
    assert first[0] == {"at": job["nextFireAt"], "note": None}
    api.edit_job(job["jobId"], skipAt=[first[1]["at"]])
    assert cli.json("job", "next", "hash", "--count", "2")["next"][1]["note"] == "will be skipped"
    every = api.create_job("@every 90s", "http://127.0.0.1:9/", name="every")
    assert cli.json("job", "next", "every")["next"][0]["at"] == every["nextFireAt"]
    assert cli.out("job", "next", "hash", "-o", "name", "--from", "2030-01-01T00:00:00Z").startswith("2030-01-01T")


# apply ---------------------------------------------------------------------------------------------------------------

def results(cli, *words, **kwargs):
    return {job["name"]: job["result"] for job in cli.json("job", "apply", *words, **kwargs)["jobs"]}


def test_apply_creates_changes_and_leaves_alone(cli, api, world):
    folder = world.folder / "jobs"
    folder.mkdir()
    (folder / "backup.json").write_text(json.dumps(GOOD))
    (folder / "more.json").write_text(json.dumps({"jobs": [{"name": "a", **GOOD}, {"name": "b", **GOOD}]}))
    (folder / "notes.txt").write_text("not a definition")
    api.create_job(name="other", **GOOD)

    assert results(cli, "-f", folder, "--dry-run") == {"backup": "created", "a": "created", "b": "created"}
    assert len(api.jobs()) == 1
    assert results(cli, "-f", folder) == {"backup": "created", "a": "created", "b": "created"}
    assert results(cli, "-f", folder) == {"backup": "unchanged", "a": "unchanged", "b": "unchanged"}
    assert results(cli, "-f", folder, "--dry-run") == {"backup": "unchanged", "a": "unchanged", "b": "unchanged"}
    (folder / "backup.json").write_text(json.dumps({**GOOD, "timeoutMs": 1234}))
    assert results(cli, "-f", folder, "--dry-run")["backup"] == "changed"
    assert {job["name"]: job["revision"] for job in api.jobs()}["backup"] == 1
    assert results(cli, "-f", folder)["backup"] == "changed"
    revisions = {job["name"]: job["revision"] for job in api.jobs()}
    assert revisions == {"other": 1, "backup": 2, "a": 1, "b": 1}


def test_apply_takes_stdin_and_what_was_shown(cli, api):
    assert results(cli, "-f", "-", stdin=json.dumps({"name": "j", **GOOD, "headers": {"Authorization": "Bearer x"}})) == {"j": "created"}
    shown = cli.out("job", "show", "j", "-o", "json")
    assert "Bearer x" not in shown
    assert results(cli, "-f", "-", stdin=shown) == {"j": "unchanged"}
    assert cli.out("job", "apply", "-f", "-", stdin=shown).splitlines()[1].split()[:3] == ["j", "unchanged", "1"]


@pytest.mark.parametrize("text, words", [
    ('{"name":"j",', "not valid JSON"),
    ('{"schedule":"0 9 * * *","api":"http://x/"}', "has no name"),
    ('["x"]', "a definition is an object"),
    ('{"name":"j","schedule":"61 * * * *","api":"http://x/"}', "(pointer /schedule)"),
    ('{"name":"j","schedule":"0 9 * * *","api":"http://x/","nosuch":1}', "(pointer /nosuch)"),
])
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_apply_names_what_is_wrong_and_changes_nothing(cli, api, text, words, options):
    assert words in cli.fails(2, "job", "apply", "-f", "-", *options, stdin=text)
    assert api.jobs() == []


def test_apply_goes_on_after_a_bad_definition(cli, api):
    text = json.dumps([{"name": "bad", "schedule": "nonsense", "api": "http://x/"}, {"name": "good", **GOOD}])
    done = cli.run("job", "apply", "-f", "-", stdin=text)
    assert done.returncode == 2 and "(pointer /schedule)" in done.stderr and done.stdout.splitlines()[1].split()[:2] == ["good", "created"]
    assert [job["name"] for job in api.jobs()] == ["good"]


# Executions, agents, tokens ------------------------------------------------------------------------------------------

def test_a_run_is_seen_in_history_and_by_one_who_follows(world, database, target):
    central = world.central(database, log_level="debug").start()  # its log shows who has asked
    agent, api, cli = world.agent(central).start(), central.api, Cli(world.folder, central.url, central.token)
    job = api.create_job("0 0 1 1 *", target.url + "/x", name="once")
    wait_until(lambda: any(j["jobId"] == job["jobId"] for j in agent.get("/jobs")["jobs"]), 20, "the agent to have the job")
    follower = []
    thread = threading.Thread(target=lambda: follower.append(cli.lines("execution", "follow", "--job", "once", "--count", "1")))
    thread.start()
    wait_until(lambda: "/api/executions" in central.log(), 20, "the follower to have looked", explain=central.tail)
    assert cli.out("job", "run", "once") == "once: the order is given\n"
    thread.join(120)
    assert follower[0][0]["status"] == "success" and follower[0][0]["cause"] == "manual"
    history = cli.json("job", "history", "once")["executions"]
    assert [e["executionId"] for e in history] == [follower[0][0]["executionId"]]
    listed = cli.out("execution", "list", "--status", "success", "--from", "-1h")
    assert "success" in listed and listed.splitlines()[0].startswith("DUE")
    assert cli.json("execution", "list", "--status", "failed")["executions"] == []
    assert cli.json("execution", "list", "--agent", "agent", "--limit", 1)["executions"][0]["jobId"] == job["jobId"]
    assert cli.json("job", "stats", "once")["executions"] == 1


def test_the_agents_socket_answers_as_central_does(cli, api, agent, target, world):
    job = api.create_job("0 0 1 1 *", target.url + "/x", name="once")
    wait_until(lambda: agent.get("/jobs")["jobs"], 20, "the agent to have the job")
    local = Cli(world.folder)
    at = ("--socket", agent.socket)
    assert local.json("agent", "status", *at)["name"] == "agent"
    assert local.out("job", "list", "-o", "name", *at).strip() == job["jobId"]
    assert local.json("job", "show", "once", *at)["jobId"] == job["jobId"]
    execution = local.json("job", "run", job["jobId"], *at)["executionId"]
    wait_until(lambda: execution in local.out("execution", "list", "-o", "name", *at), 20, "the record")
    assert local.json("execution", "list", "--job", "once", *at)["executions"][0]["status"] == "success"
    assert execution in local.out("job", "history", "once", "-o", "name", *at)
    assert local.json("job", "history", "once", "--status", "failed,missed", *at)["executions"] == []
    assert "status: success, failed" in local.fails(2, "execution", "list", "--status", "ok", *at)
    assert local.out("job", "next", "once", "--count", "1", "-o", "name", *at).endswith("-01-01T00:00:00.000Z\n")
    assert local.fails(2, "job", "list", "--active", "true", *at) == "--active: the socket of an agent does not know this"
    assert "there is no job" in local.fails(3, "job", "show", "nothing", *at)
    agent.stop()
    assert "is belfry-agent running?" in local.fails(5, "agent", "status", *at)


def test_while_central_is_away_the_agents_socket_tells_what_waits_and_since_when(cli, api, central, agent, target, world):
    job = api.create_job("* * * * * *", target.url + "/x", name="each second")
    local, at = Cli(world.folder), ("--socket", agent.socket)
    wait_until(lambda: agent.status()["store"]["ackedSeq"] > 1, 20, "records that central has", explain=agent.tail)
    agent.allow("sync with central failed")
    central.stop()
    wait_until(lambda: agent.status()["store"]["outboxDepth"] >= 3 and not agent.status()["central"]["connected"], 20, "records that wait",
               explain=agent.tail)
    found = local.json("execution", "list", *at)["executions"]
    unsent = [e for e in found if e["unsent"]]
    assert unsent and not found[-1]["unsent"] and {e["jobName"] for e in found} == {"each second"}
    since = local.json("agent", "status", *at)["store"]["oldestUnsentAt"]
    assert min(e["finishedAt"] for e in unsent) <= since <= rfc3339(now())
    assert "UNSENT" in local.out("job", "history", job["jobId"], *at).splitlines()[0]
    assert "each second" in local.out("execution", "list", *at)
    said = local.out("agent", "status", *at)
    assert re.match(r"not in touch with central since \d{4}-.*; \d+ records wait for it, the oldest since \d{4}-.*; jobs go on running", said), said
    central.start()
    assert api.post(f"/api/jobs/{job['jobId']}/actions/pause").status_code == 200
    wait_until(lambda: agent.status()["store"]["outboxDepth"] == 0, 40, "all to be sent", explain=agent.tail)
    assert agent.status()["store"]["oldestUnsentAt"] is None
    assert "UNSENT" not in local.out("execution", "list", *at)
    assert "not in touch" not in local.out("agent", "status", *at)


def test_a_new_agent_comes_in_with_the_printed_command(cli, central, world):
    out = cli.out("agent", "enroll", "--ttl", "5m", "--agent-url", central.agent_url)
    words = shlex.split(next(line for line in out.splitlines() if "belfry-agent" in line))
    assert cli.out("agent", "tokens").splitlines()[1].split()[1] == "open"
    agent = world.agent(central)
    said = agent.run("enroll", "--central", central.url, "--token", "x").stderr
    assert said == f"belfry-agent: {central.url} does not enrol agents: that is central's listener for agents, by default port 3002\n"
    assert agent.run("enroll", "--token", "x").stderr.count("ask an admin for a new one") == 1
    assert words[0] == "echo" and "--token" not in words, "a command line is for all to see"
    done = agent.run(*words[words.index("enroll"):], input=words[1] + "\n")
    assert done.returncode == 0 and done.stdout.startswith("enrolled as agent ("), done.stderr
    assert cli.out("agent", "tokens").splitlines()[1].split()[1] == "used"
    assert cli.out("agent", "enroll", "-o", "name").strip() != ""
    assert cli.json("agent", "list")["agents"][0]["name"] == "agent"
    assert cli.out("agent", "list", "-o", "name") == "agent\n"
    assert cli.json("agent", "show", "agent")["streams"] == []
    assert cli.out("agent", "list").splitlines()[1].split()[:2] == ["agent", "never"]
    assert cli.json("agent", "quarantine", "agent")["records"] == []
    assert cli.out("agent", "revoke", "agent") == "agent: revoked\n"
    # Its name still finds it, until another one has the name; its id is what goes through a pipe.
    gone = cli.json("agent", "show", "agent")["agentId"]
    assert cli.out("agent", "list", "-o", "name") == f"{gone}\n"
    world.agent(central, name="heir").enrol(token=cli.json("agent", "enroll", "--name", "agent")["token"], url=central.agent_url)
    assert cli.json("agent", "show", "agent")["agentId"] != gone
    assert sorted(cli.out("agent", "list", "-o", "name").split()) == sorted([gone, "agent"])
    assert cli.fails(3, "agent", "show", "age") == 'there is no agent "age" (belfry agent list shows all)'


def test_a_token_is_made_used_and_revoked(cli, central, world):
    made = cli.json("token", "create", "deploy", "--role", "viewer", "--ttl", "1h")
    viewer = Cli(world.folder, central.url, made["token"])
    assert viewer.json("job", "list")["jobs"] == []
    assert "ask an admin" in viewer.fails(4, "job", "create", "--schedule", "@daily", "--api", "http://x/")
    assert cli.out("token", "list").splitlines()[1].split()[:3] == ["deploy", "viewer", "open"]
    assert "--yes" in cli.out("token", "revoke", "--help"), "it asks first, as all that cannot be taken back"
    assert cli.out("token", "revoke", made["tokenId"]) == f"{made['tokenId']}: revoked\n"
    wait_until(lambda: viewer.run("job", "list").returncode == 4, 5, "central to forget the token")
    assert "belfry login stores a new token" in viewer.fails(4, "job", "list")
    assert cli.out("token", "list").splitlines()[1].split()[:3] == ["deploy", "viewer", "revoked"]
    cli.out("token", "create", "brief", "--role", "viewer", "--ttl", "1s")
    wait_until(lambda: cli.out("token", "list").splitlines()[1].split()[:3] == ["brief", "viewer", "expired"], 10, "the end of a token")
    assert Cli(world.folder, central.url).fails(4, "job", "list") == "no token was given: belfry login, --token-file FILE or BELFRY_TOKEN"
    assert len(cli.out("token", "create", "x", "--role", "viewer").split()) == 1


def test_failures_name_the_job(cli):
    assert cli.json("failures")["failures"] == []
    assert cli.run("failures", "--hours", "0").returncode == 2


# Connection ----------------------------------------------------------------------------------------------------------

def test_login_stores_what_later_commands_use(central, world, api):
    home = world.folder / "home"
    home.mkdir()
    anonymous = Cli(home)
    out = anonymous.out("login", "--central", central.url, "--token-file", central.token_path)
    token_path = home / ".config/belfry/token"
    assert str(token_path) in out and central.token not in out
    assert stat.S_IMODE(token_path.stat().st_mode) == 0o600 and token_path.read_text().strip() == central.token
    assert anonymous.json("job", "list")["jobs"] == []
    # The stored token is for that central only.
    assert "no token was given" in anonymous.fails(4, "job", "list", "--central", central.url.replace("127.0.0.1", "localhost"))


def test_login_refuses_a_token_that_opens_nothing(central, world):
    bad = world.folder / "bad"
    bad.write_text("nonsense\n")
    assert "central says" in Cli(world.folder).fails(4, "login", "--central", central.url, "--token-file", bad)
    assert not (world.folder / ".config").exists()


def test_without_a_token_the_line_says_how_to_get_one(central, world):
    sentence = Cli(world.folder, central.url).fails(4, "job", "list")
    assert "no token was given: belfry login, --token-file FILE or BELFRY_TOKEN" in sentence


def test_a_central_that_is_away_is_one_line_and_5(world):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for words in (["job", "list"], ["job", "pause", "x"], ["execution", "follow"], ["agent", "enroll"], ["overview"], ["ledger"]):
        assert f"central at {url} does not answer" in Cli(world.folder, url, "t").fails(5, *words)


def test_a_central_that_hangs_is_left_after_the_timeout(world):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        begin = time.monotonic()
        cli = Cli(world.folder, f"http://127.0.0.1:{silent.getsockname()[1]}", "t")
        cli.fails(5, "job", "list", "--timeout", "300ms")
        assert cli.run("completion", "jobs").returncode == 5
        assert time.monotonic() - begin < 25, "a client waited for its thirty seconds"


def test_a_database_that_is_away_is_5_and_says_when_to_try_again(world):
    cluster = world.cluster().start()
    central = world.central(world.database(cluster)).start()
    cluster.stop()
    sentence = Cli(world.folder, central.url, central.token).fails(5, "job", "list")
    assert "central says: " in sentence and "try again in" in sentence


@pytest.mark.parametrize("status, body, exit_status", [
    (200, b"<html>hello</html>", 1), (200, b"{}", 1), (200, b"[]", 1), (200, b"", 1), (200, b'{"jobs":{}}', 1), (500, b"", 1),
    (404, b"\xff\xfe", 3), (302, b"", 1), (429, b"{}", 5), (409, b'{"detail":"x\\u001b[31my"}', 6), (401, b'{"detail":7}', 4),
])
def test_an_answer_that_is_not_centrals_is_one_line(world, target, status, body, exit_status):
    target.behave(lambda request, handler: (status, {"Content-Type": "application/json", "Location": "/x"}, body))
    sentence = Cli(world.folder, target.url, "t").fails(exit_status, "job", "list")
    assert "\x1b" not in sentence and len(target.requests()) == 1


@pytest.mark.parametrize("words, sentence", [
    (["job", "list", "--nosuch"], "Unknown option --nosuch (belfry job list --help shows the options)"),
    (["job", "list", "--limit", "0"], "--limit: 0 is outside 1-1000000000"),
    (["job", "list", "--limit", "ten"], '--limit: "ten" is no whole number'),
    (["job", "list", "-o", "yaml"], '--output: "yaml" is none of: table json jsonl name'),
    (["job", "list", "word"], '"word" is one word too many (belfry job list --help shows the usage)'),
    (["job", "list", "--central", "a", "--central", "b"], "--central: is given 2 times"),
    (["job", "list", "--central", "localhost:3001"], '--central: "localhost:3001" is no URL such as https://central.example:3001'),
    (["job", "list", "--token-file", "/nonexistent"], "/nonexistent: cannot read: No such file or directory"),
    (["job", "show"], "JOB is missing (belfry job show --help shows the usage)"),
    (["job", "create"], "a job needs at least --schedule and --api, or -f FILE"),
    (["job", "create", "--set", "retry"], '--set: "retry" is not KEY=VALUE'),
    (["job", "create", "--set", "a..b=1"], '--set: "a..b" is no path of members such as retry.maxAttempts'),
    (["job", "apply"], "say what to apply: -f FILE, -f FOLDER or -f -"),
    (["job", "history", "x", "--from", "yesterday"], '--from: "yesterday" is no RFC 3339 time such as 2026-11-23T12:00:00Z, nor '
     '"2026-11-23 07:00" in the local zone, nor -2h from now'),
    (["token", "create", "x", "--ttl", "soon"], '--ttl: "soon" is no duration such as 90s, 10m, 2h or 7d'),
    (["job", "diff", "x"], "REVISION is missing (belfry job diff --help shows the usage)"),
    (["agent", "label", NOBODY], "nothing is named that should change (belfry agent label --help shows the options)"),
    (["user", "create", "x"], "--role is missing: viewer, operator, editor or admin"),
    (["job"], "job: a verb is missing (belfry job --help lists them)"),
    (["job", "frobnicate"], 'job: "frobnicate" is no verb (belfry job --help lists them)'),
    ([], "a command is missing (belfry --help lists them)"),
])
def test_a_wrong_line_is_named_without_asking_central(tmp_path, words, sentence):
    assert Cli(tmp_path, "http://127.0.0.1:9").fails(2, *words) == sentence


def test_a_value_may_stand_at_the_letter_of_its_option(cli, api):
    jobs = {api.create_job(name=name, **GOOD)["jobId"] for name in ("-news", "b")}
    assert cli.out("job", "list", "-n1", "-oname").strip() in jobs
    assert len(cli.out("job", "list", "-q-news", "-ojsonl").splitlines()) == 1
    assert len(cli.out("job", "list", "-q", "-news", "-ojsonl").splitlines()) == 1, "what follows an option is its value"
    assert cli.fails(2, "job", "list", "-x1") == "Unknown option -x1 (belfry job list --help shows the options)"


def test_without_a_terminal_an_editor_is_not_opened_and_nothing_is_left_behind(cli, api, tmp_path):
    job = api.create_job(**GOOD)["jobId"]
    cli.environment.update(TMPDIR=str(tmp_path), VISUAL="", EDITOR="")
    assert cli.fails(2, "job", "edit", job).startswith("there is no terminal to edit at")
    assert list(tmp_path.iterdir()) == []


def test_what_central_refuses_of_many_files_is_named_by_its_file(cli, tmp_path):
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    (tmp_path / "bad.json").write_text(json.dumps({**GOOD, "schedule": "x"}))
    done = cli.run("job", "apply", "-f", tmp_path)
    assert done.returncode == 2 and "good" in done.stdout and "bad" not in done.stdout, done.stdout
    assert done.stderr.startswith(f"belfry: {tmp_path}/bad.json: central says: schedule: "), done.stderr


def test_the_wrong_one_of_two_listeners_and_of_two_schemes_says_so(central, world):
    agents = Cli(world.folder, central.agent_url, central.token)
    assert "this is the listener for agents, people have another" in agents.fails(3, "job", "list")
    assert_problem(central.api.post("/api/agent/sync", json={}), 404)
    assert "its address begins with http:" in Cli(world.folder, central.url.replace("http:", "https:"), "x").fails(5, "job", "list")


def test_a_socket_of_another_user_is_not_called_away(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        os.chmod(path, 0o600)
        done = subprocess.run([program("belfry"), "agent", "status", "--socket", path], capture_output=True, text=True, user=65534, timeout=60)
    assert done.returncode == 4 and "is not for this user" in done.stderr, done
    assert "port" not in Cli(tmp_path).fails(5, "agent", "status", "--socket", path), "there is none at a socket"
    assert "there is no agent's socket" in Cli(tmp_path).fails(5, "agent", "status", "--socket", tmp_path / "none")


def test_a_broken_configuration_is_named_with_its_line(tmp_path):
    config = tmp_path / "belfry.conf"
    config.write_text("[central]\nurl=http://127.0.0.1:9\nnosuch=1\n")
    assert Cli(tmp_path).fails(2, "job", "list", "--config", config) == f"{config}:3: nosuch: there is no such key in [central]"


# The terminal --------------------------------------------------------------------------------------------------------

def on_terminal(cli, *words, **environment):
    """What a person at a terminal of 60 columns sees."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([program("belfry"), *words], stdout=follower, stderr=follower, stdin=subprocess.DEVNULL,
                               env={**cli.environment, "TERM": "xterm", "COLUMNS": "60", **environment})
    os.close(follower)
    out = b""
    try:
        while chunk := os.read(leader, 65536):
            out += chunk
    except OSError:
        pass
    os.close(leader)
    assert process.wait(30) == 0
    return out.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colour_and_lines_that_fit(cli, api, agent):
    api.create_job("0 9 * * *", "http://127.0.0.1:9/" + "x" * 50, name="a job with quite a long name, longer than sixty columns in all")
    wait_until(lambda: api.json("/api/agents")["agents"][0]["state"] == "online", 20, "the agent's first sync", explain=agent.tail)
    seen = on_terminal(cli, "agent", "list")
    assert "\x1b[32monline\x1b[0m" in seen
    assert "\x1b" not in on_terminal(cli, "agent", "list", NO_COLOR="1")
    assert "\x1b" not in cli.out("agent", "list")
    lines = on_terminal(cli, "job", "list", NO_COLOR="1").splitlines()
    assert max(len(line) for line in lines) <= 60 and "…" in lines[1]
    assert "longer than sixty columns in all" in cli.out("job", "list")


def test_names_cannot_steer_the_terminal(cli, api):
    job = api.create_job(name="evil\u202etxt", body="\x1b]0;title\x07", **GOOD)
    out = cli.out("job", "list") + cli.out("job", "show", job["jobId"])
    assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out
    assert "evil?txt" in out and "?]0;title?" in out


def test_a_full_disk_under_the_output_is_told(cli):
    with open("/dev/full", "w") as full:
        done = subprocess.run([program("belfry"), "job", "list", "-o", "json"], stdout=full, stderr=subprocess.PIPE, text=True,
                              env=cli.environment, timeout=120)
    assert done.returncode == 1 and "cannot write the output" in done.stderr


# People and revisions ------------------------------------------------------------------------------------------------

def test_a_job_goes_back_to_an_earlier_revision(cli, api):
    api.create_job(name="j", **{**GOOD, "schedule": "0 1 * * *"})
    cli.out("job", "edit", "j", "--schedule", "0 2 * * *")
    cli.out("job", "edit", "j", "--schedule", "0 3 * * *")
    assert cli.out("job", "revisions", "j", "-o", "name").split() == ["3", "2", "1"]
    diff = cli.json("job", "diff", "j", "3", "--against", "1")["diff"]
    assert {"path": "/schedule", "before": "0 1 * * *", "after": "0 3 * * *"} in diff
    assert "0 2 * * *" in cli.out("job", "diff", "j", "2")
    cli.fails(6, "job", "rollback", "j", "1", "--revision", "2")
    assert cli.out("job", "rollback", "j", "1") == "j: revision 4, as revision 1 was\n"
    assert api.jobs()[0]["schedule"] == "0 1 * * *"
    cli.fails(3, "job", "diff", "j", "99")


def test_a_user_is_made_logs_in_and_is_removed(cli, central, world):
    password = world.folder / "password"
    password.write_text("correct horse battery\n")
    assert cli.out("user", "create", "ada", "--role", "editor", "--password-file", password) == "ada: created\n"
    assert "ada" in cli.out("user", "list", "-o", "name").split()
    home = world.folder / "home"
    home.mkdir()
    ada = Cli(home)
    ada.out("login", "--central", central.url, "--user", "ada", "--password-file", password)
    assert ada.out("job", "create", "--name", "hers", "--schedule", "@daily", "--api", "http://127.0.0.1:9/").startswith("hers: created")
    assert ada.json("job", "show", "hers")["createdBy"] == "ada"
    assert cli.out("user", "role", "ada", "viewer") == "ada: has the role viewer\n"
    wait_until(lambda: ada.run("job", "pause", "hers").returncode == 4, 5, "the smaller role")
    assert cli.out("user", "disable", "ada") == "ada: disabled\n"
    wait_until(lambda: ada.run("job", "list").returncode == 4, 5, "the session to end")
    assert cli.out("user", "enable", "ada") == "ada: may log in again\n"
    password.write_text("another long password\n")
    assert cli.out("user", "password", "ada", "--password-file", password) == "ada: has a new password\n"
    ada.out("login", "--central", central.url, "--user", "ada", "--password-file", password)
    assert cli.out("user", "delete", "ada") == "ada: deleted\n"
    assert "ada" not in cli.out("user", "list", "-o", "name").split()
    assert cli.fails(4, "login", "--central", central.url, "--user", "ada", "--password-file", password) == "central says: name or password is wrong"
    Cli(world.folder).out("login", "--central", central.url, "--token-file", central.token_path, "--config", home / "new.conf")
    assert central.url in (home / "new.conf").read_text()


def test_a_password_needs_a_terminal_or_a_file(cli):
    done = subprocess.run([program("belfry"), "user", "create", "x", "--role", "viewer"], capture_output=True, text=True, timeout=120,
                          env=cli.environment, stdin=subprocess.DEVNULL, start_new_session=True)
    assert done.returncode == 2 and "there is no terminal to ask at: --password-file FILE" in done.stderr


def test_the_audit_log_is_listed_and_verified(cli, api, central, database):
    api.create_job(name="j", **GOOD)
    cli.out("job", "pause", "j")
    assert len(cli.lines("audit", "list")) >= 2
    assert cli.lines("audit", "list", "--actor", "nobody") == []
    said = cli.out("audit", "verify")
    assert said.startswith("The chain of the audit log is whole; entries: ")
    assert central.run("audit", "verify", "--head", said.split("head: ")[1].strip()).returncode == 0, "its head can be noted as it is printed"
    assert cli.json("audit", "verify")["ok"] is True
    entry = cli.lines("audit", "list", "--action", "job.pause")[0]["auditId"]
    shown = cli.json("audit", "show", entry)
    assert shown["action"] == "job.pause" and shown["before"]["active"] is True and shown["after"]["active"] is False
    assert "after.active" in cli.out("audit", "show", entry)
    cli.fails(3, "audit", "show", 10**9)


def test_one_execution_is_shown(cli, api, agent, target):
    job = api.create_job("0 0 1 1 *", target.url + "/x", name="once")
    wait_until(lambda: agent.get("/jobs")["jobs"], 20, "the agent to have the job")
    cli.out("job", "run", "once")
    wait_until(lambda: api.executions(jobId=job["jobId"]), 20, "the record")
    execution = api.executions(jobId=job["jobId"])[0]["executionId"]
    assert cli.json("execution", "show", "once", execution)["jobName"] == "once"
    assert "agent" in cli.out("execution", "list", "--cause", "manual")
    cli.fails(3, "execution", "show", "once", NOBODY)
