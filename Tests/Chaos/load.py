"""Who works while programs are killed, and what each of them may rely on afterwards."""

import http.client
import json
import random
import threading
import time
import urllib.request

from ledger import Value
from program import Client
from world import pause

# Of one actor in a sweep: a bound, whatever the time.
MOST_REQUESTS = 4000


class Actor(threading.Thread):
    """Does one thing after the other until it is told to end. What it is told of is a fact; what it is not told of may be so or not."""

    # Between two things.
    REST = 0.1

    def __init__(self, world, seed, domain, email=None):
        super().__init__(name=f"{type(self).__name__} of {domain}", daemon=True)
        self.world, self.ledger, self.domain = world, world.ledger, domain
        self.email = email or f"admin@{domain}"
        self.numbers = random.Random(f"{seed}/{world.name}/{self.name}")
        self.client = Client(world.url, self.email)
        self.count = self.requests = 0
        self.failure = None
        self.is_over = False

    def run(self):
        try:
            while not self.is_over and self.requests < MOST_REQUESTS:
                self.act()
                pause(self.REST * (0.5 + self.numbers.random()))
        except Exception as failure:  # Said at the end: a fault of the sweep itself is one, too.
            self.failure = failure
            self.ledger.broken("the sweep itself works", f"{self.name}: {failure!r}")

    def next(self):
        self.count += 1
        return self.count

    def ask(self, method, path, body=None, content_type="application/json", key=None, kind=None, headers=None):
        """The answer; None when nobody knows what became of the request."""
        self.requests += 1
        # The next program may be another one.
        self.client.url = self.world.someone(self.numbers)
        if kind:
            self.ledger.under_way[kind] += 1
        try:
            answer = self.send(method, path, body, content_type, key, headers or {})
        except (OSError, http.client.HTTPException) as error:
            self.ledger.note(f"{self.name}: {method} {path} was cut off: {type(error).__name__}")
            answer = None
        finally:
            if kind:
                self.ledger.under_way[kind] -= 1
        with self.ledger.lock:
            self.ledger.asked += 1
            if answer is None or answer.status >= 500:
                self.ledger.unknown += 1
            elif answer.status < 300 and method != "GET":
                self.ledger.acknowledged += 1
        if answer is None:
            return None
        if answer.status == 401:
            self.ledger.broken("whoever is signed in stays signed in", f"{self.name}: {method} {path}: {answer.body[:300]}")
        if answer.status >= 500:
            self.ledger.note(f"{self.name}: {method} {path}: {answer.status} {answer.body[:160]}")
            if answer.status != 503:
                self.ledger.broken("what fails is answered with 503", f"{method} {path}: {answer.status} {answer.body[:400]}")
            # Its transaction may have been committed all the same.
            return None
        return answer

    def send(self, method, path, body, content_type, key, headers):
        if key is None and not headers:
            return self.client.ask(method, path, body, content_type)
        opener = self.client.opener.addheaders
        self.client.opener.addheaders = [*opener, *headers.items(), *([("Idempotency-Key", key)] if key else [])]
        try:
            return self.client.ask(method, path, body, content_type)
        finally:
            self.client.opener.addheaders = opener

    def unexpected(self, what, answer):
        self.ledger.broken("requests are answered as expected", f"{self.name}: {what}: {answer.status} {answer.body[:400]}")

    def end(self):
        self.is_over = True

    def check(self):
        """Holds what it knows against the database, when nothing is under way any more."""


class Person:
    def __init__(self, title, state):
        self.id, self.title, self.state = None, Value(title), state


def tell(sandbox, method, path, body=None):
    """Tells the sandbox something, or asks it."""
    request = urllib.request.Request(
        f"{sandbox.url}/_sandbox/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        words = answer.read()
    return json.loads(words) if words else None


def wait_until_over(actors, seconds=90):
    """Waits for actors that were told to end."""
    deadline = time.monotonic() + seconds
    for actor in actors:
        actor.join(max(0, deadline - time.monotonic()))
        if actor.is_alive():
            actor.ledger.broken("no request is held without end", actor.name)
