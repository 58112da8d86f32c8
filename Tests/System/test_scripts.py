"""scripts/with-postgres leaves nothing behind, however it ends."""

import signal
import subprocess
from pathlib import Path

from program import wait_for

WITH_POSTGRES = Path(__file__).parents[2] / "scripts/with-postgres"
# The directory of the server: its lock is open in the command.
WHERE = 'dirname "$(readlink /proc/$$/fd/9)"'


def start(*command):
    return subprocess.Popen([WITH_POSTGRES, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_a_server_is_removed_at_the_end_and_its_command_tells_how_it_went():
    script = start("sh", "-c", f"{WHERE}; exit 7")
    where = Path(script.stdout.readline().strip())
    assert script.wait() == 7
    assert where.name.startswith("datashield-pg.") and not where.exists()


def test_a_signal_while_the_server_is_made_ends_it():
    script = start("echo", "ran")
    # It is there, and has no command yet.
    wait_for(lambda: "initdb" in children(script.pid), "initdb")
    script.send_signal(signal.SIGTERM)
    assert script.stdout.read() == ""
    assert script.wait() == 143


def children(process):
    """The names of what a process has started, and of what that has."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            begin, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue  # It has ended meanwhile.
        pid, _, name = begin.partition(" (")
        parents[int(pid)] = int(rest.split()[1]), name

    def family(pid):
        while pid in parents and pid != process:
            pid = parents[pid][0]
        return pid == process

    return [name for pid, (_, name) in parents.items() if pid != process and family(pid)]


def test_what_a_killed_run_has_left_is_removed_by_the_next_and_what_is_in_use_is_not():
    script = start("sh", "-c", f"{WHERE}; exec cat")
    where = Path(script.stdout.readline().strip())
    server = int((where / "data/postmaster.pid").read_text().split("\n")[0])
    script.kill()
    script.wait()
    subprocess.run([WITH_POSTGRES, "true"], check=True)
    assert where.exists() and Path(f"/proc/{server}").exists(), "the command is still at work"
    script.stdin.close()
    assert script.stdout.read() == ""
    subprocess.run([WITH_POSTGRES, "true"], check=True)
    assert not where.exists()
    wait_for(lambda: not Path(f"/proc/{server}").exists(), "the end of the server")
