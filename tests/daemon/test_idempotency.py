"""Idempotency-Key: a request that is sent again is answered again and carried out once."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.api import assert_problem

JOB = {"schedule": "@daily", "api": "http://127.0.0.1:1/"}


def create(client, key, **more):
    return client.post("/api/jobs", json={**JOB, **more}, headers={"Idempotency-Key": key})


def test_the_same_request_is_carried_out_once_and_answered_the_same(api):
    first, again = create(api, "k1"), create(api, "k1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content and "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert all(first.headers[name] == again.headers[name] for name in ("Location", "ETag", "Content-Type"))
    assert len(api.jobs()) == 1
    assert create(api, "k2").status_code == 201 and len(api.jobs()) == 2
    assert api.post("/api/jobs", json=JOB).status_code == 201 and len(api.jobs()) == 3


def test_a_key_belongs_to_one_request_and_to_one_credential(api):
    assert create(api, "k").status_code == 201
    assert_problem(create(api, "k", name="another"), 422)
    job = api.jobs()[0]["jobId"]
    assert_problem(api.post(f"/api/jobs/{job}/actions/pause", headers={"Idempotency-Key": "k"}), 422)
    other = api.with_token(api.post("/api/tokens", json={"name": "other", "role": "editor"}).json()["token"])
    reply = create(other, "k", name="another")
    assert reply.status_code == 201 and "Idempotency-Replayed" not in reply.headers
    assert len(api.jobs()) == 2


def test_actions_take_a_key(api, database):
    job = api.create_job(**{"schedule": JOB["schedule"], "api": JOB["api"]})["jobId"]
    replies = [api.post(f"/api/jobs/{job}/actions/pause", headers={"Idempotency-Key": "p"}) for _ in range(2)]
    assert [r.status_code for r in replies] == [200, 200] and replies[0].content == replies[1].content
    api.post(f"/api/jobs/{job}/actions/resume")
    api.post(f"/api/jobs/{job}/actions/pause", headers={"Idempotency-Key": "p"})
    assert api.json(f"/api/jobs/{job}")["active"] is True  # the old order is not given again


def test_what_was_refused_may_be_sent_again(api):
    assert_problem(create(api, "k", schedule="61 * * * *"), 400)
    assert create(api, "k").status_code == 201


def test_at_once_from_many_connections_it_happens_once(api):
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: create(api.with_token(api.token), "race"), range(16)))
    assert {r.status_code for r in replies} <= {201, 409} and any(r.status_code == 201 for r in replies)
    assert len({r.content for r in replies if r.status_code == 201}) == 1
    assert len(api.jobs()) == 1


def test_a_request_whose_end_is_not_known_is_not_carried_out_again(api, database):
    """As after a kill between claim and answer."""
    assert create(api, "k").status_code == 201
    database.execute("UPDATE idempotency SET status = NULL")
    busy = create(api, "k")
    assert_problem(busy, 409)
    assert busy.headers["Retry-After"] == "1"
    database.execute("UPDATE idempotency SET created_at = now() - interval '1 minute'")
    assert "not known" in assert_problem(create(api, "k"), 409)["detail"]
    assert len(api.jobs()) == 1


def test_a_key_is_free_again_after_a_day(api, database):
    assert create(api, "k").status_code == 201
    database.execute("UPDATE idempotency SET created_at = now() - interval '25 hours'")
    assert create(api, "k", name="tomorrow").status_code == 201
    assert len(api.jobs()) == 2


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "a\tb"])
def test_a_bad_key_is_refused(api, key):
    assert_problem(create(api, key), 400)
    assert api.jobs() == []


def test_a_kept_answer_is_for_those_who_may_still_ask_and_holds_no_secret(api, database):
    made = api.post("/api/tokens", json={"name": "e", "role": "editor"}).json()
    editor = api.with_token(made["token"])
    assert create(editor, "k", headers={"Authorization": "canary 99"}).status_code == 201
    assert "canary 99" not in str(database.query("SELECT * FROM idempotency"))
    api.delete(f"/api/tokens/{made['tokenId']}")
    database.execute("SELECT pg_sleep(1.1)")  # what is remembered of the token has to go
    assert_problem(create(editor, "k"), 401)
