"""What is told of the single attempts of an execution, from the agent to central's API and the command line."""
import time

from harness.ledger import instant
from harness.waiting import wait_until

YEARLY = "0 0 1 1 *"
RETRY = {"maxAttempts": 3, "initialBackoffMs": 300, "maxBackoffMs": 60000, "multiplier": 2, "jitter": "none"}


def told(api, world, job):
    """The one execution of a job, whole."""
    found = wait_until(lambda: api.executions(jobId=job["jobId"]), 30, "the execution", explain=world.tails)
    assert len(found) == 1
    return api.json(f"/api/executions/{job['jobId']}/{found[0]['executionId']}")


def test_two_failures_and_a_success_are_told_one_by_one_with_what_was_waited(world, api, agent, target):
    answers = [(503, {}, b""), (503, {"Retry-After": "1"}, b""), (200, {}, b"done")]
    target.behave(lambda request, handler: answers[len(target.requests()) - 1])
    job = api.create_job(YEARLY, target.url + "/", retry=RETRY)
    assert api.post(f"/api/jobs/{job['jobId']}/actions/run").status_code == 202
    execution = told(api, world, job)
    log = execution["attemptLog"]
    assert (execution["status"], execution["attempts"], log["omitted"]) == ("success", 3, 0)
    assert [(one["number"], one["outcome"], one["httpStatus"]) for one in log["list"]] == [
        (1, "status", 503), (2, "status", 503), (3, "success", 200)]
    assert [(one.get("waitMs"), one.get("waitCause")) for one in log["list"]] == [(300, "backoff"), (1000, "retryAfter"), (None, None)]
    starts = [one["startedAfterMs"] for one in log["list"]]
    assert starts[1] - starts[0] >= 300 and starts[2] - starts[1] >= 1000, starts
    assert all(one["durationMs"] > 0 for one in log["list"])
    assert instant(execution["armedAt"]) <= instant(execution["startedAt"])


def test_an_attempt_in_which_the_agent_was_killed_is_unknown_and_those_before_it_are_still_told(world, api, agent, target):
    def behave(request, handler):
        n = len(target.requests())
        if n == 2:
            time.sleep(120)
        return 503 if n == 1 else 200

    target.behave(behave)
    job = api.create_job(YEARLY, target.url + "/", retry=RETRY, timeoutMs=200000)
    assert api.post(f"/api/jobs/{job['jobId']}/actions/run").status_code == 202
    wait_until(lambda: len(target.requests()) == 2, 20, "the second attempt", explain=world.tails)
    agent.kill()
    agent.start()
    execution = told(api, world, job)
    outcomes = [one["outcome"] for one in execution["attemptLog"]["list"]]
    assert execution["status"] == "success" and outcomes == ["status", "unknown", "success"], execution["attemptLog"]
    assert "startedAfterMs" not in execution["attemptLog"]["list"][1], "nothing is invented of it"
