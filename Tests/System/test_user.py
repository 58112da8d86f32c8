"""Started by root, the server becomes somebody who may less, and does all that it did as root."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from program import PROGRAM, Database, Installation, Process, temporary_directory, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
USER = "datashield" if any(entry.pw_name == "datashield" for entry in pwd.getpwall()) else "postgres"


def threads(process):
    """User and groups of each thread: the kernel knows them for each by itself."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        except FileNotFoundError:
            continue
        found.append((tuple(map(int, lines["Uid"].split())), tuple(map(int, lines["Gid"].split())), set(map(int, lines["Groups"].split()))))
    return found


def assert_is(process, user):
    entry = pwd.getpwnam(user)
    found = threads(process)
    assert len(found) > 3
    for users, groups, others in found:
        assert set(users) == {entry.pw_uid}
        assert set(groups) == {entry.pw_gid}
        assert others == set(os.getgrouplist(user, entry.pw_gid))


def postmaster(installation):
    return int((installation.directory / "data/postgres/data/postmaster.pid").read_text().splitlines()[0])


def test_the_server_gives_root_up_and_works_as_before(sandbox):
    installation = Installation("user", sandbox.url, people=20)
    try:
        assert_is(installation.server.process.pid, USER)
        # What it needs of root's it has read before: the key is still root's alone.
        key = (installation.directory / "data/encryption.key").stat()
        assert (key.st_uid, key.st_mode & 0o777) == (0, 0o600)
        # A command of root's beside it, which uses its database and the key.
        assert "user.example" in installation.command("company", "list")
        run = installation.call("POST", "/api/employees/scan")["id"]
        wait_for(lambda: installation.run_is(run, "SUCCEEDED"), "the end of the scan")

        # The database that dies under it is started again by somebody who is not root any more.
        before = postmaster(installation)
        os.kill(before, signal.SIGKILL)

        def is_back():
            return installation.ask("GET", "/api/health").status == 200 and postmaster(installation) != before

        wait_for(is_back, "a new database", explain=installation.server.words)
        assert_is(installation.server.process.pid, USER)
        code, seconds = installation.server.stop()
        assert code == 0 and seconds < 12, installation.server.words()
        # And again, on files that are partly root's and partly not.
        installation.restart()
        assert_is(installation.server.process.pid, USER)
        assert len(installation.people()) == 20
        assert "ok    user: started by root, the server becomes" in installation.attempt("doctor").stdout
    finally:
        installation.end()


def test_a_port_that_is_roots_is_opened_before(sandbox):
    # 1 to 1023: one that nobody has.
    installation = Installation("low", sandbox.url, people=5, settings={"DATASHIELD_PORT": "997"})
    try:
        assert installation.url.endswith(":997")
        assert_is(installation.server.process.pid, USER)
        # Jobs waited for that, and are worked now.
        run = installation.call("POST", "/api/employees/scan")["id"]
        wait_for(lambda: installation.run_is(run, "SUCCEEDED"), "the end of the scan")
    finally:
        installation.end()


def test_a_user_who_does_not_reach_the_database_is_named(sandbox):
    database = Database("closed")
    directory = temporary_directory("closed")
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith("DATASHIELD_")}
    environment |= {
        "DATABASE_URL": database.url, "DATASHIELD_DATA_DIR": str(directory / "data"), "DATASHIELD_PORT": "0", "DATASHIELD_USER": "nobody"
    }
    try:
        done = subprocess.run([PROGRAM, "serve"], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1
        assert "nobody" in done.stderr and "DATASHIELD_USER" in done.stderr, done.stderr
        environment["DATASHIELD_USER"] = "postgres"
        server = Process(directory, "serve", ["serve"], environment)
        server.line(r"listens on http://\S+")
        assert_is(server.process.pid, "postgres")
        # App and system have logins of their own, which the program made.
        logins = database.says("SELECT count(DISTINCT usename) FROM pg_stat_activity WHERE usename ~ '^datashield_(app|system)_'")
        assert int(logins) >= 1
        assert database.says("SELECT count(*) FROM pg_stat_activity WHERE usename = 'datashield' AND application_name = 'datashield'") == "0"
        assert server.stop()[0] == 0
        # Commands stay root: they read files that are root's.
        assert subprocess.run([PROGRAM, "company", "list"], env=environment, capture_output=True, timeout=120).returncode == 0
    finally:
        database.end()
        shutil.rmtree(directory, ignore_errors=True)


def test_a_database_elsewhere_without_tls_is_complained_of(sandbox):
    """Nobody is there: doctor says what is wrong with the way before it says that it leads nowhere."""
    directory = temporary_directory("way")
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith("DATASHIELD_")}
    environment |= {"DATABASE_URL": "postgresql://o:hunter2@192.0.2.1:1/d?connect_timeout=2", "DATASHIELD_DATA_DIR": str(directory)}
    try:
        done = subprocess.run([PROGRAM, "doctor"], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1
        assert "FAIL  database: DATABASE_URL leads to another machine" in done.stdout and "sslmode=verify-full" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr
    finally:
        shutil.rmtree(directory, ignore_errors=True)
