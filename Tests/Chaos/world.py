"""A world: programs, their database, what stands in for the services outside, and the blows that hit them."""

import datetime
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from program import PASSWORD, SHORT_LEASE, Client, Database, Installation, Process, Sandbox, wait_for

# A debug build on a busy machine, whose database first reads its log.
START_SECONDS = 120
MOMENT_SECONDS = 15


def pause(seconds):
    """Nothing depends on its length: it only makes the load a load and not a flood."""
    select.select([], [], [], seconds)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Questions:
    """A psql that stays, so that one may ask often. As the superuser, who sees all companies."""

    MARK = "~~ answered ~~"

    def __init__(self, programs, url):
        self.command = [str(programs / "psql"), url, "-XAtq", "-F", "\t"]
        self.lock = threading.Lock()
        self.psql = None

    def ask(self, question):
        """The rows, as lists of texts; None when the database does not answer."""
        with self.lock:
            for _ in range(2):
                if self.psql is None or self.psql.poll() is not None:
                    self.close()
                    self.psql = subprocess.Popen(
                        self.command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
                    )
                rows = self.answer(question)
                if rows is not None:
                    return rows
                self.close()
            return None

    def answer(self, question):
        try:
            self.psql.stdin.write(f"{question.strip().rstrip(';')};\n\\echo {self.MARK}\n")
            self.psql.stdin.flush()
        except OSError:
            return None
        lines = []
        for line in self.psql.stdout:
            line = line.rstrip("\n")
            if line == self.MARK:
                wrong = [line for line in lines if line.startswith(("ERROR:", "psql:"))]
                lost = re.search(r"server closed|terminating connection|starting up|recovery mode|shutting down", "\n".join(lines))
                if lost:
                    return None
                assert not wrong, f"{question}\n{chr(10).join(lines)}"
                return [line.split("\t") for line in lines if line]
            lines.append(line)
        return None

    def close(self):
        if self.psql is not None:
            self.psql.kill()
            self.psql.wait()
            for pipe in (self.psql.stdin, self.psql.stdout):
                try:
                    pipe.close()
                except OSError:
                    # What was not yet written is for nobody.
                    pass
            self.psql = None


class Program:
    """One `serve`, which is killed and started again."""

    def __init__(self, role):
        self.role = role
        self.port = free_port()
        self.process = None

    @property
    def answers(self):
        return self.role != "worker"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class World(Installation):
    """Programs on one database, with companies whose people work."""

    def __init__(self, name, seed, ledger):
        self.name, self.ledger = name, ledger
        self.numbers = random.Random(f"{seed}/{name}/world")
        self.programs = [Program(role) for role in (["all", "web", "worker"] if name == "several" else ["all"])]
        # The reading under way by the command, if there is one: a Process.
        self.reader = None
        self.is_ending = False
        self.database = Database(f"chaos-{name}") if name == "several" else None
        self.sandbox = None
        try:
            self.sandbox = Sandbox("--people", "40")
            self.settings = {
                "DATASHIELD_DIRECTORY_URL_OKTA": self.sandbox.url, "DATASHIELD_SCIM_RATE": "1000", "DATASHIELD_PUBLIC_URL": "http://127.0.0.1",
            }
            # In one world jobs are taken over early, so that blows meet more of them; in the other as they are in earnest.
            if name == "several":
                self.settings |= SHORT_LEASE
            # Installation starts the programs by start(), below.
            super().__init__(
                f"chaos-{name}", self.sandbox.url, database_url=self.database.url if self.database else None, settings=self.settings
            )
        except BaseException:
            self.end()
            raise

    def sign_in(self):
        """As Installation does, but that `ask` asks the database here."""
        self.client = Client(self.url, f"admin@{self.domain}")
        self.ask_as_admin, self.call, self.all = self.client.ask, self.client.call, self.client.all

    def add_company(self, domain, people):
        self.found(domain)

    # MARK: Programs

    def start(self):
        self.scratch = self.directory / "tmp"
        self.scratch.mkdir(exist_ok=True)
        # Whoever the programs run as.
        self.scratch.chmod(0o1777)
        self.environment |= {"TMPDIR": str(self.scratch), "CHAOS_WORLD": str(self.directory)}
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.questions = Questions(programs, self.database_url)
        for program in self.programs:
            self.launch(program)
        self.url = self.programs[0].url

    def launch(self, program):
        """Starts a program, as often as it takes: the database may be away, or a command may have it, for a moment."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            program.process = Process(
                self.directory, f"serve-{program.role}", ["serve", "--role", program.role],
                self.environment | {"DATASHIELD_PORT": str(program.port)},
            )
            pattern = r"listens on (http://\S+)" if program.answers else r"\A"
            while program.process.is_running:
                if re.search(pattern, program.process.words()):
                    return
                assert time.monotonic() < deadline, program.process.words()[-4000:]
                pause(0.02)
            self.ledger.note(f"{program.role} did not start: {program.process.words().strip()[-200:]}")
            assert time.monotonic() < deadline, program.process.words()[-4000:]
            pause(0.3)

    def domain_of(self, which):
        return f"{which}-{self.name}.example"

    def found(self, domain):
        """Makes a company with an administrator."""
        self.command("company", "create", "--name", domain, "--domain", domain)
        self.command(
            "user", "create", "--company", domain, "--email", f"admin@{domain}", "--role", "ADMIN", "--password-stdin", text=PASSWORD + "\n"
        )

    def sign_in_at(self, domain):
        return Client(self.url, f"admin@{domain}")

    def until(self, condition, what, is_needed=True, seconds=START_SECONDS):
        """Waits for something that has to come, or at least to have its time for it."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                assert not is_needed, f"{what} did not come within {seconds} s"
                return False
            pause(0.1)
        return True

    def healthy(self):
        """Waits until all programs work."""

        def is_well():
            for program in self.programs:
                if not program.process.is_running:
                    # It may have begun to start while the database did not yet answer; else it has ended by itself.
                    words = program.process.words()
                    if program.answers or not re.search(r"connect|starting up|recovery mode|shutting down", words[-1500:]):
                        self.ledger.broken("no program ends by itself", f"{program.role}: {words[-1500:]}")
                    self.launch(program)
                if program.answers:
                    try:
                        if Client(program.url).ask("GET", "/api/health").status != 200:
                            return False
                    except (OSError, TimeoutError):
                        return False
            return self.questions.ask("SELECT 1") is not None

        wait_for(is_well, "a world that works again", explain=lambda: "\n".join(p.process.words()[-1500:] for p in self.programs))
        self.ledger.passed("works again after each blow")

    def someone(self, numbers):
        """The address of one of the programs that answer."""
        return numbers.choice([program for program in self.programs if program.answers]).url

    # MARK: Database

    @property
    def data(self):
        return self.database.data if self.database else self.directory / "data" / "postgres" / "data"

    @property
    def database_url(self):
        if self.database:
            return self.database.url
        return f"postgresql://datashield@/datashield?host={self.directory / 'data' / 'postgres' / 'socket'}"

    def ask(self, question):
        """What the database says; it has to be there, or to be back soon."""
        return wait_for(lambda: self.questions.ask(question), "an answer of the database")

    def number(self, question):
        return int(self.ask(question)[0][0])

    def servers(self):
        """The processes of the database, the first of them first."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if Path(os.readlink(entry / "cwd")) == self.data.resolve():
                    stat = (entry / "stat").read_text()
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    if "(postgres)" in stat or "(postmaster)" in stat:
                        found.append((int(entry.name), int(stat.rsplit(")", 1)[1].split()[1]), words))
            except OSError:
                # It has just ended.
                continue
        numbers = {number for number, _, _ in found}
        return sorted(found, key=lambda process: (process[1] in numbers, process[0]))

    # MARK: Blows

    def has_come(self, blow):
        """Whether the moment for a blow has come, as a question that is asked again and again."""
        ledger, began = self.ledger, self.ledger.acknowledged
        if blow.moment == "writes":
            return lambda: ledger.acknowledged >= began + blow.count
        if blow.moment in ("import", "push"):
            return lambda: ledger.under_way[blow.moment] > 0
        condition = {
            "remediation": "EXISTS (SELECT FROM remediation_requests WHERE status = 'STARTED' AND started_at > now() - interval '2 seconds')",
            "sync": "EXISTS (SELECT FROM sync_runs WHERE status = 'RUNNING' AND updated_at > now() - interval '4 seconds')",
            "scan": "EXISTS (SELECT FROM scan_runs WHERE status = 'RUNNING' AND updated_at > now() - interval '2 seconds')",
            "upload": "EXISTS (SELECT FROM ingest_runs WHERE status = 'RUNNING' AND trigger = 'upload' AND seen_at > now() - interval '2 seconds')",
            "reading": """EXISTS (SELECT FROM ingest_runs WHERE status = 'RUNNING' AND trigger = 'command'
                AND (report->>'lines')::int8 > 0 AND seen_at > now() - interval '1 second')""",
        }[blow.moment]

        def is_so():
            if blow.target == "ingest" and not (self.reader and self.reader.is_running):
                return False
            rows = self.questions.ask(f"SELECT {condition}")
            return rows is not None and rows[0][0] == "t"

        return is_so

    def strike(self, blow):
        """Waits for the moment, and hits."""
        is_so, deadline = self.has_come(blow), time.monotonic() + MOMENT_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                self.ledger.note(f"blow {blow.number}: its moment, {blow.moment}, did not come")
                self.ledger.moments["at no moment"] += 1
                break
            pause(0.01)
        else:
            self.ledger.moments[blow.moment] += 1
        pause(blow.delay)
        self.ledger.note(f"blow {blow}")
        self.ledger.kills[blow.target] += 1
        if blow.target == "ingest":
            self.strike_reader()
        elif blow.target == "postmaster":
            self.strike_postmaster(blow)
        elif blow.target == "backend":
            self.strike_backend(blow)
        elif blow.target in ("restart", "crash"):
            self.database.stop("fast" if blow.target == "restart" else "immediate")
            pause(blow.pause)
            self.database.start()
        else:
            program = next(program for program in self.programs if program.role == blow.target)
            program.process.kill()
            pause(blow.pause)
            self.launch(program)
        self.healthy()

    def strike_reader(self):
        reader = self.reader
        if reader is not None and reader.is_running:
            reader.process.send_signal(signal.SIGKILL)

    def strike_postmaster(self, blow):
        first = self.servers()[0][0]
        os.kill(first, signal.SIGKILL)
        if self.database:
            pause(blow.pause)
            # Those that it left behind end by themselves, and a new one waits for that; also for its number, which nobody may have.
            wait_for(lambda: not self.servers() and not Path(f"/proc/{first}").exists(), "the end of the database's processes")
            self.database.start()
        else:
            wait_for(
                lambda: any(process[0] != first for process in self.servers()) and self.questions.ask("SELECT 1") is not None,
                "the private database's return", explain=self.programs[0].process.words,
            )

    def strike_backend(self, blow):
        sessions = [number for number, _, words in self.servers() if re.match(r"postgres: (\S+: )?\S+ datashield \[local\]", words)]
        if sessions:
            os.kill(sessions[int(blow.share * len(sessions))], signal.SIGKILL)
        wait_for(lambda: self.questions.ask("SELECT 1") is not None, "the database's return")

    # MARK: The end of a sweep

    def settle(self):
        """Kills all that runs and starts it again; and takes the waiting out of what is only waited for: whoever was at work before is dead."""
        for program in self.programs:
            program.process.kill()
        self.ledger.kills["all at once"] += 1
        end = datetime.datetime.now(datetime.timezone.utc).isoformat()
        for program in self.programs:
            self.launch(program)
        self.healthy()
        self.ask(
            "UPDATE remediation_requests SET lease_until = clock_timestamp() - interval '1 second' "
            f"WHERE status = 'STARTED' AND started_at <= '{end}'"
        )
        self.ask(
            "UPDATE ingest_runs SET seen_at = now() - interval '3 minutes' "
            f"WHERE status = 'RUNNING' AND trigger = 'upload' AND created_at <= '{end}'"
        )
        self.ask("UPDATE jobs SET run_after = now() WHERE status = 'PENDING'")

    def stop(self):
        """Ends the programs as an administrator does.
        - Returns: how each ended, and what it left behind."""
        endings = {}
        for program in reversed(self.programs):
            code, seconds = program.process.stop()
            endings[program.role] = (code, round(seconds, 1))
        self.questions.close()
        return endings

    def leftovers(self):
        """Processes, files and sockets that should be gone when the programs have ended."""
        found = [f"temporary file {path}" for path in self.scratch.rglob("*")]
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                marks = (entry / "environ").read_bytes().decode(errors="replace")
                place = os.readlink(entry / "cwd")
            except OSError:
                continue
            if str(self.directory) in words or f"CHAOS_WORLD={self.directory}" in marks or place.startswith(str(self.directory)):
                found.append(f"process {entry.name} {words[:200]}")
        if not self.database:
            root = self.directory / "data" / "postgres"
            found += [f"file {path}" for path in [*(root / "socket").glob("*"), *(root / "socket").glob(".s*"), root / "data" / "postmaster.pid"] if path.exists()]
            found += [f"half a cluster {path}" for path in root.glob("data.new")]
        return sorted(set(found))

    def end(self):
        """Whatever happened: nothing of this world goes on."""
        self.is_ending = True
        if self.reader is not None and self.reader.is_running:
            self.reader.kill()
        for program in getattr(self, "programs", []):
            if program.process is not None and program.process.is_running:
                try:
                    program.process.stop()
                except subprocess.TimeoutExpired:
                    program.process.kill()
        if hasattr(self, "questions"):
            self.questions.close()
        if hasattr(self, "directory"):
            for number, _, _ in [] if self.database else self.servers():
                try:
                    os.kill(number, signal.SIGQUIT)
                except ProcessLookupError:
                    pass
            wait_for(lambda: bool(self.database) or not self.servers(), "the end of the private database")
        if self.sandbox:
            self.sandbox.end()
        if self.database:
            self.database.end()
        if hasattr(self, "directory"):
            shutil.rmtree(self.directory, ignore_errors=True)
