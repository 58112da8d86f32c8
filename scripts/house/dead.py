"""What is declared and named nowhere else."""

import re
from collections import Counter
from pathlib import Path

from source import Finding, read_swift

LIST = "scripts/house/unnamed.txt"
SOURCES = ("Sources",)
# Whoever names something from here counts as well.
OTHERS = ("Tests", "Benchmarks", "Fuzz")
_NAME = re.compile(r"(?<!\w)[A-Za-z_]\w*")
_KINDS = {"struct", "enum", "class", "actor", "protocol", "typealias", "func", "let", "var", "case"}


def allowed(root):
    """Names that something else than our code calls, each with its reason."""
    names = {}
    for line in (Path(root) / LIST).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition(" ")
            names[name] = reason.strip()
    return names


def unnamed(root):
    """Declarations whose name stands nowhere but where it is declared or extended: (file, declaration)."""
    ours = read_swift(root, *SOURCES)
    names = Counter()
    for file in [*ours, *read_swift(root, *OTHERS)]:
        names.update(_NAME.findall(file.code))
        # "extension Alert" and "func move" name nobody.
        names.subtract(one.name for one in file.declarations)
    in_templates = set()
    for path in Path(root).glob("Sources/**/*.mustache"):
        in_templates |= set(_NAME.findall(path.read_text(encoding="utf-8")))
    for file in ours:
        for one in file.declarations:
            # An operator is named by its sign.
            if one.kind in _KINDS and one.name.isidentifier() and names[one.name] <= 0 and one.name not in in_templates:
                yield file, one


def check(root):
    leave = allowed(root)
    for file, one in unnamed(root):
        if one.name not in leave:
            words = f"{one.kind} {one.name} is named nowhere: take it out, or list it with a reason in {LIST}"
            yield Finding("dead", f"{file.path}:{one.line}", words)
    # What is listed may be named by chance as well, by something of the same name; it has to be there.
    declared = {one.name for file in read_swift(root, *SOURCES) for one in file.declarations}
    for name, reason in leave.items():
        if name not in declared:
            yield Finding("dead", LIST, f"there is no {name} any more: take it out")
        elif not reason:
            yield Finding("dead", LIST, f"{name} without a reason")
