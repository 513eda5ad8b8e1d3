#!/usr/bin/env python3
"""The program and its twin price the same usages; any difference fails.

    test_price_twin.py PRICE_TOOL [--vectors N] [--seed S]

First the shipped list of prices, with N random usages; then a list made up of odd prices, so
that halves of picodollars, gaps, tiers and dates meet in every way; then every entry that is
taken from LiteLLM's list ($WEIR_FIXTURES/prices/litellm-model-prices.json, when there is
one), which must be the same entries for both.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import price_twin
from price_twin import DOUBTS, INPUTS, OUTPUTS, QUANTITIES

MODELS_AT_LEAST = 2500
VECTORS_FOR_EACH = 6
WORDS = ["", "", "standard", "auto", "default", "flex", "priority", "Priority", "batch", "fast",
         "us", "eu", "fast+us", "us+flex", "low", "high", "ultrafast", "standard+us", "scale"]


class Asking:
    """Questions to the program, and what the twin says."""

    def __init__(self, command, book, seed):
        self.command, self.book, self.random = command, book, random.Random(seed)
        self.lines, self.expected = [], []

    def count(self):
        """Mostly as in life, sometimes nothing, sometimes past every limit."""
        kind = self.random.random()
        if kind < 0.9:
            return self.random.randrange(10 ** self.random.randrange(1, 7))
        return self.random.choice([0, 1, 10 ** 9, 2 ** 63 - 1, 2 ** 64 - 1])

    def thresholds(self, entry):
        return [at for tier in entry.tiers.values() for at in tier.by_length if at]

    def usage(self, entry):
        """A usage; where prompts can be long, often one around the threshold."""
        some = self.random.sample(QUANTITIES, self.random.randrange(1, 7))
        usage = {quantity: self.count() for quantity in some}
        listed = [q for at in entry.tiers[""].by_length.values() for q in at]
        for quantity in self.random.sample(listed, min(len(listed), 2)):
            usage[quantity] = self.count()
        thresholds = self.thresholds(entry)
        if thresholds and self.random.random() < 0.7:
            target = self.random.choice(thresholds) + self.random.choice([-1, 0, 0, 1, 5000])
            for quantity in INPUTS:
                if quantity != "tool_input":
                    usage.pop(quantity, None)
            read = self.random.randrange(target)
            usage["cache_read"], usage["input"] = read, target - read
        return usage

    def instant(self, entry):
        edges = [entry.begins, entry.ends or 1787270400 * 10 ** 6]
        return max(0, self.random.choice(edges) + self.random.choice([-1, 0, 1, 10 ** 12]))

    def ask(self, entry):
        name = self.random.choice(entry.names)
        at, words, usage = self.instant(entry), self.random.choice(WORDS), self.usage(entry)
        other = self.random.choice(self.book.entries)
        aux, aux_usage = "", {}
        if self.random.random() < 0.2:
            aux = self.random.choice([other.model, name, "no-such-model"])
            aux_usage = self.usage(entry)
        self.lines.append("\t".join([entry.provider, name, str(at), words, text_of(usage), aux,
                                     text_of(aux_usage)]))
        self.expected.append(self.twin(entry.provider, name, at, usage, words, aux, aux_usage))

    def twin(self, *question):
        try:
            pusd, doubts = self.book.cost(*question)
            return f"{pusd} {sum(1 << DOUBTS.index(doubt) for doubt in doubts)}"
        except price_twin.Unpriced:
            return "unpriced" if not self.book.find(*question[:3]) else "MISSING"
        except OverflowError:
            return "RANGE"

    def compare(self):
        """(what the program said before the answers, its answers' differences)"""
        run = subprocess.run(self.command, input="\n".join(self.lines) + "\n", text=True,
                             capture_output=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{' '.join(self.command)}: {run.stderr}")
        head, _, answers = run.stdout.rpartition("\n\n") if self.command[1] == "litellm" else \
            ("", "", run.stdout)
        got = [" ".join(line.split(" ")[::2]) for line in answers.splitlines()]
        if len(got) != len(self.lines):
            sys.exit(f"{len(self.lines)} questions, {len(got)} answers")
        return head, [(line, ours, theirs) for line, ours, theirs
                      in zip(self.lines, self.expected, got) if ours != theirs]


def text_of(usage):
    return ",".join(f"{quantity}={count}" for quantity, count in usage.items())


def report(what, asking, differences):
    priced = sum(answer.split(" ")[0].isdigit() for answer in asking.expected)
    print(f"{what}: {len(asking.lines)} usages, {priced} of them with a price, "
          f"{len(differences)} differences")
    for line, ours, theirs in differences[:10]:
        print(f"  {line!r}: twin {ours}, program {theirs}")
    return not differences and priced > len(asking.lines) // 4


def check_shipped(tool, vectors, seed):
    asking = Asking([tool, "prices", str(price_twin.SHIPPED)],
                    price_twin.Book.from_yaml(price_twin.SHIPPED), seed)
    for number in range(vectors):
        asking.ask(asking.book.entries[number % len(asking.book.entries)])
    return report("conf/prices.yaml", asking, asking.compare()[1])


def odd_price(rnd):
    """Often a multiple of half a picodollar for one token, sometimes as fine as can be."""
    return rnd.choice([f"{rnd.randrange(1, 40) * 5}e-7", f"{rnd.randrange(10 ** 5)}e-16",
                       f"{rnd.randrange(100)}.{rnd.randrange(1000):03}", "0", "1E+2"])


def odd_prices(rnd, most):
    quantities = rnd.sample(QUANTITIES, rnd.randrange(1, most))
    return ", ".join(f"{quantity}: {odd_price(rnd)}" for quantity in quantities)


def odd_contexts(rnd):
    lengths = rnd.sample(range(1, 5000), rnd.randrange(3))
    kinds = [(rnd.choice(["above", "at_least"]), length * 2) for length in lengths]
    return ", ".join(f"{{ {kind}: {length}, {odd_prices(rnd, 6)} }}" for kind, length in kinds)


def odd_tier(rnd):
    parts = rnd.sample([odd_prices(rnd, 4), f"multiplier: {rnd.choice([0.5, 1.5, 2, 12])}",
                        f"context: [ {odd_contexts(rnd)} ]"], rnd.randrange(4))
    return "{ " + ", ".join(parts) + " }"


def odd_entry(rnd, number):
    dates = sorted(rnd.sample(["2026-01-01", "2026-06-01T12:30:01Z", "2026-08-21", "2027-01-01"], 2))
    begins = rnd.choice(["", f"from: {dates[0]}, "])
    ends = rnd.choice(["", f"until: {dates[1]}, "])
    tiers = ", ".join(f"{name}: {odd_tier(rnd)}" for name in rnd.sample(
        ["flex", "priority", "fast", "low"], rnd.randrange(4)))
    return (f"    - {{ model: m{number // 3}, also: [n{number}], {begins}{ends}"
            f"fill: {rnd.choice(['true', 'false'])}, {odd_prices(rnd, 12)}, "
            f"context: [ {odd_contexts(rnd)} ], tiers: {{ {tiers} }}, geo: {{ us: 1.1, eu: 2 }} }}\n")


def check_odd(tool, vectors, seed):
    rnd = random.Random(seed)
    text = "p:\n  also: [q]\n  fees: { web_search: 0.0000000000005 }\n  models:\n"
    text += "".join(odd_entry(rnd, number) for number in range(300))
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        asking = Asking([tool, "prices", file.name], price_twin.Book.from_yaml(file.name), seed)
        for number in range(vectors):
            asking.ask(asking.book.entries[number % len(asking.book.entries)])
        return report("odd prices", asking, asking.compare()[1])


def check_litellm(tool, path, seed):
    book, reasons = price_twin.litellm_book(path)
    asking = Asking([tool, "litellm", str(path)], book, seed)
    for entry in book.entries:
        for _ in range(VECTORS_FOR_EACH):
            asking.ask(entry)
    head, differences = asking.compare()
    ok = report("LiteLLM's list", asking, differences)
    ours = {(e.provider, e.model) for e in book.entries}
    lines = [line.split("\t") for line in head.splitlines()]
    taken = {(provider, model) for _, provider, model, _ in lines if provider}
    left = {name: remark for name, provider, _, remark in lines if not provider}
    print(f"LiteLLM's list: {len(lines)} members, {len(taken)} taken, {len(left)} left out")
    for name in sorted(set(left) ^ set(reasons)):
        print(f"  {name}: twin {reasons.get(name, 'takes it')}, program {left.get(name, 'takes it')}")
    silent = [name for name, remark in left.items() if not remark]
    for name in silent:
        print(f"  {name}: left out without a reason")
    return ok and ours == taken and set(left) == set(reasons) and not silent and \
        len(taken) + len(left) == len(book.entries) + len(reasons) == len(lines) and \
        len(taken) >= MODELS_AT_LEAST


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--vectors", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    results = [check_shipped(args.tool, args.vectors, args.seed),
               check_odd(args.tool, args.vectors // 2, args.seed)]
    fixtures = pathlib.Path(os.environ.get("WEIR_FIXTURES", "no-such-folder"))
    litellm = fixtures / "prices" / "litellm-model-prices.json"
    if litellm.exists():
        results.append(check_litellm(args.tool, litellm, args.seed))
    else:
        print("WEIR_FIXTURES has no prices/litellm-model-prices.json: LiteLLM's list was not compared")
    for word, result in ("PASSED", True), ("FAILED", False):  # counted as the C tests are
        print(f"[  {word}  ] {results.count(result)} test(s).")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
