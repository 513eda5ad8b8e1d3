#!/usr/bin/env python3
"""Each room has a page of at most 15 lines, and links between pages lead somewhere."""
import re
from tree import ROOMS, ROOT, finish, lines

LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
PAGE_MAX = 15


def broken_links(path):
    for number, line in lines(path):
        for found in LINK.finditer(line):
            target = found[1]
            if "://" not in target and not (ROOT / path.parent / target).exists():
                yield f"{path}:{number}: {target} does not exist"


faults = []
for room in ROOMS:
    page = ROOT / room / "README.md"
    if not page.is_file():
        faults.append(f"{room}/README.md does not exist")
    elif (length := page.read_text().count("\n")) > PAGE_MAX:
        faults.append(f"{room}/README.md: {length} lines, more than {PAGE_MAX}")
pages = sorted(p.relative_to(ROOT) for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"),
                                             *ROOT.glob("*/README.md"), *ROOT.glob("bench/*.md")])
faults += [fault for page in dict.fromkeys(pages) for fault in broken_links(page)]
finish(f"{len(ROOMS)} rooms have their page, {len(set(pages))} pages link to what exists", faults)
