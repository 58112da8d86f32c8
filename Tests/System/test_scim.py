"""The SCIM service provider against scim2-tester, which drives everything that our schemas publish, as a directory's maker would."""

import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from program import Installation

CONNECTION = "c" + "0" * 19 + "scim1"
# A debug build answers some hundred requests a second; the tester sends about five hundred.
PATIENCE = 300


def test_scim2_tester_finds_nothing_wrong(sandbox, database):
    installation = Installation("scim", sandbox.url, database_url=database.url)
    try:
        token = connect(installation, database)
        checks = examine(f"{installation.url}/api/scim/{CONNECTION}", token)
        # That nothing failed is the program's exit code; that something was tried is ours to see.
        assert checks.count("SUCCESS") > 50, checks
        # Whoever it made it has taken away again: they have left.
        people = installation.all("/api/employees")
        assert people and all(person["deactivatedAt"] is not None for person in people)
    finally:
        installation.end()


def connect(installation, database):
    """A SCIM connection of the company, and its token, of which the database has the hash."""
    token = "dsscim_" + secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    database.says(
        "INSERT INTO directory_connections (id, company_id, type, name, encrypted_config, bearer_token_hash) "
        f"SELECT '{CONNECTION}', id, 'SCIM', 'Tester', '', '\\x{digest}' FROM companies WHERE domain = '{installation.domain}'",
    )
    return token


def examine(url, token):
    """What the tester says, check by check; it ends with an error when one of them failed or was skipped."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "scim2"), "--url", url, "test", "-v"],
        env=os.environ | {"SCIM_CLI_HEADERS": f"Authorization: Bearer {token}"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
    )
    bad = [line for line in done.stdout.splitlines() if not line.startswith("SUCCESS")]
    assert done.returncode == 0, "\n".join(bad)[-8000:] + done.stderr[-4000:]
    return done.stdout
