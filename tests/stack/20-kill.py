#!/usr/bin/env python3
"""kill -9 under load, again and again: every request that the provider began has exactly one
row, none is doubled, each cost is exact. WEIR_KILLS: how often (200; with a sanitizer 20).
WEIR_SEED: repeats a run."""
# tsan
import collections
import fractions
import hashlib
import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from harness import House, Tally, is_sanitized, wait_for  # noqa: E402
import ledger_checker  # noqa: E402

KILLS = int(os.environ.get("WEIR_KILLS", 20 if is_sanitized() else 200))
SEED = int(os.environ.get("WEIR_SEED", time.time_ns() % 1000000))
CLIENTS = 12
# USD per million tokens; odd on purpose, so that a rounding or a swapped price shows.
PRICES = {"input": fractions.Fraction("0.137"), "output": fractions.Fraction("0.611")}


def price(row):
    """The exact cost of a row's tokens in picodollars, halves to even."""
    exact = (row["input_tok"] * PRICES["input"] + row["output_tok"] * PRICES["output"]) * 10**6
    return round(exact)


class Load(threading.Thread):
    """One client: plain answers, streams, and streams it leaves in the middle."""

    def __init__(self, house, key, number, bodies, stop):
        super().__init__(daemon=True)
        self.house, self.key, self.number, self.bodies, self.stop = house, key, number, bodies, stop
        self.random = random.Random(SEED * 1000 + number)
        self.sent = 0
        self.outcomes = collections.Counter()

    def body(self):
        marker = f"m-{self.number}-{self.sent}"
        self.sent += 1
        ask = {"model": "gpt-4o-mini", "user": marker,
               "messages": [{"role": "user", "content": "x" * self.random.randint(1, 300)}],
               "stand_in": {"events": self.random.randint(1, 40), "gap_ms": self.random.choice([0, 0, 1, 4])}}
        if self.random.random() < 0.6:
            ask |= {"stream": True, "stream_options": {"include_usage": True}}
        text = json.dumps(ask).encode()
        self.bodies[hashlib.sha256(text).hexdigest()] = marker
        return text

    def ask(self):
        text = self.body()
        connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=10)
        try:
            connection.request("POST", "/v1/chat/completions", text, {
                "authorization": f"Bearer {self.key}", "content-type": "application/json"})
            answer = connection.getresponse()
            self.outcomes[answer.status] += 1
            answer.read(self.random.randint(1, 3000) if self.random.random() < 0.15 else None)
        finally:
            connection.close()

    def run(self):
        while not self.stop.is_set():
            try:
                self.ask()
            except (OSError, http.client.HTTPException):
                self.outcomes["broken"] += 1
                time.sleep(0.005)


def kill_and_restart(house, chance):
    time.sleep(chance.uniform(0.005, 0.5))
    house.kill_weir()
    began = time.monotonic()
    house.start_weir()
    return time.monotonic() - began


def main():
    tally = Tally()
    chance = random.Random(SEED)
    prices = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"weir-kill-{os.getpid()}.yaml"
    prices.write_text("openai:\n  source: test\n  retrieved: 2026-01-01\n  models:\n"
                      "    - { model: gpt-4o-mini, input: 0.137, output: 0.611, max_output: 1000, max_input: 10000 }\n")
    bodies, stop, slowest = {}, threading.Event(), 0.0
    with House(dialects=("openai",), prices=prices, provider_args=["--log-requests"],
               conf="tenant_defaults: { llm: none, e2b: none, all: none }\n"
                    "deadlines: { client_gone_drain: 200ms }") as house:
        key = house.key("acme")
        clients = [Load(house, key, n, bodies, stop) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(KILLS):
            slowest = max(slowest, kill_and_restart(house, chance))
        time.sleep(0.5)
        stop.set()
        for client in clients:
            client.join(15)
        house.stop_weir()
        bad, rows, begun = ledger_checker.check(
            house.directory / "data/ledger.sqlite", house.directory / "provider.log", bodies, price)
        outcomes = sum((c.outcomes for c in clients), collections.Counter())
        sources = collections.Counter(
            r["usage_source"] for r in ledger_checker.read_rows(house.directory / "data/ledger.sqlite"))
        print(f"seed {SEED}: {KILLS} kills, {begun} requests begun, {rows} rows, "
              f"slowest restart {slowest * 1000:.0f} ms, outcomes {dict(outcomes)}, "
              f"rows by source {dict(sources)}")
        for violation in bad[:20]:
            print("     " + violation)
        tally.check("every begun request has exactly one row, exactly priced", not bad,
                    f"{len(bad)} violations")
        tally.check("the load was real", begun > 5 * KILLS and outcomes[200] > 2 * KILLS, outcomes)
        most_s = 10 if is_sanitized() else 1  # a sanitizer's build is no program to be timed
        tally.check(f"it restarts within {most_s} s", slowest < most_s, f"{slowest:.2f} s")
    prices.unlink()
    tally.close()


main()
