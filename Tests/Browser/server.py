"""A demo of its own for the browser tests: started once, stopped at the end, nothing left behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

# A debug build on a busy machine makes a cluster, imports and scans 250 people.
START_SECONDS = 240
STOP_SECONDS = 20


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass
class Account:
    email: str
    password: str


class Demo:
    """`datashield demo` with a data directory of its own."""

    def __init__(self, program: str):
        self.directory = Path(tempfile.mkdtemp(prefix="datashield-browser-", dir=os.environ.get("TEST_DATABASES")))
        # As root the private cluster runs as another user, who has to be able to come in.
        self.directory.chmod(0o755)
        self.log = self.directory / "demo.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Settings of whoever runs the tests are not ours.
        environment = {
            name: value
            for name, value in os.environ.items()
            if name != "DATABASE_URL" and not name.startswith("DATASHIELD_")
        }
        # The directory that the tests connect to is on this machine.
        environment["DATASHIELD_ALLOWED_HOSTS"] = "127.0.0.1"
        environment |= {"DATASHIELD_JOB_LEASE": "2", "DATASHIELD_JOB_POLL": "1"}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [program, "demo", "--data-dir", str(self.directory / "data"), "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        try:
            self._wait_until(self._is_ready, "answer that it is ready")
            self.admin = self._sign_in()
        except BaseException:
            self.stop()
            raise

    def _wait_until(self, condition, what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"The demo did not {what} within {START_SECONDS} s.\n{self.tail()}")
            try:
                code = self.process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"The demo ended with {code}.\n{self.tail()}")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=5) as answer:
                return answer.status == 200 and self._printed() is not None
        except OSError:
            return False

    def _printed(self) -> re.Match | None:
        """The e-mail address and the password that the demo prints."""
        return re.search(r"E-mail:\s*(?P<email>\S+).*?Password:\s*(?P<password>\S+)", self.log.read_text(errors="replace"), re.S)

    def _sign_in(self) -> Account:
        found = self._printed()
        assert found is not None
        return Account(found["email"], found["password"])

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
