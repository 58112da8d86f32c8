"""PostgreSQL is stopped and started under a working server: requests fail as what they are, and all goes on by itself."""

import threading

from program import Client, Database, Installation, wait_for

PEOPLE = 300
# As an administrator restarts it, and as it ends when it crashes.
STOPS = ["fast", "immediate", "fast"]


class Load:
    """Somebody who asks one thing after the other, and keeps how each was answered."""

    def __init__(self, client, number, requests):
        self.answers, self.failure, self.ends = [], None, False
        self.client, self.number, self.requests = client, number, requests
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        count = 0
        try:
            while not self.ends:
                method, path, body = self.requests[count % len(self.requests)]
                if body is not None:
                    body = body(f"load{self.number}-{count}")
                answer = self.client.ask(method, path, body)
                self.answers.append((method, path, body, answer))
                count += 1
        except Exception as failure:
            self.failure = failure

    def has_seen(self, status, since):
        assert self.failure is None, repr(self.failure)
        return any(answer.status == status for *_, answer in self.answers[since:])

    def end(self):
        self.ends = True
        self.thread.join()


def test_a_restart_under_load_fails_requests_with_503_and_nothing_else(sandbox):
    database = Database("restart")
    try:
        calm = Installation("restart", sandbox.url, PEOPLE, database.url)
        try:
            under_load(calm, database, sandbox)
        finally:
            calm.end()
    finally:
        database.end()


def under_load(installation, database, sandbox):
    process = installation.server.process.pid
    email = f"admin@{installation.domain}"
    reads = [("GET", "/api/company", None), ("GET", "/api/alerts?limit=50", None), ("GET", "/api/scans", None)]
    writes = [("POST", "/api/employees", lambda name: {"email": f"{name}@elsewhere.example", "firstName": "Lo", "lastName": "Ad"})]
    sandbox.slow_down(200)
    run = installation.call("POST", "/api/employees/scan")["id"]
    loads = [Load(Client(installation.url, email), number, reads if number % 2 else writes) for number in range(6)]
    try:
        for mode in STOPS:
            since = [len(load.answers) for load in loads]
            wait_for(lambda: all(load.has_seen(201 - load.number % 2, at) for load, at in zip(loads, since)), "requests that work")
            database.stop(mode)
            since = [len(load.answers) for load in loads]
            wait_for(lambda: all(load.has_seen(503, at) for load, at in zip(loads, since)), "requests that fail")
            assert Client(installation.url).ask("GET", "/api/health").status == 503
            assert installation.server.is_running
            database.start()
            since = [len(load.answers) for load in loads]
            wait_for(lambda: all(load.has_seen(201 - load.number % 2, at) for load, at in zip(loads, since)), "requests that work again")
            assert Client(installation.url).ask("GET", "/api/health").status == 200
    finally:
        for load in loads:
            load.end()
    assert all(load.failure is None for load in loads)
    assert installation.server.is_running and installation.server.process.pid == process

    everything = [answer for load in loads for answer in load.answers]
    assert {answer.status for *_, answer in everything} == {200, 201, 503}
    for *_, answer in everything:
        if answer.status == 503:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
            assert b"postgres" not in answer.body.lower()

    # Whoever was told that it was done finds it done. Of the others nobody knows, and nobody is there twice.
    there = [person["email"] for person in installation.all("/api/employees")]
    done = {body["email"] for method, _, body, answer in everything if answer.status == 201}
    tried = {body["email"] for method, _, body, _ in everything if method == "POST"}
    assert len(there) == len(set(there))
    assert done <= set(there)
    assert {email for email in there if email.endswith("@elsewhere.example")} <= tried

    # The scan was under way all the time, and goes on to its end.
    sandbox.misbehave()
    wait_for(lambda: installation.run_is(run, "SUCCEEDED"), "the end of the scan")
    state = installation.call("GET", f"/api/scans/{run}")
    assert state["errors"] == 0
    assert state["newAlerts"] == len(installation.findings()) > 0
    assert installation.server.stop()[0] == 0
