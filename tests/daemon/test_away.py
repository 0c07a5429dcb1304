"""A job leaves an agent and comes back, and perhaps leaves again, before that agent hears of it: central tells all that was others'."""
import pytest
from harness.ledger import instant
from raw_agent import RawAgent, bound_to

URL = "http://127.0.0.1:9/"


@pytest.fixture
def both(central, api):
    """Two agents that hold leases, and a job of the first one."""
    job = api.create_job("* * * * *", URL, type="ATMOST_ONCE", target=bound_to("holder"))["jobId"]
    agents = [RawAgent(central, name) for name in ("holder", "other")]
    leases = []
    for agent in agents:
        agent.follow()
        agent.sync()
        leases.append(agent.sync()["leaseUntil"])
    return *agents, job, leases


def move(api, job, name):
    api.edit_job(job, target=bound_to(name))


def away_of(reply, job):
    times = reply["jobSet"]["away"]
    assert all(time["jobId"] == job for time in times)
    return [(time["after"], time["until"]) for time in times]


def test_a_job_that_left_and_came_back_unheard_is_told_with_the_time_in_between(api, both):
    holder, other, job, leases = both
    move(api, job, "other")
    other.follow()
    end = other.sync()["leaseUntil"]
    move(api, job, "holder")
    for _ in range(2):  # until it says that it has it
        reply = holder.sync()
        assert [upsert["since"] for upsert in reply["jobSet"]["upserts"]] == [end]
        assert away_of(reply, job) == [(leases[0], end)]
    holder.apply(reply["jobSet"])
    holder.sync()
    api.edit_job(job, timeoutMs=1234)
    reply = holder.sync()
    assert len(reply["jobSet"]["upserts"]) == 1 and "since" not in reply["jobSet"]["upserts"][0]
    assert away_of(reply, job) == []


def test_a_job_that_left_twice_unheard_is_told_with_the_first_time(api, both):
    holder, other, job, leases = both
    move(api, job, "other")
    other.follow()
    end = other.sync()["leaseUntil"]
    move(api, job, "holder")
    move(api, job, "other")
    reply = holder.sync()
    assert reply["jobSet"]["deletes"] == [job]
    assert away_of(reply, job) == [(leases[0], end)]
    assert reply["jobSet"]["moved"] == [{"jobId": job, "at": end}], "nobody begins before the one before it has ended"
    assert instant(end) > instant(leases[0])


def test_times_with_nothing_in_between_are_told_as_one_and_what_is_known_not_at_all(api, both, database):
    holder, other, job, leases = both
    for _ in range(3):
        move(api, job, "other")
        other.follow()
        end = other.sync()["leaseUntil"]
        move(api, job, "holder")
    reply = holder.sync()
    assert away_of(reply, job) == [(leases[0], end)]
    holder.apply(reply["jobSet"])
    lease = holder.sync()["leaseUntil"]
    move(api, job, "other")
    reply = holder.sync()
    assert reply["jobSet"]["moved"] == [{"jobId": job, "at": lease}]
    assert away_of(reply, job) == []
    assert database.query("SELECT away FROM assignment WHERE job_id = %s AND agent_id = %s", (job, holder.agent_id)) == [(None,)]


def test_a_job_that_came_and_went_unheard_is_told_with_all_that_was_its_own(api, both):
    """The answer that gave it was lost: nobody else decides what lies between its two borders."""
    holder, other, job, leases = both
    move(api, job, "other")
    end = other.sync()["leaseUntil"]
    move(api, job, "holder")
    for _ in range(2):
        reply = other.sync()["jobSet"]
        assert [(upsert["job"]["jobId"], upsert["since"]) for upsert in reply["upserts"]] == [(job, leases[0])]
        assert reply["deletes"] == [job] and reply["moved"] == [{"jobId": job, "at": end}]
    other.apply(reply)
    other.follow()
    assert other.sync()["jobSet"]["mode"] == "none"


def test_a_job_that_came_and_went_unheard_and_came_again_is_told_from_the_first_time(api, both):
    holder, other, job, leases = both
    move(api, job, "other")
    end = other.sync()["leaseUntil"]
    move(api, job, "holder")
    holder.follow()
    again = holder.sync()["leaseUntil"]
    move(api, job, "other")
    reply = other.sync()
    assert [upsert["since"] for upsert in reply["jobSet"]["upserts"]] == [leases[0]] and reply["jobSet"]["deletes"] == []
    assert away_of(reply, job) == [(end, again)]


def test_an_agent_that_was_not_told_of_a_job_passes_its_own_border_on(api, both, central):
    holder, other, job, leases = both
    third = RawAgent(central, "third")
    third.follow()
    move(api, job, "other")
    move(api, job, "third")
    assert [upsert["since"] for upsert in third.sync()["jobSet"]["upserts"]] == [leases[0]]
    reply = other.sync()["jobSet"]
    assert reply["upserts"] == [] and reply["digest"] == "0" * 16


def test_who_had_a_job_is_told_when_it_is_paused_before_the_border(api, both):
    holder, other, job, leases = both
    move(api, job, "other")
    holder.follow()
    api.edit_job(job, active=False)
    reply = holder.sync()["jobSet"]
    assert reply["deletes"] == [job] and reply["moved"] == [{"jobId": job, "at": leases[0], "ended": True}]
    api.edit_job(job, active=True)
    assert holder.sync()["jobSet"]["moved"] == [{"jobId": job, "at": leases[0]}], "it goes on"
    api.delete(f"/api/jobs/{job}")
    assert holder.sync()["jobSet"]["moved"] == [{"jobId": job, "at": leases[0], "ended": True}]


def test_many_times_become_one_that_nobody_runs_twice(central, database):
    """What an agent had in between is then lost to it; the message has a maximum."""
    for times, ranges, first, last in ((8, 8, 0, 15), (9, 1, 0, 17)):
        told = "NULL::tstzmultirange"
        for i in range(times):
            told = f"away_again({told}, 'epoch'::timestamptz + {2 * i} * interval '1 hour', 'epoch'::timestamptz + {2 * i + 1} * interval '1 hour')"
        assert database.query(f"""SELECT (SELECT count(*) FROM unnest(away)), lower(away) = 'epoch'::timestamptz + {first} * interval '1 hour',
            upper(away) = 'epoch'::timestamptz + {last} * interval '1 hour' FROM (SELECT {told}) AS told (away)""") == [(ranges, True, True)]
