"""Reads Swift as far as these checks need it: code apart from comments and texts, and what is declared where."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

# What a line of code may begin that is none: a comment or a text. Parentheses end the code within a text.
# A text of several lines begins on a line of its own: #""""# is one of a line, with two quotation marks in it.
_OPENING = re.compile(r'//|/\*|(#*)("""(?=[ \t]*$)|")|[()]', re.MULTILINE)
_COMMENT_MARK = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Finding:
    """One thing that a check refuses, in words for whoever has to mend it."""

    check: str
    place: str
    words: str

    def __str__(self):
        return f"{self.place}: {self.words}" if self.place else self.words


@dataclass(frozen=True)
class Literal:
    """A text of the code; what is interpolated stands in it as `\\(…)`."""

    line: int
    text: str


@dataclass(frozen=True)
class Declaration:
    kind: str
    name: str
    line: int
    # What it stands in, outermost first: ("extension", "Alert"), ("struct", "Change").
    scope: tuple
    modifiers: str
    # The rest of the line behind the name.
    rest: str

    @property
    def is_private(self):
        return re.search(r"\b(file)?private\b(?!\()", self.modifiers) is not None

    @property
    def is_at_file_scope(self):
        return not self.scope


@dataclass
class SwiftFile:
    """One file. `path` is relative to the root, with slashes."""

    path: str
    text: str
    code: str = field(init=False)
    literals: list = field(init=False)

    def __post_init__(self):
        self.code, self.literals = _part(self.text)

    @cached_property
    def declarations(self):
        return list(_declarations(self.code))

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1


def read_swift(root, *folders):
    """All Swift files below some folders, in the order of their paths."""
    root = Path(root)
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.swift") if ".build" not in path.parts)
    return [SwiftFile(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def folder_of(path):
    """The folder that a file belongs to: a target, or within the product a folder of one or two names (Alerts, Exposure/Rules, Web/Pages)."""
    parts = path.split("/")
    if parts[0] != "Sources":
        return parts[0]
    if parts[1] != "DataShield":
        return parts[1]
    return "/".join(parts[2:-1][:2]) or "Application"


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _part(text):
    """The code with comments and texts blanked, line by line as before, and the texts."""
    code, literals = [], []
    # What is open, innermost last: ["code", depth of parentheses] within a text, ["text", end, hashes, first line, pieces].
    stack = []
    position = 0
    while position < len(text):
        if stack and stack[-1][0] == "text":
            _, end, hashes, line, pieces = stack[-1]
            stops = rf'\\{"#" * hashes}(?P<inner>\()|(?P<end>{re.escape(end)}{"#" * hashes})'
            stops += r"|\\." if hashes == 0 else ""
            stops += r"|\n" if end == '"' else ""
            match = re.compile(stops, re.DOTALL).search(text, position)
            stop = match.start() if match else len(text)
            pieces.append(text[position:stop])
            code.append(_blank(text[position:stop]))
            if not match:
                break
            position = match.end()
            code.append(_blank(match.group()))
            if match.group("inner"):
                pieces.append("\\(…)")
                stack.append(["code", 0])
            elif match.group("end") or match.group() == "\n":
                stack.pop()
                literals.append(Literal(line, "".join(pieces)))
            else:
                pieces.append(match.group())
            continue
        match = _OPENING.search(text, position)
        stop = match.start() if match else len(text)
        code.append(text[position:stop])
        if not match:
            break
        position = match.end()
        found = match.group()
        if found == "//":
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            code.append(_blank(text[match.start():end]))
            position = end
        elif found == "/*":
            depth = 1
            while depth:
                mark = _COMMENT_MARK.search(text, position)
                if not mark:
                    position = len(text)
                    break
                depth += 1 if mark.group() == "/*" else -1
                position = mark.end()
            code.append(_blank(text[match.start():position]))
        elif found in "()":
            inside = bool(stack)
            if inside:
                stack[-1][1] += 1 if found == "(" else -1
            if inside and stack[-1][1] < 0:
                # The end of an interpolation.
                stack.pop()
                code.append(" ")
            else:
                code.append(found)
        else:
            # A hash that begins no text, such as that of #expect, is passed over by the pattern.
            code.append(_blank(found))
            stack.append(["text", match.group(2), len(match.group(1)), text.count("\n", 0, match.start()) + 1, []])
    return "".join(code), literals


_TOKEN = re.compile(
    r"(?P<brace>[{}])"
    r"|(?<![\w.`])(?P<init>init)\b(?=[?!<( ])"
    r"|(?<![\w.`])(?P<kind>struct|enum|class|actor|protocol|extension|typealias|associatedtype|func|let|var|case)[ \t]+"
    r"(?!(?:func|var|let|struct)\b)(?P<name>`?[A-Za-z_][\w.]*`?|[-+*/<>=!~%&|^.]+(?=\s*[(<]))"
)
_OPENS = {"struct", "enum", "class", "actor", "protocol", "extension", "func", "init"}
_TYPES = {"struct", "enum", "class", "actor", "protocol", "extension"}


def _declarations(code):
    """What is declared outside of bodies of functions."""
    scopes = []
    pending = None
    line, counted = 1, 0
    for match in _TOKEN.finditer(code):
        line += code.count("\n", counted, match.start())
        counted = match.start()
        if match.group("brace") == "{":
            scopes.append(pending)
            pending = None
            continue
        if match.group("brace") == "}":
            if scopes:
                scopes.pop()
            pending = None
            continue
        kind, name = match.group("kind") or "init", (match.group("name") or "").strip("`")
        if any(scope is None or scope[0] not in _TYPES for scope in scopes):
            # Within a body: what is declared there is local, but braces are counted.
            if kind in _OPENS:
                pending = (kind, name, "")
            continue
        if kind == "case" and (not scopes or scopes[-1][0] != "enum"):
            continue
        begin = max(code.rfind(sign, 0, match.start()) for sign in "\n{};")
        end = code.find("\n", match.end())
        modifiers = code[begin + 1:match.start()]
        if scopes and scopes[-1][0] == "extension" and "private" in scopes[-1][2]:
            modifiers = "private " + modifiers
        if kind in _OPENS:
            pending = (kind, name, modifiers)
        if name:
            scope = tuple((one[0], one[1]) for one in scopes)
            yield Declaration(kind, name, line, scope, modifiers, code[match.end():len(code) if end < 0 else end])
