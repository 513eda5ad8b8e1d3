#!/usr/bin/env python3
"""Includes run one way, base < conf < store < metering < proxy < ops, and are written from the
root; each outside library is included by its door-keepers only."""
import re
from tree import ROOMS, finish, lines, sources

KEEPERS = {
    "event2/": ("proxy/", "ops/admin", "ops/api", "ops/serve"),
    "openssl/": ("proxy/tls", "proxy/wire", "base/digest", "store/redis_tls"),
    "sqlite3.h": ("store/sqlite",),
    "libpq-fe.h": ("store/pg",),
    "hiredis/": ("store/redis",),
    "yaml.h": ("conf/yaml",),
    "zlib.h": ("proxy/inflate",),
    "curl/": ("ops/http_out",),
    "jansson.h": ("ops/",),
}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def faults_of(path):
    here = path.parts[0]
    for number, line in lines(path):
        found = INCLUDE.match(line)
        if not found:
            continue
        where, name = f"{path}:{number}", found[2]
        there = name.split("/")[0]
        if found[1] == '"' and there not in ROOMS:
            yield f'{where}: "{name}" is not written from the root'
        if there in ROOMS and ROOMS.index(there) > ROOMS.index(here):
            yield f"{where}: {here}/ may not look up into {name}"
        for library, keepers in KEEPERS.items():
            if found[1] == "<" and name.startswith(library) and not str(path).startswith(keepers):
                yield f"{where}: only {', '.join(keepers)} may include <{library}>"


files = sources("*.[ch]")
finish(f"{len(files)} files include their own room and lower ones",
       [fault for path in files for fault in faults_of(path)])
