#!/usr/bin/env python3
"""Every header compiles alone, after nothing and twice."""
import concurrent.futures
import os
import subprocess
from tree import ROOMS, ROOT, finish, sources

FLAGS = ["-std=c11", "-D_GNU_SOURCE", '-DWEIR_VERSION="0"', "-Wall", "-Wextra", "-Werror",
         "-fsyntax-only", "-I.", "-xc", "-"]


def compile_alone(path):
    run = subprocess.run(["gcc", *FLAGS], cwd=ROOT, capture_output=True, text=True,
                         input=f'#include "{path}"\n#include "{path}"\n', check=False)
    if run.returncode:
        return f"{path} does not compile alone: {run.stderr.splitlines()[0]}"
    return None


headers = [p for p in sources("*.h", folders=ROOMS + ["bench"]) if not p.name.endswith(".tbl.h")]
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    faults = [fault for fault in pool.map(compile_alone, headers) if fault]
finish(f"{len(headers)} headers compile alone", faults)
