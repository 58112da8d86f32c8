"""A directory that pushes its people by SCIM."""

from load import Actor, Person

PUSHED = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCHED = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


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
