#!/usr/bin/env python3
"""Every option of conf/options.tbl.h is read by somebody: one that does nothing would be a lie."""
import re
from tree import ROOT, finish, lines, sources

SUFFIX = {"BYTES": "_bytes", "DURATION": "_us", "USD": "_pusd"}
ROW = re.compile(r'^(TOP|OPTION|LISTENER|PROVIDER|PLAN)\((?:"?([\w.\[\]]+)"?,\s*)?(\w+),\s*([A-Z_]+),')

code = "\n".join((ROOT / p).read_text(errors="replace")
                 for p in sources("*.[ch]", folders=["store", "metering", "proxy", "ops"]))
faults, count = [], 0
for number, line in lines("conf/options.tbl.h"):
    row = ROW.match(line)
    if not row:
        continue
    macro, section, name, kind = row.groups()
    field = name + SUFFIX.get(kind, "")
    owner = re.escape(section) + r"\." if macro == "OPTION" else r"(->|\.)"
    count += 1
    if not re.search(rf"{owner}{field}\b", code):
        faults.append(f"conf/options.tbl.h:{number}: nobody reads {field}"
                      f"{' of ' + section if section else ''}")
finish(f"{count} options are read", faults)
