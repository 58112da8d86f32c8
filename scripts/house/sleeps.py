"""Tests wait for an event, not for a while."""

import re

from source import Finding, read_swift

FOLDERS = ("Tests", "Sources/DataShieldTestSupport")
_SLEEP = re.compile(r"\bTask\s*\.\s*sleep\b|\.\s*sleep\(\s*(?:for|until)\s*:|(?<![\w.])(?<!func )(?:u|nano)?sleep\(")
_REASON = re.compile(r"// sleeps: \S")


def check(root):
    for file in read_swift(root, *FOLDERS):
        lines = file.text.splitlines()
        for match in _SLEEP.finditer(file.code):
            line = file.line_of(match.start())
            if not _REASON.search(lines[line - 1]):
                yield Finding(
                    "sleeps", f"{file.path}:{line}",
                    "a test that sleeps: wait for what is to happen; where it cannot be waited for, say why behind it: “// sleeps: …”")
