"""A mistake in a configuration file is told by file, line and key, and nothing is started."""
import subprocess

import pytest

from harness.paths import program

BAD_CENTRAL = [
    ("out of range", "[central]\n# threads\napi_threads=900\n", "3: api_threads: "),
    ("no number", "[central]\napi_threads=many\n", "2: api_threads: "),
    ("misspelt key", "[central]\nlisten=127.0.0.1:3001\n", "2: listen: "),
    ("no address", "[central]\n\napi_listen=localhost\n", "3: api_listen: "),
    ("key given twice", "[central]\napi_threads=4\napi_threads=5\n", "3: api_threads: "),
    ("plain HTTP beyond loopback", "[central]\napi_listen=0.0.0.0:3001\n", "2: api_listen: "),
    ("kept for longer than anything", "[central]\nretention_days=30\nretention_success_days=31\n", "3: retention_success_days: "),
    ("kept for longer than anything is by default", "[central]\nretention_skipped_days=91\n", "2: retention_skipped_days: "),
    ("no days at all", "[central]\nretention_days=0\n", "2: retention_days: "),
    ("too little memory", "[central]\nmemory_max_mb=63\n", "2: memory_max_mb: "),
    ("certificate without a key", "[central]\ntls_certificate=/tmp/x.pem\n", " tls_key: "),
    ("key without a certificate", "[central]\ntls_key=/tmp/x.pem\n", " tls_certificate: "),
    ("authorities without TLS", "[central]\ntls_client_ca=/tmp/x.pem\n", "2: tls_client_ca: "),
    ("proxy by name", "[central]\ntrusted_proxies=proxy.local\n", "2: trusted_proxies: "),
    ("silence that is too short", "[central]\noffline_after_ms=999\n", "2: offline_after_ms: "),
    ("syncs so rare that every agent is silent", "[central]\noffline_after_ms=30000\nsync_interval_ms=15001\n", "3: sync_interval_ms: "),
    ("silence shorter than two syncs", "[central]\noffline_after_ms=1500\n", " sync_interval_ms: "),
    ("no group", "api_threads=4\n", "1: "),
    ("no assignment", "[central]\napi_threads\n", "2: "),
]
BAD_AGENT = [
    ("out of range", "[agent]\nmax_open_transfers=0\n", "2: max_open_transfers: "),
    ("unknown word", "[agent]\nlog_format=xml\n", "2: log_format: "),
    ("misspelt key", "[agent]\nstatedir=/tmp\n", "2: statedir: "),
    ("another scheme", "[agent]\nstate_dir=/tmp/x\ncentral_url=ftp://h/\n", "3: central_url: "),
]
ROWS = [("belfry-central", "serve", *row) for row in BAD_CENTRAL] + [("belfry-agent", "run", *row) for row in BAD_AGENT]


def run(name, *arguments):
    return subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("name, command, text, complaint", [(r[0], r[1], r[3], r[4]) for r in ROWS], ids=[f"{r[0]} {r[2]}" for r in ROWS])
def test_a_mistake_is_told_by_file_line_and_key(tmp_path, name, command, text, complaint):
    config = tmp_path / "x.conf"
    config.write_text(text)
    done = run(name, "--config", config, command)
    assert done.returncode == 2, done
    assert f"x.conf:{complaint}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.parametrize("name", ["belfry-central", "belfry-agent"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    done = run(name, "--config", tmp_path / "missing.conf")
    assert done.returncode == 2
    assert "missing.conf" in done.stderr


@pytest.mark.parametrize("name", ["belfry-central", "belfry-agent"])
@pytest.mark.parametrize("arguments", [["--no-such-option"], ["dance"], ["--config"]], ids=lambda a: a[0])
def test_a_mistake_on_the_command_line_is_told_and_ends_with_2(name, arguments):
    done = run(name, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(name) and done.stdout == ""


@pytest.mark.parametrize("name", ["belfry-central", "belfry-agent"])
def test_the_printed_configuration_is_a_configuration(tmp_path, name):
    printed = run(name, "--print-config")
    assert printed.returncode == 0, printed.stderr
    config = tmp_path / "printed.conf"
    config.write_text(printed.stdout)
    again = run(name, "--config", config, "--print-config")
    assert (again.returncode, again.stdout) == (0, printed.stdout), again.stderr
