"""Leak files that are read while programs are killed, and afterwards undisturbed for another company: both must find the same."""

import gzip
import threading

from load import Actor
from program import Process
from world import pause

PEOPLE = 40
READ, CALM = "read", "calm"
# Folders for the command, and files that are sent: at most so many of each.
MOST = 16
LINES, UPLOAD_LINES = 120_000, 60_000
# A machine's breach is called by a digest that is the company's alone.
BREACH = "regexp_replace(b.name, '^Stealer log [0-9a-f]{12}$', 'Stealer log of a machine')"


def fill(folder, number, domains):
    """A long list, a packed one, a dump, a machine's log, one content twice, and what cannot be read."""
    logs = folder / "logs" / f"DE[{number:016X}]"
    logs.mkdir(parents=True)
    write_list(folder / "a-list.txt", f"folder{number}", LINES, 150, domains)
    blocks = [
        f"URL: https://vpn{number}.example.org/\nUsername: person{person}@{domain}\nPassword: Invented-{number}-{person}\nApplication: Chrome\n===============\n"
        for domain in domains
        for person in range(number, number + 3)
    ]
    (logs / "Passwords.txt").write_text("".join(blocks))
    rows = [f"{person},person{person}@{domain},Invented:{number}:{person}" for domain in domains for person in range(0, PEOPLE, 2)]
    for name in (f"c-shop{number}.csv", f"d-shop{number}.csv"):
        (folder / name).write_text("id,email,password\n" + "\n".join(rows) + "\n")
    with gzip.open(folder / "e-packed.txt.gz", "wt") as file:
        file.writelines(lines(f"packed{number}", LINES // 4, 100, domains))
    (folder / "f-damaged.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 500)


def lines(name, count, every, domains):
    for line in range(count):
        yield f"stranger{line}@elsewhere.example:Made-up-{line}\n"
        if line % every == 0:
            for domain in domains:
                yield f"https://site{line % 7}.example.org/login:person{line // every % PEOPLE}@{domain}:Invented-{name}-{line % 3000}\n"


def write_list(path, name, count, every, domains):
    with path.open("w") as file:
        file.writelines(lines(name, count, every, domains))


class Leaks:
    """The files of a world, for two companies."""

    def __init__(self, world):
        self.world = world
        self.domains = {which: world.domain_of(which) for which in (READ, CALM)}
        self.root = world.directory / "leaks"
        self.root.mkdir()
        self.root.chmod(0o755)
        # What was read to its end, in this order.
        self.done = []

    def folder(self, number):
        folder = self.root / f"folder{number}"
        fill(folder, number, self.domains.values())
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
        return folder

    def upload(self, number):
        path = self.root / f"sent{number}.txt"
        write_list(path, f"sent{number}", UPLOAD_LINES, 120, self.domains.values())
        return path

    def outcome(self, which):
        """All that is recorded, without ids, times, the company's own domain and the digests that are its own."""
        domain = self.domains[which]
        company = f"(SELECT id FROM companies WHERE domain = '{domain}')"
        questions = {
            "records and alerts": f"""SELECT split_part(e.email, '@', 1), {BREACH}, array_to_string(r.exposed_data, ','),
                array_to_string(r.artifacts, ','), a.severity, a.confidence, a.status FROM breach_records r
                JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id JOIN breaches b ON b.id = r.breach_id
                LEFT JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
                WHERE r.company_id = {company} ORDER BY 1, 2, 3, 4, 5, 6, 7""",
            "credentials": f"""SELECT split_part(e.email, '@', 1), {BREACH}, split_part(c.login, '@', 1), array_to_string(c.sites, ','),
                c.secret_kind, c.length_class, (SELECT count(*) FROM leak_sightings s WHERE s.company_id = c.company_id AND s.credential_id = c.id), count(*)
                FROM leaked_credentials c JOIN breach_records r ON r.company_id = c.company_id AND r.id = c.record_id
                JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id JOIN breaches b ON b.id = r.breach_id
                WHERE c.company_id = {company} GROUP BY c.company_id, c.id, e.email, b.name ORDER BY 1, 2, 3, 4, 5, 6, 7""",
            "machines": f"""SELECT t.hardware_id, t.computer, m.malware_family, m.credential_count, m.cookie_count FROM infected_machines m
                LEFT JOIN machine_traces t ON t.company_id = m.company_id AND t.machine_id = m.id
                WHERE m.company_id = {company} ORDER BY 1, 2, 3, 4, 5""",
            "files": f"SELECT name, size, digest FROM leak_files WHERE company_id = {company} ORDER BY 1, 2, 3",
        }
        return {name: self.world.ask(question) for name, question in questions.items()}

    def check(self):
        """Reads for the other company what was read for the first, undisturbed, and compares."""
        world, calm = self.world, self.domains[CALM]
        client = world.sign_in_at(calm)
        for path in self.done:
            if path.is_dir():
                world.command("ingest", str(path), "--company", calm)
                continue
            answer = client.ask("POST", f"/api/ingest?fileName={path.name}", path.read_bytes(), "application/octet-stream")
            assert answer.status == 202, answer.body
            run = answer.json["id"]
            world.until(lambda: client.call("GET", f"/api/ingest/{run}")["status"] == "SUCCEEDED", "the end of an undisturbed reading")
        found, expected = self.outcome(READ), self.outcome(CALM)
        for name in expected:
            wanted, there = set(map(tuple, expected[name])), set(map(tuple, found[name]))
            missing, surplus = sorted(wanted - there)[:3], sorted(there - wanted)[:3]
            same = found[name] == expected[name]
            world.ledger.hold(
                f"readings end as undisturbed ones: {name}",
                not same and f"{len(found[name])} in place of {len(expected[name])}; missing {missing}; surplus {surplus}",
            )
        world.ledger.hold("something was read", not self.done)


class Reader(threading.Thread):
    """Has folders read by the command, each until it was read to its end."""

    # Between two folders.
    REST = 3

    def __init__(self, world, leaks):
        super().__init__(name="Reader", daemon=True)
        self.world, self.leaks, self.ledger = world, leaks, world.ledger
        self.is_over = False
        self.attempts = 0
        self.requests = 0

    def run(self):
        try:
            for number in range(MOST):
                if self.is_over:
                    return
                folder = self.leaks.folder(number)
                # One that was begun is read to its end, also when the sweep ends.
                while not self.read(folder):
                    pause(0.2)
                self.leaks.done.append(folder)
                pause(self.REST)
        except Exception as failure:
            self.ledger.broken("the sweep itself works", f"{self.name}: {failure!r}")

    def read(self, folder):
        self.attempts += 1
        assert self.attempts < 400, "it is never read to its end"
        world = self.world
        reader = Process(
            world.directory, "ingest", ["ingest", str(folder), "--company", self.leaks.domains[READ], "--threads", "1"], world.environment
        )
        world.reader = reader
        code = reader.process.wait()
        reader.output.close()
        self.ledger.note(f"ingest {folder.name} ended with {code}: {reader.words().strip()[-160:]}")
        if code > 0 and "database" not in reader.words().lower() and "server" not in reader.words().lower():
            self.ledger.note(f"ingest said: {reader.words()[-1500:]}")
        return code == 0

    def end(self):
        self.is_over = True

    def check(self):
        pass


class Sender(Actor):
    """Sends files, each until one reading of it has ended well."""

    REST = 1.5

    def __init__(self, world, seed, leaks):
        super().__init__(world, seed, leaks.domains[READ])
        self.leaks = leaks
        self.file = None

    def act(self):
        if self.file is None and self.count < MOST:
            self.file = self.leaks.upload(self.next())
        if self.file is not None:
            self.send_file()

    def send_file(self):
        answer = self.ask("POST", f"/api/ingest?fileName={self.file.name}", self.file.read_bytes(), "application/octet-stream")
        if answer is None or answer.status == 409:
            return
        if answer.status != 202:
            return self.unexpected("an upload", answer)
        run, kills = answer.json["id"], sum(self.ledger.kills.values())
        while True:
            answer = self.ask("GET", f"/api/ingest/{run}")
            if answer and answer.json["status"] == "SUCCEEDED":
                self.leaks.done.append(self.file)
                self.file = None
                return
            if answer and answer.json["status"] == "FAILED":
                return
            # Somebody who sees it stand still after the program was started again sends it again.
            if self.is_over or sum(self.ledger.kills.values()) > kills + 1 or self.requests > 3500:
                return
            pause(0.1)

    def finish(self):
        """After the sweep: the file that was begun."""
        self.is_over = False
        while self.file is not None and self.requests < 3900:
            self.send_file()
            pause(0.1)


def make_companies(world, leaks):
    for domain in leaks.domains.values():
        world.found(domain)
        rows = "".join(f"person{person}@{domain},Person,Number{person}\n" for person in range(PEOPLE))
        world.sign_in_at(domain).ask("POST", "/api/employees/import", ("email,first name,last name\n" + rows).encode(), "text/csv")
