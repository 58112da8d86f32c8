"""The rules of the house that are kept by a machine. `make lint` runs them all.

    python3 scripts/house                    check everything
    python3 scripts/house edges              count the edges between folders, and name the pairs that go both ways
    python3 scripts/house edges --places     … and at which places, for the direction that has fewer
    python3 scripts/house edges --write      write scripts/house/edges.txt anew; what goes back then needs a reason
    python3 scripts/house tables             print lines for what scripts/house/tables.txt lacks
    python3 scripts/house ship               write down the checksums of migrations that are not listed yet
"""

import argparse
import sys
from pathlib import Path

import dead
import edges
import migrations
import readmes
import sleeps
import tables
import templates
import version

CHECKS = (edges, tables, migrations, sleeps, templates, dead, readmes, version)


def findings(root):
    for check in CHECKS:
        yield from check.check(root)


def main():
    parser = argparse.ArgumentParser(prog="scripts/house", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="check", choices=("check", "edges", "tables", "ship"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--places", action="store_true")
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent.parent)
    arguments = parser.parse_args()
    root = Path(arguments.root)
    if arguments.command == "edges":
        if arguments.write:
            edges.rewrite(root)
        print(edges.summary(root))
        used = edges.used_edges(root, edges.read_list(root).libraries)
        for source, target in edges.mutual_pairs(used):
            fewer = min((source, target), (target, source), key=lambda edge: len(used[edge]))
            print(f"  {source} ({len(used[source, target])}) and {target} ({len(used[target, source])})")
            if arguments.places:
                print("\n".join(f"    {place.path}:{place.line} {place.name}" for place in used[fewer]))
    elif arguments.command == "tables":
        print("\n".join(tables.missing(root)))
    elif arguments.command == "ship":
        for path in migrations.ship(root):
            print(f"shipped: {path}")
    else:
        found = list(findings(root))
        for finding in found:
            print(f"house: [{finding.check}] {finding}", file=sys.stderr)
        if found:
            sys.exit(f"house: {len(found)} findings. CONTRIBUTING.md, “Rules kept by a machine”, says what each check wants.")
        print(f"house: {edges.summary(root)}; no findings.")


if __name__ == "__main__":
    main()
