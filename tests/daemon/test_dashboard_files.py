"""The dashboard's files: what is in web_dir is served with its headers, and no spelling of a path reads anything else."""
import gzip
import http.client
import signal

import pytest

from harness.api import assert_problem
from harness.waiting import wait_until

INDEX = "<!doctype html><title>Belfry</title>"
SCRIPT = "console.log('belfry');" * 50
POLICY = {"default-src 'self'", "style-src 'self'", "img-src 'self' data:", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"}
ASSET = "/assets/index-BxQ_29fL.js"


@pytest.fixture
def folder(world):
    dist = world.folder / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(INDEX)
    (dist / "robots.txt").write_text("none")
    (dist / ASSET[1:]).write_text(SCRIPT)
    (dist / (ASSET[1:] + ".br")).write_bytes(b"as if brotli")
    (dist / (ASSET[1:] + ".gz")).write_bytes(gzip.compress(SCRIPT.encode()))
    (dist / ".secret").write_text("hidden")
    (world.folder / "outside.txt").write_text("outside")
    (dist / "link.txt").symlink_to(world.folder / "outside.txt")
    return dist


@pytest.fixture
def web(world, database, folder):
    return world.central(database, web_dir=folder).start()


def fetch(central, path, **headers):
    """Byte for byte as written: no client library tidies the path or unpacks the body."""
    connection = http.client.HTTPConnection("127.0.0.1", central.api_port, timeout=60)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    reply = connection.getresponse()
    reply.body = reply.read()
    connection.close()
    return reply


def test_pages_and_files_come_with_their_types_and_headers(web):
    for path in ("/", "/index.html", "/jobs", "/jobs/0192f0c1?tab=runs", "/login"):
        reply = fetch(web, path)
        assert (reply.status, reply.body.decode()) == (200, INDEX), path
        assert reply.getheader("Content-Type") == "text/html; charset=utf-8"
        assert reply.getheader("Cache-Control") == "no-cache"
        assert set(reply.getheader("Content-Security-Policy").split("; ")) == POLICY
        assert reply.getheader("X-Content-Type-Options") == "nosniff"
        assert reply.getheader("Referrer-Policy") == "no-referrer"
    asset = fetch(web, ASSET)
    assert asset.getheader("Cache-Control") == "public, max-age=31536000, immutable"
    assert asset.getheader("Content-Type").startswith("text/javascript")
    assert asset.body.decode() == SCRIPT
    assert fetch(web, "/robots.txt").getheader("Cache-Control") == "no-cache"


def test_a_compressed_copy_goes_to_those_who_accept_it(web):
    def encoding(accepts):
        reply = fetch(web, ASSET, Accept_Encoding=accepts)
        assert reply.getheader("Vary") == "Accept-Encoding"
        return reply.getheader("Content-Encoding"), reply.body

    assert encoding("gzip, deflate, br") == ("br", b"as if brotli")
    kind, body = encoding("GZIP;q=0.5")
    assert kind == "gzip" and gzip.decompress(body).decode() == SCRIPT
    for none in ("", "identity", "br;q=0, gzip;q=0.0", "brotli"):
        assert encoding(none) == (None, SCRIPT.encode()), none
    assert encoding("br;q=0, *") == ("gzip", body)


def test_an_etag_saves_the_body_and_changes_with_the_encoding(web):
    first = fetch(web, "/")
    again = fetch(web, "/", If_None_Match=f'"other", {first.getheader("ETag")}')
    assert (again.status, again.body) == (304, b"")
    assert fetch(web, "/", If_None_Match='"other"').status == 200
    assert fetch(web, ASSET).getheader("ETag") != fetch(web, ASSET, Accept_Encoding="br").getheader("ETag")


UP = ["..", "%2e%2e", "%2E.", ".%2e", "..%2f..", "%252e%252e", "..%5c", "..\\", "%c0%ae%c0%ae", "....//..", "..;", "%00..", "..%00"]


@pytest.mark.parametrize("up", UP)
def test_no_spelling_of_a_path_leads_out_of_the_folder(web, up):
    for path in (f"/{up}/outside.txt", f"/assets/{up}/{up}/outside.txt", f"/{up}/{up}/{up}/{up}/{up}/{up}/etc/passwd",
                 f"/assets/{up}%2foutside.txt", f"//{up}/outside.txt", f"/{up}"):  # fmt: skip
        reply = fetch(web, path)
        assert b"outside" not in reply.body and b"root:" not in reply.body, path
        assert reply.status in (400, 404) or reply.body.decode() == INDEX, path


def test_links_hidden_files_and_what_is_not_there_are_404(web):
    for path in ("/link.txt", "/.secret", "/missing.js", "/assets/missing-12345678.js", "/outside.txt"):
        assert fetch(web, path).status == 404, path
    for path in ("/api", "/api/nothing", "/API/jobs", "/healthz/x", "/metrics/x"):
        assert_problem(web.api.get(path), 404)
    assert_problem(web.api.post("/"), 405)
    agents = web.api
    agents.base = web.agent_url
    assert_problem(agents.get("/"), 404)


def test_a_reload_takes_new_files_and_keeps_the_old_when_they_are_broken(web, folder):
    (folder / "index.html").write_text("second")
    assert fetch(web, "/").body.decode() == INDEX
    web.signal(signal.SIGHUP)
    wait_until(lambda: fetch(web, "/").body == b"second", 10, "the new files to be served")
    (folder / "index.html").unlink()
    web.signal(signal.SIGHUP)
    wait_until(lambda: "no index.html" in web.log(), 10, "central to refuse a folder without index.html")
    assert fetch(web, "/").body == b"second"


def test_too_many_bytes_are_refused_and_central_serves_all_the_same(world, database, folder):
    with open(folder / "huge.bin", "wb") as file:
        file.truncate(33 * 1024 * 1024)
    central = world.central(database, web_dir=folder).start()
    assert "larger than 33554432 bytes" in central.log()
    page = fetch(central, "/")
    assert page.status == 200 and b"npm run build" in page.body
    assert page.getheader("Content-Type").startswith("text/plain")


def test_without_a_dashboard_the_first_page_says_how_to_build_it(world, database):
    central = world.central(database, web_dir=world.folder / "nothing").start()
    assert b"npm run build" in fetch(central, "/").body
    assert fetch(central, "/favicon.ico").status == 404
