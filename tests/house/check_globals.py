#!/usr/bin/env python3
"""No variable outlives its function: the rooms' objects hold constant tables and thread-local
caches only. Looks at the libraries of the build folder named by WEIR_BUILD (build)."""
import os
import re
import subprocess
from tree import ROOMS, ROOT, finish

EXCEPTIONS = {  # name: why it may stay
    "lowest": "base/log.c: the level below which lines are dropped, set before threads start",
    "once": "metering/peek.c: guards tables",
    "tables": "metering/peek.c: lookups made once from constant tables",
    "shapes_once": "metering/shape.c: guards shapes",
    "shapes": "metering/shape.c: lookups made once from constant tables",
}
SYMBOL = re.compile(r"^([^|\s]+)\s*\|[^|]*\|\s*([BbDdC])\s*\|\s*OBJECT\s*\|[^|]*\|[^|]*\|(\S+)")

build = ROOT / os.environ.get("WEIR_BUILD", "build")
faults, seen = [], 0
for room in ROOMS:
    library = build / f"libroom_{room}.a"
    if not library.is_file():
        continue
    seen += 1
    listing = subprocess.run(["nm", "-f", "sysv", str(library)], capture_output=True, text=True,
                             check=True).stdout
    for line in listing.splitlines():
        found = SYMBOL.match(line)
        if not found:
            continue
        name, section = found[1].split(".")[0], found[3]
        if section.startswith((".data", ".bss", "*COM")) and "rel.ro" not in section \
                and name not in EXCEPTIONS:
            faults.append(f"{room}/: {name} is a variable in {section}")
if not seen:
    faults.append(f"{build} has no libraries: build first")
finish(f"{seen} rooms keep no global variables", faults)
