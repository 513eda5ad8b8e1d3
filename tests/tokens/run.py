#!/usr/bin/env python3
"""What tests/tokens/run runs once everything is installed.

The golden strings; megabytes of documents against the reference (compare.mjs), one process for
each vocabulary; streams, cut in all ways, against whole texts; answers that were cut off
(abort.mjs); texts that are slow elsewhere.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build"))
TOOLS = BUILD / "tests"
ENCODINGS = "cl100k_base", "o200k_base"
TIMEOUT_S = 880

STREAMED_BYTES, STREAMED_TIMES = 10_000_000, 5  # in random deltas: 50 MB for each vocabulary
STRESS_BYTES = 4_000_000                        # in deltas of one byte
ATTACK_ROUNDS, ATTACK_TRIES = 2, 3              # a busy machine is asked again
ATTACK_NS_PER_BYTE, ATTACK_PUSH_NS = 1000, 200_000


class Count:
    passed = failed = 0

    def tell(self, good, text):
        print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)
        self.passed += good
        self.failed += not good

    def take(self, name, status, output):
        """What a script printed, and its verdicts; one that fails has to say so."""
        lines = [line for line in output.splitlines() if not line.startswith("[  ")]
        failed = sum(line.startswith("FAIL") for line in lines)
        self.passed += sum(line.startswith("ok  ") for line in lines)
        self.failed += failed
        print(*lines, sep="\n", flush=True)
        if status != 0 and not failed:
            self.tell(False, f"{name} ended with status {status}")


def run(*args, stdin=None):
    done = subprocess.run([str(a) for a in args], stdin=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def each_encoding(work):
    """work(encoding) for both at once; their answers in order."""
    with concurrent.futures.ThreadPoolExecutor(len(ENCODINGS)) as pool:
        return zip(ENCODINGS, pool.map(work, ENCODINGS))


def compare(count, megabytes, seed):
    script = HERE / "compare.mjs"
    for encoding, (status, output) in each_encoding(
            lambda e: run("node", script, e, TOOLS / "tok_tool", megabytes, seed)):
        count.take(f"compare.mjs {encoding}", status, output)


def stream(count, title, documents, *mode):
    """The documents on this command's output, streamed, against themselves as a whole."""
    with tempfile.TemporaryFile() as file:
        subprocess.run(["node", HERE / "documents.mjs", *map(str, documents)], stdout=file, check=True,
                       timeout=TIMEOUT_S)

        def work(encoding):
            with open(f"/proc/self/fd/{file.fileno()}", "rb") as again:
                return run(TOOLS / "tok_stream_tool", encoding, *mode, stdin=again)

        for encoding, (status, output) in each_encoding(work):
            *faults, last = output.rstrip("\n").split("\n")
            for fault in faults:
                print(f"  {encoding}: {fault}")
            count.tell(status == 0, f"{encoding}, {title}: {last}")


def aborts(count, seed):
    """Recordings, our own answers, and made-up ones."""
    wanted = [[ROOT / "tests/corpus/tap", "everywhere"], ["made-up"]]
    fixtures = os.environ.get("WEIR_FIXTURES")
    if fixtures and pathlib.Path(fixtures, "manifest.json").exists():
        wanted.insert(0, [fixtures])
    else:
        print("WEIR_FIXTURES names no recordings: only our own answers are cut off")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for words, (status, output) in zip(wanted, pool.map(
                lambda words: run("node", HERE / "abort.mjs", TOOLS / "abort_tool", seed, *words), wanted)):
            count.take(f"abort.mjs {words[0]}", status, output)


def slow_attacks(encoding):
    """What was asked, and which attacks took too long."""
    status, output = run(TOOLS / "tok_speed_tool", encoding, "attacks", ATTACK_ROUNDS)
    slow, worst = [], 0
    for line in output.splitlines():
        name, *numbers = line.split("\t")
        size, _, whole, pushed, _, longest = map(int, numbers)
        ns = max(whole, pushed) / size
        worst = max(worst, ns)
        if ns > ATTACK_NS_PER_BYTE or longest > ATTACK_PUSH_NS:
            slow.append(f"{name}: {whole / size:.0f} ns a byte, {pushed / size:.0f} in pushes, the "
                        f"longest {longest / 1000:.0f} us")
    return status == 0 and worst > 0, worst, slow


def attack(count, encoding):
    for _ in range(ATTACK_TRIES):
        good, worst, slow = slow_attacks(encoding)
        if not good or not slow:
            break
    for line in slow:
        print(f"  {encoding}: {line}")
    count.tell(good and not slow, f"{encoding}, attacks: at most {worst:.0f} ns a byte of thread time")


def is_sanitized():
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "WEIR_SANITIZE:STRING=\n" not in cache.read_text()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mb", type=float, default=20, help="documents for each vocabulary")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count = Count()
    count.take("golden.py", *run(HERE / "golden.py", TOOLS / "tok_tool"))
    compare(count, options.mb, options.seed)
    stream(count, "cut in two everywhere", ["nasty"], "splits")
    stream(count, "byte by byte", ["class stress", STRESS_BYTES, options.seed], "bytes")
    stream(count, "deltas of 1 to 8 bytes", ["all", STREAMED_BYTES, options.seed],
           "random", options.seed, STREAMED_TIMES)
    aborts(count, options.seed)
    if is_sanitized():
        print("no times are taken under a sanitizer")
    else:
        for encoding in ENCODINGS:
            attack(count, encoding)
    print(f"{count.passed} passed, {count.failed} failed")
    sys.exit(count.failed > 0)


if __name__ == "__main__":
    main()
