#!/usr/bin/env python3
"""Functions: 95 % at most 60 lines, none over 100; files: none over 900 lines."""
import re
import subprocess
from tree import ROOMS, ROOT, finish, sources

FUNCTION_P95, FUNCTION_MAX, FILE_MAX = 60, 100, 900
TAG = re.compile(r"^(\S+)\t(\S+)\t.*\tline:(\d+).*\tend:(\d+)", re.M)

files = sources("*.[ch]", folders=ROOMS + ["bench"])
tags = subprocess.run(
    ["ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "-I", "MUST_USE", "-f", "-"]
    + [str(p) for p in files], cwd=ROOT, capture_output=True, text=True, check=True).stdout
functions = sorted((int(t[4]) - int(t[3]) + 1, t[2], t[1]) for t in TAG.finditer(tags))
sizes = [size for size, _, _ in functions]
p95 = sizes[int(0.95 * (len(sizes) - 1))]

faults = [f"{path}: {name}() has {size} lines, more than {FUNCTION_MAX}"
          for size, path, name in functions if size > FUNCTION_MAX]
for path in files:
    length = (ROOT / path).read_text(errors="replace").count("\n")
    if length > FILE_MAX:
        faults.append(f"{path}: {length} lines, more than {FILE_MAX}")
if p95 > FUNCTION_P95:
    faults.append(f"5 % of all functions have more than {p95} lines; {FUNCTION_P95} is the most")
finish(f"{len(sizes)} functions, median {sizes[len(sizes) // 2]} lines, 95 % at most {p95}, "
       f"longest {sizes[-1]} ({functions[-1][2]})", faults)
