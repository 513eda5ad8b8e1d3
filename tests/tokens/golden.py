#!/usr/bin/env python3
"""golden.py TOK_TOOL: golden.txt against the counter, both vocabularies, each way of counting.

A line is a JSON string, a tab, its cl100k_base ids, a tab, its o200k_base ids.
"""
import json
import pathlib
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).with_name("golden.txt")
ENCODINGS = "cl100k_base", "o200k_base"
MODES = "ids", "count", "scalar", "stream:1", "stream:2", "ring", "backtrack"
LEAST = 2000


def read():
    """[(bytes, {encoding: [id]})]"""
    found = []
    for line in GOLDEN.read_text(encoding="utf-8").rstrip("\n").split("\n"):
        text, *ids = line.split("\t")
        found.append((json.loads(text).encode(), dict(zip(ENCODINGS, (i.split() for i in ids)))))
    return found


def faults(tool, encoding, mode, golden):
    asked = b"".join(b"%d\n%s" % (len(text), text) for text, _ in golden)
    done = subprocess.run([tool, encoding, mode], input=asked, capture_output=True, timeout=120)
    answers = done.stdout.decode().split("\n")[:-1]
    if done.returncode != 0 or len(answers) != len(golden):
        yield f"status {done.returncode}, {len(answers)} answers: {done.stderr.decode()[:2000]}"
        return
    for (text, ids), answer in zip(golden, answers):
        expected = " ".join(ids[encoding]) if mode == "ids" else str(len(ids[encoding]))
        if answer != expected:
            yield f"{text!r}: expected {expected}, found {answer}"


def main():
    golden, passed, failed = read(), 0, 0
    assert len(golden) >= LEAST
    for encoding in ENCODINGS:
        for mode in MODES:
            wrong = list(faults(sys.argv[1], encoding, mode, golden))
            for fault in wrong[:5]:
                print(f"{encoding} {mode}: {fault}")
            print(f"{'FAIL' if wrong else 'ok  '} {encoding}, {mode}: {len(wrong)} of {len(golden)} "
                  "golden strings differ")
            passed, failed = passed + (not wrong), failed + bool(wrong)
    for word, count in ("PASSED", passed), ("FAILED", failed):  # counted as the C tests are
        print(f"[  {word}  ] {count} test(s).")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
