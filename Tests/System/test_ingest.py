"""Reading of leak files that is killed in the middle of a file: what it records in the end is what an undisturbed one records."""

import re
import signal

from program import Client, Installation, Process, wait_for

PEOPLE = 60
DOMAINS = ["calm.example", "killed.example", "interrupted.example"]
# So many that a reading is caught in its middle on a busy machine, too.
LINES = 1_800_000
# A line about somebody of each company.
EVERY = 200


def test_a_reading_that_is_killed_or_interrupted_ends_as_an_undisturbed_one(sandbox, database):
    installation = Installation("ingest", sandbox.url, database_url=database.url)
    try:
        for domain in DOMAINS:
            installation.add_company(domain, PEOPLE)
        folder = installation.directory / "leaks"
        fill(folder)
        reading = Reading(installation, database, folder)
        calm, killed, interrupted = DOMAINS
        reading.run(calm)
        expected = reading.outcome(calm)
        assert len(expected["alerts"]) > PEOPLE
        assert expected["report"]["matches"] > LINES / EVERY
        assert expected["report"]["knownFiles"] == 1
        assert expected["report"]["machines"] == 1
        assert expected["report"]["skippedCount"] == 1

        for domain, end, times in [(killed, signal.SIGKILL, 2), (interrupted, signal.SIGINT, 1)]:
            for _ in range(times):
                reading.break_off(domain, end)
            reading.run(domain)
            assert reading.outcome(domain) == expected
        assert database.says("SELECT count(*) FROM ingest_files") == "0"
        assert database.says("SELECT count(*) FROM ingest_checkpoints") == "0"
    finally:
        installation.end()


def fill(folder):
    """A long list, a log that lies openly, a dump, one content twice, and a file that is damaged."""
    logs = folder / "b-logs" / "DE[0123456789ABCDEF]"
    logs.mkdir(parents=True)
    with (folder / "a-list.txt").open("w") as file:
        for line in range(LINES):
            file.write(f"stranger{line}@elsewhere.example:Made-up-{line}\n")
            if line % EVERY == 0:
                for domain in DOMAINS:
                    file.write(f"https://site{line % 7}.example.org/login:person{line // EVERY % PEOPLE}@{domain}:Invented-{line}\n")
    blocks = [
        f"URL: https://vpn.{domain}/\nUsername: person{number}@{domain}\nPassword: Invented-{number}\nApplication: Chrome\n===============\n"
        for domain in DOMAINS
        for number in range(3)
    ]
    (logs / "Passwords.txt").write_text("".join(blocks))
    rows = [f"{number},person{number}@{domain},Invented:{number}" for domain in DOMAINS for number in range(PEOPLE)]
    for name in ("c-shop.csv", "d-shop.csv"):
        (folder / name).write_text("id,email,password\n" + "\n".join(rows) + "\n")
    (folder / "e-damaged.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 500)


class Reading:
    """The command, run for one company after the other."""

    def __init__(self, installation, database, folder):
        self.installation, self.database, self.folder = installation, database, folder

    def arguments(self, domain):
        return ["ingest", str(self.folder), "--company", domain]

    def run(self, domain):
        self.installation.command(*self.arguments(domain))

    def offset(self):
        """How far the place is kept in the file that is being read."""
        return int(self.database.says("SELECT coalesce(max((checkpoint->'place'->'checkpoint'->>'offset')::int8), 0) FROM ingest_checkpoints"))

    def break_off(self, domain, end):
        """Ends the process in the middle of the list, when it has got further than before."""
        before = self.offset()
        process = Process(self.installation.directory, "ingest", self.arguments(domain), self.installation.environment)

        def has_moved():
            """Looks while the process stands still: on a busy machine it would be over before psql has answered."""
            assert process.is_running, "it was over before it was killed\n" + process.words()
            process.process.send_signal(signal.SIGSTOP)
            if self.offset() > before:
                return True
            process.process.send_signal(signal.SIGCONT)
            return False

        wait_for(has_moved, "a further place in the file", explain=process.words)
        process.process.send_signal(end)
        process.process.send_signal(signal.SIGCONT)
        assert process.process.wait(timeout=60) != 0
        process.output.close()
        runs = self.client(domain).all("/api/ingest")
        assert len(runs) == 1
        # In the middle: its counts are written about once a second, which may not have come round yet.
        assert runs[0]["status"] != "SUCCEEDED"

    def client(self, domain):
        return Client(self.installation.url, f"admin@{domain}")

    def outcome(self, domain):
        client = self.client(domain)
        runs = client.all("/api/ingest")
        assert [run["status"] for run in runs] == ["SUCCEEDED"]
        report = {name: value for name, value in runs[0]["report"].items() if name != "seconds"}
        # Whether a credential came in the same batch as its record or in a later one is a matter of time.
        del report["corroborated"]
        people = client.all("/api/employees")
        credentials = {}
        for person in people:
            found = client.call("GET", f"/api/employees/{person['id']}/credentials")["items"]
            credentials[name_of(person["email"])] = sorted(
                (breach_of(one), name_of(one["login"]), [site.replace(domain, "") for site in one["sites"]], one["secretKind"])
                + (one["sightings"], one["secretFiles"], one["secretSites"])
                for one in found
            )
        return {
            "alerts": sorted(
                (name_of(one["employeeEmail"]), breach_of(one), one["severity"], one["confidence"]) for one in client.all("/api/alerts")
            ),
            "people": sorted((name_of(person["email"]), person["riskScore"], person["recordCount"]) for person in people),
            "credentials": credentials,
            "machines": [(one["machineId"], one["people"], one["sites"], one["openAlerts"]) for one in client.all("/api/machines")],
            "report": report,
        }


def name_of(address):
    """Without the company's domain."""
    return address.split("@")[0]


def breach_of(one):
    """Without the digest that a machine's breach is called by, which is the company's alone."""
    return re.sub(r"^Stealer log [0-9a-f]{12}$", "Stealer log of a machine", one["breachName"])
