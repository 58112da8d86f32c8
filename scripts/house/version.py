"""The version is told in one place, and the changelog has it."""

import re
from pathlib import Path

from source import Finding, read_swift

SOURCE = "Sources/DataShield/Version.swift"
CHANGELOG = "CHANGELOG.md"


def check(root):
    root = Path(root)
    told = re.search(r'static let current = "(\d+\.\d+\.\d+)"', (root / SOURCE).read_text(encoding="utf-8"))
    if not told:
        yield Finding("version", SOURCE, "no version by Semantic Versioning")
        return
    version = told.group(1)
    headings = re.findall(r"^## \[(.+?)\](?: - (\S+))?$", (root / CHANGELOG).read_text(encoding="utf-8"), re.MULTILINE)
    if not headings or headings[0] != ("Unreleased", ""):
        yield Finding("version", CHANGELOG, "begins with what is not released yet: “## [Unreleased]”")
    released = [heading for heading in headings if heading[0] != "Unreleased"]
    if not released or released[0][0] != version:
        yield Finding("version", CHANGELOG, f"its newest version is not {version}, that of {SOURCE}")
    for name, date in released:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
            yield Finding("version", CHANGELOG, f"{name} has no date: “## [{name}] - 2026-01-31”")
    for file in read_swift(root, "Sources"):
        for literal in file.literals:
            if literal.text == version and file.path != SOURCE:
                yield Finding("version", f"{file.path}:{literal.line}", "the version once more: say Version.current")
