"""Which folder owns which table and column, and who else names them in SQL."""

import re
from dataclasses import dataclass
from pathlib import Path

from source import Finding, folder_of, read_swift

LIST = "scripts/house/tables.txt"
SOURCES = "Sources"

# A table, perhaps with its schema or in quotation marks.
_TABLE = r"""(?:\\?"?public\\?"?\.)?\\?"?(?P<table>[a-z_][a-z_0-9]*)\b\\?"?"""
_KEYWORDS = re.compile(
    r"\b(?P<verb>INSERT\s+INTO|DELETE\s+FROM|UPDATE|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?|(?:ALTER|DROP|LOCK)\s+TABLE|COPY|FROM|JOIN|USING|ONLY)\s+"
    r"(?:ONLY\s+|IF\s+EXISTS\s+|LATERAL\s+)*(?:(?=\()|" + _TABLE + ")"
)
_ALIAS = re.compile(r"\s+(?:AS\s+)?[a-z_][a-z_0-9]*")
_MORE = re.compile(r"\s*,\s*(?:LATERAL\s+|ONLY\s+)*(?:(?=\()|" + _TABLE + ")")
_PARENTHESIS = re.compile(r"[()]")
_SET = re.compile(r"\bSET\b(?P<list>.*?)(?:\bWHERE\b|\bFROM\b|\bRETURNING\b|\Z)", re.DOTALL)
_COLUMN = re.compile(r"\s*(?:\((?P<several>[^)]*)\)|(?P<one>[a-z_][a-z_0-9]*))\s*=")
_LOCAL = re.compile(
    r"(?:\bWITH(?:\s+RECURSIVE)?|,)\s*([a-z_][a-z_0-9]*)\s*(?:\([^()]*\)\s*)?AS\s*(?:NOT\s+MATERIALIZED\s*|MATERIALIZED\s*)?\("
)
_WORD = re.compile(r"[a-z_][a-z_0-9]*")
_COPY_IN = re.compile(r"\bcopyIn\(\s*\"(?P<table>[a-z_][a-z_0-9]*)\"")
_READS = {"FROM", "JOIN", "USING", "ONLY"}


def capability_of(path):
    """Who is asked about a table: a target, or a capability of the product with all of its folders."""
    return folder_of(path).split("/")[0]


@dataclass(frozen=True)
class TableUse:
    folder: str
    # "reads", or "writes".
    what: str
    table: str
    # The columns that an UPDATE sets, where it says so; a row as a whole otherwise.
    columns: tuple
    path: str
    line: int


def tables_of_schema(root):
    """The tables that the migrations leave."""
    tables = set()
    for path in sorted(Path(root).glob("Sources/**/Migrations/*.sql"), key=lambda path: path.name):
        text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        for match in re.finditer(r"\b(CREATE|DROP)\s+(?:UNLOGGED\s+|TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([a-z_0-9]+)", text):
            (tables.add if match.group(1) == "CREATE" else tables.discard)(match.group(2))
        for old, new in re.findall(r"\bALTER\s+TABLE\s+([a-z_0-9]+)\s+RENAME\s+TO\s+([a-z_0-9]+)", text):
            tables.discard(old)
            tables.add(new)
    return tables


def columns_set(text):
    """The columns behind SET; none where the list is put together elsewhere."""
    match = _SET.search(text)
    if not match:
        return ()
    columns, depth, piece, pieces = [], 0, "", []
    for sign in match.group("list"):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            pieces.append(piece)
            piece = ""
        else:
            piece += sign
    for piece in [*pieces, piece]:
        found = _COLUMN.match(piece)
        if not found:
            return ()
        columns += _WORD.findall(found.group("several")) if found.group("several") else [found.group("one")]
    return tuple(columns)


def _behind_parentheses(text, position):
    """The place behind what stands in parentheses from here on, or this one; none where they do not end."""
    begin = re.compile(r"\s*\(").match(text, position)
    if not begin:
        return position
    depth = 0
    for match in _PARENTHESIS.finditer(text, begin.start()):
        depth += 1 if match.group() == "(" else -1
        if depth == 0:
            return match.end()
    return None


def _listed(text, match):
    """The tables from here to the end of a list behind FROM or USING, over functions, queries in parentheses and other names: (table, offset)."""
    while match:
        inner = _behind_parentheses(text, match.end())
        if match.group("table") and inner == match.end():
            yield match.group("table"), match.start("table")
        if inner is None:
            return
        alias = _ALIAS.match(text, inner)
        behind = _behind_parentheses(text, alias.end()) if alias else inner
        if behind is None:
            return
        match = _MORE.match(text, behind)


def uses_in(text, tables):
    """What a text of SQL reads and writes: (what, table, columns, offset)."""
    # Names that a WITH gives hide tables of that name.
    local = set(_LOCAL.findall(text))
    for match in _KEYWORDS.finditer(text):
        verb = match.group("verb").split()[0]
        before = text[:match.start()].rstrip()
        if verb == "FROM" and re.search(r"\bDISTINCT$", before):
            continue  # IS DISTINCT FROM compares.
        if verb == "UPDATE" and re.search(r"\b(FOR|NO KEY|DO|ON)$", before):
            continue  # FOR UPDATE locks; DO UPDATE is of the row that was to be inserted.
        if verb in ("FROM", "USING", "JOIN"):
            names = _listed(text, match)
        else:
            names = [(match.group("table"), match.start("table"))]
        for table, offset in names:
            if table in tables and table not in local:
                is_read = verb in _READS
                columns = columns_set(text[match.end():]) if verb == "UPDATE" else ()
                yield ("reads" if is_read else "writes"), table, columns, offset


def uses(files, tables):
    for file in files:
        folder = capability_of(file.path)
        for literal in file.literals:
            text = literal.text
            for what, table, columns, offset in uses_in(text, tables):
                yield TableUse(folder, what, table, columns, file.path, literal.line + text.count("\n", 0, offset))
        for match in _COPY_IN.finditer(file.text):
            if match.group("table") in tables:
                yield TableUse(folder, "writes", match.group("table"), (), file.path, file.line_of(match.start("table")))


@dataclass
class Owners:
    """What the list says: the owner of each table, of columns with another one, and who else reads or writes what, and why."""

    tables: dict
    columns: dict
    # ("Dashboards", "reads", "alert_counts") or ("Directories", "writes", "employees.title") → reason.
    others: dict

    @staticmethod
    def read(text):
        owners = Owners({}, {}, {})
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            match = re.fullmatch(r"(\S+) (reads|writes) ([^:]+):(.*)", line)
            words = line.split()
            if match:
                for name in match.group(3).replace(",", " ").split():
                    owners.others[match.group(1), match.group(2), name] = match.group(4).strip()
            elif len(words) == 2:
                kind = owners.columns if "." in words[0] else owners.tables
                if words[0] in kind:
                    raise ValueError(f"{LIST}:{number}: {words[0]} has two owners")
                kind[words[0]] = words[1]
            else:
                raise ValueError(f"{LIST}:{number}: neither “table Owner”, nor “Folder reads|writes table, table.column: reason”")
        return owners


def _wanted(use, owners):
    """What a use needs leave for: the table, or those of its columns that belong to others."""
    if not use.columns:
        return [] if owners.tables.get(use.table) == use.folder else [use.table]
    names = [f"{use.table}.{column}" for column in use.columns]
    return [name for name in names if owners.columns.get(name, owners.tables.get(use.table)) != use.folder]


def _all_uses(root, tables):
    files = [file for file in read_swift(root, SOURCES) if capability_of(file.path) != "DataShieldTestSupport"]
    return list(uses(files, tables))


def check(root):
    owners = Owners.read((Path(root) / LIST).read_text(encoding="utf-8"))
    tables = tables_of_schema(root)
    all_uses = _all_uses(root, tables)
    folders = {capability_of(file.path) for file in read_swift(root, SOURCES)}
    for table in sorted(tables - set(owners.tables)):
        yield Finding("tables", LIST, f"the table {table} has no owner: name the folder")
    for table in sorted(set(owners.tables) - tables):
        yield Finding("tables", LIST, f"there is no table {table} any more")
    for name, owner in sorted({**owners.tables, **owners.columns}.items()):
        if owner not in folders and owner != "-":
            yield Finding("tables", LIST, f"{name} belongs to {owner}, and there is no such folder")
        if "." in name and name.split(".")[0] not in owners.tables:
            yield Finding("tables", LIST, f"there is no table of {name}")
    needed = set()
    for use in all_uses:
        for name in _wanted(use, owners):
            leave = (use.folder, use.what, name)
            needed.add(leave)
            if leave not in owners.others:
                owner = owners.columns.get(name) or owners.tables.get(use.table, "nobody")
                whose = "that is nobody's yet" if owner == "-" else f"of {owner}"
                yield Finding("tables", f"{use.path}:{use.line}", f"{use.folder} {use.what} {name} {whose}; {LIST} does not allow it")
    for leave, reason in sorted(owners.others.items()):
        words = " ".join(leave)
        if leave not in needed:
            yield Finding("tables", LIST, f"{words} is not needed (any more): take it out")
        elif not reason:
            yield Finding("tables", LIST, f"{words} without a reason")


def missing(root):
    """Lines for the list: each use of somebody else's table that it does not have, without a reason."""
    owners = Owners.read((Path(root) / LIST).read_text(encoding="utf-8"))
    wanted = {}
    for use in _all_uses(root, tables_of_schema(root)):
        for name in _wanted(use, owners):
            if (use.folder, use.what, name) not in owners.others:
                wanted.setdefault((use.folder, use.what), set()).add(name)
    return [f"{folder} {what} {', '.join(sorted(names))}: " for (folder, what), names in sorted(wanted.items())]
