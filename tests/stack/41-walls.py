#!/usr/bin/env python3
"""Several weirs share their limits through one real Redis (T53, T82, F01-F06, INV-6): from clients
at a barrier never more is admitted than a limit pays for, and no less; whatever becomes of Redis
or of a weir, nothing is overspent and nobody waits long.

The truth is the stand-in provider's log. WEIR_BARRIERS: how often each race is run (20)."""
import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from harness import House, Tally, is_sanitized, wait_for  # noqa: E402
from redis_house import Redis  # noqa: E402
from talk import CHAT, chat  # noqa: E402

BARRIERS = int(os.environ.get("WEIR_BARRIERS", 4 if is_sanitized() else 20))
CLIENTS = 60 if is_sanitized() else 200
WEIRS = 4
LEASE_S = 4  # so long nothing grows after Redis lost its memory
DEADLINE_MS = 500  # of a barrier, on a machine that has other work
PRICES = ("openai:\n  source: test\n  retrieved: 2026-01-01\n  models:\n"
          "    - { model: gpt-4o-mini, input: 0, output: 20000, max_input: 1000, max_output: 100 }\n"
          "    - { model: gpt-4o, input: 0, output: 10000, max_input: 1000, max_output: 100000 }\n")
TWO_USD = chat({"output": 100}, max_tokens=100)  # held for, and spent


class Replica(House):
    """One weir of several before one stand-in provider and one Redis."""

    def __init__(self, street, number):
        super().__init__(dialects=("openai",), prices=street.prices)
        self.street, self.number = street, number

    def config(self):
        self.extra = ("workers: 2\n"
                      "tenant_defaults: { llm: none, e2b: none, all: none }\n"
                      f"quota: {{ backend: redis, url: '{self.street.redis.url}', "
                      f"deadline: {self.street.deadline_ms}ms }}")
        self.provider_port = self.street.provider.provider_port
        return super().config()

    def ask(self, key, body=None, timeout=30):
        """(status, code of the error, milliseconds)"""
        began = time.monotonic()
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            link.request("POST", CHAT, body or TWO_USD, {"authorization": f"Bearer {key}",
                                                        "content-type": "application/json"})
            answer = link.getresponse()
            text = answer.read()
        finally:
            link.close()
        code = json.loads(text)["error"]["code"] if answer.status >= 400 else None
        return answer.status, code, (time.monotonic() - began) * 1000


class Street:
    """WEIRS replicas with the same keys and quotas: each has a copy of the first one's ledger."""

    def __init__(self, make_people, weirs=WEIRS, deadline_ms=DEADLINE_MS):
        self.deadline_ms = deadline_ms
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="weir-street-"))
        self.prices = self.scratch / "prices.yaml"
        self.prices.write_text(PRICES)
        self.provider = House()
        self.redis = Redis()
        self.weirs, self.bad = [], []
        try:
            self.provider.start_provider()
            self.weirs = [Replica(self, n) for n in range(weirs)]
            self.weirs[0].start_weir()
            self.people = make_people(self.weirs[0])
            self.weirs[0].stop_weir()
            for weir in self.weirs:
                if weir is not self.weirs[0]:
                    (weir.directory / "data").mkdir(mode=0o700)
                    shutil.copy(self.weirs[0].directory / "data/ledger.sqlite", weir.directory / "data")
                weir.start_weir()
            self.settle_down()
        except BaseException:
            self.close()
            raise

    def settle_down(self):
        """Waits until limits may grow again and every weir has told what it knows."""
        time.sleep(LEASE_S + 1.5)

    def crowd(self, key, clients=CLIENTS, body=None):
        """That many clients at a barrier, spread over the weirs; how they were answered."""
        barrier = threading.Barrier(clients)

        def one(i):
            barrier.wait()
            return self.weirs[i % len(self.weirs)].ask(key, body)

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            return list(pool.map(one, range(clients)))

    def close(self):
        for weir in self.weirs:
            self.bad += weir.close()
        self.bad += self.provider.close()
        self.redis.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            for weir in self.weirs:
                sys.stderr.write(f"weir {weir.number}: {weir.log_path.read_text()[-1200:]}\n")
        self.close()
        if not kind and self.bad:
            raise RuntimeError("\n".join(self.bad))


def key_with(weir, limit, *more):
    """A key whose own limit this is, as (secret, id)."""
    weir.weir("tenant", "add", "acme", check=False)
    key = json.loads(weir.weir("key", "issue", "--tenant", "acme", "--json"))
    weir.weir("quota", "set", "--scope", "key", "--id", key["id"], "--limit", limit, *more)
    return key["secret"]


def keys_with(count, limit, *more):
    return lambda weir: [key_with(weir, limit, *more) for _ in range(count)]


def told(answers):
    return dict(collections.Counter((status, code) for status, code, _ in answers))


def races(t, name, limit, more, admitted):
    with Street(keys_with(BARRIERS, limit, *more)) as street:
        wrong, ms = [], []
        for key in street.people:
            answers = street.crowd(key, CLIENTS)
            ms += [m for *_, m in answers]
            if sum(status == 200 for status, *_ in answers) != admitted:
                wrong.append(told(answers))
        t.check(f"{name}: of {CLIENTS} clients at {WEIRS} weirs exactly {admitted} are admitted, "
                f"{BARRIERS} times", not wrong, f"{len(wrong)}: {wrong[:3]}")
        print(f"     the slowest answer took {max(ms):.0f} ms")


def at_once(t):
    with Street(keys_with(3, "3concurrent", "--period", "total")) as street:
        slow = chat({"output": 1, "first_byte_ms": 2000}, max_tokens=100)
        runs = [told(street.crowd(key, 40, slow)) for key in street.people]
        t.check("3 concurrent: exactly 3 of 40 at once, 3 times",
                all(run.get((200, None)) == 3 for run in runs), runs)
        time.sleep(2.5)  # what was held goes back
        again = [told(street.crowd(key, 40, slow)) for key in street.people]
        t.check("and 3 again when they are over",
                all(run.get((200, None)) == 3 for run in again), again)


def begun(street):
    return sum(line["ev"] == "begin" for line in street.provider.provider_log())


def cost_usd(street):
    return sum(row["cost_pusd"] for weir in street.weirs for row in weir.rows()) / 10**12


def kills(t):
    """A weir is killed inside a race; it comes back, and what was not spent can be spent."""
    slow = chat({"output": 100, "first_byte_ms": 300}, max_tokens=100)
    with Street(keys_with(4, "10usd")) as street:
        over, left = [], []
        for n, key in enumerate(street.people):
            victim, before, spent = street.weirs[n % WEIRS], begun(street), cost_usd(street)
            killer = threading.Timer(0.25, victim.kill_weir)
            killer.start()
            with concurrent_pool(40) as pool:
                list(pool.map(lambda i, key=key: attempt(street.weirs[i % WEIRS], key, slow), range(40)))
            killer.join()
            over.append(begun(street) - before)
            victim.start_weir()
            time.sleep(2.5)  # it tells what it knows, and gives up what it had been leased
            for _ in range(6):
                for weir in street.weirs:
                    attempt(weir, key, TWO_USD)
            left.append(wait_for(lambda s=spent: round(cost_usd(street) - s, 6), what="rows"))
        t.check("kill -9 inside a race: never more than 5 begun", max(over) <= 5, over)
        t.check("and in the end exactly 10 usd are spent", left == [10.0] * len(left), (over, left))


def concurrent_pool(n):
    return concurrent.futures.ThreadPoolExecutor(n)


def attempt(weir, key, body):
    try:
        return weir.ask(key, body)
    except (OSError, http.client.HTTPException):
        return 0, "broken", 0


OUTAGE_MS = 100  # the quota deadline in these


def outages(t):
    """Redis stops answering: each policy does what it says, and nobody waits longer than he may."""
    policies = ("closed", "local", "open")

    def people(weir):
        return {p: [key_with(weir, "10usd", "--on-outage", p) for _ in range(3)] for p in policies}

    with Street(people, weirs=2, deadline_ms=OUTAGE_MS) as street:
        for policy in policies:
            attempt(street.weirs[0], street.people[policy][0], TWO_USD)
        street.redis.pause()
        for policy in policies:
            answers = street.crowd(street.people[policy][1], 20)
            # with open, each of the two weirs admits up to the limit by itself
            fine = {(200, None): 10, (429, "quota_exceeded"): 10} if policy == "open" \
                else {(503, "quota_unavailable"): 20}
            t.check(f"Redis stands still, {policy}: {list(fine)[0][0]}", told(answers) == fine,
                    told(answers))
            slowest = max(ms for *_, ms in answers)
            t.check(f"Redis stands still, {policy}: nobody waits long", slowest < OUTAGE_MS + 300,
                    f"{slowest:.0f} ms")
        beyond = max(w.metric("weir_quota_open_admissions_total") for w in street.weirs)
        t.check("what is admitted unasked is counted", beyond == 5, beyond)
        wait_for(lambda: "away" in street.weirs[0].admin("/readyz")[1], 5, "/readyz")
        t.check("/readyz says that Redis is away", street.weirs[0].admin("/readyz")[0] == 200)
        street.redis.resume()
        street.settle_down()
        for policy in ("closed", "local"):
            got = told(street.crowd(street.people[policy][1], 20))
            t.check(f"Redis is back, {policy}: exactly 5 are admitted", got.get((200, None)) == 5, got)
        got = told(street.crowd(street.people["open"][1], 20))
        t.check("Redis is back, open: what was spent without it counts",
                got == {(429, "quota_exceeded"): 20}, got)
        loses_memory(t, street)


def loses_memory(t, street):
    for n, (name, lose) in enumerate((
            ("flushed", lambda: street.redis("FLUSHALL")),
            ("killed and started anew", lambda: (street.redis.kill(), street.redis.start())))):
        for policy in ("closed", "local"):
            key = street.people[policy][2 if n else 0]
            for weir in street.weirs:
                attempt(weir, key, TWO_USD)
            before = sum(1 for w in street.weirs for r in w.rows() if r["cost_pusd"])
            spent = 2 + (0 if n else 1)  # of this key so far
            lose()
            during = told(street.crowd(key, 20)).get((200, None), 0)
            street.settle_down()
            after = told(street.crowd(key, 20)).get((200, None), 0)
            t.check(f"Redis is {name}, {policy}: never more than 5, and 5 in the end",
                    spent + during + after == 5, (spent, during, after, before))


def counts_commands(t):
    """What fits is not asked about."""
    with Street(keys_with(1, "1000000usd"), weirs=2) as street:
        key, total = street.people[0], 2000 if is_sanitized() else 10000
        asked = lambda: sum(w.metric("weir_quota_asked_total") for w in street.weirs)
        commands = lambda: sum(int(line.split("calls=")[1].split(",")[0])
                               for line in street.redis("INFO", "commandstats").splitlines()
                               if line.startswith(("cmdstat_eval", "cmdstat_h")))
        asked_before, before, began = asked(), commands(), time.monotonic()
        statuses = collections.Counter()

        def client(i):
            link = http.client.HTTPConnection("127.0.0.1", street.weirs[i % 2].port, timeout=30)
            for _ in range(total // 10):
                link.request("POST", CHAT, TWO_USD, {"authorization": f"Bearer {key}",
                                                     "content-type": "application/json"})
                answer = link.getresponse()
                answer.read()
                statuses[answer.status] += 1
            link.close()

        with concurrent_pool(10) as pool:
            list(pool.map(client, range(10)))
        seconds = time.monotonic() - began
        questions, calls = asked() - asked_before, commands() - before
        t.check(f"{total} requests that fit are answered", statuses == {200: total}, statuses)
        t.check("with hardly a question to Redis", questions < total / 50, questions)
        print(f"     {total} requests in {seconds:.1f} s: {questions:.0f} questions, {calls} commands "
              f"inside Redis, {calls / seconds:.0f} each second")


def streams_at_their_wall(t):
    """Streams whose worst case nobody can pay: together they get what the limit pays for. The
    provider writes event by event; what comes in one piece is cut as one piece."""
    with Street(keys_with(2, "10usd"), weirs=2) as street:
        body = chat({"events": 400, "gap_ms": 3}, stream=True, max_tokens=100000, model="gpt-4o")
        with concurrent_pool(12) as pool:
            list(pool.map(lambda i: attempt(street.weirs[i % 2], street.people[0], body), range(12)))
        rows = [r for w in street.weirs for r in w.rows()]
        spent = sum(r["cost_pusd"] for r in rows) / 10**12
        ended = collections.Counter(r["ended_by"] for r in rows)
        event = 0.01 * 2  # a token of each stream, and what a tokenizer may be off
        t.check("streams cut at a shared wall: no more than an event of each above the limit",
                8 < spent <= 10 + event * len(rows), (spent, ended))
        print(f"     {len(rows)} streams, {spent:.2f} of 10 usd, ended by {dict(ended)}")


def main():
    t = Tally()
    races(t, "10 usd, calls of 2 usd", "10usd", (), 5)
    races(t, "requests", "7requests", ("--period", "day"), 7)
    at_once(t)
    kills(t)
    outages(t)
    counts_commands(t)
    streams_at_their_wall(t)
    t.close()


main()
