"""What is killed, and at which moment: all of it follows from the seed."""

import random
from dataclasses import dataclass

# What may be struck in each world, and how often compared with the others.
TARGETS = {
    # Three processes on a PostgreSQL server of its own.
    "several": {"web": 3, "worker": 4, "all": 3, "ingest": 4, "postmaster": 2, "backend": 3, "restart": 2, "crash": 2},
    # One process with its private cluster.
    "single": {"all": 6, "ingest": 4, "postmaster": 3, "backend": 3},
}
# What is waited for before the blow, and how often compared with the others: so many more acknowledged writes, or something that is under
# way and can be seen.
MOMENTS = {"writes": 4, "import": 2, "push": 2, "remediation": 3, "sync": 3, "scan": 3, "reading": 2, "upload": 2}
# Blows that no `serve` dies of. Some of them come first: what they may cost is less.
SPARING = {"ingest", "postmaster", "backend", "restart", "crash"}
FIRST = 8
# A command is struck while it reads, and at no other moment.
OWN_MOMENTS = {"ingest": {"reading": 1}}


@dataclass(frozen=True)
class Blow:
    number: int
    target: str
    moment: str
    # How many writes for the moment of that name.
    count: int
    # Between the moment and the blow, and between the blow and the next start.
    delay: float
    pause: float
    # Which of several that it may hit, as a share of their number.
    share: float

    @property
    def spares_programs(self):
        return self.target in SPARING

    def __str__(self):
        when = f"after {self.count} writes" if self.moment == "writes" else f"during {self.moment}"
        return f"{self.number:3} {self.target:10} {when}, {self.delay * 1000:.0f} ms later; up again after {self.pause * 1000:.0f} ms"


def chosen(weights, count, numbers):
    """So many of them: each once first, as far as that goes, the rest by weight; in any order."""
    names = list(weights)
    numbers.shuffle(names)
    names = names[:count]
    names += numbers.choices(list(weights), list(weights.values()), k=count - len(names))
    numbers.shuffle(names)
    return names


def make(seed, world, kills):
    """The blows of a world, in their order."""
    numbers = random.Random(f"{seed}/{world}")
    moments = chosen(MOMENTS, kills, numbers)
    targets = chosen(TARGETS[world], kills, numbers)
    first = [target for target in targets if target in SPARING][: min(FIRST, kills // 4)]
    for target in first:
        targets.remove(target)
    blows = []
    for number, (target, moment) in enumerate(zip(first + targets, moments), 1):
        own = OWN_MOMENTS.get(target)
        if own:
            moment = numbers.choices(list(own), list(own.values()))[0]
        blows.append(
            Blow(
                number, target, moment, count=numbers.randint(3, 30), delay=numbers.choice([0, 0, 0.02, 0.1, 0.3]) * numbers.random(),
                pause=numbers.choice([0, 0, 0.2, 1]) * numbers.random(), share=numbers.random(),
            )
        )
    return blows
