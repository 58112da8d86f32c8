"""A server that is killed in the middle of a scan: what it recorded in the end is what an undisturbed one records."""

import http.cookiejar
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

PROGRAM = os.environ["DATASHIELD_PROGRAM"]
PEOPLE = 900
KILLS = 10
PASSWORD = "correct-horse-battery"
# A debug build on a busy machine; a lost lease alone takes fifteen seconds.
PATIENCE = 120


def wait_for(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while True:
        result = condition()
        if result is not None and result is not False:
            return result
        assert time.monotonic() < deadline, f"{what} did not happen within {patience} s"
        # Between two looks: nothing ends this pause early, and nothing depends on its length.
        select.select([], [], [], 0.02)


class Process:
    """The program, with its output in a file in which one can wait for a line."""

    def __init__(self, directory, name, arguments, environment):
        self.log = directory / f"{name}.log"
        self.output = self.log.open("ab")
        self.seen = self.log.stat().st_size
        self.process = subprocess.Popen(
            [PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, env=environment
        )

    def line(self, pattern):
        def look():
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-4000:]
            return re.search(pattern, self.log.read_bytes()[self.seen :].decode(errors="replace"))

        return wait_for(look, pattern)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.output.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code = self.process.wait(timeout=20)
        self.output.close()
        return code, time.monotonic() - began


class Installation:
    """A data directory with a company of its own."""

    def __init__(self, sandbox_url):
        self.directory = Path(tempfile.mkdtemp(prefix="ds-kill-"))
        # As root the private cluster runs as another user, who has to be able to come in.
        self.directory.chmod(0o755)
        self.environment = {
            name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith("DATASHIELD_")
        } | {
            "DATASHIELD_DATA_DIR": str(self.directory / "data"),
            "DATASHIELD_PORT": "0",
            "DATASHIELD_PROVIDER_URL_HIBP": sandbox_url,
        }
        staff = self.directory / "staff.csv"
        rows = (f"person{number}@kill.example,Person,Number{number}" for number in range(PEOPLE))
        staff.write_text("email,first name,last name\n" + "\n".join(rows) + "\n")
        # One server for all commands: each alone would start and stop the database.
        self.start()
        self.command("company", "create", "--name", "Kill", "--domain", "kill.example")
        self.command(
            "user", "create", "--company", "kill.example", "--email", "admin@kill.example", "--role", "ADMIN", "--password-stdin",
            text=PASSWORD + "\n",
        )
        self.command("employees", "import", str(staff), "--company", "kill.example")
        self.command("credential", "set", "HIBP", "--company", "kill.example", text="5a" * 16 + "\n")
        self.sign_in()

    def command(self, *arguments, text=""):
        done = subprocess.run(
            [PROGRAM, *arguments], input=text, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        self.server = Process(self.directory, "serve", ["serve"], self.environment)
        self.url = self.server.line(r"listens on (http://\S+)").group(1)

    def sign_in(self):
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.call("POST", "/api/auth/login", {"email": "admin@kill.example", "password": PASSWORD})

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"},
        )
        with self.opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def restart(self):
        self.start()
        self.sign_in()

    def findings(self):
        """Every alert as person, breach and severity; a list, so that one too many shows."""
        found, cursor = [], ""
        while True:
            page = self.call("GET", f"/api/alerts?limit=200{cursor}")
            found += [(alert["employeeEmail"], alert["breachName"], alert["severity"], alert["confidence"]) for alert in page["items"]]
            if page.get("nextCursor") is None:
                return sorted(found)
            cursor = f"&cursor={page['nextCursor']}"

    def people(self):
        """Every person's score and number of records."""
        found, cursor = [], ""
        while True:
            page = self.call("GET", f"/api/employees?limit=200{cursor}")
            found += [(person["email"], person["riskScore"], person["recordCount"]) for person in page["items"]]
            if page.get("nextCursor") is None:
                return sorted(found)
            cursor = f"&cursor={page['nextCursor']}"

    def end(self):
        if self.server.process.poll() is None:
            self.server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def sandbox():
    directory = Path(tempfile.mkdtemp(prefix="ds-sandbox-"))
    # No verified domain, so that people are asked about one by one.
    process = Process(directory, "sandbox", ["sandbox", "--port", "0"], dict(os.environ))
    url = process.line(r"listens on (http://\S+)").group(1)
    yield url
    process.stop()
    shutil.rmtree(directory, ignore_errors=True)


def misbehave(url, faults):
    request = urllib.request.Request(
        url + "/_sandbox/misbehaviour", method="PUT", data=json.dumps(faults).encode(), headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=30).close()


def questions(url):
    with urllib.request.urlopen(url + "/_sandbox/requests", timeout=30) as answer:
        return json.load(answer)["total"]


def test_a_scan_that_is_killed_ten_times_ends_as_an_undisturbed_one(sandbox):
    undisturbed = Installation(sandbox)
    try:
        run = undisturbed.call("POST", "/api/employees/scan")["id"]
        wait_for(lambda: undisturbed.call("GET", f"/api/scans/{run}")["status"] == "SUCCEEDED", "the undisturbed scan")
        expected = undisturbed.findings(), undisturbed.people()
        code, seconds = undisturbed.server.stop()
        assert code == 0
        assert seconds < 10
    finally:
        undisturbed.end()
    assert len(expected[0]) > PEOPLE / 10

    # Slow enough that ten kills fall into one scan.
    misbehave(sandbox, [{"kind": "slow", "pathPrefix": "breachedaccount/", "delayMilliseconds": 400}])
    killed = Installation(sandbox)
    try:
        run = killed.call("POST", "/api/employees/scan")["id"]
        for number in range(KILLS):
            before = killed.call("GET", f"/api/scans/{run}")["scanned"]

            def has_moved():
                now = killed.call("GET", f"/api/scans/{run}")
                return now["scanned"] > before or now["status"] == "SUCCEEDED"

            wait_for(has_moved, f"progress after kill {number}")
            assert killed.call("GET", f"/api/scans/{run}")["status"] == "RUNNING", f"the scan was over before kill {number + 1}"
            # At another moment of a batch each time: after so many more questions.
            asked = questions(sandbox)
            wait_for(lambda: questions(sandbox) >= asked + 3 * number, "more questions")
            killed.server.kill()
            killed.restart()
        misbehave(sandbox, [])
        wait_for(lambda: killed.call("GET", f"/api/scans/{run}")["status"] == "SUCCEEDED", "the end of the scan")
        assert (killed.findings(), killed.people()) == expected
    finally:
        killed.end()
