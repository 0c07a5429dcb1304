"""Accounts and browser sessions: logging in and out, the brake on guessing, CSRF, and the last admin who stays."""
import os
import pty
import re
import select
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from harness.api import Api, assert_problem
from harness.waiting import wait_until

SECRET = "correct horse 1"
OTHER = "battery staple 2"


@pytest.fixture
def anna(api):
    """An editor."""
    reply = api.post("/api/users", json={"name": "anna", "role": "editor", "password": SECRET})
    assert reply.status_code == 201, reply.text
    return reply.json()


def try_login(api, password, name="anna", **headers):
    return Api(api.base).post("/api/session", json={"name": name, "password": password}, headers=headers)


def test_a_person_logs_in_works_and_logs_out(api, anna, database):
    reply = try_login(api, SECRET)
    assert reply.status_code == 200 and (reply.json()["name"], reply.json()["role"]) == ("anna", "editor")
    header = reply.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(header.split("; ")) and "Secure" not in header
    cookie = reply.cookies["belfry_session"]
    browser = api.with_session(cookie)
    assert browser.json("/api/session")["kind"] == "session"
    job = browser.create_job("@daily", "http://127.0.0.1:1/")
    assert job["createdBy"] == "anna"
    assert_problem(browser.get("/api/users"), 403)
    stored = str(database.query("SELECT encode(hash, 'hex'), account FROM session")) + str(database.query("SELECT password FROM account"))
    assert cookie not in stored and SECRET not in stored and "$argon2id$" in stored
    gone = browser.delete("/api/session")
    assert gone.status_code == 204 and "Max-Age=0" in gone.headers["Set-Cookie"]
    assert_problem(browser.get("/api/session"), 401)


def test_a_change_by_cookie_needs_our_origin_and_reading_does_not(api, anna):
    browser = api.log_in(name="anna", password=SECRET)
    cookie = browser.session.headers["Cookie"].split("=", 1)[1]
    bare = api.with_session(cookie, origin=False)
    body = {"schedule": "@daily", "api": "http://127.0.0.1:1/"}
    assert bare.get("/api/jobs").status_code == 200
    assert_problem(bare.post("/api/jobs", json=body), 403)
    host = api.base.split("//")[1]
    for origin in ("http://evil.example", "null", f"https://{host}", f"http://{host}.evil.example", f"http://{host}/", "http://", host):
        assert_problem(bare.post("/api/jobs", json=body, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"}), 403)
    for site in ("cross-site", "same-site", "none"):
        assert_problem(bare.post("/api/jobs", json=body, headers={"Sec-Fetch-Site": site}), 403)
    assert bare.post("/api/jobs", json=body, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 201
    assert bare.post("/api/jobs", json=body, headers={"Origin": api.base}).status_code == 201
    # A token beside the cookie is what counts: no page of another site can add that.
    assert bare.post("/api/jobs", json=body, headers={"Origin": "http://evil.example", "Authorization": f"Bearer {api.token}"}).status_code == 201
    # Nobody is logged in as somebody else by a page of another site.
    assert_problem(try_login(api, SECRET, Origin="http://evil.example"), 403)


def test_wrong_passwords_and_unknown_names_look_the_same_and_take_as_long(api, anna):
    def took(name):
        begin = time.monotonic()
        reply = try_login(api, "wrong password", name)
        return time.monotonic() - begin, reply.json()["detail"], reply.status_code

    known, unknown = [took("anna") for _ in range(3)], [took(f"nobody{i}") for i in range(3)]
    assert {row[1:] for row in known + unknown} == {("name or password is wrong", 401)}
    assert min(unknown)[0] > min(known)[0] / 3


def test_after_five_wrong_tries_a_name_has_to_wait_and_a_success_forgets_them(api, anna, database):
    for _ in range(10):  # the pause of a second may be over before a busy machine has asked again
        for _ in range(5):
            assert try_login(api, "wrong password").status_code == 401
        database.execute("UPDATE login_attempt SET last_at = now()")
        held = try_login(api, SECRET)
        if held.status_code != 200:
            break
    assert_problem(held, 429)
    assert held.headers["Retry-After"] == "1"
    assert try_login(api, "wrong password", "berta").status_code == 401  # another name does not wait
    wait_until(lambda: try_login(api, SECRET).status_code == 200, 10, "the pause to be over")
    for _ in range(4):
        assert try_login(api, "wrong password").status_code == 401


def test_a_wrong_password_is_in_the_audit_with_name_and_address_and_what_the_brake_refuses_is_not(api, anna, database):
    assert try_login(api, "wrong password").status_code == 401
    assert try_login(api, "wrong password", 'no "such" name').status_code == 401
    database.execute("INSERT INTO login_attempt VALUES ('name:berta', 40, now())")
    assert try_login(api, "wrong password", "berta").status_code == 429
    refused = [e for e in api.json("/api/audit", action="session.refuse")["entries"]]
    assert [(e["actor"], e["object"], e["after"]) for e in refused] == [
        ("(unknown)", name, {"by": "password", "from": "127.0.0.1"}) for name in ('no "such" name', "anna")]  # fmt: skip
    assert api.json("/api/audit/verify")["ok"] is True


def test_a_link_that_is_unknown_used_or_expired_is_in_the_audit_but_a_flood_of_them_is_not(api, database):
    stranger = Api(api.base)
    used, expired = api.session_link(), api.session_link()
    api.log_in(link=used)
    database.execute("UPDATE login_link SET expires_at = now()")
    for link in (used, expired, "no such link"):
        assert_problem(stranger.post("/api/session", json={"link": link}), 401)
    refused = api.json("/api/audit", action="session.refuse")["entries"]
    assert [(e["actor"], e["object"], e["after"]) for e in refused] == [("(unknown)", "(unknown)", {"by": "link", "from": "127.0.0.1"})] * 3
    assert used not in str(refused) and expired not in str(refused)
    database.execute("UPDATE login_attempt SET failures = 40, last_at = now()")
    for _ in range(5):
        assert_problem(stranger.post("/api/session", json={"link": "no such link"}), 401)
    assert len(api.json("/api/audit", action="session.refuse")["entries"]) == 3
    assert api.log_in(link=api.session_link()).get("/api/session").status_code == 200, "a good one always works"
    assert api.json("/api/audit/verify")["ok"] is True


def test_an_address_that_tries_many_names_has_to_wait_too(api, anna, database):
    database.execute("INSERT INTO login_attempt VALUES ('address:127.0.0.1', 40, now())")
    held = try_login(api, SECRET)
    assert_problem(held, 429)
    assert 500 < int(held.headers["Retry-After"]) <= 900
    assert api.get("/api/jobs").status_code == 200
    assert api.log_in(link=api.session_link()).get("/api/session").status_code == 200


def test_behind_a_proxy_addresses_are_counted_apart_and_the_cookie_is_secure(world, database):
    api = world.central(database, trusted_proxies="127.0.0.1, ::1").start().api
    api.post("/api/users", json={"name": "anna", "role": "viewer", "password": SECRET})
    database.execute("INSERT INTO login_attempt VALUES ('address:203.0.113.9', 40, now()), ('address:2001:db8:1:2::/64', 40, now())")
    assert try_login(api, SECRET, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}).status_code == 429
    assert try_login(api, SECRET, **{"X-Forwarded-For": "2001:db8:1:2:3::4"}).status_code == 429
    good = try_login(api, SECRET, **{"X-Forwarded-For": "203.0.113.9, 198.51.100.1, 127.0.0.1", "X-Forwarded-Proto": "https"})
    assert good.status_code == 200 and good.headers["Set-Cookie"].endswith("; Secure")


def test_who_is_no_proxy_is_not_believed(api, anna, database):
    database.execute("INSERT INTO login_attempt VALUES ('address:127.0.0.1', 40, now())")
    assert try_login(api, SECRET, **{"X-Forwarded-For": "198.51.100.1"}).status_code == 429


def test_a_link_works_once_and_gives_the_role_of_who_made_it(api):
    viewer = api.with_token(api.post("/api/tokens", json={"name": "screen", "role": "viewer"}).json()["token"])
    link = viewer.session_link()
    browser = api.log_in(link=link)
    assert {k: browser.json("/api/session")[k] for k in ("name", "role", "kind")} == {"name": "screen", "role": "viewer", "kind": "session"}
    assert_problem(Api(api.base).post("/api/session", json={"link": link}), 401)
    assert_problem(browser.post("/api/session/password", json={"old": SECRET, "new": OTHER}), 409)


def test_a_session_from_a_token_ends_with_the_token(api):
    made = api.post("/api/tokens", json={"name": "screen", "role": "viewer"}).json()
    screen = api.with_token(made["token"])
    browser, unused = api.log_in(link=screen.session_link()), screen.session_link()
    assert browser.get("/api/jobs").status_code == 200
    assert api.delete(f"/api/tokens/{made['tokenId']}").status_code == 204
    wait_until(lambda: browser.get("/api/jobs").status_code == 401, 3, "the session to end")
    assert_problem(Api(api.base).post("/api/session", json={"link": unused}), 401)


def test_a_session_cannot_outlive_itself_through_links(api, anna):
    browser = api.log_in(name="anna", password=SECRET)
    child = api.log_in(link=browser.session_link())
    assert child.json("/api/session")["expiresAt"] == browser.json("/api/session")["expiresAt"]


def test_sessions_end_when_idle_and_at_their_latest_end(world, database):
    api = world.central(database, session_idle_ms=60000, session_max_ms=600000).start().api
    api.post("/api/users", json={"name": "anna", "role": "viewer", "password": SECRET})
    browser = api.log_in(name="anna", password=SECRET)
    assert browser.get("/api/session").status_code == 200
    database.execute("UPDATE session SET used_at = now() - interval '61 seconds'")
    wait_until(lambda: browser.get("/api/session").status_code == 401, 3, "the idle session to end")
    browser = api.log_in(name="anna", password=SECRET)
    database.execute("UPDATE session SET expires_at = now()")
    wait_until(lambda: browser.get("/api/session").status_code == 401, 3, "the old session to end")


def test_use_keeps_a_session_awake(api, anna, database):
    browser = api.log_in(name="anna", password=SECRET)
    database.execute("UPDATE session SET used_at = now() - interval '2 hours'")
    time.sleep(1.1)  # what is remembered of the credential has to go
    assert browser.get("/api/session").status_code == 200
    assert database.query("SELECT used_at > now() - interval '1 minute' FROM session") == [(True,)]


def test_a_new_password_ends_the_other_sessions_and_links(api, anna):
    browser, other = (api.log_in(name="anna", password=SECRET) for _ in range(2))
    link = other.session_link()
    assert_problem(browser.post("/api/session/password", json={"old": "not it at all", "new": OTHER}), 400, "/old")
    assert_problem(browser.post("/api/session/password", json={"old": SECRET, "new": "short"}), 400, "/new")
    assert browser.post("/api/session/password", json={"old": SECRET, "new": OTHER}).status_code == 204
    assert browser.get("/api/session").status_code == 200
    assert_problem(other.get("/api/session"), 401)
    assert_problem(Api(api.base).post("/api/session", json={"link": link}), 401)
    assert try_login(api, SECRET).status_code == 401 and try_login(api, OTHER).status_code == 200


def wait_for_account(database, n=1):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%account%' AND datname = current_database()"
    wait_until(lambda: database.query(waiting)[0][0] >= n, 20, "a request that waits for the account")


@pytest.mark.parametrize("way", ["login", "link", "change"])
def test_a_credential_that_was_right_a_moment_ago_opens_nothing_after_the_password_was_reset(api, anna, database, way):
    """The old password is found right, and before the session is made an admin has given another one."""
    browser = api.log_in(name="anna", password=SECRET)
    link = browser.session_link()
    stranger = Api(api.base)
    wish = {"login": lambda: stranger.post("/api/session", json={"name": "anna", "password": SECRET}),
            "link": lambda: stranger.post("/api/session", json={"link": link}),
            "change": lambda: browser.post("/api/session/password", json={"old": SECRET, "new": "mine for ever 3"})}[way]
    admin = database.connect(autocommit=False)
    with closing(admin), admin.cursor() as cursor, ThreadPoolExecutor(1) as threads:
        # What PATCH /api/users/anna does, held open at its end.
        cursor.execute("UPDATE account SET password = 'another hash' WHERE name = 'anna'")
        cursor.execute("DELETE FROM session WHERE account = 'anna'")
        if way != "link":
            cursor.execute("DELETE FROM login_link WHERE account = 'anna'")
        reply = threads.submit(wish)
        wait_for_account(database)
        admin.commit()
    if way == "link":  # it came in time; what matters is that it waited
        assert reply.result().status_code == 200
        return
    assert reply.result().status_code in (400, 401), reply.result().text
    assert database.query("SELECT password FROM account WHERE name = 'anna'") == [("another hash",)]
    assert database.query("SELECT count(*) FROM session WHERE account = 'anna'") == [(0,)]


def test_an_admin_changes_and_removes_accounts_and_their_sessions_follow(api, anna):
    browser = api.log_in(name="anna", password=SECRET)
    assert api.patch("/api/users/anna", json={"role": "viewer"}).json()["role"] == "viewer"
    assert browser.json("/api/session")["role"] == "viewer"
    assert api.patch("/api/users/anna", json={"active": False}).json()["active"] is False
    assert_problem(browser.get("/api/session"), 401)
    assert try_login(api, SECRET).status_code == 401
    assert api.patch("/api/users/anna", json={"active": True, "password": OTHER}).status_code == 200
    browser = api.log_in(name="anna", password=OTHER)
    assert [user["name"] for user in api.json("/api/users")["users"] if user["lastLoginAt"]] == ["anna"]
    assert api.delete("/api/users/anna").status_code == 204
    assert_problem(browser.get("/api/session"), 401)
    assert_problem(api.delete("/api/users/anna"), 404)


@pytest.mark.parametrize("body, pointer", [
    ({"name": "a b"}, "/name"), ({"name": ""}, "/name"), ({"name": "x" * 65}, "/name"), ({"name": "../x"}, "/name"), ({"name": 1}, "/name"),
    ({"role": "king"}, "/role"), ({"role": None}, "/role"), ({"password": "short"}, "/password"), ({"password": "x" * 257}, "/password"),
    ({"password": None}, "/password"), ({"more": 1}, "/more"),
])  # fmt: skip
def test_bad_accounts_are_refused_with_a_pointer(module_api, body, pointer):
    good = {"name": "carl", "role": "viewer", "password": SECRET}
    assert_problem(module_api.post("/api/users", json={**good, **body}), 400, pointer)


@pytest.fixture(scope="module")
def module_api(postgres_template, _shared_cluster):
    from harness.world import World
    world = World(postgres_template, _shared_cluster)
    yield world.central().start().api
    assert not world.close()
    world.remove()


def test_a_name_is_given_once(api, anna):
    assert_problem(api.post("/api/users", json={"name": "anna", "role": "viewer", "password": OTHER}), 409, "/name")


def test_the_last_admin_stays(api, central, anna, database):
    token_id = api.json("/api/tokens")["tokens"][0]["tokenId"]
    assert_problem(api.delete(f"/api/tokens/{token_id}"), 409)
    assert api.patch("/api/users/anna", json={"role": "admin"}).status_code == 200
    browser = api.log_in(name="anna", password=SECRET)
    assert browser.delete(f"/api/tokens/{token_id}").status_code == 204
    for body in ({"role": "editor"}, {"active": False}):
        assert_problem(browser.patch("/api/users/anna", json=body), 409)
    assert_problem(browser.delete("/api/users/anna"), 409)
    assert browser.get("/api/users").status_code == 200
    central.restart()  # an admin's account is credential enough to start with
    assert database.query("SELECT role, active FROM account") == [("admin", True)]


def test_two_admins_who_remove_each_other_leave_one(api, database):
    for name in ("one", "two"):
        assert api.post("/api/users", json={"name": name, "role": "admin", "password": SECRET}).status_code == 201
    database.execute("UPDATE token SET revoked_at = now()")
    browsers = [api.log_in(name=name, password=SECRET) for name in ("one", "two")]
    start = threading.Barrier(2)

    def remove(browser, name):
        start.wait()
        return browser.delete(f"/api/users/{name}").status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(remove, browsers, ("two", "one")))
    assert statuses.count(204) == 1, statuses
    assert len(database.query("SELECT FROM account WHERE role = 'admin' AND active")) == 1


def test_a_flood_of_logins_leaves_reading_quick_and_memory_bounded(api, central, anna, database):
    """Passwords are computed two at a time; whoever comes beside those is told to come again."""
    stop, statuses = threading.Event(), []

    def flood():
        while not stop.is_set():
            statuses.append(try_login(api, "wrong password", f"name{len(statuses)}").status_code)

    begin = time.monotonic()
    assert api.get("/api/jobs").status_code == 200
    calm = time.monotonic() - begin
    threads = [threading.Thread(target=flood) for _ in range(12)]
    for thread in threads:
        thread.start()
    database.execute("DELETE FROM login_attempt WHERE key LIKE 'address%'")
    times, peak, ends = [], 0, time.monotonic() + 120
    while len(times) < 100 or time.monotonic() < ends and (statuses.count(401) < 3 or 429 not in statuses):
        database.execute("DELETE FROM login_attempt WHERE key LIKE 'address%'")  # the brake would end the flood
        begin = time.monotonic()
        assert api.get("/api/jobs").status_code == 200
        times.append(time.monotonic() - begin)
        peak = max(peak, int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{central.pid}/status").read_text())[1]) // 1024)
    stop.set()
    for thread in threads:
        thread.join()
    assert statuses.count(401) >= 3 and 429 in statuses and set(statuses) <= {401, 429}, set(statuses)
    print(f"reads beside a flood of {len(statuses)} logins: median {sorted(times)[50] * 1000:.0f} ms, p99 {sorted(times)[98] * 1000:.0f} ms, "
          f"{calm * 1000:.0f} ms before it, {peak} MiB")
    assert sorted(times)[50] < 1.0 + 20 * calm and peak < 400


def test_init_makes_the_first_admin_with_a_password_of_its_own(world, database):
    central = world.central(database)
    path = world.folder / "password"
    done = central.run("init", "--admin", "root", "--password-file", str(path))
    assert done.returncode == 0, done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    password = path.read_text().strip()
    assert password not in done.stdout + done.stderr
    assert "nothing to do" in central.run("init", "--admin", "root", "--password-file", str(path)).stdout
    central.start(ready=False)
    api = Api(central.url)
    wait_until(lambda: api.get("/readyz").status_code == 200, 30, "central to be ready")
    assert api.log_in(name="root", password=password).json("/api/session")["role"] == "admin"


def test_init_takes_a_password_from_standard_input_and_refuses_a_bad_one(world, database):
    central = world.central(database)
    for text, words in (("short\n", "at least 10"), ("", "at least 10"), ("x" * 300 + "\n", "at most 256")):
        done = central.run("init", "--admin", "root", input=text)
        assert done.returncode == 1 and words in done.stderr, done.stderr
    assert central.run("init", "--admin", "a b", input=SECRET).returncode == 1
    assert central.run("init", "--admin", "root", input=SECRET + "\n").returncode == 0
    assert database.query("SELECT name, role FROM account") == [("root", "admin")]


def typed(command, *lines):
    """What a person at a terminal sees who types these lines, each when it is asked for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    seen, n = b"", 0
    try:
        while True:
            assert select.select([terminal], [], [], 60)[0], f"it waits, after {seen!r}"
            if not (chunk := os.read(terminal, 4096)):
                break
            seen += chunk
            while n < min(len(lines), seen.count(b": ")):
                os.write(terminal, lines[n].encode() + b"\n")
                n += 1
    except OSError:
        pass
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def test_init_asks_a_person_for_the_password_twice_and_does_not_show_it(world, database):
    command = [str(word) for word in (*world.central(database).program, "init", "--admin", "root")]
    status, seen = typed(command, SECRET, SECRET + "x")
    assert status == 1 and "not the same" in seen and SECRET not in seen
    status, seen = typed(command, SECRET, SECRET)
    assert status == 0 and seen.count(": ") == 2 and SECRET not in seen, seen
    assert database.query("SELECT name, role FROM account") == [("root", "admin")]


def test_changes_of_people_are_in_the_audit_and_passwords_nowhere(api, central, anna, database):
    browser = api.log_in(name="anna", password=SECRET)
    browser.post("/api/session/password", json={"old": SECRET, "new": OTHER})
    api.patch("/api/users/anna", json={"role": "viewer", "password": SECRET})
    link = browser.post("/api/session/links")
    api.delete("/api/users/anna")
    rows = database.query("SELECT actor, action, object, before, after FROM audit ORDER BY audit_id")
    assert [row[:3] for row in rows if row[2] == "anna"] == [
        ("admin", "user.create", "anna"), ("anna", "session.create", "anna"), ("anna", "user.password", "anna"),
        ("admin", "user.edit", "anna"), ("admin", "user.delete", "anna"),
    ]  # fmt: skip
    assert link.status_code == 401  # the edit of the password ended the session
    edit = next(row for row in rows if row[1] == "user.edit")
    assert '"editor"' in edit[3] and '"viewer"' in edit[4] and "********" in edit[4]
    everything = str(rows) + central.log()
    assert SECRET not in everything and OTHER not in everything


def test_without_a_database_nobody_logs_in_and_nothing_breaks(world):
    cluster = world.cluster().start()
    api = world.central(world.database(cluster)).start().api
    api.post("/api/users", json={"name": "anna", "role": "viewer", "password": SECRET})
    browser = api.log_in(name="anna", password=SECRET)
    cluster.stop()
    time.sleep(1.1)  # what is remembered of the credential has to go
    for reply in (try_login(api, SECRET), browser.get("/api/session"), api.get("/api/users")):
        assert_problem(reply, 503)
        assert reply.headers["Retry-After"]
    cluster.start()
    wait_until(lambda: browser.get("/api/session").status_code == 200, 20, "central to be back")
