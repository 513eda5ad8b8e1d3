#!/usr/bin/env python3
"""Limits shared through a real Redis (T53, T82, F01-F06, INV-6): whatever becomes of Redis or of
the processes, never more is spent than the limit; and what was not spent can be spent later.

lease_tool stands for a gateway; each call that it admits is written to a file at once, which is
the truth that all is measured by. WEIR_BARRIERS: how often the race at the limit is run (1000).
WEIR_SEED: repeats a run."""
# tsan
import collections
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from harness import BUILD, ROOT, SANITIZERS, Tally, complaints, is_sanitized, wait_for  # noqa: E402
from redis_house import Client, Cluster, Cutter, Redis, RedisError, Sentinel, free_port, slot_of  # noqa: E402

BARRIERS = int(os.environ.get("WEIR_BARRIERS", 40 if is_sanitized() else 1000))
SEED = int(os.environ.get("WEIR_SEED", time.time_ns() % 1000000))
LEASE_MS = 400
GIVE_UP_MS = 3600_000
DEADLINE_MS = 100  # the machine has other work
DAY_US = 86400 * 10**6


class Process:
    """One lease_tool; ask("take ...") returns its answer."""

    def __init__(self, world, instance, url=None, lease_ms=LEASE_MS, give_up_ms=GIVE_UP_MS,
                 deadline_ms=DEADLINE_MS, up=True):
        self.world, self.instance = world, instance
        self.log = world.directory / f"{instance}.log"
        self.process = subprocess.Popen(
            [BUILD / "tests/lease_tool", url or world.url, instance, world.ledger, world.provider,
             str(lease_ms), str(give_up_ms), str(deadline_ms)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(self.log, "ab"), bufsize=0,
            env={**SANITIZERS, **os.environ})
        if up and self.ask("up 10000") != "up":
            raise RuntimeError(f"{instance} never came up: {self.log.read_text()[-1000:]}")

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")

    def hear(self, seconds=60):
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                raise TimeoutError(f"{self.instance} said nothing for {seconds} s")
            got = self.process.stdout.read(4096)
            if not got:
                raise EOFError(f"{self.instance} is gone")
            line += got
        return line.decode().strip()

    def ask(self, line, seconds=60):
        self.say(line)
        return self.hear(seconds)

    def take(self, account, cost, count=1, ms=2000):
        return self.ask(account.take(cost, count, ms)).split()

    def counts(self):
        words = self.ask("counts").split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.say("quit")
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                self.world.bad.append(f"{self.instance} did not end")
        if self.process.returncode not in (0, -signal.SIGKILL):
            self.world.bad.append(f"{self.instance} ended with {self.process.returncode}")
        self.world.bad += complaints(self.instance, self.log)


class Account:
    def __init__(self, name, limit, start=None, end=0):
        self.name, self.limit, self.end = name, limit, end
        self.start = start or int(time.time() // 86400) * DAY_US

    def take(self, cost, count, ms):
        return f"take {self.name} {self.start} {self.end} {self.limit} {cost} {count} {ms}"

    def key(self):
        shard = 2166136261
        for byte in self.name.encode():
            shard = (shard ^ byte) * 16777619 & 0xffffffff
        return f"weir:{{{shard % 64:02d}}}:{self.name}:{self.start}"


class World:
    """A deployment: one Redis, one ledger, and the processes that share both."""

    def __init__(self, url):
        self.url = url
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-lease-"))
        self.ledger, self.provider = self.directory / "ledger", self.directory / "provider"
        self.processes, self.bad = [], []

    def process(self, instance, **options):
        self.processes.append(Process(self, instance, **options))
        return self.processes[-1]

    @staticmethod
    def sums(path):
        sums = collections.Counter()
        if path.exists():
            for line in path.read_text().splitlines():
                name, start, amount = line.split()
                sums[name, int(start)] += int(amount)
        return sums

    def spent(self, account):
        return self.sums(self.provider)[account.name, account.start]

    def recover(self):
        """Books what dead processes left: a successor does that before all else. With processes
        alive it would book theirs, too; they have to have booked before."""
        spent, booked = self.sums(self.provider), self.sums(self.ledger)
        with self.ledger.open("a") as f:
            for (name, start), amount in spent.items():
                if amount > booked[name, start]:
                    f.write(f"{name} {start} {amount - booked[name, start]}\n")

    def close(self):
        for process in self.processes:
            process.close()
        if self.bad:
            raise RuntimeError("\n".join(self.bad))
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            for process in self.processes:
                process.kill()
                sys.stderr.write(f"{process.instance}:\n{process.log.read_text()[-1500:]}\n")
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            self.close()


# --- the race at the limit ---

def race(processes, account, cost, clients):
    """All processes get their share of clients at one instant; how many were admitted."""
    for p in processes:
        p.say(account.take(cost, clients // len(processes), 20000))
    return sum(int(p.hear().split()[1]) for p in processes)


def barrier(t, redis, name="one Redis", times=BARRIERS, during=lambda n: None):
    """1,000 clients of 4 processes, a limit of 10, calls of 2. Half of the windows began before
    Redis was there, half after (which needs no ledger)."""
    with World(redis.url) as world:
        processes = [world.process(f"w{i}") for i in range(4)]
        began, results = time.monotonic(), collections.Counter()
        later = int((time.time() + 600) * 10**6)
        for n in range(times):
            during(n)
            account = Account(f"race-{n}", 10, start=later if n % 2 else None)
            results[race(processes, account, 2, 1000)] += 1
            for p in processes:
                p.ask(f"book {account.name} {account.start}")
        took = (time.monotonic() - began) / times
        t.check(f"{name}: 1,000 clients, room for 5: 5 are admitted, {times} times (T53)",
                results == {5: times}, dict(results))
        over = [k for k, v in world.sums(world.provider).items() if v != 10]
        t.check("... and the provider saw as many", not over, over)
        counts = processes[0].counts()
        print(f"     {took * 1000:.1f} ms each; {counts['asked']} questions of one process, "
              f"{counts['granted']} granted, {counts['slow']} too slow, {counts['epochs']} epochs, "
              f"{counts['moved']} moved, {counts['ask']} asked, {counts['soon']} tried again")
        t.check("... and nothing was lost on the way", counts["epochs"] == 0, counts)
        account = Account("odd", 10)
        mixed = [p.take(account, c)[1] for p, c in zip(processes, (3, 3, 3, 1))]
        t.check("calls of 3, 3, 3 and 1 fill it to the last", mixed == ["1"] * 4, mixed)


# --- processes come and go ---

def kills(t, redis):
    chance = random.Random(SEED)
    with World(redis.url) as world:
        accounts = [Account(f"kill-{n}", 1000) for n in range(4)]
        names = [f"k{i}" for i in range(4)]
        alive = {n: world.process(n) for n in names}
        for p in alive.values():
            p.ask("slack 20")
        over = []
        for _ in range(12 if is_sanitized() else 30):
            for p in alive.values():
                p.say(chance.choice(accounts).take(chance.randint(1, 5), chance.randint(1, 15), 100))
            victim = chance.choice(names)
            time.sleep(chance.random() * 0.01)
            alive[victim].kill()
            for name, p in alive.items():
                if name != victim:
                    p.hear()
            over += [a.name for a in accounts if world.spent(a) > a.limit]
            alive[victim] = world.process(victim)
            alive[victim].ask("slack 20")
        t.check("30 processes killed in the middle: never above a limit (INV-6)", not over, over)
        before = [a.limit - world.spent(a) for a in accounts]
        for p in alive.values():
            for a in accounts:
                p.ask(f"book {a.name} {a.start}")
        world.recover()
        for p in alive.values():
            for a in accounts:
                p.ask(f"settle {a.name} {a.start} {a.end} 1")
        rest = {a.name: int(alive[names[0]].take(a, 1, 1000, 5000)[1]) for a in accounts}
        t.check("... and once their books are closed, what was not spent can be spent",
                [world.spent(a) for a in accounts] == [a.limit for a in accounts], (before, rest))


def silence(t, redis):
    """Who never comes back is given up after a time; who comes back after that is no danger."""
    with World(redis.url) as world:
        account = Account("silent", 10)
        a = world.process("gone", lease_ms=300, give_up_ms=1000)
        b = world.process("here", lease_ms=300, give_up_ms=1000)
        a.ask("slack 100")
        took = a.take(account, 2)[1]
        a.process.send_signal(signal.SIGSTOP)
        b.ask(f"settle {account.name} {account.start} 0 1")
        got = b.take(account, 2, 1, 300)[1]
        t.check("a process holds it all and falls silent: nothing for others", (took, got) == ("1", "0"), (took, got))
        world.recover()
        wait_for(lambda: b.take(account, 2, 4, 500)[1] == "4", 6, "the silent one to be given up")
        t.check("... it is given up when the ledger knows what it spent", world.spent(account) == 10)
        a.say(account.take(2, 3, 500))
        a.process.send_signal(signal.SIGCONT)
        t.check("... and comes back with a lease that is over", a.hear().split()[1] == "0"
                and world.spent(account) == 10, world.spent(account))


def lowered(t, redis):
    with World(redis.url) as world:
        a, b = world.process("a"), world.process("b")
        account = Account("low", 100)
        for p in (a, b):
            p.take(account, 10, 3)
        account.limit = 50
        t.check("a lowered limit: 60 of 50 are spent, and nothing more",
                (a.take(account, 1)[1], b.take(account, 1)[1], world.spent(account)) == ("0", "0", 60))
        account.limit = 65
        t.check("... raised again: what is left goes to whoever asks",
                (a.take(account, 5)[1], b.take(account, 5)[1], world.spent(account)) == ("1", "0", 65))
        big = Account("big", 2**63 - 1)
        took = [p.take(big, c)[1] for p, c in ((a, 2**62), (b, 2**62 - 1), (a, 1), (b, 1))]
        t.check("... a limit of 2^63 - 1 to the last unit, and not one more",
                took == ["1", "1", "0", "0"] and world.spent(big) == big.limit, (took, world.spent(big)))
        stand = a.ask(f"stand {account.name} {account.start}").split()
        t.check("all know what all have spent", stand[7] == "65", stand)


# --- Redis comes and goes ---

class Storm(threading.Thread):
    """Processes that take what they can get, a little at a time, until told to stop."""

    def __init__(self, world, processes, accounts):
        super().__init__(daemon=True)
        self.world, self.processes, self.accounts = world, processes, accounts
        self.random, self.stop, self.over, self.longest_ms = random.Random(SEED), False, [], 0.0
        self.start()

    def run(self):
        while not self.stop:
            for p in self.processes:
                p.say(self.random.choice(self.accounts).take(self.random.randint(1, 3), 2, 20))
            began = time.monotonic()
            for p in self.processes:
                p.hear()
            self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)
            time.sleep(0.01)

    def end(self):
        self.stop = True
        self.join(30)
        return [(a.name, self.world.spent(a)) for a in self.accounts if self.world.spent(a) > a.limit]


def fault(t, name, redis, cause, heal=None, url=None, healed_within=10):
    """Runs a storm, in the midst of it the fault, and then spends the rest, exactly."""
    with World(url or redis.url) as world:
        processes = [world.process(f"f{i}") for i in range(3)]
        accounts = [Account(f"{name.split()[0]}-{n}", 400) for n in range(4)]
        for p in processes:
            p.ask("slack 15")
        for a in accounts:
            processes[0].take(a, 1, 1, 3000)
        storm = Storm(world, processes, accounts)
        time.sleep(0.3)
        cause()
        time.sleep(0.6)
        if heal:
            heal()
        time.sleep(0.3)
        over = storm.end()
        t.check(f"{name}: never above the limit (INV-6)", not over, over)
        t.check("... and nobody waits for it", storm.longest_ms < 400 or is_sanitized(),
                f"{storm.longest_ms:.0f} ms")
        began = time.monotonic()
        for p in processes:
            for a in accounts:
                p.ask(f"book {a.name} {a.start}")
        def missing():
            for n, a in enumerate(accounts):
                processes[n % 3].take(a, 1, 1000, 2000)
            return [(a.name, world.spent(a)) for a in accounts if world.spent(a) != a.limit]

        while missing() and time.monotonic() - began < healed_within:
            time.sleep(0.1)
        took = time.monotonic() - began
        t.check(f"... healed: all of it can be spent, {took:.1f} s later",
                not missing(), missing())
        for p in processes:
            for a in accounts:
                p.ask(f"book {a.name} {a.start}")

        def counted():
            return [int(processes[0].ask(f"stand {a.name} {a.start}").split()[7]) for a in accounts]

        def agrees():
            return counted() == [world.sums(world.ledger)[a.name, a.start] for a in accounts]
        try:
            wait_for(agrees, 10)
        except TimeoutError:
            pass
        t.check("... and within 10 s Redis counts what the ledger has", agrees(), counted())
        counts = collections.Counter()
        for p in processes:
            counts.update(p.counts())
        kinds = {k: counts[k] for k in ("slow", "not_sent", "lost", "breaks", "epochs", "script", "replica",
                                        "busy", "unwilling", "other") if counts[k]}
        print(f"     {kinds}")
        return counts


def faults(t):
    with Redis() as redis:
        fault(t, "FLUSHALL", redis, lambda: redis("FLUSHALL"))
        counts = fault(t, "SCRIPT-FLUSH", redis, lambda: redis("SCRIPT", "FLUSH"))
        t.check("... the script is sent again (F05)", counts["script"] > 0 and counts["other"] == 0, counts)
        fault(t, "SIGSTOP", redis, redis.pause, redis.resume)
        fault(t, "CLIENT-PAUSE", redis, lambda: redis("CLIENT", "PAUSE", 500))
        counts = fault(t, "long-script", redis, lambda: busy(redis), lambda: kill_script(redis))
        fault(t, "OOM", redis, lambda: redis("CONFIG", "SET", "maxmemory", 1),
              lambda: redis("CONFIG", "SET", "maxmemory", 0))
        counts = fault(t, "NOREPLICAS", redis, lambda: redis("CONFIG", "SET", "min-replicas-to-write", 1),
                       lambda: redis("CONFIG", "SET", "min-replicas-to-write", 0))
        t.check("... and says so", counts["unwilling"] > 0, counts)
        fault(t, "closed-connections", redis, lambda: redis("CLIENT", "KILL", "TYPE", "normal"))
        fault(t, "kill-and-restart", redis, redis.kill, redis.start)
    misconf(t)
    eviction(t)


def busy(redis):
    """A script that runs until it is killed."""
    redis("CONFIG", "SET", "busy-reply-threshold", 50)
    client = Client(redis.port)
    client.socket.sendall(b"*3\r\n$4\r\nEVAL\r\n$18\r\nwhile true do end \r\n$1\r\n0\r\n")
    time.sleep(0.1)
    client.close()


def kill_script(redis):
    redis("SCRIPT", "KILL")


def misconf(t):
    with Redis("--save", "3600", "1000000", "--stop-writes-on-bgsave-error", "yes") as redis:
        def cause():
            redis("CONFIG", "SET", "rdbcompression", "no")
            shutil.rmtree(redis.directory)
            redis("BGSAVE")

        def heal():
            redis.directory.mkdir()
            redis("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        counts = fault(t, "MISCONF", redis, cause, heal)
        t.check("... and says so", counts["unwilling"] > 0, counts)


def eviction(t):
    """A Redis that throws away what it was told, all the time."""
    with Redis("--maxmemory", "2mb", "--maxmemory-policy", "allkeys-random") as redis:
        stop = threading.Event()

        def fill():
            client, n = Client(redis.port), 0
            while not stop.is_set():
                n += 1
                try:
                    client("SET", f"other-{n}", "x" * 4000)
                except RedisError:
                    pass
                time.sleep(0.001)
            client.close()

        filler = threading.Thread(target=fill, daemon=True)

        def heal():
            stop.set()
            filler.join()
            redis("FLUSHALL")
            redis("CONFIG", "SET", "maxmemory", 0)
        counts = fault(t, "eviction", redis, filler.start, heal)
        t.check("... which is seen and said", counts["evicts"] == 3 and redis.info("stats", "evicted_keys") != "0")


def lost_replies(t):
    """F06: what is asked is done, and the answer never comes: nothing counts twice."""
    with Redis() as redis:
        cutter = Cutter(redis.port, 0.1)
        with World(f"redis://127.0.0.1:{cutter.port}") as world:
            processes = [world.process(f"c{i}") for i in range(3)]
            accounts = []
            end = time.monotonic() + 30
            while cutter.cuts < 50 and time.monotonic() < end:
                account = Account(f"cut-{len(accounts)}", 300)
                accounts.append(account)
                while account.limit - world.spent(account) >= 7 and time.monotonic() < end:
                    for p in processes:
                        p.say(account.take(7, 10, 200))
                    for p in processes:
                        p.hear()
            rest = {a.limit - world.spent(a) for a in accounts}
            t.check(f"{cutter.cuts} replies lost: 42 calls of 7 in 300 each time (F06)",
                    rest == {6} and cutter.cuts >= 50, (rest, cutter.cuts))
            cutter.chance = 0
            last = [processes[n % 3].take(a, 6, 1, 3000)[1] for n, a in enumerate(accounts)]
            t.check("... and nothing was counted twice", set(last) == {"1"}, last)
        cutter.close()


def blind(t):
    """A process that cannot be reached while Redis forgets: its slice is void in time."""
    for name, pause in (("and admits at once", 0), ("and asks to keep it", 0.4)):
        with Redis() as redis, World(redis.url) as world:
            a, b = world.process("asleep"), world.process("awake")
            account = Account("blind", 10)
            a.ask("slack 100")
            a.take(account, 2)
            a.process.send_signal(signal.SIGSTOP)
            time.sleep(0.1)  # what it has just told is told before
            redis("FLUSHALL")
            world.recover()
            got = int(b.take(account, 2, 4, 5000)[1])  # so b is not hungry, and asks for nothing back
            if not pause:
                a.say(account.take(2, 5, 1000))
            a.process.send_signal(signal.SIGCONT)
            time.sleep(pause)
            if pause:
                a.say(account.take(2, 5, 1000))
            a.hear()
            t.check(f"asleep while Redis forgot, it wakes up {name}: its slice is no more",
                    got == 4 and world.spent(account) == 10, (got, world.spent(account)))


def sentinel(t):
    with Redis() as master, Redis() as replica:
        replica("REPLICAOF", "127.0.0.1", master.port)
        wait_for(lambda: replica.info("replication", "master_link_status") == "up", 10, "the replica")
        with Sentinel(master) as guard:
            wait_for(lambda: guard("SENTINEL", "REPLICAS", "wall"), 20, "the Sentinel to know both")
            wait_for(lambda: "slave" in str(guard("SENTINEL", "REPLICAS", "wall")), 10, "the replica")
            url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{guard.port}/wall"

            def promoted():
                return replica.info("replication", "role") == "master"
            counts = fault(t, "Sentinel-failover", master, master.kill,
                           lambda: wait_for(promoted, 20, "the failover"), url=url, healed_within=20)
            t.check("... at the server that the Sentinel named", counts["up"] == 3 and counts["connects"] == 6, counts)


# --- Redis forgets ---

class Replica(Redis):
    """Follows a master until told that its knowledge shall be old."""

    def __init__(self, master):
        super().__init__()
        self.follow(self, master)

    @staticmethod
    def follow(replica, master):
        replica("REPLICAOF", "127.0.0.1", master.port)
        wait_for(lambda: replica.info("replication", "master_link_status") == "up", 10, "the replica")


def forget(t, name, before, after, url=lambda redis: redis.url, options=()):
    """One process tells, `before` keeps what is known, the process spends almost all, `after` makes
    Redis believe what it knew. Another process must not get what is spent already."""
    with Redis(*options) as redis:
        old = before(redis)
        for booked, what in ((True, "booked"), (False, "not booked")):
            with World(url(redis)) as world:
                a, b = world.process("first"), world.process("second")
                account = Account(name.split()[0] + str(booked), 10)
                a.take(account, 1)
                before(redis)
                took = a.take(account, 1, 8)[1]
                if booked:
                    a.ask(f"book {account.name} {account.start}")
                after(redis, old, account)
                got = b.take(account, 1, 10, 5000)[1]
                t.check(f"{name}; 9 of 10 are spent and {what}: one is left (F03, F04)",
                        (took, got, world.spent(account)) == ("8", "1", 10), (took, got))
        if old:
            old.close()


def flushed(redis, *_):
    redis("FLUSHALL")


def evicted(redis, _, account):
    redis("DEL", account.key())


def restarted(redis, *_):
    redis.kill()
    redis.start()


def replicated(redis):
    """What was known when the replica was cut off, which is at the second call."""
    if not hasattr(redis, "replica"):
        redis.replica = Replica(redis)
    elif redis.replica.info("replication", "role") == "slave":
        redis.replica("REPLICAOF", "NO", "ONE")
    return redis.replica


def turned(redis, old, _):
    """The master takes over what the old copy has; clients keep their connections."""
    Replica.follow(redis, old)
    redis("REPLICAOF", "NO", "ONE")
    Replica.follow(old, redis)


def forgetful(t):
    forget(t, "flushed", lambda redis: None, flushed)
    forget(t, "evicted, where that happens", lambda redis: None, evicted,
           options=("--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru"))
    forget(t, "an old dump", lambda redis: redis("SAVE") and None, restarted)
    forget(t, "an old copy on the same server", replicated, turned)
    forget(t, "no dump at all", lambda redis: None, lambda redis, *_: (shutil.rmtree(redis.directory),
                                                                      redis.directory.mkdir(), restarted(redis)))
    stale_failover(t)


def stale_failover(t):
    """F04: the replica that takes over, under the address of its master, had long been cut off."""
    with Redis() as master, Replica(master) as replica:
        address = Cutter(master.port, 0)
        with World(f"redis://127.0.0.1:{address.port}") as world:
            a, b = world.process("first"), world.process("second")
            account = Account("failover", 10)
            a.take(account, 1)
            replica("REPLICAOF", "127.0.0.1", 1)  # nobody is there
            took = a.take(account, 1, 8)[1]
            address.target = replica.port
            master.kill()
            time.sleep(0.2)
            turned_away = a.counts()["connects"] == 1
            replica("REPLICAOF", "NO", "ONE")
            got = b.take(account, 1, 10, 5000)[1]
            t.check("failed over to an old copy; 9 of 10 are spent: one is left (F04)",
                    (took, got, world.spent(account)) == ("8", "1", 10), (took, got))
            t.check("... and nobody took it for a master before it was", turned_away)
        address.close()


def cluster(t):
    with Cluster() as nodes:
        chance, moved = random.Random(SEED), []

        def during(n):
            """Moves the slot of the account that is raced for, or of the one before."""
            if n % 3 == 0:
                slot = slot_of(Account(f"race-{n}", 10).key())
                to = (nodes.owner(slot) + 1) % 3
                mover = threading.Thread(target=nodes.move, args=(slot, to, chance.random() * 0.004))
                mover.start()
                moved.append(mover)

        barrier(t, nodes, "a Cluster of three, while slots move", max(BARRIERS // 5, 20), during)
        for mover in moved:
            mover.join()
        victim = nodes.nodes[2]
        fault(t, "Cluster-node-restarts", nodes, victim.kill, victim.start, healed_within=20)


# --- how to get there ---

class Babbler(threading.Thread):
    """Takes connections and says what no Redis says, or nothing."""

    def __init__(self, says):
        super().__init__(daemon=True)
        self.says = says
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        kept = []
        while True:
            try:
                kept.append(self.listener.accept()[0])
                kept[-1].sendall(self.says)
            except OSError:
                return


def babble(t):
    ok = b"+OK\r\n"
    for name, says in (("silence", b""), ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
                       ("random bytes", random.Random(SEED).randbytes(5000)), ("an array without end", b"*9999999\r\n:1\r\n"),
                       ("a string without end", b"$536870911\r\n" + b"x" * (5 << 20)), ("nested arrays", b"*1\r\n" * 100),
                       ("numbers for texts", b":1\r\n" * 9), ("nothing but OK", ok * 3), ("more than was asked", ok * 50),
                       ("empty answers", b"$-1\r\n*-1\r\n$0\r\n\r\n*0\r\n")):
        babbler = Babbler(says)
        with World(f"redis://127.0.0.1:{babbler.port}") as world:
            p = world.process("listener", up=False)
            account = Account("none", 10)
            took = p.take(account, 2, 5, 300)
            t.check(f"a server that says {name}: nothing is admitted, nobody waits",
                    took[1] == "0" and int(took[3]) < 800_000, took)
        babbler.listener.close()


def local_name():
    """A name for 127.0.0.1, where the machine has one."""
    try:
        socket.gethostbyname("localhost")
        return "localhost"
    except OSError:
        print("this machine does not know localhost: no names are tried")
        return "127.0.0.1"


def connections(t):
    tls = tempfile.mkdtemp(prefix="weir-redis-tls-")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=tls, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "9", "-subj", "/CN=ca")
    openssl("req", *new_key, "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=redis")
    pathlib.Path(tls, "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "9", "-extfile", "ext", "-out", "cert.pem")
    port = free_port()
    with Redis("--unixsocket", f"{tls}/redis.sock", "--tls-port", port, "--tls-cert-file", f"{tls}/cert.pem",
               "--tls-key-file", f"{tls}/key.pem", "--tls-ca-cert-file", f"{tls}/ca.pem") as redis:
        redis("ACL", "SETUSER", "weir", "on", ">p@ss", "~weir:*", "-@all", "+@scripting", "+@read", "+@write",
              "+@connection", "+info", "+time")
        redis("CONFIG", "SET", "requirepass", "secret")
        both = f"ca={tls}/ca.pem&cert={tls}/cert.pem&key={tls}/key.pem"
        local = local_name()
        for name, url, good in (
                ("a password", f"redis://:secret@127.0.0.1:{redis.port}", True),
                ("a user who may do just what is needed", f"redis://weir:p%40ss@127.0.0.1:{redis.port}", True),
                ("another database", f"redis://:secret@{local}:{redis.port}/5", True),
                ("a socket", f"unix://:secret@{tls}/redis.sock", True),
                ("TLS with certificates on both sides", f"rediss://:secret@127.0.0.1:{port}?{both}", True),
                ("TLS to a name", f"rediss://:secret@{local}:{port}?{both}", True),
                ("TLS without our certificate", f"rediss://:secret@127.0.0.1:{port}?ca={tls}/ca.pem", False),
                ("TLS to somebody unknown", f"rediss://:secret@127.0.0.1:{port}", False),
                ("TLS where there is none", f"rediss://:secret@127.0.0.1:{redis.port}?{both}", False),
                ("no TLS where there is", f"redis://:secret@127.0.0.1:{port}", False),
                ("the wrong password", f"redis://:wrong@127.0.0.1:{redis.port}", False),
                ("no password", f"redis://127.0.0.1:{redis.port}", False),
                ("nobody there", f"redis://127.0.0.1:{free_port()}", False),
                ("no such host", f"redis://nowhere.invalid:{redis.port}", False),
                ("servers that are no Cluster", f"redis://:secret@127.0.0.1:{redis.port},127.0.0.1:{redis.port}", False),
                ("a database that is not there", f"redis://:secret@127.0.0.1:{redis.port}/99", False)):
            with World(url) as world:
                p = world.process("via", up=False)
                up = p.ask("up 3000" if good else "up 300")
                account = Account(name.replace(" ", "-"), 10)
                took = p.take(account, 2, 5, 3000 if good else 100)[1]
                t.check(f"{name}: {'gets there' if good else 'is refused'}",
                        (up, took) == (("up", "5") if good else ("away", "0")),
                        (up, took, p.log.read_text()[-500:]))
                t.check("... and no password is in the log", "secret" not in p.log.read_text()
                        and "p@ss" not in p.log.read_text())
    shutil.rmtree(tls)


# --- the script alone ---

class Twin:
    """What the script has to do with amounts, in numbers that have no end."""

    def __init__(self):
        self.base, self.members = 0, {}

    def sync(self, me, limit, used, floor, need, want):
        others = self.base + sum(g for m, (g, _) in self.members.items() if m != me)
        room = min(max(limit - others, 0), want)
        grant = room if room >= need else floor
        self.members[me] = grant, used
        return [grant, others + grant, self.base + sum(u for _, u in self.members.values())]


def script(t):
    """Random members with random amounts up to 2^63 - 1: each answer is the twin's."""
    chance, text = random.Random(SEED), (ROOT / "store/lease.lua").read_text()
    wall = int(time.time() * 10**6)
    with Redis() as redis:
        client, wrong, late = Client(redis.port), [], 0
        sha = client("SCRIPT", "LOAD", text)

        def run(account, *words):
            return client("EVALSHA", sha, 2, account, "marker", "", words[0], wall, wall, 0, 0, 10**12, *words[1:])
        sequence = 0
        for n in range(60):
            twin, account = Twin(), f"account-{n}"
            top = 10 ** chance.randint(0, 18) * chance.randint(1, 9)
            run(account, "look", "nobody", "")
            looked = run(account, "look", "nobody", "")
            twin.base = chance.randint(0, top)
            settled = run(account, "settle", "nobody", looked[1], twin.base, *looked[2:4])
            wrong += [settled] if settled != ["settled"] else []
            for _ in range(25):
                sequence += 1
                me = f"m{chance.randint(0, 5)}"
                grant = twin.members.get(me, (0, 0))[0]
                used = chance.randint(0, max(grant, 0))
                floor = chance.randint(used, max(grant, used))
                need = min(floor + chance.choice([0, 1, chance.randint(0, top)]), 2**63 - 1)
                want = min(need + chance.choice([0, chance.randint(0, top)]), 2**63 - 1)
                limit = chance.choice([top, chance.randint(0, top), 2**63 - 1, 0])
                expected = twin.sync(me, limit, used, floor, need, want)
                answer = run(account, "sync", me, sequence, limit, used, 0, floor, need, want, 0)
                if [int(w) for w in answer[2:5]] != expected:
                    wrong.append((expected, answer))
                again = run(account, "sync", me, sequence, limit, used, 0, 0, 0, 2**63 - 1, 0)
                late += again == ["late"]
        t.check(f"{60 * 25} random questions: each answer is exact", not wrong, wrong[:2])
        t.check("... and none is done twice", late == 60 * 25, late)
        here, there = Account("astray", 10, start=wall + 2 * DAY_US), Account("past", 10, start=wall - 9 * DAY_US)
        marks = [int(client("EVALSHA", sha, 2, a.key(), "marker", "", "sync", wall, a.start, a.start + DAY_US, 0,
                            10**12, "m", 1, 10, 0, 0, 0, 1, 1, 1)[1]) for a in (here, there)]
        t.check("a window days away from Redis' clock grants nothing (T54)", all(m & 16 for m in marks), marks)
        start = wall + 600 * 10**6
        marks = [int(client("EVALSHA", sha, 2, f"new-{n}", "marker", "", "sync", wall, start, 0, 0, 10**12, "m", 1,
                            10, 0, 0, 0, 1, 1, n)[1]) for n in (0, 1)]
        t.check("a new account needs the ledger, but for a limit as old as its window", marks == [1, 0], marks)
        future = int(client("TIME")[0]) * 10**6 + 3600 * 10**6
        history = redis.info("replication", "master_replid")
        client("SET", "marker", f"{history} {future} {future}")
        answer = client("EVALSHA", sha, 2, "leap", "marker", "", "sync", wall, wall, 0, 10**6, 10**12, "m", 1, 10,
                        0, 0, 0, 1, 1, 1)
        t.check("Redis' clock leaps back: a new life, not an hour without limits that grow",
                int(answer[6]) < future and int(answer[8]) <= 10**6, answer)
        client.close()


def speed(t, redis):
    with World(redis.url) as world:
        said = world.process("fast", deadline_ms=5000).ask("bench 20000")
        print(f"     one process, 256 questions under way: {said}")
        t.check("20,000 questions are answered", int(said.split()[0]) > 500, said)


def on_one_redis(t):
    with Redis() as redis:
        for test in (barrier, kills, silence, lowered, speed):
            test(t, redis)


def main():
    t = Tally()
    print(f"seed {SEED}")
    wanted = sys.argv[1:]
    for test in (script, on_one_redis, blind, lost_replies, forgetful, faults, sentinel, cluster, connections,
                 babble):
        began = time.monotonic()
        if not wanted or test.__name__ in wanted:
            test(t)
            print(f"     {test.__name__}: {time.monotonic() - began:.1f} s")
    t.close()


main()
