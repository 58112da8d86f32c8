"""What was said during a sweep: which writes were acknowledged, of which nobody knows, and what went wrong."""

import collections
import threading
import time


class Ledger:
    """Shared by everybody who acts in a world."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.acknowledged = 0
        self.asked = 0
        self.unknown = 0
        self.under_way = collections.Counter()
        self.kills = collections.Counter()
        self.moments = collections.Counter()
        self.events = collections.deque(maxlen=5000)
        # By the invariant that is broken; the first words of each.
        self.violations = {}
        self.checked = {}

    def note(self, text):
        with self.lock:
            self.events.append(f"{time.monotonic() - self.began:7.2f} {self.name:8} {text}")

    def passed(self, check):
        with self.lock:
            self.checked[check] = self.checked.get(check, 0) + 1

    def broken(self, check, text):
        with self.lock:
            self.checked[check] = self.checked.get(check, 0) + 1
            words = self.violations.setdefault(check, [])
            words.append(text)
            is_first = len(words) == 1
        self.note(f"VIOLATION {check}: {text}")
        if is_first:
            print(f"{self.name}: BROKEN: {check}: {text[:300]}", flush=True)

    def hold(self, check, wrong):
        """Whether nothing is wrong; what is, is listed."""
        if wrong:
            self.broken(check, str(wrong)[:2000])
        else:
            self.passed(check)
        return not wrong


class Value:
    """Something that one actor writes: what was acknowledged last, and what may have been written since."""

    # A request whose program or connection died may still be carried out by the database a moment later.
    AFTERMATH = 15

    def __init__(self, value):
        self.value = value
        self.maybe = []

    def acknowledged(self, value):
        self.value = value
        now = time.monotonic()
        self.maybe = [(at, other) for at, other in self.maybe if now - at < self.AFTERMATH]

    def unknown(self, value):
        self.maybe.append((time.monotonic(), value))

    @property
    def is_certain(self):
        return not self.maybe

    @property
    def is_old(self):
        """Whether what may still happen has happened."""
        return all(time.monotonic() - at > self.AFTERMATH / 5 for at, _ in self.maybe)

    def may_be(self, value):
        return value == self.value or any(value == other for _, other in self.maybe)

    def seen(self, value):
        self.value, self.maybe = value, []

    def __str__(self):
        return " or ".join([repr(self.value)] + [repr(other) for _, other in self.maybe])
