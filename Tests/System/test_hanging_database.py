"""PostgreSQL takes connections and answers nothing: requests end all the same, and so does the program when it is told to."""

import http.client
import os
import signal
import threading
from pathlib import Path

import pytest

from program import Client, Database, Installation, wait_for

PEOPLE = 100


class Server:
    """The processes of a PostgreSQL server, which are stopped in the middle of whatever they do."""

    def __init__(self, data):
        self.first = int((data / "postmaster.pid").read_text().split()[0])
        self.stopped = []

    def processes(self):
        found = [self.first]
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[1]) == self.first:
                found.append(int(status.parent.name))
        return found

    def hang(self):
        # The first one first, so that no other is made meanwhile.
        os.kill(self.first, signal.SIGSTOP)
        self.stopped = self.processes()
        for process in self.stopped:
            os.kill(process, signal.SIGSTOP)

    def go_on(self):
        for process in self.stopped:
            try:
                os.kill(process, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.stopped = []


@pytest.fixture(params=["a server of yours", "a private cluster"])
def place(request, sandbox):
    database = Database("hanging") if request.param == "a server of yours" else None
    try:
        installation = Installation("hanging", sandbox.url, PEOPLE, database_url=database.url if database else None)
        server = None
        try:
            server = Server(database.data if database else installation.directory / "data" / "postgres" / "data")
            yield installation, server
        finally:
            if server:
                server.go_on()
            installation.end()
    finally:
        if database:
            database.end()


def aside(function):
    """Does something in a thread of its own, which may end in any way."""

    def run():
        try:
            function()
        except (OSError, http.client.HTTPException):
            pass

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_database_that_hangs_holds_no_request_and_not_the_end_of_the_program(place, sandbox):
    installation, server = place
    sandbox.slow_down(300)
    run = installation.call("POST", "/api/employees/scan")["id"]
    wait_for(lambda: installation.call("GET", f"/api/scans/{run}")["scanned"] > 0, "the scan", explain=installation.server.words)

    server.hang()
    assert Client(installation.url).ask("GET", "/api/health").status == 503
    refused = installation.ask("GET", "/api/company")
    assert refused.status == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    server.go_on()
    wait_for(lambda: Client(installation.url).ask("GET", "/api/health").status == 200, "the database's return")
    wait_for(lambda: installation.ask("GET", "/api/company").status == 200, "requests that work again")

    # Told to stop while it hangs, with somebody who follows the scan and somebody who waits for an answer.
    follower = aside(lambda: installation.client.opener.open(installation.url + f"/api/scans/{run}/events", timeout=60).read())
    wait_for(lambda: installation.server.is_running, "the follower")
    server.hang()
    waiting = aside(lambda: installation.ask("GET", "/api/company"))
    code, seconds = installation.server.stop()
    assert code == 0, installation.server.words()[-4000:]
    assert seconds < 10
    assert "Fatal error" not in installation.server.words()
    server.go_on()
    follower.join()
    waiting.join()

    # What was in hand goes on.
    sandbox.misbehave()
    installation.restart()
    wait_for(lambda: installation.run_is(run, "SUCCEEDED"), "the end of the scan", explain=installation.server.words)
    assert installation.server.stop()[0] == 0
