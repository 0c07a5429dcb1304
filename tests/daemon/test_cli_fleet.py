"""The `belfry` command and the fleet: labels, draining, tokens, who holds what, what is late, and the ledger."""
import json
import re

from harness.waiting import wait_until
from raw_agent import RawAgent

HOOK = "http://127.0.0.1:1/"


def test_an_agent_is_labelled_drained_and_forgotten(cli, api, agent):
    assert cli.out("agent", "label", "agent", "--label", "env=prod", "--label", "role=web", "--weight", "2") == (
        "agent: changed\nagent: labels env=prod,role=web; weight 2\n")
    shown = cli.json("agent", "show", "agent")
    assert shown["labels"] == {"env": "prod", "role": "web"} and shown["weight"] == 2
    assert cli.fails(2, "agent", "label", "agent", "--label", "env=a", "--label", "env=b") == "--label: env is given twice"
    assert cli.json("agent", "show", "agent")["labels"] == shown["labels"]
    assert cli.out("agent", "list", "--selector", "env=prod,role in (web)", "-o", "name") == "agent\n"
    assert cli.out("agent", "list", "--selector", "env=test", "-o", "name") == ""
    wait_until(lambda: cli.json("agent", "show", "agent")["state"] == "online", 20, "the agent's first sync", explain=agent.tail)
    assert cli.fails(6, "agent", "forget", "agent", "--yes").endswith("and this one is online; revoke it first")
    done = cli.run("agent", "undrain", "agent", "nosuch")
    assert (done.returncode, done.stdout) == (3, "agent: takes jobs again\n") and done.stderr.startswith('belfry: there is no agent "nosuch"')
    assert cli.out("agent", "drain", "agent") == (
        "agent: draining\nagent: the host may be stopped once nothing runs there (running of belfry agent show agent)\n")
    assert cli.out("agent", "list", "--state", "draining", "-o", "name") == "agent\n"
    assert cli.out("agent", "undrain", "agent") == "agent: takes jobs again\n"
    assert cli.json("agent", "show", "agent")["draining"] is False
    assert cli.out("agent", "rotate", "agent") == "agent: makes itself a new key at its next sync\n"
    wait_until(lambda: cli.json("agent", "show", "agent")["keyRotatedAt"], 20, "the new key", explain=agent.tail)
    agent_id = shown["agentId"]
    agent.stop()
    assert cli.out("agent", "revoke", "agent", "--yes") == "agent: revoked\n"
    assert cli.out("agent", "forget", agent_id, "--yes") == f"{agent_id}: forgotten\n"
    assert cli.fails(2, "agent", "list", "--state", "online,never") == '--state: "online,never" is none of: online offline draining never revoked'


def test_a_label_is_added_and_taken_away_beside_those_that_stay(cli, central):
    RawAgent(central, name="web-1")
    assert cli.out("agent", "label", "web-1", "--label", "env=prod", "-l", "role=web").endswith("labels env=prod,role=web; weight 1\n")
    assert cli.out("agent", "label", "web-1", "--label", "tier=gold", "--label", "role=api") == (
        "web-1: changed\nweb-1: labels env=prod,role=api,tier=gold; weight 1\n")
    assert cli.fails(2, "agent", "label", "web-1", "--unlabel", "env", "--label", "env=test") == "--unlabel: env is to be added too"
    assert cli.fails(2, "agent", "label", "web-1").startswith("nothing is named that should change")
    assert cli.json("agent", "label", "web-1", "--unlabel", "env", "--unlabel", "nosuch")["labels"] == {"role": "api", "tier": "gold"}
    assert cli.out("agent", "label", "web-1", "--unlabel", "role", "--unlabel", "tier", "--weight", "3") == (
        "web-1: changed\nweb-1: no labels; weight 3\n")
    assert cli.fails(3, "agent", "label", "nosuch", "--unlabel", "env").startswith('there is no agent "nosuch"')


def test_an_agents_name_is_found_among_names_that_hold_it(cli, central):
    for name in ("web", "web-1", "a web"):
        RawAgent(central, name=name)
    assert cli.json("agent", "show", "web")["name"] == "web"
    assert cli.json("agent", "show", "a web")["name"] == "a web"
    assert cli.fails(3, "agent", "show", "we") == 'there is no agent "we" (belfry agent list shows all)'


def test_tokens_with_labels_are_listed_and_withdrawn(cli):
    made = cli.json("agent", "enroll", "--label", "env=prod", "--name", "web-3")
    listed = cli.json("agent", "tokens")["tokens"]
    assert [(t["tokenId"], t["labels"], t["name"]) for t in listed] == [(made["tokenId"], {"env": "prod"}, "web-3")]
    assert "env=prod" in cli.out("agent", "tokens") and made["token"] not in cli.out("agent", "tokens")
    assert cli.out("agent", "untoken", made["tokenId"]) == f"{made['tokenId']}: withdrawn\n"
    assert cli.json("agent", "tokens")["tokens"] == []
    assert "token" in cli.fails(3, "agent", "untoken", made["tokenId"])


def test_an_agent_that_came_later_gets_its_share_by_an_order(cli, api, central):
    RawAgent(central, "first").follow()
    for _ in range(25):
        api.create_job("@daily", HOOK)
    RawAgent(central, "second").follow()
    said = cli.out("agent", "rebalance")
    moved = len(list(api.jobs(agentId=api.json("/api/agents", q="second")["agents"][0]["agentId"])))
    assert moved > 0 and said == f"job sets changed in {2 * moved} places\n"
    assert cli.json("agent", "rebalance") == {"changes": 0}


def test_where_a_job_is_and_what_is_late(cli, api, central, database):
    RawAgent(central, name="porter").follow()
    api.create_job("* * * * * *", HOOK, name="held")
    api.create_job("* * * * * *", HOOK, name="lost", target={"mode": "agent", "agent": "nobody"})
    new = ["job", "create", "--schedule", "0 0 1 1 *", "--api", HOOK, "--name"]
    done = cli.run(*new, "vain", "--set", "target.selector=role=none")
    assert done.returncode == 0 and done.stderr == 'belfry: note: no agent fits the selector "role=none" yet: nothing runs until one does\n'
    assert "no agent \"x9\" yet" in cli.run(*new, "alone", "--set", "target.mode=agent", "--set", "target.agent=x9").stderr
    assert cli.json(*new, "quiet", "--set", "target.mode=agent", "--set", "target.agent=x9")["held"] is False
    assert cli.run(*new, "fine").stderr == "" and cli.json(*new, "fine too")["held"] is True
    edit = ["job", "edit", "fine", "--set"]
    done = cli.run(*edit, "target.selector=role=none")
    assert done.returncode == 0 and done.stderr == 'belfry: note: no agent fits the selector "role=none" yet: nothing runs until one does\n'
    assert cli.json(*edit, "target.selector=role=nobody")["held"] is False
    assert cli.run(*edit, "target.selector=null").stderr == "" and cli.json(*edit, "name=fine")["held"] is True, "also when nothing changes"
    file = [{"name": name, "schedule": "0 0 1 1 *", "api": HOOK, "target": target} for name, target in (("vain", {"selector": "role=no"}), ("fine", {}))]
    lines = [line.split()[:4] for line in cli.out("job", "apply", "-f", "-", stdin=json.dumps(file)).splitlines()]
    assert lines == [["NAME", "RESULT", "REVISION", "HELD"], ["vain", "changed", "2", "no"], ["fine", "unchanged", "4", "yes"]]
    for name in ("vain", "alone", "quiet", "fine", "fine too"):
        cli.out("job", "delete", name)
    assert cli.out("job", "where", "held", "-o", "name") == "porter\n"
    assert "porter" in cli.out("job", "where", "held")
    done = cli.run("job", "where", "lost")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "belfry: no agent holds the job\n")
    assert [job["name"] for job in cli.lines("job", "list", "--held", "false")] == ["lost"]
    assert "scheduledAt: is not a due instant" in cli.fails(2, "job", "skip", "held", "2037-01-01T00:00:00.5Z")
    wait_until(lambda: database.query("SELECT count(*) FROM job_watch")[0][0] == 2, what="two watched jobs")
    database.execute("UPDATE assignment SET changed_at = changed_at - interval '1 hour'")
    database.execute("UPDATE job_watch SET due_at = due_at - interval '2 minutes', check_at = now() WHERE due_at < 'infinity'")
    wait_until(lambda: "lost" in cli.out("late"), timeout=15, what="a late job")
    assert "no agent holds the job" in cli.out("late")


def test_after_a_drain_people_see_until_when_fires_are_still_its_own(cli, api, central):
    first = RawAgent(central, "first")
    first.follow()
    api.create_job("* * * * * *", HOOK, name="moves")
    first.follow()
    said = cli.out("agent", "drain", "first")
    assert said == ("first: draining\nfirst: do not stop the host yet: no other agent has taken 1 of its jobs so far "
                    "(handover.kept of belfry agent show first)\n")
    listed = lambda: {a["name"]: a["handover"] for a in cli.json("agent", "list")["agents"]}  # noqa: E731
    assert listed() == {"first": {"until": None, "kept": 1, "bound": 0}} and re.search(r"HANDOVER.*\n.* 1 job left ", cli.out("agent", "list"))
    RawAgent(central, "heir").follow()
    wait_until(lambda: cli.json("agent", "show", "first")["handover"]["kept"] == 0, 10, "the job to move")
    assert listed() == {"first": cli.json("agent", "show", "first")["handover"], "heir": None}
    until = listed()["first"]["until"][:19].replace("T", " ") + "Z"
    assert re.search(rf"\nfirst .* until {until} .*\nheir ", cli.out("agent", "list", "--utc"))
    said = cli.out("agent", "drain", "first").splitlines()[1]
    until = cli.json("agent", "show", "first")["handover"]["until"]
    assert re.fullmatch(r"first: the host may be stopped after [0-9: -]+, once nothing runs there \(.*\)", said) and until
    header, heir, holder = cli.out("job", "where", "moves").splitlines()
    assert "UNTIL" in header and heir.startswith("heir") and holder.startswith("first")
    held = cli.json("job", "where", "moves")["assignments"]
    assert (held[0]["until"], held[1]["until"]) == (None, held[0]["since"]) and held[1]["until"] == until


def test_the_ledger_adds_up_its_pages(cli, api, database):
    for n in range(205):
        api.create_job("* * * * *", HOOK, name=f"job {n}")
    database.execute("UPDATE job_revision SET at = at - interval '10 minutes'")
    whole = cli.json("ledger", "--all")
    assert len({job["jobId"] for job in whole["jobs"]}) == 205
    for member in ("due", "decided", "unaccounted", "unknown"):
        assert whole[member] == sum(job[member] for job in whole["jobs"])
    assert whole["due"] > 0 and f"due {whole['due']}" in cli.out("ledger", "--all", "--from", whole["from"], "--to", whole["to"])


def test_a_broken_audit_is_told_with_the_entry_and_1(cli, api, database):
    job = api.create_job("@daily", HOOK, name="by its name")
    assert "by its name" in cli.out("audit", "list", "--action", "job.create")
    assert cli.json("audit", "list", "--object", job["jobId"])["entries"][0]["objectName"] == "by its name"
    assert cli.out("audit", "verify").startswith("The chain of the audit log is whole; ")
    entry = database.query("SELECT audit_id FROM audit WHERE object = %s", (job["jobId"],))[0][0]
    connection = database.connect(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit SET actor = 'somebody else' WHERE audit_id = %s", (entry,))
        assert cursor.rowcount == 1
    connection.commit()
    connection.close()
    said = cli.fails(1, "audit", "verify")
    assert said.startswith(f"the audit log was changed: entry {entry}: the entry is not what was written")
