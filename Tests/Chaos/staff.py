"""People who keep the staff list."""

from load import Actor, Person


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
