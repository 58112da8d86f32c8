"""The file system of the database runs full: the program says so, nothing is half done, and with room again all goes on."""

import os
import subprocess

import pytest

from program import Installation, staff, temporary_directory, wait_for

PEOPLE = 400
# A new cluster with its log takes about half of it.
MEGABYTES = 160


@pytest.fixture
def small_disk():
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system to fill")
    directory = temporary_directory("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", str(directory)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        directory.rmdir()
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)
    directory.rmdir()


class Filler:
    """A file that takes all the room that is left."""

    def __init__(self, directory):
        self.path = directory / "filler"

    def fill(self):
        block = b"\0" * (1 << 20)
        with self.path.open("ab", buffering=0) as file:
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[: len(block) // 2]

    def empty(self):
        self.path.unlink()


def test_a_full_disk_is_reported_and_survived(sandbox, small_disk):
    installation = Installation("disk", sandbox.url, PEOPLE, data_directory=small_disk / "data")
    try:
        with_a_filler(installation, sandbox, Filler(small_disk))
    finally:
        installation.end()


def with_a_filler(installation, sandbox, filler):
    before = installation.people()
    newcomers = staff("newcomers.example", range(5000))
    sandbox.slow_down(300)
    run = installation.call("POST", "/api/employees/scan")["id"]
    filler.fill()

    refused = installation.ask("POST", "/api/employees/import", newcomers, "text/csv")
    assert refused.status == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert "disk is full" in refused.json["detail"]
    installation.server.line(r"critical.*disk full \(53100\)")
    # Reading needs no room, and nothing of the list was taken.
    assert {email for email, *_ in installation.people()} == {email for email, *_ in before}
    # What the scan has found finds no room either.
    sandbox.misbehave()
    installation.server.line(r"disk full \(53100\)[\s\S]*A job could not use the database")
    assert installation.run_is(run, "RUNNING")
    assert installation.findings() == []
    assert installation.server.is_running

    filler.empty()
    wait_for(lambda: installation.run_is(run, "SUCCEEDED"), "the end of the scan")
    state = installation.call("GET", f"/api/scans/{run}")
    assert (state["scanned"], state["errors"]) == (PEOPLE, 0)
    found = installation.findings()
    assert len(found) == len(set(found)) == state["newAlerts"] > PEOPLE / 10
    report = installation.ask("POST", "/api/employees/import", newcomers, "text/csv")
    assert (report.status, report.json["added"]) == (200, 5000)
    assert len(installation.people()) == PEOPLE + 5000
    assert installation.server.stop()[0] == 0
