"""Each template that a page names is there and is looked for at start, and each that is there is named."""

import re
from pathlib import Path

from source import Finding, read_swift

PRODUCT = "Sources/DataShield"
TEMPLATES = "Sources/DataShield/Resources/Templates"
# pages.show("alerts/list", …), html("errors/show", …), over line breaks too.
_SHOWN = re.compile(r"(?:\bshow|\bhtml)\(\s*\"([a-z0-9-]+/[a-z0-9-]+)\"")
_NAME = re.compile(r"\"([a-z0-9-]+/[a-z0-9-]+)\"")
_PART = re.compile(r"\{\{[>$<]\s*([a-z0-9-]+/[a-z0-9-]+)\s*\}\}")


def check(root):
    root = Path(root)
    files = read_swift(root, PRODUCT)
    there = {path.relative_to(root / TEMPLATES).with_suffix("").as_posix(): path for path in sorted((root / TEMPLATES).rglob("*.mustache"))}
    at_start, list_path = set(), None
    for file in files:
        match = re.search(r"static let templates = \[(.*?)\]", file.text, re.DOTALL)
        if match:
            at_start, list_path = set(_NAME.findall(match.group(1))), file.path
    if not list_path:
        yield Finding("templates", PRODUCT, "Pages.templates is nowhere: what is looked for at start?")
        return
    named = set()
    layouts = set()
    for file in files:
        for match in _SHOWN.finditer(file.text):
            name, line = match.group(1), file.line_of(match.start(1))
            named.add(name)
            if name not in there:
                yield Finding("templates", f"{file.path}:{line}", f"there is no template {name}")
            elif name not in at_start:
                words = f"the template {name} is not looked for at start: add it to Pages.templates in {list_path}"
                yield Finding("templates", f"{file.path}:{line}", words)
        layouts |= {name for name in _NAME.findall(file.text) if name.startswith("layout/")}
    for name in sorted(at_start - set(there)):
        yield Finding("templates", list_path, f"Pages.templates has {name}, and there is no such template")
    for name in sorted((at_start & set(there)) - named):
        yield Finding("templates", list_path, f"Pages.templates has {name}, which no page shows")
    parts = set()
    for name, path in there.items():
        for part in _PART.findall(path.read_text(encoding="utf-8")):
            parts.add(part)
            if part not in there:
                yield Finding("templates", f"{TEMPLATES}/{name}.mustache", f"there is no template {part}")
    for name in sorted(set(there) - named - parts - layouts):
        yield Finding("templates", f"{TEMPLATES}/{name}.mustache", "named by no page, layout or other template")
