"""The program and its database as processes, for tests that stop, kill and starve them."""

import http.cookiejar
import json
import os
import pwd
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

PROGRAM = os.environ["DATASHIELD_PROGRAM"]
PASSWORD = "correct-horse-battery"
# A debug build on a busy machine.
PATIENCE = 120
# Jobs of a program that was killed are taken over after two seconds instead of fifteen, and what is due is seen as soon.
SHORT_LEASE = {"DATASHIELD_JOB_LEASE": "2", "DATASHIELD_JOB_POLL": "1"}


def wait_for(condition, what, patience=PATIENCE, explain=str):
    deadline = time.monotonic() + patience
    while True:
        result = condition()
        if result is not None and result is not False:
            return result
        assert time.monotonic() < deadline, f"{what} did not happen within {patience} s\n{explain()}"
        # Between two looks: nothing ends this pause early, and nothing depends on its length.
        select.select([], [], [], 0.02)


def temporary_directory(name):
    """A directory that the user of the database can come into, too: as root, it is another."""
    # Where scripts/browser-tests says that databases are kept: in memory when there is room.
    directory = Path(tempfile.mkdtemp(prefix=f"ds-{name}-", dir=os.environ.get("TEST_DATABASES")))
    directory.chmod(0o755)
    return directory


class Process:
    """The program, with its output in a file in which one can wait for a line."""

    def __init__(self, directory, name, arguments, environment):
        self.log = directory / f"{name}.log"
        self.output = self.log.open("ab")
        self.seen = self.log.stat().st_size
        self.process = subprocess.Popen(
            [PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, env=environment
        )

    @property
    def is_running(self):
        return self.process.poll() is None

    def words(self):
        """What it has said since it was started."""
        return self.log.read_bytes()[self.seen :].decode(errors="replace")

    def line(self, pattern):
        def look():
            assert self.is_running, self.words()[-4000:]
            return re.search(pattern, self.words())

        return wait_for(look, pattern, explain=lambda: self.words()[-4000:])

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


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Somebody who is signed in at a server."""

    def __init__(self, url, email=None):
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        if email is not None:
            self.call("POST", "/api/auth/login", {"email": email, "password": PASSWORD})

    def ask(self, method, path, body=None, content_type="application/json"):
        """The answer, whatever its status is."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, method=method, data=data, headers={"Content-Type": content_type, "Sec-Fetch-Site": "same-origin"}
        )
        try:
            with self.opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, refusal.headers, refusal.read())

    def call(self, method, path, body=None):
        """What a request that must succeed answers."""
        answer = self.ask(method, path, body)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:500]}"
        return answer.json if answer.body else None

    def all(self, path):
        """The items of all pages of a list."""
        items, cursor = [], ""
        while True:
            page = self.call("GET", f"{path}?limit=200{cursor}")
            items += page["items"]
            if page.get("nextCursor") is None:
                return items
            cursor = f"&cursor={page['nextCursor']}"


class Installation:
    """A data directory with a company of its own, and a server on it."""

    def __init__(self, name, sandbox_url, people=0, database_url=None, data_directory=None, settings=None):
        self.directory = temporary_directory(name)
        self.domain = f"{name}.example"
        self.environment = (
            {name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith("DATASHIELD_")}
            | {
                "DATASHIELD_DATA_DIR": str(data_directory or self.directory / "data"),
                "DATASHIELD_PORT": "0",
                "DATASHIELD_PROVIDER_URL_HIBP": sandbox_url,
            }
            | ({} if database_url is None else {"DATABASE_URL": database_url})
            # As root the program becomes another user, who has to reach the database's socket, too.
            | ({"DATASHIELD_USER": "postgres"} if database_url is not None and os.geteuid() == 0 else {})
            | SHORT_LEASE
            | (settings or {})
        )
        try:
            # One server for all commands: each alone would start and stop the database.
            self.start()
            self.add_company(self.domain, people)
            self.sign_in()
        except BaseException:
            self.end()
            raise

    def add_company(self, domain, people):
        self.command("company", "create", "--name", domain, "--domain", domain)
        self.command(
            "user", "create", "--company", domain, "--email", f"admin@{domain}", "--role", "ADMIN", "--password-stdin", text=PASSWORD + "\n"
        )
        if people:
            file = self.directory / "staff.csv"
            file.write_bytes(staff(domain, range(people)))
            self.command("employees", "import", str(file), "--company", domain)
        self.command("credential", "set", "HIBP", "--company", domain, text="5a" * 16 + "\n")

    def attempt(self, *arguments, text=""):
        """A command, however it ends."""
        return subprocess.run(
            [PROGRAM, *arguments], input=text, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )

    def command(self, *arguments, text=""):
        done = self.attempt(*arguments, text=text)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        self.server = Process(self.directory, "serve", ["serve"], self.environment)
        self.url = self.server.line(r"listens on (http://\S+)").group(1)

    def sign_in(self):
        self.client = Client(self.url, f"admin@{self.domain}")
        self.ask, self.call, self.all = self.client.ask, self.client.call, self.client.all

    def restart(self):
        self.start()
        self.sign_in()

    def run_is(self, run, *statuses):
        return self.call("GET", f"/api/scans/{run}")["status"] in statuses

    def findings(self):
        """Every alert as person, breach and severity; a list, so that one too many shows."""
        return sorted((alert["employeeEmail"], alert["breachName"], alert["severity"], alert["confidence"]) for alert in self.all("/api/alerts"))

    def people(self):
        """Every person's score and number of records."""
        return sorted((person["email"], person["riskScore"], person["recordCount"]) for person in self.all("/api/employees"))

    def end(self):
        if self.server.is_running:
            self.server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def staff(domain, numbers):
    rows = (f"person{number}@{domain},Person,Number{number}" for number in numbers)
    return ("email,first name,last name\n" + "\n".join(rows) + "\n").encode()


class Database:
    """A PostgreSQL server of the test's own, which a program reaches by DATABASE_URL and the test stops and starts."""

    def __init__(self, name, settings=()):
        self.directory = temporary_directory(name)
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.data, self.sockets = self.directory / "data", self.directory / "socket"
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.data.mkdir(0o700)
        self.sockets.mkdir(0o700)
        if os.geteuid() == 0:
            for path in (self.directory, self.data, self.sockets):
                shutil.chown(path, self.user, self.user)
        # Nobody else comes to the socket, so that nobody has to say who they are.
        self.run("initdb", "-D", self.data, "-U", "datashield", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"listen_addresses = ''\nunix_socket_directories = '{self.sockets}'\n")
            for line in settings:
                file.write(line + "\n")
        self.url = self.address("datashield")
        self.start()
        self.run("createdb", "-h", self.sockets, "-U", "datashield", "datashield")

    def address(self, name):
        return f"postgresql://datashield@/{name}?host={self.sockets}"

    def run(self, program, *arguments):
        command = [str(self.programs / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self.user, "--", *command]
        with (self.directory / f"{program}.log").open("ab") as log:
            subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=PATIENCE)

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "start")

    def stop(self, mode):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def says(self, question):
        return database_says(self, question)

    def end(self):
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)


class Databases:
    """A PostgreSQL server that tests share which leave it alone: each has a database of its own, copied from one that has the schema.

    It was started long before most of them begin, as an installation's was: what waits for a while after the database's start does not wait.
    """

    # Nothing here outlives the tests.
    SETTINGS = ["max_connections = 200", "fsync = off", "synchronous_commit = off", "full_page_writes = off"]

    def __init__(self):
        self.server = Database("shared", self.SETTINGS)
        try:
            # With a key that nobody has afterwards: each program makes logins of its own.
            keys = self.server.directory / "template"
            environment = {"DATABASE_URL": self.server.url, "DATASHIELD_DATA_DIR": str(keys), "PATH": os.environ["PATH"]}
            done = subprocess.run([PROGRAM, "migrate"], env=environment, capture_output=True, text=True, timeout=PATIENCE)
            assert done.returncode == 0, done.stdout + done.stderr
            forget_logins(self.server)
        except BaseException:
            self.end()
            raise

    def make(self, name):
        return SharedDatabase(self.server, name)

    def end(self):
        self.server.end()


def forget_logins(server):
    """Drops the logins that programs have made, which belong to a server and not to a database."""
    for role in server.says("SELECT rolname FROM pg_roles WHERE rolname ~ '^datashield_(app|system)_'").splitlines():
        server.says(f"DROP OWNED BY {role}; DROP ROLE {role}")


class SharedDatabase:
    """One test's database on the server that tests share, for as long as it is the only one there."""

    def __init__(self, server, name):
        self.server, self.name, self.programs = server, name, server.programs
        self.url = server.address(name)
        self.tool("createdb", "--template", "datashield", name)

    def tool(self, program, *arguments):
        self.server.run(program, "-h", self.server.sockets, "-U", "datashield", *arguments)

    def says(self, question):
        return database_says(self, question)

    def end(self):
        self.tool("dropdb", "--force", self.name)
        forget_logins(self.server)


def database_says(database, statement):
    """What a database answers to a statement, as a text."""
    psql = [str(database.programs / "psql"), database.url, "-v", "ON_ERROR_STOP=1", "-Atc", statement]
    return subprocess.run(psql, cwd="/", capture_output=True, text=True, check=True, timeout=60).stdout.strip()


class Sandbox:
    """A stand-in of Have I Been Pwned. It has no verified domain, so that people are asked about one by one."""

    def __init__(self, *arguments):
        self.directory = temporary_directory("sandbox")
        self.process = Process(self.directory, "sandbox", ["sandbox", "--port", "0", *arguments], dict(os.environ))
        self.url = self.process.line(r"listens on (http://\S+)").group(1)

    def misbehave(self, *faults):
        request = urllib.request.Request(
            self.url + "/_sandbox/misbehaviour", method="PUT", data=json.dumps(faults).encode(), headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=30).close()

    def slow_down(self, milliseconds):
        self.misbehave({"kind": "slow", "pathPrefix": "breachedaccount/", "delayMilliseconds": milliseconds})

    def questions(self):
        with urllib.request.urlopen(self.url + "/_sandbox/requests", timeout=30) as answer:
            return json.load(answer)["total"]

    def end(self):
        self.process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
