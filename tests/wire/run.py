#!/usr/bin/env python3
"""Runs plays: who stands where, what each says, and what must be true at the end.

    tests/wire/run.py [--build DIR] [--verbose] [--jobs N] [PLAY ...]
    tests/wire/run.py --manual

A PLAY is a .wire file, or part of the name of one in tests/wire/plays; without any, all run. The gateway is the weir
in --build, $WEIR_BUILD, or build. Everything is on 127.0.0.1, on free ports; scratch files
are removed unless the play failed. Exit status 0 when every play passed, else 1.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

import actors
import expect
import gateway
from script import PlayError, options, parse, walk

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
POLL_S = 5.0
PLAY_S = 60.0

MANUAL = """test "TITLE"                            what a customer could say
must_fail REGEX                         the play passes if it fails so; tests the runner
upstream NAME [-each] { VERBS }       -each: the script is played for every request
client NAME ${g1} { VERBS }
start; wait; run                      plays all clients and upstreams; run is both
cli g1 WORDS ...                      a command of weir, against the admin socket
sync NAME; delay 100ms; repeat N { }; expect ...
minute 5s                             waits until so much of the clock's minute is left
${u1} is an address; ${NAME.PATH} is whatever expect would compare.
After each play, for each gateway that still runs: no warning in the log that was not
allowed, no exchange alive, every admitted request in the ledger, exit status 0."""


class World:
    """Everything that a play has brought to life."""

    def __init__(self, path, program):
        self.path, self.program, self.root = path, program, ROOT
        self.title, self.transcript, self.over = os.path.basename(path), [], False
        self.upstreams, self.clients, self.gateways = {}, {}, {}
        self.scratch = tempfile.mkdtemp(prefix="weir-wire-")
        self.failed, self.must_fail = threading.Event(), None
        self.barriers, self.began = {}, time.monotonic()

    # ---- order ----

    def count_syncs(self, commands):
        """Each name is waited for by everybody in whose script it stands."""
        who = {}
        for i, command in enumerate(commands):
            inside = walk(command.block) if command.block else [command]
            owner = i if command.block and command.words[0] != "repeat" else "play"
            for c in inside:
                if c.words and c.words[0] == "sync":
                    who.setdefault(c.words[1], set()).add(owner)
        for name, owners in who.items():
            if len(owners) < 2:
                raise PlayError(f"sync {name}: nobody else comes there")
            self.barriers[name] = threading.Barrier(len(owners))

    def sync(self, name):
        if name not in self.barriers:
            raise PlayError(f"no such sync: {name}")
        try:
            self.barriers[name].wait(gateway.PATIENCE_S)
        except threading.BrokenBarrierError:
            raise PlayError(f"sync {name}: not everybody came") from None

    def abort(self):
        self.failed.set()
        for barrier in self.barriers.values():
            barrier.abort()

    def check_aborted(self):
        if self.failed.is_set():
            raise PlayError("given up, because somebody else failed")

    # ---- names ----

    def value(self, path, speaker):
        first, _, rest = path.partition(".")
        if speaker is not None and first in ("req", "resp", "sse"):
            return speaker.value(path)
        for things in (self.upstreams, self.clients, self.gateways):
            if first in things:
                return things[first].value(rest)
        raise PlayError(f"no such name: {path}")

    def expand(self, word, speaker):
        def one(match):
            name = match[1]
            if name in self.upstreams:
                return self.upstreams[name].address
            if name in self.gateways:
                return f"127.0.0.1:{self.gateways[name].port}"
            return expect.text_of(self.value(name, speaker))
        return re.sub(r"\$\{([^}]+)\}", one, word)

    # ---- commands of the play itself ----

    def do_test(self, words, _block):
        self.title = words[0]

    def do_must_fail(self, words, _block):
        self.must_fail = words[0]

    def do_upstream(self, words, block):
        plain, found = options(words, ["each"])
        self.upstreams[plain[0]] = actors.Upstream(self, plain[0], block, "each" in found)

    def do_client(self, words, block):
        name = re.fullmatch(r"\$\{(\w+)\}", words[1])
        target = name and (self.gateways.get(name[1]) or self.upstreams.get(name[1]))
        if not target:
            raise PlayError("client NAME ${GATEWAY} { ... }")
        self.clients[words[0]] = actors.Client(self, words[0], block, target)

    def do_gateway(self, words, block):
        plain, found = options(words, ["start", "drain", "kill", "wait", "reload"])
        name = plain[0]
        if name not in self.gateways:
            scratch = os.path.join(self.scratch, name)
            self.gateways[name] = gateway.Gateway(self, name, scratch, self.program)
        g = self.gateways[name]
        g.configure(block or [])
        steps = {"start": g.start, "kill": g.kill, "wait": g.wait,
                 "drain": lambda: g.signal(signal.SIGTERM), "reload": lambda: self.reload(g)}
        for flag in found:
            steps[flag]()

    @staticmethod
    def reload(g):
        g.write_files()
        g.signal(signal.SIGHUP)

    def do_start(self, _words, _block):
        for actor in [*self.upstreams.values(), *self.clients.values()]:
            if actor.thread is None:
                actor.start()

    def do_wait(self, _words, _block):
        deadline = time.monotonic() + PLAY_S
        waited = list(self.clients.values())
        waited += [u for u in self.upstreams.values() if not u.each and u.block]
        for actor in waited:
            while actor.thread.is_alive():
                actor.thread.join(0.05)
                if time.monotonic() > deadline:
                    raise PlayError(f"{actor.name} is not done after {PLAY_S:g} s")
        self.raise_errors()

    def raise_errors(self):
        everybody = [*self.clients.values(), *self.upstreams.values()]
        errors = [a.error for a in everybody if a.error]
        errors.sort(key=lambda e: "given up" in e or "not everybody" in e)
        if errors:
            raise PlayError("\n".join(errors))

    def do_run(self, words, block):
        self.do_start(words, block)
        self.do_wait(words, block)

    def do_cli(self, words, _block):
        self.gateways[words[0]].cli(*words[1:])

    def do_sync(self, words, _block):
        self.sync(words[0])

    def do_delay(self, words, _block):
        time.sleep(actors.duration_s(words[0]))

    def do_minute(self, words, _block):
        left = 60 - time.time() % 60
        if left < actors.duration_s(words[0]):
            time.sleep(left + 0.01)

    def do_repeat(self, words, block):
        for _ in range(int(words[0])):
            self.perform(block)

    def do_expect(self, words, _block):
        deadline = time.monotonic() + POLL_S
        while True:
            try:
                expect.check(words[0], self.value(words[0], None), words[1:])
                return
            except PlayError:
                if time.monotonic() > deadline or self.failed.is_set():
                    raise
                time.sleep(0.05)

    def perform(self, commands):
        for command in commands:
            name = command.words[0] if command.words else ""
            step = getattr(self, "do_" + name, None)
            if step is None:
                raise PlayError(f"line {command.line}: no such command: {name}")
            try:
                lazy = command.block is not None or name in ("client", "test")
                step([w if lazy else self.expand(w, None) for w in command.words[1:]],
                     command.block)
            except PlayError as e:
                where = f"line {command.line}: "
                raise PlayError(str(e) if str(e).startswith("line ") else where + str(e)) from None

    # ---- the end ----

    @staticmethod
    def poll(g, name, rest):
        """Waits until it holds. The other side is asked anew each time, for it moves too."""
        deadline = time.monotonic() + POLL_S
        while not expect.holds(g.value(name), rest()):
            if time.monotonic() > deadline:
                expect.check(f"{g.name}.{name}", g.value(name), rest())
            time.sleep(0.05)

    def check_ending(self, g):
        """What must be true after every play."""
        if g.running() and g.exit is None:
            self.poll(g, "metric.weir_exchanges_current", lambda: ["==", "0"])
            if g.starts == 1:  # the counter begins anew, the ledger does not
                admitted = "metric.weir_exchanges_admitted_total"
                self.poll(g, "ledger.rows", lambda: ["==", str(g.value(admitted))])
            g.signal(signal.SIGTERM)
            g.wait()
            if g.exit != 0:
                raise PlayError(f"{g.name} ended with status {g.exit}")
        if g.warnings():
            raise PlayError(f"{g.name} warned: " + "\n".join(g.warnings()))

    def play(self):
        with open(self.path, encoding="utf-8") as f:
            commands = parse(f.read(), os.path.basename(self.path))
        self.count_syncs(commands)
        try:
            self.perform(commands)
        except PlayError:
            self.abort()
            time.sleep(0.1)
            self.raise_errors()  # an actor that failed first is the cause, if there is one
            raise
        for g in self.gateways.values():
            self.check_ending(g)

    def close(self, keep):
        self.over = True
        for u in self.upstreams.values():
            u.stop()
        for c in self.clients.values():
            c.finish()
        for g in self.gateways.values():
            if g.running():
                g.process.kill()
                g.process.wait()
        if not keep:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def story(self):
        """What passed over the wires, and the gateways' logs."""
        out = []
        for at, who, mark, data in sorted(self.transcript, key=lambda t: t[0]):
            shown = repr(data[:300])[1:] if data else ""
            more = f" ... {len(data)} bytes" if len(data) > 300 else ""
            out.append(f"  {(at - self.began) * 1000:7.0f} ms  {who:<8} {mark} {shown}{more}")
        for g in self.gateways.values():
            out.append(f"  log of {g.name} ({g.scratch}):")
            out += ["    " + line for line in g.log_text().splitlines()[-40:]]
        return "\n".join(out)


def judge(must_fail, why):
    """Why the play failed, None if it passed; a play that tests the runner must fail."""
    if must_fail is None:
        return why
    if why is None:
        return "it passed, and should not have"
    return None if re.search(must_fail, why) else f"it failed otherwise than expected: {why}"


def run_play(path, program, verbose):
    """Plays one file: (passed, what to print)."""
    world, why = World(path, program), None
    try:
        world.play()
    except (PlayError, OSError, ValueError) as e:
        why = str(e)
    except Exception as e:  # a bug of the runner fails this play, not the others
        why = f"{type(e).__name__}: {e} in {traceback.extract_tb(e.__traceback__)[-1]}"
    why = judge(world.must_fail, why)
    world.close(keep=why is not None)
    took_ms = (time.monotonic() - world.began) * 1000
    name = os.path.basename(path)
    if why is None:
        text = f"ok    {name}: {world.title} ({took_ms:.0f} ms)"
        return True, text + ("\n" + world.story() if verbose else "")
    again = f"tests/wire/run.py --verbose {os.path.relpath(path, ROOT)}"
    return False, f"FAIL  {name}: {world.title}\n  {why}\n{world.story()}\n  again: {again}"


def find_plays(names):
    """Files as they are named; else those of the folder whose names contain one of the words."""
    if names and all(os.path.isfile(n) for n in names):
        return names
    folder = os.path.join(HERE, "plays")
    return sorted(os.path.join(folder, n) for n in os.listdir(folder)
                  if n.endswith(".wire") and (not names or any(w in n for w in names)))


def manual():
    return "\n".join([MANUAL, "", gateway.MANUAL, "", expect.MANUAL, "", actors.manual()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.environ.get("WEIR_BUILD", os.path.join(ROOT, "build")))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--manual", action="store_true")
    parser.add_argument("plays", nargs="*")
    args = parser.parse_args()
    if args.manual:
        print(manual())
        return 0
    program = os.path.join(os.path.abspath(args.build), "weir")
    if not os.access(program, os.X_OK):
        print(f"no program at {program}: build it, or set WEIR_BUILD")
        return 1
    plays = find_plays(args.plays)
    if not plays:
        print("no such play")
        return 1
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
        for passed, text in pool.map(lambda p: run_play(p, program, args.verbose), plays):
            failed += not passed
            print(text, flush=True)
    print(f"{len(plays) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
