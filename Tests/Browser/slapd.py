"""A throw-away OpenLDAP server of made-up people, for the tests of the wizard."""

import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


class Slapd:
    """`scripts/slapd-demo`: ends with this program, whatever happens to it."""

    def __init__(self, people: int, domain: str):
        self.process = subprocess.Popen(
            [str(ROOT / "scripts/slapd-demo"), "--people", str(people), "--domain", domain, "--while-open"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        deadline = time.monotonic() + START_SECONDS
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if line.startswith("DataShield reaches"):
                break
            assert time.monotonic() < deadline, f"slapd did not start.\n{self.said}"
        else:
            raise RuntimeError(f"slapd ended.\n{self.said}")

    def value(self, name: str) -> str:
        found = re.search(rf"^\s*{re.escape(name)}:\s+(\S+)", self.said, re.M)
        assert found, f"{name} was not said.\n{self.said}"
        return found[1]

    @property
    def authority(self) -> str:
        """The certificate of the authority that signed the server's."""
        return Path(self.value("CA file")).read_text()

    def change(self, ldif: str) -> None:
        """Changes people as the directory's administrator does."""
        subprocess.run(
            ["ldapmodify", "-H", f"ldap://127.0.0.1:{self.value('starttls port')}", "-ZZ", "-x"]
            + ["-D", self.value("adminDN"), "-w", self.value("bindPassword")],
            input=ldif,
            text=True,
            check=True,
            capture_output=True,
            env={"LDAPTLS_CACERT": self.value("CA file"), "PATH": "/usr/bin:/bin"},
        )

    def stop(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
