"""The REST API as a client with a bearer token sees it."""
import requests


class Api:
    def __init__(self, base, token=None, ca=None):
        self.base = base
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False
        self.ca = self.session.verify = str(ca) if ca else True

    def with_token(self, token):
        return Api(self.base, token, None if self.ca is True else self.ca)

    def with_session(self, cookie, origin=True):
        """As a browser that is logged in sends it; origin=False leaves the Origin out."""
        client = self.with_token(None)
        client.session.headers["Cookie"] = f"belfry_session={cookie}"
        if origin:
            client.session.headers["Origin"] = self.base
        return client

    def log_in(self, **credential):
        """name= and password=, or link=: a client with the session."""
        reply = self.with_token(None).post("/api/session", json=credential)
        assert reply.status_code == 200, f"logging in: {reply.status_code} {reply.text}"
        return self.with_session(reply.cookies["belfry_session"])

    def session_link(self):
        reply = self.post("/api/session/links")
        assert reply.status_code == 201, f"making a link: {reply.status_code} {reply.text}"
        return reply.json()["link"]

    def request(self, method, path, headers=None, timeout=60, **kwargs):
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.session.request(method, self.base + path, headers=headers, timeout=timeout, **kwargs)

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, **kwargs):
        return self.request("POST", path, **kwargs)

    def put(self, path, **kwargs):
        return self.request("PUT", path, **kwargs)

    def patch(self, path, **kwargs):
        kwargs.setdefault("headers", {"Content-Type": "application/merge-patch+json"})
        return self.request("PATCH", path, **kwargs)

    def delete(self, path, **kwargs):
        return self.request("DELETE", path, **kwargs)

    def json(self, path, **params):
        """GET that must answer 200: the document."""
        reply = self.get(path, params=params)
        assert reply.status_code == 200, f"GET {path}: {reply.status_code} {reply.text}"
        return reply.json()

    def create_job(self, schedule, api, **more):
        """The job as central answers it."""
        reply = self.post("/api/jobs", json={"schedule": schedule, "api": api, **more})
        assert reply.status_code == 201, f"creating a job: {reply.status_code} {reply.text}"
        return reply.json()

    def edit_job(self, job_id, **changes):
        reply = self.patch(f"/api/jobs/{job_id}", json=changes)
        assert reply.status_code == 200, f"editing {job_id}: {reply.status_code} {reply.text}"
        return reply.json()

    def delete_job(self, job_id):
        reply = self.delete(f"/api/jobs/{job_id}")
        assert reply.status_code in (200, 204), f"deleting {job_id}: {reply.status_code} {reply.text}"

    def pages(self, path, member, **params):
        """Every item of a list, page by page."""
        cursor = None
        while True:
            document = self.json(path, **params, **({"cursor": cursor} if cursor else {}))
            yield from document[member]
            cursor = document.get("nextCursor")
            if not cursor:
                return

    def executions(self, **params):
        """All executions, newest first; jobId= and others filter."""
        return list(self.pages("/api/executions", "executions", **{"limit": 500, **params}))

    def jobs(self, **params):
        return list(self.pages("/api/jobs", "jobs", **params))

    def rebalance(self, **options):
        """Until central has looked at every job: how many assignments changed."""
        changes, cursor = 0, None
        while True:
            reply = self.post("/api/agents/actions/rebalance", params={"cursor": cursor} if cursor else None, **options)
            assert reply.status_code == 200, f"rebalance: {reply.status_code} {reply.text}"
            changes, cursor = changes + reply.json()["changes"], reply.json()["nextCursor"]
            if cursor is None:
                return changes

    def enrol_token(self, ttl_ms=600000):
        reply = self.post("/api/agents/tokens", json={"ttlMs": ttl_ms})
        assert reply.status_code == 201, f"making an enrolment token: {reply.status_code} {reply.text}"
        return reply.json()["token"]


def assert_problem(reply, status, pointer=None):
    """An RFC 9457 document with a sentence; with pointer, the JSON pointer of the member it is about."""
    assert reply.status_code == status, f"expected {status}, got {reply.status_code}: {reply.text}"
    assert reply.headers["Content-Type"].startswith("application/problem+json"), reply.headers["Content-Type"]
    problem = reply.json()
    assert problem["status"] == status, problem
    assert problem.get("title") and problem.get("detail"), f"a problem without words: {problem}"
    if pointer is not None:
        assert problem.get("pointer") == pointer, f"the problem points to {problem.get('pointer')!r}, not {pointer!r}: {problem}"
    return problem
