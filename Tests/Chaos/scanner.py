"""Scans, and a catalogue that grows between them."""

import json
import urllib.error
import urllib.request

from load import Actor, tell
from world import pause


class Scanner(Actor):
    """Has everybody looked up again and again: each time the catalogue has a new breach."""

    REST = 4.0
    GHOSTS = 2

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.runs = []

    def act(self):
        self.renew()
        self.scan()

    def renew(self):
        """The catalogue has one breach more, so that everybody is to be looked up anew."""
        number = self.next()
        people = [f"person{self.numbers.randrange(60)}@{self.domain}" for _ in range(6)]
        breach = {
            "Name": f"Chaos{number}", "Title": f"Chaos {number}", "Domain": "", "BreachDate": "2026-01-01",
            "AddedDate": f"2026-02-01T00:{number // 60:02}:{number % 60:02}Z", "ModifiedDate": f"2026-02-01T00:{number // 60:02}:{number % 60:02}Z",
            "PwnCount": 10, "Description": "Made up.", "LogoPath": "", "DataClasses": ["Email addresses", "Passwords"], "IsVerified": True,
            "IsFabricated": False, "IsSensitive": False, "IsRetired": False, "IsSpamList": False, "IsMalware": False, "IsSubscriptionFree": False,
            "IsStealerLog": False,
        }
        tell(self.world.sandbox, "PUT", "breaches", {"breach": breach, "addresses": people})

    def scan(self):
        answer = self.ask("POST", "/api/employees/scan")
        # Under way already, or begun too often within a minute.
        if answer is None or answer.status in (409, 429):
            return None
        if answer.status != 202:
            return self.unexpected("a scan", answer)
        self.runs.append(answer.json["id"])
        return answer.json["id"]

    def last_scan(self):
        """One more scan, when there may be one: the load may have begun as many as a minute has."""
        for _ in range(30):
            run = self.scan()
            if run:
                return run
            pause(3)
        return None

    def check(self):
        # One that had nobody to ask about but the ghosts, and heard nothing of them, has failed: that is so without kills, too.
        rows = self.world.ask(
            f"""SELECT id, CASE WHEN status = 'FAILED' AND error_count = {self.GHOSTS} AND error_message NOT LIKE '%worker%' THEN 'SUCCEEDED'
                ELSE status::text END, coalesce(error_message, '') FROM scan_runs"""
        )
        runs = {row[0]: row[1:] for row in rows}
        wrong = {run: runs.get(run, "lost") for run in self.runs if runs.get(run, [""])[0] != "SUCCEEDED"}
        self.ledger.hold("every scan that was begun succeeds", wrong)
        self.check_coverage()

    def check_coverage(self):
        """Holds what is said of each person against what the service says."""
        rows = self.world.ask(
            f"""SELECT e.email, v.outcome, coalesce((SELECT string_agg(b.name, ',' ORDER BY b.name) FROM breach_records r
                JOIN breaches b ON b.id = r.breach_id WHERE r.company_id = e.company_id AND r.employee_id = e.id AND 'HIBP' = ANY (r.sources)), '')
            FROM employees e JOIN companies c ON c.id = e.company_id
            LEFT JOIN provider_coverage v ON v.company_id = e.company_id AND v.employee_id = e.id AND v.provider = 'HIBP'
            WHERE c.domain = '{self.domain}' AND e.deactivated_at IS NULL"""
        )
        hold = self.ledger.hold
        hold("the last scan asked about everybody", [email for email, outcome, _ in rows if not outcome])
        ghosts = [(email, outcome) for email, outcome, _ in rows if email.startswith("ghost")]
        hold("nobody is clean who was not answered for", [ghost for ghost in ghosts if ghost[1] != "UNKNOWN"] or len(ghosts) != self.GHOSTS)
        wrong = []
        for email, outcome, names in rows:
            if not email.startswith("ghost"):
                exposed = breaches(self.world.sandbox, email)
                if (outcome == "EXPOSED") != bool(exposed) or set(filter(None, names.split(","))) != exposed:
                    wrong.append(f"{email}: {outcome} {names} in place of {sorted(exposed)}")
        hold("what is recorded of each person is what the service says", wrong[:5])


def breaches(sandbox, email):
    """What Have I Been Pwned's stand-in says of an address."""
    request = urllib.request.Request(
        f"{sandbox.url}/api/v3/breachedaccount/{email}?truncateResponse=true&IncludeUnverified=true",
        headers={"hibp-api-key": "5a" * 16, "User-Agent": "chaos"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return {breach["Name"] for breach in json.load(answer)}
    except urllib.error.HTTPError as refusal:
        with refusal:
            assert refusal.code == 404, refusal.code
        return set()
