#!/usr/bin/env python3
"""Nothing is left for later and nothing depends on one machine: no marks of unfinished work, no
paths of a workplace; comments in C are /* */ only; structs are not typedef'd."""
import re
import subprocess
from tree import ROOT, finish, lines

MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE = re.compile(r"(?<![\w.])/(wo" r"rk|ho" r"me|Users)/")
LINE_COMMENT = re.compile(r"(^|[\s;{}])//(?! *\w+://)")
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|union|enum)\b[^(]*$")  # function types may be
STRING = re.compile(r'"(\\.|[^"\\])*"|/\*.*?\*/')
NOT_OURS = ("LICENSE", "tests/corpus/", "tests/fuzz/corpus/", "tests/sdk/package-lock.json",
            "tests/tokens/package-lock.json")


def faults_of(path):
    for number, line in lines(path):
        where = f"{path}:{number}"
        if found := MARKS.search(line):
            yield f"{where}: {found[0]}"
        if found := MACHINE.search(line):
            yield f"{where}: {found[0]} is a path of one machine"
        if path.endswith((".c", ".h")):
            code = STRING.sub("", line)
            if LINE_COMMENT.search(code) and not code.lstrip().startswith("*"):
                yield f"{where}: a // comment"
            if TYPEDEF.match(line):
                yield f"{where}: a typedef of a struct, union or enum"


listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                        capture_output=True, text=True, check=True).stdout.split("\n")
files = [p for p in listed if p and not p.startswith(NOT_OURS) and (ROOT / p).is_file()
         and b"\0" not in (ROOT / p).read_bytes()[:4096]]
finish(f"{len(files)} files are free of marks and machines",
       [fault for path in files for fault in faults_of(path)])
