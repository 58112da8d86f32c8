"""The audit trail is checked by a command, for whoever looks after the installation."""

import subprocess

from program import PATIENCE, PROGRAM, Installation


def test_a_trail_that_was_tampered_with_is_told_from_one_that_was_not(sandbox, database):
    installation = Installation("audit", sandbox.url, database_url=database.url)
    try:
        tamper(installation, database)
    finally:
        installation.end()


def tamper(installation, database):
    verify = ["audit", "verify", "--company", installation.domain]
    assert "is whole" in installation.command(*verify)
    assert b"Chain whole" in installation.ask("GET", "/audit").body
    # As only somebody can who has the database itself.
    database.says("SET session_replication_role = replica; UPDATE audit_events SET ip = '192.0.2.9' WHERE sequence = 2")
    done = subprocess.run([PROGRAM, *verify], env=installation.environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "is broken at event 2" in done.stderr
    assert b"Chain broken at event 2" in installation.ask("GET", "/audit").body
