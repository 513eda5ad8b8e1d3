#!/usr/bin/env python3
"""Money and tokens are integers: floating point stays in the files that may have it."""
import re
from tree import ROOMS, ROOT, finish, sources

MAY = {
    "metering/fit.c": "estimates of tokens: means of many, given as whole tokens",
    "metering/fit.h": "the same",
    "proxy/access_log.c": "milliseconds for people's eyes",
}
NOT_CODE = re.compile(r'/\*.*?\*/|"(\\.|[^"\\\n])*"', re.S)
FLOATS = re.compile(r"\b(float|double|_Float\w+|(fabs|floor|ceil|round|l?lrint|pow|exp|log)f?(?=\())")

faults = []
for path in sources("*.[ch]", folders=ROOMS):
    if str(path) in MAY:
        continue
    code = NOT_CODE.sub(lambda found: "\n" * found[0].count("\n"), (ROOT / path).read_text())
    faults += [f"{path}:{number}: {found[0]}" for number, line in enumerate(code.splitlines(), 1)
               if (found := FLOATS.search(line))]
for path in MAY:
    if not (ROOT / path).is_file():
        faults.append(f"{path} does not exist: take it out of the list")
finish(f"floating point is in {len(MAY)} files, which may have it", faults)
