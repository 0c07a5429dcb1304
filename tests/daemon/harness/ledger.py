"""Comparing what was due with what central says and what the target saw."""
from collections import Counter
from datetime import datetime, timedelta, timezone


def instant(text):
    """An API time as a datetime."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def rfc3339(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def now():
    return datetime.now(timezone.utc)


def seconds_between(first, last):
    """Every whole second from first to last, both included."""
    moment = first.replace(microsecond=0)
    if moment < first:
        moment += timedelta(seconds=1)
    found = []
    while moment <= last:
        found.append(moment)
        moment += timedelta(seconds=1)
    return found


def fires(executions):
    """How often each due instant was decided; a missed range counts at its first instant only."""
    return Counter(instant(e["scheduledAt"]) for e in executions if e["cause"] != "manual")


def assert_each_second_once(executions, first, last):
    """Every second in [first, last] has exactly one execution among these (of one job)."""
    decided = fires(executions)
    due = seconds_between(first, last)
    missing = [rfc3339(t) for t in due if decided[t] == 0]
    doubled = [rfc3339(t) for t in due if decided[t] > 1]
    odd = [rfc3339(t) for t in decided if t.microsecond]
    assert not missing, f"{len(missing)} of {len(due)} due seconds have no execution: {missing[:10]}"
    assert not doubled, f"{len(doubled)} of {len(due)} due seconds have several: {doubled[:10]}"
    assert not odd, f"instants that were never due: {odd[:10]}"


def latest(executions):
    """The newest due instant that was decided."""
    return max((instant(e["scheduledAt"]) for e in executions), default=None)


def assert_target_agrees(executions, requests):
    """Every successful execution was seen by the target under its id, and every key belongs to one fire of central's."""
    seen = Counter(r.key for r in requests)
    known = {e["executionId"]: e for e in executions}
    unseen = [e["executionId"] for e in executions if e["status"] == "success" and not seen[e["executionId"]]]
    assert not unseen, f"{len(unseen)} executions that the target never saw: {unseen[:5]}"
    strangers = [key for key in seen if key not in known]
    assert not strangers, f"{len(strangers)} keys at the target that central does not know: {strangers[:5]}"
    for request in requests:
        body, execution = request.json(), known[request.key]
        assert body["executionId"] == request.key, body
        assert (body["jobId"], instant(body["scheduledTime"])) == (execution["jobId"], instant(execution["scheduledAt"])), (body, execution)
