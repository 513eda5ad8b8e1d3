"""What the house checks share: where the project is, what its files are, how a check speaks."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["base", "conf", "store", "metering", "proxy", "ops"]  # lower may not include higher


def sources(*patterns, folders=ROOMS):
    """The files of these folders that match, as paths from the root, in order."""
    found = {p for f in folders for pattern in patterns for p in (ROOT / f).rglob(pattern)}
    return sorted(p.relative_to(ROOT) for p in found if "node_modules" not in p.parts)


def lines(path):
    """The lines of a file, numbered from 1."""
    return enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1)


def finish(what, faults):
    """Prints the faults, or one line of what was found to be in order, and ends the check."""
    for fault in faults[:40]:
        print(fault)
    if len(faults) > 40:
        print(f"... and {len(faults) - 40} more")
    if not faults:
        print(what)
    sys.exit(bool(faults))
