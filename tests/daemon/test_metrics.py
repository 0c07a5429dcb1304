"""What /metrics prints is what Prometheus reads, in the judgement of its own checker."""
import subprocess

import pytest
import requests

from harness.waiting import wait_until


def assert_prometheus_accepts(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stdout and not done.stderr, f"promtool: {done.returncode}\n{done.stdout}{done.stderr}"


GOOD = """# HELP belfry_central_x_total Things.
# TYPE belfry_central_x_total counter
belfry_central_x_total{name="a \\"quoted\\\\ name"} 1
"""


@pytest.mark.parametrize("good, bad, says", [
    ('\\"quoted', '"quoted', "parsing error"),
    ("} 1", "} one", "parsing error"),
    ("# TYPE", GOOD + "# TYPE", "second HELP line"),
    ("# HELP belfry_central_x_total Things.\n", "", "no help text"),
    ("_total", "", 'should have "_total" suffix'),
], ids=["quote", "number", "twice", "help", "suffix"])
def test_promtool_refuses_a_bad_exposition(good, bad, says):
    assert_prometheus_accepts(GOOD)
    assert good in GOOD
    with pytest.raises(AssertionError, match=says):
        assert_prometheus_accepts(GOOD.replace(good, bad))


def samples(text):
    return {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1] for line in text.splitlines() if line and not line.startswith("#")}


def test_promtool_accepts_what_central_and_agent_print_after_work(central, api, agent, target):
    job = api.create_job("* * * * * *", target.url + "/", timeoutMs=1000, name='a "quoted\\ name')
    wait_until(lambda: len(api.executions()) >= 2, 30, "executions at central")
    metrics = requests.get(central.url + "/metrics", timeout=120)
    assert metrics.status_code == 200 and metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert_prometheus_accepts(metrics.text)
    of_central = samples(metrics.text)
    assert len(of_central) >= 10 and all(name.startswith("belfry_central_") for name in of_central), of_central

    reply = agent.local("GET", "/metrics")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain; version=0.0.4"), reply.headers
    assert_prometheus_accepts(reply.text)
    of_agent = samples(reply.text)
    assert len(of_agent) >= 10 and all(name.startswith("belfry_agent_") for name in of_agent), of_agent
    for name in [*of_central, *of_agent]:
        assert job["jobId"] not in name, "a series per job would grow without a bound"
