"""Each library of ours has a README, and its first example is the text that a test compiles and runs."""

import re
import textwrap
from pathlib import Path

from source import Finding

# What could be published alone, or is met by somebody new before anything else.
WITH_README = ("Cryptography", "Jobs", "LDAP", "LeakFiles", "Postgres", "SCIM", "Sandbox")
_EXAMPLE = re.compile(r"^```swift\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMPILED = re.compile(r"^ *// README\n(.*?)^ *// end of README$", re.DOTALL | re.MULTILINE)


def _plain(text):
    return textwrap.dedent(text).strip("\n")


def compiled(text):
    """The parts of a test between “// README” and “// end of README”, one below the other."""
    return "\n\n".join(_plain(part) for part in _COMPILED.findall(text))


def check(root):
    root = Path(root)
    targets = set(WITH_README) | {path.parent.name for path in root.glob("Sources/*/README.md")}
    for target in sorted(targets):
        readme, test = root / f"Sources/{target}/README.md", root / f"Tests/{target}Tests/ReadmeTests.swift"
        if not readme.exists():
            if (root / f"Sources/{target}").exists():
                yield Finding("readmes", f"Sources/{target}", "a README is missing: what it is, one example, what it promises")
            continue
        place = readme.relative_to(root).as_posix()
        example = _EXAMPLE.search(readme.read_text(encoding="utf-8"))
        if not example:
            yield Finding("readmes", place, "no example in Swift")
        elif not test.exists():
            yield Finding("readmes", place, f"its example is compiled nowhere: {test.relative_to(root).as_posix()} is missing")
        elif compiled(test.read_text(encoding="utf-8")) != _plain(example.group(1)):
            yield Finding("readmes", place, f"its first example is not the text between the marks in {test.relative_to(root).as_posix()}")
