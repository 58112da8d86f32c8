"""`make chaos`: kills the program, its database and its readings at random while people work, and checks that nothing is lost, doubled or
untrue afterwards. The seed decides what is killed and at which moment; run with the same seed, the plan is the same."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "System")]

# Nothing is written beside the sources.
sys.dont_write_bytecode = True

import invariants  # noqa: E402
import leaks  # noqa: E402
import load  # noqa: E402
import plan  # noqa: E402
import remediation  # noqa: E402
from desk import Desk  # noqa: E402
from ledger import Ledger  # noqa: E402
from pusher import Pusher  # noqa: E402
from scanner import Scanner  # noqa: E402
from staff import Staff  # noqa: E402
from visitor import Visitor  # noqa: E402
from world import World, pause  # noqa: E402

# Between two looks at what must hold at any moment.
BLOWS_BETWEEN_CHECKS = 8
PEOPLE = 60


class Sweep:
    """One world from its making to its end."""

    def __init__(self, name, seed, kills):
        self.name, self.seed = name, seed
        self.ledger = Ledger(name)
        self.blows = plan.make(seed, name, kills)
        self.world = None
        self.logs = None

    def run(self):
        began = time.monotonic()
        try:
            self.world = World(self.name, self.seed, self.ledger)
            self.people()
            self.ledger.note("the load begins")
            self.disturb()
            self.judge()
        except Exception as failure:  # A sweep that does not come to its end says so, and why.
            self.ledger.broken("the sweep comes to its end", f"{failure!r}\n{traceback.format_exc()}")
        finally:
            self.seconds = time.monotonic() - began
            self.close()

    def close(self):
        if self.world is None:
            return
        if self.ledger.violations and self.logs is None:
            self.logs = Path(tempfile.mkdtemp(prefix=f"chaos-{self.seed}-{self.name}-"))
            for log in [*self.world.directory.glob("*.log"), *self.world.directory.glob("data/postgres/log")]:
                shutil.copy(log, self.logs)
        try:
            self.world.end()
        except Exception as failure:
            self.ledger.broken("the sweep itself works", f"the end of the world: {failure!r}")

    def people(self):
        """Companies, and who works in them."""
        world, seed = self.world, self.seed
        for which in ("other", "okta", "push"):
            world.found(world.domain_of(which))
        world.call("POST", "/api/credentials", {"provider": "HIBP", "key": "5a" * 16})
        names = [f"person{number}" for number in range(PEOPLE)] + [f"ghost{number}" for number in range(Scanner.GHOSTS)]
        rows = "".join(f"{name}@{world.domain},Some,Body,{('Sales', 'IT', 'Law')[number % 3]}\n" for number, name in enumerate(names))
        world.ask_as_admin("POST", "/api/employees/import", ("email,first name,last name,department\n" + rows).encode(), "text/csv")
        # Slow enough that a blow falls into what is under way; and of the ghosts the service never knows anything.
        world.sandbox.misbehave(
            {"kind": "internalError", "pathPrefix": "breachedaccount/ghost"},
            {"kind": "slow", "pathPrefix": "breachedaccount/", "delayMilliseconds": 150},
            {"kind": "slow", "service": "okta", "pathPrefix": "api/v1/users/", "delayMilliseconds": 120},
        )
        files = self.files = leaks.Leaks(world)
        leaks.make_companies(world, files)
        domain, other = world.domain, world.domain_of("other")
        self.administrator = remediation.Administrator(world, seed, world.domain_of("okta"))
        self.scanner = Scanner(world, seed, domain)
        self.reader, self.sender = leaks.Reader(world, files), leaks.Sender(world, seed, files)
        self.actors = [
            Staff(world, seed, domain), Desk(world, seed, domain), self.scanner, Visitor(world, seed, domain),
            Staff(world, seed, other), Pusher(world, seed, world.domain_of("push")), self.administrator, self.sender, self.reader,
        ]

    def disturb(self):
        """The blows, with looks in between."""
        for actor in self.actors:
            actor.start()
        is_first = True
        for blow in self.blows:
            # First come those that no program dies of.
            if is_first and not blow.spares_programs:
                self.administrator.check_after_database()
                is_first = False
            self.world.strike(blow)
            if blow.number % BLOWS_BETWEEN_CHECKS == 0:
                invariants.check(self.world)
                print(f"{self.name}: {blow.number} of {len(self.blows)} blows", flush=True)
        self.ledger.note("the load ends")
        for actor in self.actors:
            actor.end()
        load.wait_until_over(self.actors)

    def judge(self):
        """What is left when all is quiet."""
        world, ledger = self.world, self.ledger
        world.settle()
        self.sender.finish()
        world.sandbox.misbehave({"kind": "internalError", "pathPrefix": "breachedaccount/ghost"})
        is_over = world.until(lambda: not remediation.settled(world), "an end of all that was begun", is_needed=False, seconds=150)
        ledger.hold("nothing waits or runs without end", not is_over and remediation.settled(world))
        self.scanner.renew()
        run = self.scanner.last_scan()
        ledger.hold("a scan can be begun when all is quiet", not run)
        world.until(
            lambda: run and self.scanner.client.call("GET", f"/api/scans/{run}")["status"] in ("SUCCEEDED", "FAILED"), "the last scan",
            is_needed=False,
        )
        for actor in self.actors:
            actor.check()
        self.files.check()
        invariants.check(world)
        invariants.check_left(world)
        for domain in (world.domain, world.domain_of("okta"), world.domain_of("push")):
            done = world.attempt("audit", "verify", "--company", domain)
            ledger.hold("datashield audit verify finds the trail whole", done.returncode and done.stdout + done.stderr)
        endings = world.stop()
        ledger.hold("programs end well when they are told to", [f"{role}: {end}" for role, end in endings.items() if end[0] or end[1] > 12])
        world.until(lambda: not world.leftovers(), "the end of what was left", is_needed=False, seconds=20)
        ledger.hold("no process, temporary file or socket is left", world.leftovers())


# MARK: The report


def table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) if not column else str(cell).rjust(width) for column, (cell, width) in enumerate(zip(row, widths))))
    print()


def report(seed, sweeps):
    """
    - Returns: whether all holds.
    """
    ledgers = [sweep.ledger for sweep in sweeps]
    names = [ledger.name for ledger in ledgers]
    print(f"\nseed {seed}")
    for sweep in sweeps:
        ledger = sweep.ledger
        print(
            f"{ledger.name}: {sweep.seconds:.0f} s, {ledger.asked} requests, {ledger.acknowledged} writes acknowledged, {ledger.unknown} without an answer"
        )
    print()
    for what in ("kills", "moments"):
        kinds = sorted({kind for ledger in ledgers for kind in getattr(ledger, what)})
        rows = [[what, *names, "together"]]
        rows += [[kind, *(getattr(ledger, what)[kind] for ledger in ledgers), sum(getattr(ledger, what)[kind] for ledger in ledgers)] for kind in kinds]
        rows.append(["sum", *(sum(getattr(ledger, what).values()) for ledger in ledgers), sum(sum(getattr(ledger, what).values()) for ledger in ledgers)])
        table(rows)
    checks = sorted({check for ledger in ledgers for check in ledger.checked})
    rows = [["check", *names, "result"]]
    for check in checks:
        broken = sum(len(ledger.violations.get(check, [])) for ledger in ledgers)
        rows.append([check, *(ledger.checked.get(check, 0) for ledger in ledgers), f"BROKEN {broken} times" if broken else "holds"])
    table(rows)
    is_well = not any(ledger.violations for ledger in ledgers)
    for sweep in sweeps:
        ledger = sweep.ledger
        if not ledger.violations:
            continue
        print(f"{ledger.name}: the plan")
        for blow in sweep.blows:
            print(f"  {blow}")
        print(f"{ledger.name}: the last events")
        for event in list(ledger.events)[-60:]:
            print(f"  {event[:400]}")
        print(f"{ledger.name}: what is broken")
        for check, words in ledger.violations.items():
            print(f"  {check}")
            for text in words[:3]:
                print(f"    {text[:1500]}")
        if sweep.logs:
            (sweep.logs / "events.txt").write_text("\n".join(ledger.events))
            print(f"{ledger.name}: the logs and all events are in {sweep.logs}\n")
    if not is_well:
        print(f"Broken. Again: make chaos ARGS='--seed {seed} --kills {sum(len(sweep.blows) for sweep in sweeps)}'")
    else:
        print("All of it holds.")
    return is_well


def main():
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"), help="what the plan follows from; any number otherwise")
    parser.add_argument("--kills", type=int, default=80, help="how many blows in all (default: %(default)s)")
    parser.add_argument("--world", choices=[*plan.TARGETS, "both"], default="both", help="one of the two worlds only")
    parser.add_argument("--plan", action="store_true", help="print the plan and end")
    wanted = parser.parse_args()
    names = list(plan.TARGETS) if wanted.world == "both" else [wanted.world]
    shares = [(wanted.kills + len(names) - 1 - place) // len(names) for place in range(len(names))]
    sweeps = [Sweep(name, wanted.seed, share) for name, share in zip(names, shares) if share]
    print(f"seed {wanted.seed}, {wanted.kills} blows", flush=True)
    if wanted.plan:
        for sweep in sweeps:
            print(sweep.name, *sweep.blows, sep="\n  ")
        return 0
    # Told to end, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    threads = [threading.Thread(target=sweep.run, daemon=True) for sweep in sweeps]
    try:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            pause(0.5)
    except BaseException:
        for sweep in sweeps:
            sweep.close()
        raise
    return 0 if report(wanted.seed, sweeps) else 1


sys.exit(main())
