"""Who works while programs are killed, and what each of them may rely on afterwards."""

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request

from ledger import Value
from program import PASSWORD, Client
from world import pause

# Of one actor in a sweep: a bound, whatever the time.
MOST_REQUESTS = 4000
PUSHED = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCHED = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Actor(threading.Thread):
    """Does one thing after the other until it is told to end. What it is told of is a fact; what it is not told of may be so or not."""

    # Between two things.
    REST = 0.1

    def __init__(self, world, seed, domain, email=None):
        super().__init__(name=f"{type(self).__name__} of {domain}", daemon=True)
        self.world, self.ledger, self.domain = world, world.ledger, domain
        self.email = email or f"admin@{domain}"
        self.numbers = random.Random(f"{seed}/{world.name}/{self.name}")
        self.client = Client(world.url, self.email)
        self.count = self.requests = 0
        self.failure = None
        self.is_over = False

    def run(self):
        try:
            while not self.is_over and self.requests < MOST_REQUESTS:
                self.act()
                pause(self.REST * (0.5 + self.numbers.random()))
        except Exception as failure:  # Said at the end: a fault of the sweep itself is one, too.
            self.failure = failure
            self.ledger.broken("the sweep itself works", f"{self.name}: {failure!r}")

    def next(self):
        self.count += 1
        return self.count

    def ask(self, method, path, body=None, content_type="application/json", key=None, kind=None, headers=None):
        """The answer; None when nobody knows what became of the request."""
        self.requests += 1
        # The next program may be another one.
        self.client.url = self.world.someone(self.numbers)
        if kind:
            self.ledger.under_way[kind] += 1
        try:
            answer = self.send(method, path, body, content_type, key, headers or {})
        except (OSError, http.client.HTTPException) as error:
            self.ledger.note(f"{self.name}: {method} {path} was cut off: {type(error).__name__}")
            answer = None
        finally:
            if kind:
                self.ledger.under_way[kind] -= 1
        with self.ledger.lock:
            self.ledger.asked += 1
            if answer is None or answer.status >= 500:
                self.ledger.unknown += 1
            elif answer.status < 300 and method != "GET":
                self.ledger.acknowledged += 1
        if answer is None:
            return None
        if answer.status == 401:
            self.ledger.broken("whoever is signed in stays signed in", f"{self.name}: {method} {path}: {answer.body[:300]}")
        if answer.status >= 500:
            self.ledger.note(f"{self.name}: {method} {path}: {answer.status} {answer.body[:160]}")
            if answer.status != 503:
                self.ledger.broken("what fails is answered with 503", f"{method} {path}: {answer.status} {answer.body[:400]}")
            # Its transaction may have been committed all the same.
            return None
        return answer

    def send(self, method, path, body, content_type, key, headers):
        if key is None and not headers:
            return self.client.ask(method, path, body, content_type)
        opener = self.client.opener.addheaders
        self.client.opener.addheaders = [*opener, *headers.items(), *([("Idempotency-Key", key)] if key else [])]
        try:
            return self.client.ask(method, path, body, content_type)
        finally:
            self.client.opener.addheaders = opener

    def unexpected(self, what, answer):
        self.ledger.broken("requests are answered as expected", f"{self.name}: {what}: {answer.status} {answer.body[:400]}")

    def end(self):
        self.is_over = True

    def check(self):
        """Holds what it knows against the database, when nothing is under way any more."""


class Person:
    def __init__(self, title, state):
        self.id, self.title, self.state = None, Value(title), state


class Staff(Actor):
    """Puts people on the list, changes them, takes them off, and imports files of them."""

    REST = 0.2

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.people = {}
        self.files = []

    def act(self):
        self.numbers.choices([self.create, self.change, self.take_off, self.read], [8, 10, 2, 1])[0]()

    def create(self):
        kind = self.numbers.choice(["new", "new", "leaver"])
        email = f"{kind}{self.next()}@{self.domain}"
        person = self.people[email] = Person("none", "unknown")
        answer = self.ask("POST", "/api/employees", {"email": email, "firstName": "New", "lastName": f"Number{self.count}", "title": "none"})
        if answer and answer.status == 201:
            person.state, person.id = "there", answer.json["id"]
        elif answer:
            self.unexpected("a new person", answer)

    def pick(self, prefix):
        known = [email for email, person in self.people.items() if person.state == "there" and email.startswith(prefix)]
        return self.people[self.numbers.choice(known)] if known else None

    def change(self):
        person = self.pick("new")
        if not person:
            return
        title = f"Title {self.next()}"
        answer = self.ask("PATCH", f"/api/employees/{person.id}", {"title": title})
        if answer is None:
            person.title.unknown(title)
        elif answer.status == 200:
            person.title.acknowledged(title)
        else:
            self.unexpected("a change of a person", answer)

    def take_off(self):
        person = self.pick("leaver")
        if not person:
            return
        answer = self.ask("DELETE", f"/api/employees/{person.id}")
        person.state = "gone" if answer and answer.status < 300 else "may be gone"

    def read(self):
        number = self.next()
        emails = [f"file{number}-{row}@{self.domain}" for row in range(self.numbers.randint(5, 60))]
        text = "email,first name,last name,title\n" + "".join(f"{email},From,File,imported\n" for email in emails)
        answer = self.ask("POST", "/api/employees/import", text.encode(), "text/csv", kind="import")
        if answer and answer.status == 200 and answer.json["added"] != len(emails):
            self.unexpected("an import", answer)
        self.files.append((emails, bool(answer) and answer.status == 200))

    def check(self):
        rows = self.world.ask(
            f"SELECT e.email, coalesce(e.title, '') FROM employees e JOIN companies c ON c.id = e.company_id WHERE c.domain = '{self.domain}'"
        )
        there = {email: title for email, title in rows}
        hold = self.ledger.hold
        hold("nobody is on a list twice", len(rows) - len(there))
        lost = [email for email, person in self.people.items() if person.state == "there" and email not in there]
        hold("no acknowledged person is lost", lost)
        hold("nobody who was taken off is back", [email for email, person in self.people.items() if person.state == "gone" and email in there])
        wrong = [
            f"{email}: {there[email]!r} in place of {person.title}"
            for email, person in self.people.items()
            if email in there and not person.title.may_be(there[email])
        ]
        hold("no acknowledged change of a person is lost", wrong)
        for emails, is_acknowledged in self.files:
            found = sum(email in there for email in emails)
            hold("no row of an acknowledged import is lost", found != len(emails) and is_acknowledged and emails[0])
            hold("an import is there as a whole or not at all", found not in (0, len(emails)) and f"{emails[0]}: {found} of {len(emails)}")


class Desk(Actor):
    """Acknowledges, comments, resolves and reopens alerts."""

    MOST = 60

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.alerts = {}
        self.comments = {}

    def act(self):
        if len(self.alerts) < self.MOST and self.numbers.random() < 0.2:
            answer = self.ask("GET", "/api/alerts?limit=100")
            for alert in answer.json["items"] if answer else []:
                # Of whom is taken off the list, alerts end by themselves.
                is_ours = alert["employeeEmail"] and not alert["employeeEmail"].startswith("leaver")
                if is_ours and alert["id"] not in self.alerts and len(self.alerts) < self.MOST:
                    self.alerts[alert["id"]] = (Value(alert["status"]), Value(alert["resolution"]))
        if not self.alerts:
            return
        alert = self.numbers.choice(list(self.alerts))
        self.numbers.choices([self.comment, self.move, self.acknowledge], [4, 5, 1])[0](alert)

    def comment(self, alert):
        body = f"Comment {self.next()} of {self.domain}"
        answer = self.ask("POST", f"/api/alerts/{alert}/comments", {"body": body})
        if answer and answer.status != 201:
            self.unexpected("a comment", answer)
        self.comments[body] = (alert, bool(answer) and answer.status == 201)

    def move(self, alert):
        status, resolution = self.alerts[alert]
        if not status.is_certain or not resolution.is_certain:
            return self.look(alert) if status.is_old and resolution.is_old else None
        change = {"OPEN": ["ACKNOWLEDGED", "RESOLVED"], "ACKNOWLEDGED": ["RESOLVED"], "RESOLVED": ["OPEN"]}[status.value]
        wanted = self.numbers.choice(change)
        body = {"status": wanted}
        if wanted == "RESOLVED":
            # What still works, too: here nobody asks back.
            body |= {"resolution": f"Resolution {self.next()}", "confirmLive": True}
        answer = self.ask("PATCH", f"/api/alerts/{alert}", body)
        if answer is None:
            status.unknown(wanted)
            if "resolution" in body:
                resolution.unknown(body["resolution"])
            elif wanted == "OPEN":
                resolution.unknown(None)
        elif answer.status == 200:
            status.acknowledged(wanted)
            resolution.acknowledged(answer.json["resolution"])
            if "resolution" in body and answer.json["resolution"] != body["resolution"]:
                self.unexpected("a resolution", answer)
        else:
            self.unexpected(f"a move from {status} to {wanted}", answer)

    def acknowledge(self, _):
        """Some at once."""
        known = [alert for alert, values in self.alerts.items() if values[0].is_certain and values[1].is_certain]
        some = self.numbers.sample(known, min(len(known), 4))
        if not some:
            return
        answer = self.ask("POST", "/api/alerts/bulk", {"ids": some, "status": "ACKNOWLEDGED"})
        if answer is None:
            for alert in some:
                # A resolved one cannot go there.
                if self.alerts[alert][0].value == "OPEN":
                    self.alerts[alert][0].unknown("ACKNOWLEDGED")
        elif answer.status == 200:
            for result in answer.json["results"]:
                if result["outcome"] == "CHANGED":
                    self.alerts[result["id"]][0].acknowledged("ACKNOWLEDGED")
        else:
            self.unexpected("some alerts at once", answer)

    def look(self, alert):
        status, resolution = self.alerts[alert]
        answer = self.ask("GET", f"/api/alerts/{alert}")
        if answer and answer.status == 200:
            self.hold(alert, answer.json["status"], answer.json["resolution"])
            status.seen(answer.json["status"])
            resolution.seen(answer.json["resolution"])

    def hold(self, alert, status, resolution):
        known, words = self.alerts[alert]
        self.ledger.hold("no acknowledged move of an alert is lost", not known.may_be(status) and f"{alert}: {status} in place of {known}")
        self.ledger.hold("no acknowledged resolution is lost", not words.may_be(resolution) and f"{alert}: {resolution!r} in place of {words}")

    def check(self):
        rows = self.world.ask(
            "SELECT a.id, a.status, coalesce(a.resolution, E'\\x01') FROM alerts a JOIN companies c ON c.id = a.company_id "
            f"WHERE c.domain = '{self.domain}'"
        )
        there = {row[0]: (row[1], None if row[2] == "\x01" else row[2]) for row in rows}
        self.ledger.hold("no alert is lost", [alert for alert in self.alerts if alert not in there])
        for alert in self.alerts:
            if alert in there:
                self.hold(alert, *there[alert])
        rows = self.world.ask(
            f"SELECT m.body, m.alert_id FROM alert_comments m JOIN companies c ON c.id = m.company_id WHERE c.domain = '{self.domain}'"
        )
        found = {}
        for body, alert in rows:
            found.setdefault(body, []).append(alert)
        self.ledger.hold("no acknowledged comment is lost", [body for body, (_, done) in self.comments.items() if done and body not in found])
        self.ledger.hold("no comment is there twice", [body for body, alerts in found.items() if len(alerts) > 1])
        wrong = [body for body, alerts in found.items() if alerts[0] != self.comments.get(body, (None,))[0]]
        self.ledger.hold("every comment stands where it was made", wrong)
        events = self.world.number(
            "SELECT count(*) FROM audit_events v JOIN companies c ON c.id = v.company_id "
            f"WHERE c.domain = '{self.domain}' AND v.action = 'alert.commented'"
        )
        self.ledger.hold("what is there is in the audit trail, once", events != len(rows) and f"{events} events of {len(rows)} comments")


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


class Visitor(Actor):
    """People who sign in and out."""

    REST = 0.7

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.users = []
        for number in range(8):
            email = f"visitor{number}@{self.domain}"
            self.client.call("POST", "/api/users", {"email": email, "password": PASSWORD, "role": "VIEWER"})
            self.users.append(email)
        self.inside, self.outside = [], []

    def act(self):
        if self.inside and self.numbers.random() < 0.5:
            client = self.numbers.choice(self.inside)
            if self.numbers.random() < 0.4:
                answer = self.by(client, "POST", "/api/auth/logout")
                self.inside.remove(client)
                if answer and answer.status == 204:
                    self.outside.append(client)
            else:
                self.by(client, "GET", "/api/me")
            return
        client = Client(self.world.url)
        email = self.numbers.choice(self.users)
        answer = self.by(client, "POST", "/api/auth/login", {"email": email, "password": PASSWORD})
        if answer and answer.status == 200:
            self.inside.append(client)
        elif answer and answer.status != 429:
            # A sign-in that was cut off counts as a failed one, and slows the next.
            self.unexpected("a sign-in", answer)

    def by(self, client, *request):
        own, self.client = self.client, client
        try:
            return self.ask(*request)
        finally:
            self.client = own

    def check(self):
        wrong = [client for client in self.inside if client_status(self.world, client) != 200]
        self.ledger.hold("whoever is signed in stays signed in", len(wrong))
        wrong = [client for client in self.outside if client_status(self.world, client) != 401]
        self.ledger.hold("whoever has signed out stays out", len(wrong))


def client_status(world, client):
    client.url = world.url
    return client.ask("GET", "/api/me").status


class Pusher(Actor):
    """A directory that pushes its people, as they do: what was not answered is sent again."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        made = self.client.call("POST", "/api/directory", {"type": "SCIM", "name": "Push"})
        self.base, self.token = f"/api/scim/{made['id']}", made["bearerToken"]
        self.people = {}

    def push(self, method, path, body=None):
        return self.ask(
            method, self.base + path, body, "application/scim+json", kind="push", headers={"Authorization": f"Bearer {self.token}"}
        )

    def act(self):
        unknown = [email for email, person in self.people.items() if person.state == "unknown"]
        if unknown:
            return self.create(self.numbers.choice(unknown))
        if len(self.people) < 5 or self.numbers.random() < 0.4:
            email = f"pushed{self.next()}@{self.domain}"
            self.people[email] = Person("none", "unknown")
            return self.create(email)
        self.change(self.people[self.numbers.choice(list(self.people))])

    def create(self, email):
        person = self.people[email]
        body = {
            "schemas": [PUSHED], "userName": email, "active": True, "title": "none", "name": {"givenName": "Pushed", "familyName": "Person"},
            "emails": [{"value": email, "type": "work", "primary": True}],
        }
        answer = self.push("POST", "/Users", body)
        if answer is None:
            return
        if answer.status == 409:
            answer = self.push("GET", f"/Users?filter=userName%20eq%20%22{email}%22")
            if answer is None:
                return
            found = answer.json.get("Resources", [])
            if len(found) != 1:
                return self.unexpected(f"the one who is there already, {email}", answer)
            person.id, person.state = found[0]["id"], "there"
        elif answer.status == 201:
            person.id, person.state = answer.json["id"], "there"
        else:
            self.unexpected("somebody who is pushed", answer)

    def change(self, person):
        title = f"Title {self.next()}"
        answer = self.push(
            "PATCH", f"/Users/{person.id}", {"schemas": [PATCHED], "Operations": [{"op": "replace", "path": "title", "value": title}]}
        )
        if answer is None:
            person.title.unknown(title)
        elif answer.status == 200:
            person.title.acknowledged(title)
        else:
            self.unexpected("a change that is pushed", answer)

    def check(self):
        rows = self.world.ask(
            f"""SELECT e.email, coalesce(e.title, ''), r.id FROM employees e JOIN companies c ON c.id = e.company_id
            LEFT JOIN scim_resources r ON r.company_id = e.company_id AND r.employee_id = e.id WHERE c.domain = '{self.domain}'"""
        )
        there = {email: (title, resource) for email, title, resource in rows}
        hold = self.ledger.hold
        hold("nobody is on a list twice", len(rows) - len(there))
        known = {email: person for email, person in self.people.items() if person.state == "there"}
        hold("nobody who was pushed is lost", [email for email, person in known.items() if there.get(email, (0, 0))[1] != person.id])
        hold("nobody is there who was not pushed", [email for email in there if email not in self.people])
        wrong = [
            f"{email}: {there[email][0]!r} in place of {person.title}"
            for email, person in known.items()
            if email in there and not person.title.may_be(there[email][0])
        ]
        hold("no change that was pushed is lost", wrong)


def tell(sandbox, method, path, body=None):
    """Tells the sandbox something, or asks it."""
    request = urllib.request.Request(
        f"{sandbox.url}/_sandbox/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        words = answer.read()
    return json.loads(words) if words else None


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


def wait_until_over(actors, seconds=90):
    """Waits for actors that were told to end."""
    deadline = time.monotonic() + seconds
    for actor in actors:
        actor.join(max(0, deadline - time.monotonic()))
        if actor.is_alive():
            actor.ledger.broken("no request is held without end", actor.name)
