"""Migrations that are out in the world stay as they are, byte by byte."""

import hashlib
import re
from collections import Counter
from pathlib import Path

from source import Finding

LIST = "scripts/house/migrations.txt"


def present(root):
    """The migrations that there are, by path from the root."""
    root = Path(root)
    return {path.relative_to(root).as_posix(): path for path in sorted(root.glob("Sources/**/Migrations/[0-9]*.sql"))}


def listed(root):
    """The checksums of the list, by path, the first where there are several. The list has the form that `sha256sum` writes and checks."""
    sums = {}
    for checksum, path in lines(root):
        sums.setdefault(path, checksum)
    return sums


def lines(root):
    for line in (Path(root) / LIST).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.split(None, 1))


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check(root):
    files, sums = present(root), listed(root)
    for path, count in Counter(path for _, path in lines(root)).items():
        if count > 1:
            yield Finding("migrations", LIST, f"{path} is listed {count} times: keep the first line, which is what was shipped")
    for path, expected in sums.items():
        if path not in files:
            yield Finding("migrations", path, "this migration is shipped and is gone: databases that have it refuse to start without it")
        elif checksum(files[path]) != expected:
            yield Finding("migrations", path, "this migration is shipped and was changed: put it back, and write a new one with the next number")
    for path in files:
        if path not in sums:
            yield Finding("migrations", path, "not listed yet: when it is as it shall land, `make ship-migrations` writes its checksum down")
    # A library's lie with the library, and are numbered among the others.
    for expected, path in enumerate(sorted(files, key=lambda path: (path.rsplit("/", 1)[1], path)), 1):
        if int(re.match(r"\d+", path.rsplit("/", 1)[1]).group()) != expected:
            words = f"migrations are numbered without gap, each number once: this should be number {expected}"
            yield Finding("migrations", path, words)
            break


def ship(root):
    """Writes down those that are not listed, and changes nothing of what is."""
    files, sums = present(root), listed(root)
    new = [path for path in files if path not in sums]
    with open(Path(root) / LIST, "a", encoding="utf-8") as list_file:
        for path in new:
            list_file.write(f"{checksum(files[path])}  {path}\n")
    return new
