"""GET /api/agent/news: whether an agent should sync before its next sync is due."""
from harness.waiting import wait_until
from raw_agent import RawAgent


def ask(raw, revision, **more):
    return raw.session.get(f"{raw.url}/api/agent/news", params={"jobsRevision": revision, **more}, timeout=10,
                           headers={"Authorization": f"Bearer {raw.key}"}).status_code


def test_a_new_job_and_an_order_are_news_until_the_agent_knows_them(central, api):
    raw = RawAgent(central)
    assert ask(raw, 0) == 204
    job = api.create_job("0 0 1 1 *", "http://127.0.0.1:9/")
    wait_until(lambda: ask(raw, 0) == 200, 15, "news of the job")
    job_set = raw.sync()["jobSet"]
    assert ask(raw, job_set["revision"]) == 204
    assert api.post(f"/api/jobs/{job['jobId']}/actions/run", json={}).status_code in (200, 202)
    wait_until(lambda: ask(raw, job_set["revision"]) == 200, 15, "news of the order")
    commands = raw.sync()["commands"]
    assert ask(raw, job_set["revision"], command=max(c["id"] for c in commands)) == 204
