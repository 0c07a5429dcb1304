"""What the editor asks while a person types: the meaning of a schedule, its next instants, the zones."""
import json
import subprocess

import pytest

from harness.api import assert_problem
from harness.ledger import instant
from harness.paths import program
from harness.waiting import wait_until

PREVIEW = "/api/schedules/preview"


def test_a_preview_has_the_instants_that_the_command_prints(api):
    for expression, zone in (("30 2 * * *", "Europe/Berlin"), ("*/20 1-3 * * *", "America/New_York"), ("@every 90m", "UTC")):
        question = {"schedule": expression, "timezone": zone, "from": "2025-03-01T00:00:00Z", "count": 60}
        fires = api.post(PREVIEW, json=question).json()["fires"]
        line = json.dumps({"expr": expression, "tz": zone, "from": question["from"], "count": 60})
        answer = subprocess.run([program("belfry"), "schedule", "next", "--stdin"], input=line, capture_output=True, text=True, check=True)
        assert [fire["at"].replace(".000Z", "Z") for fire in fires] == json.loads(answer.stdout)["next"]


def test_the_gap_and_the_overlap_of_the_clock_are_named(api):
    preview = api.post(PREVIEW, json={"schedule": "30 2 * * *", "timezone": "Europe/Berlin", "from": "2025-03-29T12:00:00Z", "count": 2}).json()
    assert preview["text"] == "At 02:30" and preview["canonical"] == "30 2 * * *" and preview["timezone"] == "Europe/Berlin"
    first, second = preview["fires"]
    assert (first["at"], first["local"], first["offset"]) == ("2025-03-30T01:00:00.000Z", "2025-03-30T03:00:00", "+02:00")
    assert first["note"].startswith("DST: ") and "gap" in first["note"] and second["note"] is None
    repeated = api.post(PREVIEW, json={"schedule": "@hourly", "timezone": "Europe/Berlin", "from": "2025-10-25T23:00:00Z", "count": 2}).json()
    assert [fire["local"] for fire in repeated["fires"]] == ["2025-10-26T02:00:00"] * 2


def test_h_is_the_value_of_the_job(api):
    def minutes(**more):
        return api.post(PREVIEW, json={"schedule": "H * * * *", "count": 1, "from": "2025-01-01T00:00:00Z", **more}).json()["fires"][0]["at"]
    made = api.create_job("H * * * *", "http://127.0.0.1:1/")
    real = api.json(f"/api/jobs/{made['jobId']}")["nextFireAt"]
    assert minutes(jobId=made["jobId"])[14:] == real[14:]


def test_a_preview_counts_from_the_anchor_and_keeps_to_start_and_end(api):
    def fires(**more):
        question = {"schedule": "@every 1h30m", "from": "2025-03-01T10:00:00Z", "count": 3, **more}
        return [fire["at"][11:16] for fire in api.post(PREVIEW, json=question).json()["fires"]]
    assert fires() == ["11:30", "13:00", "14:30"]
    assert fires(anchor="2025-03-01T00:10:00Z") == ["10:40", "12:10", "13:40"]
    assert fires(anchor="2025-03-01T00:10:00Z", startAt="2025-03-01T12:10:00Z", endAt="2025-03-01T15:10:00Z") == ["12:10", "13:40"]
    assert fires(endAt="2025-03-01T11:30:00Z") == [] and fires(anchor=None, startAt=None) == fires()


def test_a_job_is_due_when_the_preview_with_its_members_says(api):
    made = api.create_job("@every 7m", "http://127.0.0.1:1/", startAt="2030-01-01T00:00:00Z")
    question = {"schedule": made["schedule"], "jobId": made["jobId"], "anchor": made["createdAt"], "startAt": made["startAt"], "count": 1}
    assert api.post(PREVIEW, json=question).json()["fires"][0]["at"] == made["nextFireAt"]


@pytest.mark.parametrize("body, pointer", [
    ({"schedule": "@daily", "anchor": 5}, "/anchor"), ({"schedule": "@daily", "startAt": "soon"}, "/startAt"), ({"schedule": "@daily", "endAt": ""}, "/endAt"),
    ({}, "/schedule"), ({"schedule": "61 * * * *"}, "/schedule"), ({"schedule": 5}, "/schedule"), ({"schedule": "0 0 30 2 *"}, "/schedule"),
    ({"schedule": "@daily", "timezone": "Mars/Base"}, "/timezone"), ({"schedule": "@daily", "timezone": "../etc/passwd"}, "/timezone"),
    ({"schedule": "@daily", "count": 0}, "/count"), ({"schedule": "@daily", "count": 101}, "/count"),
    ({"schedule": "@daily", "from": "tomorrow"}, "/from"), ({"schedule": "@daily", "colour": 1}, "/colour"), ([], ""),
    ({"schedule": "x" * 600}, "/schedule"),
])  # fmt: skip
def test_a_bad_question_names_the_member(api, body, pointer):
    assert_problem(api.post(PREVIEW, json=body), 400, pointer)


def test_zones_are_listed_once_and_then_from_the_cache(api):
    reply = api.get("/api/schedules/zones")
    zones = reply.json()["zones"]
    assert zones == sorted(zones) and "Europe/Berlin" in zones and "UTC" in zones and not any(z.startswith("posix/") for z in zones)
    again = api.get("/api/schedules/zones", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""




def test_a_job_that_is_asked_for_again_names_a_fire_that_is_still_to_come(api):
    path = f"/api/jobs/{api.create_job('* * * * * *', 'http://x.example/')['jobId']}"
    first = api.json(path)["nextFireAt"]
    later = wait_until(lambda: next((next_at for next_at in [api.json(path)["nextFireAt"]] if next_at != first), None), what="another fire")
    assert instant(later) > instant(first)
    etag = api.get(path).headers["ETag"]
    assert api.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert api.patch(path, json={"name": "renamed"}).json()["revision"] == 2
    assert api.json(path)["name"] == "renamed" and api.get(path).headers["ETag"] != etag
