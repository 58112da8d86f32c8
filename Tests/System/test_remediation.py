"""Remediation by the command, and a program that is killed while the directory is being asked: nothing is asked twice."""

import json
import re
import threading
import urllib.error
import urllib.request

import pytest

from program import Database, Installation, wait_for

RESET = "okta/api/v1/users/{id}/lifecycle/reset_password"
DOMAIN = "reset.example"


@pytest.fixture
def own_database():
    """A PostgreSQL server that the test stops."""
    database = Database("reset")
    yield database
    database.end()


@pytest.fixture
def place(sandbox, database):
    yield from place_on(database, sandbox)


@pytest.fixture
def place_of_its_own(sandbox, own_database):
    yield from place_on(own_database, sandbox)


def place_on(database, sandbox):
    """A company whose people come from the stand-in of Okta, with an alert for each of three."""
    installation = Installation("reset", sandbox.url, database_url=database.url, settings={"DATASHIELD_DIRECTORY_URL_OKTA": sandbox.url})
    try:
        yield Place(installation, database, sandbox)
    finally:
        installation.end()


class Place:
    def __init__(self, installation, database, sandbox):
        self.installation, self.database, self.sandbox = installation, database, sandbox
        sample = sandbox.process.line(r"DATASHIELD_DIRECTORY_URL_OKTA=\S+  (.+)").group(1)
        installation.command("directory", "add", "--company", DOMAIN, "OKTA", text=sample.replace(" ", "\n") + "\n")
        installation.command("sync", "--company", DOMAIN)
        people = [person for person in installation.all("/api/employees") if person["deactivatedAt"] is None][:3]
        leak = installation.directory / "list.txt"
        leak.write_text("".join(f"{person['email']}:Made-up-{number}\n" for number, person in enumerate(people)))
        installation.command("ingest", str(leak), "--company", DOMAIN)
        installation.call("PATCH", "/api/remediation/settings", {"enabled": True, "capPercent": 100})
        self.alerts = {alert["employeeId"]: alert["id"] for alert in installation.all("/api/alerts")}
        self.people = [person for person in people if person["id"] in self.alerts]
        assert len(self.people) == 3

    def resets(self):
        with urllib.request.urlopen(self.sandbox.url + "/_sandbox/requests", timeout=30) as answer:
            return json.load(answer)["byEndpoint"].get(RESET, 0)

    def command(self, person, *arguments):
        alert = self.alerts[person["id"]]
        return self.installation.command(
            "remediate", "--company", DOMAIN, "--alert", alert, "--action", "FORCE_PASSWORD_RESET", *arguments
        )

    def liveness(self, person):
        return self.installation.call("GET", f"/api/alerts/{self.alerts[person['id']]}")["liveness"]["state"]

    def requests(self):
        return self.installation.all("/api/remediation/requests")


def test_the_command_tells_what_it_would_do_and_then_does_it(place):
    person = place.people[0]
    told = place.command(person, "--dry-run")
    assert person["email"] in told and "Reset the password" in told and "people are left of the cap" in told
    assert place.resets() == 0 and place.requests() == []
    assert place.liveness(person) != "NEUTRALISED"
    done = place.command(person)
    assert "SUCCESS FORCE_PASSWORD_RESET" in done and "SUCCESS REVOKE_SESSIONS" in done and done.rstrip().endswith("Done.")
    assert place.resets() == 1
    assert place.liveness(person) == "NEUTRALISED"
    log = place.installation.all("/api/remediation")
    assert {(entry["action"], entry["status"], entry["performedBy"]) for entry in log} == {
        ("FORCE_PASSWORD_RESET", "SUCCESS", "command"),
        ("REVOKE_SESSIONS", "SUCCESS", "command"),
    }


@pytest.mark.parametrize("way", ["by hand", "by a worker"])
def test_a_program_that_is_killed_while_the_directory_is_asked_does_not_ask_again(place, way):
    installation = place.installation
    person = place.people[0]
    slow = {"kind": "slow", "service": "okta", "pathPrefix": f"api/v1/users/{person['externalId']}/lifecycle", "delayMilliseconds": 600_000}
    place.sandbox.misbehave(slow)
    alert = place.alerts[person["id"]]
    asking = None
    if way == "by hand":
        asking = threading.Thread(target=ask_for_nothing, args=(installation, alert))
        asking.start()
    else:
        installation.call("POST", "/api/remediation/bulk", {"ids": [alert], "action": "FORCE_PASSWORD_RESET"})
    # The directory has done it, and its answer is on its way.
    wait_for(lambda: place.resets() == 1, "the call", explain=installation.server.words)
    installation.server.kill()
    if asking:
        asking.join()
    place.sandbox.misbehave()
    installation.restart()
    assert [request["status"] for request in place.requests()] == ["STARTED"]
    # In place of five minutes.
    place.database.says("UPDATE remediation_requests SET lease_until = clock_timestamp() - interval '1 second'")
    wait_for(lambda: place.requests()[0]["status"] == "FAILED", "the end of the request", explain=installation.server.words)
    log = installation.all("/api/remediation")
    assert [(entry["action"], entry["status"]) for entry in log] == [("FORCE_PASSWORD_RESET", "FAILED")]
    assert "not repeated" in log[0]["detail"]
    # It may have been done, as it was here: that is said, and what comes after it is offered.
    assert log[0]["outcomeKnown"] is False
    request = place.requests()[0]
    assert (request["failure"], request["nextAction"]) == ("UNKNOWN", "REVOKE_SESSIONS")
    assert "it is not known whether it was done" in request["reason"]
    # What comes after it is done, and it is not done again.
    other = place.people[1]
    installation.call("POST", "/api/remediation/bulk", {"ids": [place.alerts[other["id"]]], "action": "FORCE_PASSWORD_RESET"})
    wait_for(lambda: place.resets() == 2, "the next person's reset", explain=installation.server.words)
    wait_for(lambda: all(request["status"] in ("DONE", "FAILED") for request in place.requests()), "the end")
    assert sorted(request["status"] for request in place.requests()) == ["DONE", "FAILED"]
    assert place.resets() == 2
    assert place.liveness(person) != "NEUTRALISED"
    assert re.search("was lost with its program", installation.server.words())


def test_what_a_directory_answers_while_the_database_is_restarted_is_written_down_afterwards(place_of_its_own):
    place = place_of_its_own
    installation = place.installation
    by_hand, by_worker = place.people[:2]
    slow = [
        {"kind": "slow", "service": "okta", "pathPrefix": f"api/v1/users/{person['externalId']}/lifecycle", "delayMilliseconds": 10_000}
        for person in (by_hand, by_worker)
    ]
    place.sandbox.misbehave(*slow)
    asking = threading.Thread(target=ask_for_nothing, args=(installation, place.alerts[by_hand["id"]]))
    asking.start()
    installation.call("POST", "/api/remediation/bulk", {"ids": [place.alerts[by_worker["id"]]], "action": "FORCE_PASSWORD_RESET"})
    # The directory has done both, and its answers are on their way: long enough for the database to be gone before them.
    wait_for(lambda: place.resets() == 2, "the calls", explain=installation.server.words)
    place.database.stop("fast")
    kept = "What a directory answered cannot be written down"
    wait_for(lambda: installation.server.words().count(kept) == 2, "both answers", explain=installation.server.words)
    place.database.start()
    wait_for(lambda: ended(place), "the end of the requests", explain=installation.server.words)
    asking.join()
    assert [(request["status"], request["failure"]) for request in place.requests()] == [("DONE", None)] * 2
    log = installation.all("/api/remediation")
    assert sorted((entry["action"], entry["status"], entry["outcomeKnown"]) for entry in log) == [
        ("FORCE_PASSWORD_RESET", "SUCCESS", True),
        ("FORCE_PASSWORD_RESET", "SUCCESS", True),
        ("REVOKE_SESSIONS", "SUCCESS", True),
        ("REVOKE_SESSIONS", "SUCCESS", True),
    ]
    assert place.resets() == 2
    assert {place.liveness(person) for person in (by_hand, by_worker)} == {"NEUTRALISED"}
    # No address of anybody in the log.
    assert "@" not in "".join(line for line in installation.server.words().splitlines() if "directory answered" in line)


def ended(place):
    """Whether all requests have; false while the database is starting."""
    try:
        return all(request["status"] in ("DONE", "FAILED") for request in place.requests())
    except AssertionError:
        return False


def ask_for_nothing(installation, alert):
    """Asks, and gets no answer, since the server is killed."""
    try:
        installation.ask("POST", f"/api/alerts/{alert}/remediate", {"action": "FORCE_PASSWORD_RESET"})
    except (urllib.error.URLError, OSError):
        pass
