"""A directory, and what is done to accounts in it: each order at most once, and in the log as it was."""

from load import Actor, tell

ACTIONS = ["FORCE_PASSWORD_RESET", "REVOKE_SESSIONS"]
PROTECTED = 4


class Administrator(Actor):
    """Fetches people from the stand-in of Okta, and acts on the accounts of those with alerts: one by one, many at once, and by a policy."""

    REST = 0.25

    def __init__(self, world, seed, domain):
        super().__init__(world, seed, domain)
        sample = dict(pair.split("=", 1) for pair in world.sandbox.process.line(r"DATASHIELD_DIRECTORY_URL_OKTA=\S+  (.+)").group(1).split())
        self.directory = self.client.call("POST", "/api/directory", {"type": "OKTA", "name": "Okta", "config": sample})["id"]
        run = self.client.call("POST", f"/api/directory/{self.directory}/sync")["id"]
        world.until(lambda: self.client.call("GET", f"/api/directory/jobs/{run}")["run"]["status"] == "SUCCEEDED", "the first sync")
        self.people = [person for person in self.client.all("/api/employees") if person["deactivatedAt"] is None]
        self.client.call(
            "PATCH", "/api/remediation/settings",
            {
                "enabled": True, "capPercent": 100, "capPeople": 10_000,
                "policies": [{"minSeverity": "LOW", "requires": "PASSWORD", "action": "REVOKE_SESSIONS"}],
            },
        )
        # Whom nothing ever happens to.
        self.protected = [person["id"] for person in self.people[:PROTECTED]]
        for person in self.protected:
            self.client.call("POST", "/api/remediation/protected", {"employeeId": person, "reason": "Chaos"})
        self.may_be_protected = set()
        self.alerts = []
        self.syncs, self.uploads, self.orders = [], [], {}
        self.waiting = []

    def act(self):
        if not self.alerts or self.numbers.random() < 0.05:
            answer = self.ask("GET", "/api/alerts?limit=200")
            self.alerts = [alert["id"] for alert in answer.json["items"]] if answer else self.alerts
            if not self.alerts:
                return self.leak()
        self.numbers.choices([self.one, self.many, self.sync, self.leak, self.edit, self.protect, self.again], [5, 2, 4, 1, 2, 0.3, 2])[0]()

    # MARK: Orders

    def one(self):
        self.order(("one", self.numbers.choice(self.alerts), self.numbers.choice(ACTIONS)), f"one-{self.world.name}-{self.next()}")

    def many(self):
        some = self.numbers.sample(self.alerts, min(len(self.alerts), self.numbers.randint(2, 6)))
        self.order(("many", tuple(some), self.numbers.choice(ACTIONS)), f"many-{self.world.name}-{self.next()}")

    def again(self):
        """What was not answered is ordered again, with the same key; and now and then what was."""
        if self.waiting:
            key = self.waiting.pop()
        elif self.orders and self.numbers.random() < 0.2:
            key = self.numbers.choice(list(self.orders))
        else:
            return
        self.order(self.orders[key], key)

    def order(self, order, key):
        self.orders[key] = order
        kind, target, action = order
        if kind == "one":
            answer = self.ask("POST", f"/api/alerts/{target}/remediate", {"action": action}, key=key, kind="order")
        else:
            answer = self.ask("POST", "/api/remediation/bulk", {"ids": list(target), "action": action}, key=key, kind="order")
        if answer is None:
            self.waiting.append(key)
        # Protected, under way already, changed meanwhile, or what the directory refused: said, and no fault.
        elif answer.status not in (200, 202, 409, 422, 502, 503):
            self.unexpected("an order", answer)

    # MARK: The directory and its people

    def sync(self):
        answer = self.ask("POST", f"/api/directory/{self.directory}/sync")
        if answer and answer.status == 202:
            self.syncs.append(answer.json["id"])
        elif answer and answer.status != 409:
            self.unexpected("a sync", answer)

    def edit(self):
        """Somebody is hired, or has another title."""
        sandbox, number = self.world.sandbox, self.next()
        if self.numbers.random() < 0.5:
            tell(sandbox, "POST", "staff", {"login": f"hired{number}@{self.domain}", "firstName": "Hired", "lastName": f"Number{number}"})
        else:
            person = self.numbers.choice(self.people)
            tell(sandbox, "PATCH", f"staff/{person['email']}", {"title": f"Title {number}"})

    def leak(self):
        """A small leak of some of the people, which raises alerts that the policy is about."""
        number = self.next()
        some = self.numbers.sample(self.people, 5)
        text = "".join(f"{person['email']}:Made-up-{number}-{row}\n" for row, person in enumerate(some))
        answer = self.ask("POST", f"/api/ingest?fileName=leak{number}.txt&breach=Leak{number}", text.encode(), "application/octet-stream")
        if answer and answer.status == 202:
            self.uploads.append(answer.json["id"])
        elif answer and answer.status != 409:
            self.unexpected("a small leak", answer)

    def protect(self):
        person = self.numbers.choice(self.people)["id"]
        answer = self.ask("POST", "/api/remediation/protected", {"employeeId": person, "reason": "Chaos, too"})
        if answer and answer.status == 201:
            self.protected.append(person)
        elif answer is None:
            self.may_be_protected.add(person)

    # MARK: Afterwards

    def check(self):
        world, hold, company = self.world, self.ledger.hold, f"(SELECT id FROM companies WHERE domain = '{self.domain}')"
        runs = dict(world.ask(f"SELECT id, status FROM sync_runs WHERE company_id = {company}"))
        hold("every sync that was begun succeeds", {run: runs.get(run, "lost") for run in self.syncs if runs.get(run) != "SUCCEEDED"})
        there = {row[0] for row in world.ask(f"SELECT employee_id FROM protected_people WHERE company_id = {company}")}
        hold("no protected person is lost", [person for person in self.protected if person not in there])
        hold("nobody is protected whom nobody protected", there - set(self.protected) - self.may_be_protected)
        self.check_people(company)
        self.check_requests(company)
        self.check_calls(company)

    def check_people(self, company):
        """The staff list is what the directory says, after one more sync."""
        answer = self.client.call("POST", f"/api/directory/{self.directory}/sync")["id"]
        self.world.until(
            lambda: self.client.call("GET", f"/api/directory/jobs/{answer}")["run"]["status"] in ("SUCCEEDED", "FAILED"), "the last sync"
        )
        listed = {
            address(person): person.get("title") or ""
            for person in tell(self.world.sandbox, "GET", "staff")
            if person["isActive"] and not person["isGuest"]
        }
        rows = self.world.ask(
            f"SELECT email, coalesce(title, '') FROM employees WHERE company_id = {company} AND deactivated_at IS NULL"
        )
        found = {row[0]: row[1] for row in rows}
        wrong = [f"{email}: {found.get(email)!r} in place of {title!r}" for email, title in listed.items() if found.get(email) != title]
        self.ledger.hold("people are as their directory says", wrong or sorted(set(found) - set(listed)))

    def check_requests(self, company):
        rows = self.world.ask(f"SELECT cause, count(*) FROM remediation_requests WHERE company_id = {company} GROUP BY 1 HAVING count(*) > 1")
        self.ledger.hold("an order makes one request", rows)
        rows = self.world.ask(
            f"SELECT id, status FROM remediation_requests WHERE company_id = {company} AND status NOT IN ('DONE', 'FAILED', 'REFUSED')"
        )
        self.ledger.hold("no request waits without end", rows)
        rows = self.world.ask(
            f"""SELECT a.id FROM alerts a
            JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id AND e.deactivated_at IS NULL
            WHERE a.company_id = {company} AND a.status <> 'RESOLVED' AND NOT EXISTS (SELECT FROM remediation_requests q
                WHERE q.company_id = a.company_id AND q.employee_id = a.employee_id AND q.action = 'REVOKE_SESSIONS'
                AND q.created_at >= coalesce(a.news_at, a.created_at))"""
        )
        self.ledger.hold("the policy has forgotten no alert", rows)

    def check_calls(self, company):
        """What the directory was asked, against what the log says of it."""
        hold = self.ledger.hold
        rows = self.world.ask(
            f"""SELECT l.target, l.action, l.status, l.request_id, coalesce(l.detail, ''), l.outcome_known FROM remediation_actions l
            WHERE l.company_id = {company} ORDER BY l.created_at"""
        )
        staff = {address(person): person for person in tell(self.world.sandbox, "GET", "staff")}
        log = {}
        for target, action, status, request, detail, is_known in rows:
            log.setdefault((target, action), []).append((status, request, detail, is_known == "t"))
        twice, missing, untrue, silent = [], [], [], []
        for email, person in staff.items():
            # A reset is told to end the sessions as well, and the stand-in counts both.
            seen = {"FORCE_PASSWORD_RESET": person["resets"], "REVOKE_SESSIONS": person["revocations"] - person["resets"]}
            for action, calls in seen.items():
                entries = log.get((email, action), [])
                requests = {request for _, request, _, _ in entries}
                done = {request for status, request, _, _ in entries if status == "SUCCESS"}
                if calls > len(requests):
                    (twice if requests else missing).append(f"{email} {action}: {calls} calls, {len(requests)} requests in the log")
                if len(done) > calls:
                    untrue.append(f"{email} {action}: {len(done)} done by the log, {calls} calls")
                failed = [detail for _, request, detail, _ in entries if request not in done]
                unknown = {request for _, request, _, is_known in entries if request not in done and not is_known}
                if calls > len(done) + len(unknown):
                    silent.append(f"{email} {action}: {calls} calls, {len(done)} done, {failed}")
        hold("the directory is asked once at most for each request", twice)
        hold("each call that the directory saw is in the log", missing)
        hold("nothing is logged as done that the directory did not see", untrue)
        hold("what failed is told from what is not known", silent)
        ours = {row[0] for row in self.world.ask(f"SELECT email FROM employees WHERE company_id = {company} AND id = ANY ('{{{','.join(self.protected[:PROTECTED])}}}')")}
        touched = [email for email in ours if staff[email]["resets"] or staff[email]["revocations"]]
        hold("no protected person is touched", touched or len(ours) != PROTECTED)
        rows = self.world.ask(
            f"""SELECT request_id, action, count(*) FROM remediation_actions WHERE company_id = {company} AND status = 'SUCCESS'
            GROUP BY 1, 2 HAVING count(*) > 1"""
        )
        hold("a request is done once by the log", rows)

    def check_after_database(self):
        """While no program was killed: what a directory answered is recorded when the database is back, as it was answered."""
        world, company = self.world, f"(SELECT id FROM companies WHERE domain = '{self.domain}')"
        # What is begun from now on has its time still.
        now = world.ask("SELECT clock_timestamp()")[0][0]
        begun = f"SELECT id, action, started_at FROM remediation_requests WHERE company_id = {company} AND status = 'STARTED' AND started_at < '{now}'"
        is_over = world.until(lambda: not world.ask(begun), "the end of what was begun", is_needed=False, seconds=45)
        # Not asked once more: what was on its way into the database then may have come since, with an earlier time.
        self.ledger.hold("what was answered is recorded when the database is back", not is_over and world.ask(begun))
        rows = world.ask(
            f"SELECT target, action, detail FROM remediation_actions WHERE company_id = {company} AND status <> 'SUCCESS' AND detail ~* 'program'"
        )
        self.ledger.hold("no action is lost while its program lives", rows)


def address(person):
    """Okta's people without a mailbox are known by their login."""
    return (person.get("email") or person["login"]).lower()


def settled(world):
    """What still goes on; nothing, in the end."""
    return world.ask(
        """SELECT 'job ' || kind || ' ' || status || ' ' || coalesce(last_error, '') FROM jobs WHERE status IN ('PENDING', 'RUNNING')
        UNION ALL SELECT 'sync ' || status FROM sync_runs WHERE status IN ('PENDING', 'RUNNING')
        UNION ALL SELECT 'scan ' || status FROM scan_runs WHERE status IN ('PENDING', 'RUNNING')
        UNION ALL SELECT 'reading ' || status FROM ingest_runs WHERE status IN ('PENDING', 'RUNNING')
        UNION ALL SELECT 'request ' || status FROM remediation_requests WHERE status IN ('PENDING', 'STARTED')"""
    )
