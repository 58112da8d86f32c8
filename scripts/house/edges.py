"""Which folder of the product names which, and whether it may."""

import re
from dataclasses import dataclass
from pathlib import Path

from source import Finding, folder_of, read_swift

LIST = "scripts/house/edges.txt"
PRODUCT = "Sources/DataShield"
# Puts all parts together, so that it may name every folder, and none may name it.
TOP = "Application"

# With the point of a member before it; those of a range are none.
_NAME = re.compile(r"((?:(?<!\.)\.)?)\b([A-Za-z_]\w*)")
_TYPES = {"struct", "enum", "class", "actor", "protocol", "typealias"}


@dataclass(frozen=True)
class Use:
    path: str
    line: int
    name: str


def uses(files):
    """For each pair of folders where the first names what the second declares: the places.

    A type, function or value at file scope is known by its name, a member of an extension of a type of somewhere else by a name that only
    one folder has. What a folder gets from another without naming it is not seen.
    """
    declared = {}
    owners_of_name = {}
    nested = {}
    home_of_type = {}
    for file in files:
        folder = folder_of(file.path)
        for one in file.declarations:
            if one.kind != "extension":
                owners_of_name.setdefault(one.name, set()).add(folder)
            if one.is_at_file_scope and one.kind in _TYPES and not one.is_private:
                home_of_type[one.name] = folder
            if one.scope and one.kind in _TYPES:
                nested.setdefault(folder, set()).add(one.name)
    for file in files:
        folder = folder_of(file.path)
        for one in file.declarations:
            if one.is_private or one.kind in ("extension", "case", "init", "associatedtype"):
                continue
            is_only = len(owners_of_name[one.name]) == 1
            if one.is_at_file_scope:
                if one.kind in _TYPES or is_only:
                    declared.setdefault((one.name, False), set()).add(folder)
            elif len(one.scope) == 1 and one.scope[0][0] == "extension" and is_only:
                if home_of_type.get(one.scope[0][1].split(".")[0]) != folder:
                    declared.setdefault((one.name, True), set()).add(folder)
    found = {}
    for file in files:
        folder = folder_of(file.path)
        own = {one.name for one in file.declarations if one.kind != "extension"} | nested.get(folder, set())
        for match in _NAME.finditer(file.code):
            name, is_member = match.group(2), bool(match.group(1))
            homes = declared.get((name, is_member))
            if not homes or len(homes) > 1 or folder in homes or (name in own and not is_member):
                continue
            if not is_member and name[0].islower() and file.code[match.end():match.end() + 1] not in ("(", "<"):
                continue  # The name of a parameter or of a value in a body, and not of a function.
            (home,) = homes
            found.setdefault((folder, home), []).append(Use(file.path, file.line_of(match.start(2)), name))
    return found


@dataclass
class Allowed:
    """What the list says: the folders from the ground up, whom each may name, and why where that goes back."""

    order: list
    names: dict
    back: dict
    libraries: set

    @staticmethod
    def read(text):
        allowed = Allowed([], {}, {}, set())
        folder = None
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].rstrip()
            words = line.split()
            if not words:
                continue
            if not line.startswith(" "):
                if words[0] == "libraries:":
                    allowed.libraries |= set(words[1:])
                    continue
                folder = words[0]
                if len(words) > 1 or folder in allowed.names:
                    raise ValueError(f"{LIST}:{number}: a folder stands once, alone on its line")
                allowed.order.append(folder)
                allowed.names[folder] = set()
            elif folder and words[0] == "names":
                allowed.names[folder] |= set(" ".join(words[1:]).replace(",", " ").split())
            elif folder and words[0] == "back" and words[1].endswith(":"):
                allowed.back[folder, words[1][:-1]] = " ".join(words[2:])
            else:
                raise ValueError(f"{LIST}:{number}: neither a folder, nor “names A, B”, nor “back A: reason”")
        return allowed

    def goes_back(self, source, target):
        """Whether an edge leads to a folder that is no nearer to the ground."""
        place = {folder: number for number, folder in enumerate(self.order)}
        return place.get(target, len(place)) >= place.get(source, len(place))

    def text(self):
        lines = []
        for folder in self.order:
            lines.append(folder)
            line = ""
            for name in sorted(self.names[folder]):
                if line and len(line) + len(name) > 100:
                    lines.append("  names " + line)
                    line = ""
                line += (", " if line else "") + name
            if line:
                lines.append("  names " + line)
            lines += [f"  back {target}: {why}" for (source, target), why in sorted(self.back.items()) if source == folder]
        return "\n".join(lines) + "\n"


def read_list(root):
    path = Path(root) / LIST
    return Allowed.read(path.read_text(encoding="utf-8") if path.exists() else "")


def used_edges(root, libraries=frozenset()):
    edges = {}
    for edge, places in uses(read_swift(root, PRODUCT)).items():
        places = [place for place in places if place.name not in libraries]
        if places and edge[0] != TOP:
            edges[edge] = places
    return edges


def mutual_pairs(edges):
    return sorted(edge for edge in edges if edge[0] < edge[1] and (edge[1], edge[0]) in edges)


def check(root):
    allowed = read_list(root)
    edges = used_edges(root, allowed.libraries)
    folders = {folder_of(file.path) for file in read_swift(root, PRODUCT)} - {TOP}
    for folder in sorted(folders - set(allowed.order)):
        yield Finding("edges", LIST, f"the folder {folder} is not in the list: put it where it belongs, from the ground up")
    for folder in sorted(set(allowed.order) - folders):
        yield Finding("edges", LIST, f"there is no folder {folder} any more")
    listed = {(source, target) for source, targets in allowed.names.items() for target in targets} | set(allowed.back)
    for (source, target), places in sorted(edges.items()):
        if (source, target) in listed:
            continue
        where = "goes back to" if allowed.goes_back(source, target) else "may not name"
        for place in places[:5]:
            yield Finding("edges", f"{place.path}:{place.line}", f"{source} {where} {target}, by {place.name}; {LIST} does not allow it")
        if len(places) > 5:
            yield Finding("edges", LIST, f"{source} names {target} at {len(places) - 5} places more")
    for source, target in sorted(listed):
        if source not in folders or target not in folders:
            if source in folders:
                yield Finding("edges", LIST, f"{source} may name {target}, which there is not")
        elif (source, target) not in edges:
            yield Finding("edges", LIST, f"{source} no longer names {target}: take it out")
        elif (source, target) in allowed.back:
            if not allowed.back[source, target]:
                yield Finding("edges", LIST, f"{source} goes back to {target} without a reason")
            if not allowed.goes_back(source, target):
                yield Finding("edges", LIST, f"{source} does not go back to {target}, which stands nearer to the ground: list it under “names”")
        elif allowed.goes_back(source, target):
            yield Finding("edges", LIST, f"{source} goes back to {target}: list it as “back {target}: reason”")


def rewrite(root):
    """The list as the code is, with the order and the reasons that it has; a new edge that goes back is left without a reason."""
    path = Path(root) / LIST
    text = path.read_text(encoding="utf-8")
    old = Allowed.read(text)
    edges = used_edges(root, old.libraries)
    folders = {folder_of(file.path) for file in read_swift(root, PRODUCT)} - {TOP}
    new = Allowed([folder for folder in old.order if folder in folders], {}, {}, old.libraries)
    new.order += sorted(folders - set(old.order))
    new.names = {folder: set() for folder in new.order}
    for source, target in edges:
        if new.goes_back(source, target):
            new.back[source, target] = old.back.get((source, target), "")
        else:
            new.names[source].add(target)
    head = [line for line in text.splitlines() if line.startswith("#") or line.startswith("libraries:")]
    path.write_text("\n".join(head) + "\n\n" + new.text(), encoding="utf-8")


def summary(root):
    allowed = read_list(root)
    edges = used_edges(root, allowed.libraries)
    return f"{len(edges)} edges between {len(allowed.order)} folders, {len(allowed.back)} go back, {len(mutual_pairs(edges))} mutual pairs"
