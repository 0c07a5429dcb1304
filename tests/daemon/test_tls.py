"""TLS on both listeners of central: agents verify it, certificates change while it runs, clients may have to show their own."""
import http.client
import signal
import socket
import ssl
import subprocess
import warnings

import pytest
import requests

from harness.waiting import wait_until


class Authority:
    """A CA of the test's own, by openssl."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", self.certificate,
                  "-days", "2", "-subj", f"/CN={name}")  # fmt: skip

    def _run(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def sign(self, name, usage="serverAuth", address="IP:127.0.0.1", kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("crt", "key", "csr"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage={usage}\nsubjectAltName={address}\n")
        self._run("req", "-newkey", *kind, "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        self._run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "1", "-extfile", extensions,
                  "-out", certificate)  # fmt: skip
        return certificate, key


@pytest.fixture
def authority(world):
    return Authority(world.folder, "our-ca")


@pytest.fixture
def tls(world, database, authority):
    """A running central with TLS."""
    certificate, key = authority.sign("central")
    central = world.central(database, tls_certificate=certificate, tls_key=key)
    central.ca = authority.certificate
    return central.start()


def serial(central, port=None):
    """Of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=central.ca)
    with socket.create_connection(("127.0.0.1", port or central.api_port), timeout=60) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        return secure.getpeercert()["serialNumber"]


def test_people_and_an_agent_work_over_tls(world, tls, target):
    assert tls.api.json("/api/settings")["tls"] is True
    agent = world.agent(tls, central_ca=tls.ca).start()
    job = tls.api.create_job("* * * * * *", target.url)
    wait_until(lambda: any(e["status"] == "success" for e in tls.api.executions(jobId=job["jobId"])), 30, "an execution over TLS")
    agent.stop()


def test_the_session_cookie_is_secure_and_our_origin_is_https(tls):
    reply = tls.api.with_token(None).post("/api/session", json={"link": tls.api.session_link()})
    assert reply.status_code == 200 and "Secure" in reply.headers["Set-Cookie"].split("; ")
    browser = tls.api.with_session(reply.cookies["belfry_session"])
    assert browser.post("/api/session/links").status_code == 201
    browser.session.headers["Origin"] = browser.base.replace("https", "http")
    assert browser.post("/api/session/links").status_code == 403


def test_plain_http_and_old_versions_get_nothing(tls):
    for port in (tls.api_port, tls.agent_port):
        with pytest.raises((OSError, http.client.HTTPException)):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse()
        old = ssl.create_default_context(cafile=tls.ca)
        warnings.simplefilter("ignore", DeprecationWarning)  # old on purpose
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as plain, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(plain, server_hostname="127.0.0.1")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(tls.url + "/healthz", timeout=5)  # the system's authorities do not know ours


def test_an_agent_refuses_a_central_that_another_authority_vouches_for(world, tls):
    wrong = Authority(world.folder, "another-ca")
    agent = world.agent(tls, central_ca=wrong.certificate)
    done = agent.run("enroll", "--central", tls.agent_url, "--token", tls.api.enrol_token(), "--name", "agent")
    assert done.returncode == 1 and "certificate" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    agent.write_config(central_ca=tls.ca)
    agent.start()
    agent.stop()
    agent.write_config(central_ca=wrong.certificate)
    agent.start()
    wait_until(lambda: "sync with central failed" in agent.log(), 20, "the agent to refuse central")
    line = next(line for line in agent.log().splitlines() if "sync with central failed" in line)
    assert "certificate" in line


def test_a_certificate_for_another_name_is_refused(world, tls):
    agent = world.agent(tls, central_ca=tls.ca)
    by_name = tls.agent_url.replace("127.0.0.1", "localhost")  # the certificate is for the address
    done = agent.run("enroll", "--central", by_name, "--token", tls.api.enrol_token(), "--name", "agent")
    assert done.returncode == 1 and "certificate" in done.stderr
    assert tls.api.json("/api/agents")["agents"] == []


def test_a_new_certificate_is_shown_after_a_reload_and_open_connections_live_on(tls, authority):
    before = serial(tls)
    live = http.client.HTTPSConnection("127.0.0.1", tls.api_port, timeout=60, context=ssl.create_default_context(cafile=tls.ca))
    live.request("GET", "/healthz")
    live.getresponse().read()
    authority.sign("central", kind=("rsa:2048",))
    assert serial(tls) == before
    tls.signal(signal.SIGHUP)
    wait_until(lambda: serial(tls) != before, 10, "the new certificate")
    assert serial(tls, tls.agent_port) != before
    descriptor = live.sock.fileno()
    live.request("GET", "/healthz")
    assert live.getresponse().read() == b'{"status":"ok"}' and live.sock.fileno() == descriptor
    live.close()


def test_a_broken_reload_keeps_the_certificate_and_says_why(tls, authority):
    before, certificate = serial(tls), tls.options["tls_certificate"]
    good = certificate.read_text()
    other, _ = authority.sign("other")
    for text, words in (("no certificate", "central.crt"), (other.read_text(), "is not the key of the certificate")):
        certificate.write_text(text)
        tls.signal(signal.SIGHUP)
        wait_until(lambda: words in tls.log(), 10, f"{words!r} in the log")
        assert serial(tls) == before
    certificate.unlink()
    tls.signal(signal.SIGHUP)
    wait_until(lambda: tls.log().count("not reloaded") == 3, 10, "a missing file in the log")
    assert serial(tls) == before
    assert "info reloaded" not in tls.log(), "the last word on what failed is that it did"
    certificate.write_text(good)
    tls.signal(signal.SIGHUP)
    wait_until(lambda: "info reloaded" in tls.log(), 10, "a reload without a fault")


def test_agents_show_their_own_certificate_where_central_demands_one(world, database, authority):
    agents_ca = Authority(world.folder, "agents-ca")
    certificate, key = authority.sign("central")
    central = world.central(database, tls_certificate=certificate, tls_key=key, tls_client_ca=agents_ca.certificate)
    central.ca = authority.certificate
    central.start()
    assert central.api.get("/api/jobs").status_code == 200  # people need none
    own = agents_ca.sign("agent-own", usage="clientAuth")
    foreign, server = authority.sign("foreign", usage="clientAuth"), agents_ca.sign("server-only")
    agent = world.agent(central, central_ca=central.ca)
    for pair in ((None, None), foreign, server):
        agent.write_config(central_certificate=pair[0], central_key=pair[1])
        done = agent.run("enroll", "--central", central.agent_url, "--token", central.api.enrol_token(), "--name", "agent")
        assert done.returncode == 1, f"{pair}: {done.stdout}"
        assert ("central_certificate=" in done.stderr) == (pair[0] is None) and len(done.stderr.splitlines()) == 1, done.stderr
    assert central.api.json("/api/agents")["agents"] == []
    agent.write_config(central_ca=None)
    assert "central_ca=" in agent.run("enroll", "--central", central.agent_url, "--token", "x").stderr
    agent.write_config(central_certificate=own[0], central_key=own[1], central_ca=central.ca)
    agent.start()
    wait_until(lambda: [a["state"] for a in central.api.json("/api/agents")["agents"]] == ["online"], 20, "the agent to be online")


@pytest.mark.parametrize("options, words", [
    ({"tls_certificate": "{crt}"}, "tls_key: tls_certificate needs its key"),
    ({"tls_key": "{key}"}, "tls_certificate: tls_key needs its certificate"),
    ({"tls_client_ca": "{crt}"}, "without tls_certificate there is no TLS"),
    ({"tls_certificate": "{crt}", "tls_key": "{crt}"}, "central.crt: "),
    ({"tls_certificate": "/no/such", "tls_key": "{key}"}, "/no/such"),
    ({"api_listen": "0.0.0.0:3001"}, "set tls_certificate and tls_key"),
])  # fmt: skip
def test_half_a_configuration_is_refused_in_one_line(world, database, authority, options, words):
    certificate, key = authority.sign("central")
    central = world.central(database).init()
    central.write_config(**{name: value.format(crt=certificate, key=key) for name, value in options.items()})
    done = central.run("serve")
    assert done.returncode in (1, 2) and words in done.stderr, done.stderr
    assert sum("belfry-central:" in line for line in done.stderr.splitlines()) == 1


def test_with_tls_central_listens_on_other_addresses_than_loopback(world, database, authority):
    certificate, key = authority.sign("central")
    central = world.central(database, tls_certificate=certificate, tls_key=key)
    central.write_config(api_listen=f"0.0.0.0:{central.api_port}")
    done = central.run("--print-config")
    assert done.returncode == 0 and f"tls_certificate={certificate}" in done.stdout


def test_a_reload_takes_over_what_it_can_and_names_the_rest(central, api):
    central.write_config(log_level="debug", offline_after_ms=77000, api_threads=3)
    central.signal(signal.SIGHUP)
    wait_until(lambda: api.json("/api/settings")["offlineAfterMs"] == 77000, 10, "the new configuration")
    assert "need a restart keys=api_threads" in central.log()
    wait_until(lambda: "debug request" in central.log(), 10, "the new log level")
    central.write_config(offline_after_ms="soon")
    central.signal(signal.SIGHUP)
    wait_until(lambda: "what was there stays in force" in central.log(), 10, "the refusal")
    assert api.json("/api/settings")["offlineAfterMs"] == 77000
