"""People who work on alerts."""

from ledger import Value
from load import Actor


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
