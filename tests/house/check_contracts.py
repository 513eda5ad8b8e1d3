#!/usr/bin/env python3
"""Every file begins with a comment, and every prototype in a header has its contract: a comment
above it, or above the group it stands in without a blank line, or on its line."""
import re
from tree import ROOMS, ROOT, finish, lines, sources

PROTOTYPE = re.compile(r"^(?!typedef|static|return|#)[A-Za-z_][\w \*]*?[ \*](\w+)\(")


def undocumented(path):
    """Prototypes at the outermost level of a header that no comment covers."""
    covered = in_comment = in_macro = False
    depth = 0
    for number, line in lines(path):
        text = line.strip()
        if in_macro or text.startswith("#"):
            in_macro = text.endswith("\\")
        elif in_comment or text.startswith("/*"):
            in_comment = "*/" not in text
            covered = True
        elif not text:
            covered = False
        else:
            found = PROTOTYPE.match(line) if depth == 0 else None
            if found and not covered and "/*" not in line:
                yield f"{path}:{number}: {found[1]}() has no contract"
        if not in_comment and not in_macro:
            code = re.sub(r"/\*.*?\*/|\"(\\.|[^\"])*\"", "", line)
            depth += code.count("{") - code.count("}")


headers = [p for p in sources("*.h") if not p.name.endswith(".tbl.h")]
faults = [fault for path in headers for fault in undocumented(path)]
everything = sources("*.[ch]", folders=ROOMS + ["bench", "tests"])
for path in everything:
    start = (ROOT / path).read_text(errors="replace")
    # a .c file may leave the what and why to its own header, which it then includes first
    if not start.startswith(("/*", f'#include "{path.with_suffix(".h")}"')):
        faults.append(f"{path}:1: does not begin with a comment that says what and why")
finish(f"{len(headers)} headers keep their contracts, {len(everything)} files say what they are",
       faults)
