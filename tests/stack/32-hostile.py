#!/usr/bin/env python3
"""Clients and providers that mean no good (T28, T29, T57, T62-T65, T70, T73, T74, F14, F15): each
gets what it deserves, everybody else is served, and every admitted request leaves one row."""
# tsan
import gzip
import hashlib
import json
import pathlib
import random
import sys
import threading
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from harness import House, Tally, is_sanitized, wait_for  # noqa: E402
from talk import CHAT, Link, ask, chat, request  # noqa: E402

CONF = ("workers: 4\ntenant_defaults: { llm: none, e2b: none, all: none }\n"
        "deadlines: { head: 1s, body: 1s, client_stall: 1s, first_byte: 30s, idle: 5s, "
        "client_gone_drain: 200ms }\n")
STEP = 97


def stream(script, **more):
    return chat(script, stream=True, stream_options={"include_usage": True}, **more)


def quiet(house):
    """Waits until nothing is under way and every admitted request has its row; returns the rows."""
    wait_for(lambda: house.metric("weir_exchanges_current") == 0, 20, "the last exchange")
    admitted = house.metric("weir_exchanges_admitted_total")
    wait_for(lambda: len(house.rows()) >= admitted, 20, "the last row")
    return house.rows()


def one_row_each(t, name, rows, wanted):
    """wanted: the request ids, or how many there must be."""
    ids = [r["id"] for r in rows]
    good = len(set(ids)) == len(ids) and (len(ids) == wanted if isinstance(wanted, int) else
                                          set(ids) == set(wanted) and len(ids) == len(wanted))
    t.check(f"{name}: one row each", good, f"{len(ids)} rows, {len(set(ids))} ids, wanted {wanted}")


# --- clients that leave ---

def streams_begun(house):
    return sum(e["ev"] == "begin" and e["stream"] for e in house.provider_log())


def cancel_storm(t, house, key, count=2000):
    before, streams = quiet(house), streams_begun(house)
    admitted = house.metric("weir_exchanges_admitted_total")
    chance = random.Random(57)
    text = stream({"events": 100000, "gap_ms": 20, "write": "event"}, user="storm")
    for _ in range(count // 20):
        links = [Link(house.port).send(request(CHAT, key, text)) for _ in range(20)]
        for link in links:
            if chance.random() < 0.5:
                link.more()
            link.close(reset=chance.random() < 0.5)
    left = time.monotonic()
    wait_for(lambda: house.metric("weir_exchanges_current") == 0, 20, "the storm's end")
    seconds = time.monotonic() - left
    t.check("a storm of cancelled streams is over soon (T57)", seconds < 2 or is_sanitized(), seconds)
    wait_for(lambda: house.metric("weir_upstream_connections_current") ==
             house.metric("weir_upstream_idle_current"), what="the provider's connections")
    rows = quiet(house)[len(before):]
    admitted = int(house.metric("weir_exchanges_admitted_total") - admitted)
    one_row_each(t, f"{count} streams cancelled, {admitted} admitted", rows, admitted)
    begun = streams_begun(house) - streams
    t.check("... and whatever reached the provider was paid for", admitted > count // 2 and sum(
        r["cost_pusd"] > 0 and r["ended_by"] == "client_gone" for r in rows) >= begun, (begun, admitted))


def client_resets(t, house, key):
    before = quiet(house)
    text = stream({"events": 24, "gap_ms": 1}, user="resets")
    whole = len(ask(house, CHAT, key, text).body)
    points = range(0, whole, STEP)
    for at in points:
        link = Link(house.port, receive_bytes=2048).send(request(CHAT, key, text))
        got = 0
        while got <= at and link.more():
            got = len(link.received)
        link.close(reset=True)
    link = Link(house.port).send(request(CHAT, key, text))
    link.socket.shutdown(1)
    link.closed()
    rows = quiet(house)[len(before):]
    one_row_each(t, f"a client resets at {len(points)} points, or half-closes", rows, len(points) + 2)
    t.check("... and none is free", all(r["cost_pusd"] > 0 and r["ended_by"] in ("client_gone", "complete")
                                       for r in rows), [r for r in rows if r["cost_pusd"] <= 0][:2])


# --- clients that are slow ---

def drip(link, data, gap, until):
    try:
        for byte in data:
            if time.monotonic() > until:
                return
            link.send(bytes([byte]))
            time.sleep(gap)
    except OSError:
        pass


def slow_clients(t, house, key):
    def worst_answer():
        times = []
        for _ in range(20):
            began = time.monotonic()
            assert ask(house, CHAT, key, chat()).status == 200
            times.append(time.monotonic() - began)
        return max(times)

    heads = [Link(house.port).send(b"POST " + CHAT.encode()) for _ in range(300)]
    silent = [Link(house.port) for _ in range(100)]
    t.check("400 slow clients do not slow down another (T70)", worst_answer() < 0.5 or is_sanitized())
    dripping, began = Link(house.port), time.monotonic()
    threading.Thread(target=drip, args=(dripping, request(CHAT, key, chat()), 0.1, began + 5), daemon=True).start()
    answer = dripping.answer()
    t.check("a head a byte at a time is cut at deadlines.head", answer.status == 408
            and time.monotonic() - began < 2.5, (answer, time.monotonic() - began))
    body, began = Link(house.port).send(request(CHAT, key, "{", length=100000)), time.monotonic()
    threading.Thread(target=drip, args=(body, b" " * 1000, 0.05, began + 6), daemon=True).start()
    answer = body.answer()
    t.check("a body below limits.body_rate is cut", answer.status == 408 and time.monotonic() - began < 4,
            (answer, time.monotonic() - began))
    t.check("the slow heads are answered 408", {link.answer().status for link in heads} == {408})
    t.check("who says nothing is closed", all(link.closed() and not link.received for link in silent))
    for link in [*heads, *silent, dripping, body]:
        link.close()


def kernel_holds_kb(port):
    """What the kernel holds for this port's connections that their peers have not taken."""
    held = 0
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == port:
            held += int(fields[4].split(":")[0], 16)
    return held // 1024


def never_readers(t, house, key, count=200):
    before = quiet(house)
    ask(house, CHAT, key, stream({"events": 50000, "write": "all"}))
    rss = house.rss_kb()
    links = [Link(house.port, receive_bytes=4096) for _ in range(count)]
    for link in links:
        link.send(request(CHAT, key, stream({"events": 50000, "write": "all"})))
    most = 0
    for _ in range(8):
        time.sleep(0.1)
        most = max(most, house.rss_kb() - rss)
    held = kernel_holds_kb(house.port)
    t.check(f"{count} clients that never read cost at most 256 kB each (T73)",
            most < count * 256 or is_sanitized(), f"{most} kB")
    t.check("... and as much in the kernel", held < count * 256, f"{held} kB")
    rows = quiet(house)[len(before):]
    for link in links:
        link.close()
    one_row_each(t, "... and end as stalled", rows, count + 1)
    t.check("... each", sum(r["ended_by"] == "client_stalled" for r in rows) == count,
            {r["ended_by"] for r in rows})


def few_descriptors(t):
    """128 of them: 300 clients knock, 80 ask for streams."""
    with House(dialects=("openai",), conf=CONF, weir_prefix=["prlimit", "--nofile=128:128"]) as house:
        key = house.key()
        links = [Link(house.port) for _ in range(300)]
        time.sleep(0.3)
        before = house.cpu_s()
        time.sleep(1)
        used = house.cpu_s() - before
        t.check("out of descriptors: no busy loop (T74)", used < 0.2 or is_sanitized(), f"{used} s in 1 s")
        for link in links:
            link.close()
        wait_for(lambda: ask(house, CHAT, key, chat()).status == 200, 5, "a good answer")
        t.check("... and it recovers", True)
        text = stream({"events": 10, "gap_ms": 50})
        links = [Link(house.port).send(request(CHAT, key, text)) for _ in range(80)]
        answers = []
        for link in links:
            answers.append(link.answer())
            link.close()
        t.check("80 streams at once: served or refused, none left hanging",
                all(a.whole and a.status in (200, 502, 503) for a in answers)
                and sum(a.status == 200 for a in answers) >= 20, [a.status for a in answers])
        t.check("... and again it recovers", ask(house, CHAT, key, chat()).status == 200)
        rows = quiet(house)
        t.check("... with all rows, refused ones free", len(rows) == house.metric("weir_exchanges_admitted_total")
                and all((r["cost_pusd"] > 0) == (r["status"] == 200) for r in rows), len(rows))
        t.check("... and a log one can read", house.log_path.stat().st_size < 100_000,
                house.log_path.stat().st_size)


# --- providers that break HTTP ---

def broken_heads(t, house, key):
    for fault, at in (("garbage_head", 0), ("huge_head", 1000000), ("early_1xx", 10000), ("early_1xx", 9),
                      ("switching", 0), ("cl_te", 0), ("two_lengths", 0), ("bare_cr", 0), ("folded", 0)):
        for streams in (False, True):
            with Link(house.port) as link:
                answer = link.ask(CHAT, key, chat({"fault": fault, "at": at}, stream=streams))
                said = bytes(link.received).lower()
            t.check(f"{fault} {at}{', streaming' * streams}: 502, and nothing of it (T63, T64)",
                    answer.status == 502 and answer.code == "upstream_failed" and not any(
                        word in said for word in (b"stand-in", b"set-cookie", b"upgrade", b"x-note", b"103")), answer)
    answer = ask(house, CHAT, key, chat({"fault": "early_1xx", "at": 3}))
    t.check("three interim answers are stepped over", answer.status == 200 and answer.whole, answer)
    rows = quiet(house)[-19:]
    t.check("... and none of the broken ones is charged",
            all(r["cost_pusd"] == 0 and r["ended_by"] == "upstream_garbled" for r in rows[:-1])
            and rows[-1]["cost_pusd"] > 0, [(r["ended_by"], r["cost_pusd"]) for r in rows])


def upstream_cuts(t, house, key):
    before = quiet(house)
    whole = len(ask(house, CHAT, key, stream({"events": 16})).body)
    def ends():
        return [e for e in house.provider_log() if e["ev"] == "end"]

    bad, ids, ended = [], [], len(ends())
    points = [(fault, at) for fault in ("cut", "reset", "bad_chunk") for at in range(0, whole, STEP)]
    for fault, at in points:
        answer = ask(house, CHAT, key, stream({"events": 16, "fault": fault, "at": at}))
        ids.append(answer.header("x-weir-request-id"))
        ended += 1
        end = wait_for(lambda: ends()[ended - 1:], what="the provider's account")[0]
        passed, added = answer.body[:at], answer.body[at:]
        if answer.status == 502 and at == 0 or fault == "reset" and not added:
            continue  # a reset may overtake the bytes before it
        if fault != "reset" and hashlib.sha256(passed).hexdigest() != end["sha256"]:
            bad.append((fault, at, "other bytes than the provider's"))
        events = added.split(b"data: ")
        if not (answer.whole and b'"error"' in events[-1]) and answer.whole:
            bad.append((fault, at, answer))
    t.check(f"a stream cut at {len(points)} points: the provider's bytes, then an error event (F14)", not bad, bad[:3])
    rows = quiet(house)[len(before) + 1:]
    one_row_each(t, "...", rows, ids)
    t.check("... each cut, and charged where anything had come", all(
        r["ended_by"] in ("upstream_cut", "upstream_garbled") and (r["cost_pusd"] > 0) == (r["status"] == 200)
        for r in rows), [r for r in rows if (r["cost_pusd"] > 0) != (r["status"] == 200)][:2])
    for fault in ("cut", "reset", "bad_chunk"):
        answer = ask(house, CHAT, key, chat({"events": 50, "fault": fault, "at": 200, "framing": "chunked"}))
        t.check(f"a JSON answer broken by {fault} is seen to be broken", not answer.whole or answer.status == 502, answer)


def mixed_tenants(t, house, keys, count=2000):
    """Six connections, two tenants, and every third answer of the provider is a bad one."""
    faults = ["none"] * 6 + ["extra", "cut", "trailers", "early_1xx", "garbage_head"]
    bad, ids, lock = [], [], threading.Lock()

    def client(number):
        chance = random.Random(number)
        link = Link(house.port)
        for n in range(count // 6 + 1):
            tenant = chance.randrange(2)
            mine = f"canary-{tenant}-{number}-{n}-"
            script = {"fault": chance.choice(faults), "at": 2, "model": mine, "write": "all",
                      "framing": chance.choice(["chunked", "length"])}
            link.received.clear()
            answer = link.ask(CHAT, keys[tenant], chat(script, stream=chance.random() < 0.5))
            with lock:
                ids.append((answer.header("x-weir-request-id"), tenant))
                said = bytes(link.received)
                if said.count(b"canary-") != said.count(mine.encode()) or b"not your answer" in said:
                    bad.append((script, answer))
                if answer.status == 200 and script["fault"] not in ("cut", "garbage_head") and mine.encode() not in said:
                    bad.append((script, answer))
            if answer.header("connection") == "close" or script["fault"] in ("cut", "garbage_head"):
                link.close()
                link = Link(house.port)
        link.close()

    before = quiet(house)
    threads = [threading.Thread(target=client, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    t.check(f"{len(ids)} requests of two tenants: nobody reads another's answer (T28, T29, INV-8)", not bad, bad[:2])
    rows = quiet(house)[len(before):]
    one_row_each(t, "...", rows, [i for i, _ in ids])
    tenant_of = {r["id"]: r["tenant"] for r in rows}
    t.check("... with its own tenant", all(tenant_of[i] == ("acme", "other")[tenant] for i, tenant in ids))
    t.check("... on reused connections", house.metric("weir_upstream_reuses_total") > count / 3)


# --- providers that compress ---

def compressed(t, house, key):
    for streams in (False, True):
        answer = ask(house, CHAT, key, chat({"events": 30, "encoding": "gzip", "input": 321, "output": 123,
                                             "cached": 100}, stream=streams, stream_options=(
                                                 {"include_usage": True} if streams else None)))
        text = gzip.decompress(answer.body)
        row = [r for r in quiet(house) if r["id"] == answer.header("x-weir-request-id")][0]
        t.check(f"gzip{', streaming' * streams}: relayed as it is, metered exactly",
                answer.header("content-encoding") == "gzip" and b"chat.completion" in text
                and (row["input_tok"], row["output_tok"], row["cached_read_tok"]) == (321, 123, 100)
                and row["usage_source"] == "reported", (answer, row))


def write_bombs(folder):
    """Files whose gzip members hold a thousand times their size."""
    usage = b'"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}}'
    head = b'{"id":"x","object":"chat.completion","model":"gpt-4o-mini","choices":[],'
    big = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [big.compress(head + b'"padding":"')]
    pieces += [big.compress(b"0" * (1 << 20)) for _ in range(1024)]
    pieces += [big.compress(b'",' + usage), big.flush()]
    (folder / "bomb.json").write_bytes(b"".join(pieces))
    (folder / "members.json").write_bytes(gzip.compress(head) + gzip.compress(usage))
    (folder / "torn.json").write_bytes(gzip.compress(head + usage)[:-20])
    (folder / "not.json").write_bytes(b"\x1f\x8b\x08" + b"\xff" * 5000)


def gzip_bombs(t, house, key):
    folder = house.directory

    def fetch(name):
        script = {"fixture": name, "header": "Content-Encoding: gzip"}
        answer = ask(house, CHAT, key, chat(script))
        t.check(f"{name}: relayed untouched", answer.whole and answer.body == (folder / name).read_bytes(),
                (answer.status, len(answer.body)))
        return [r for r in quiet(house) if r["id"] == answer.header("x-weir-request-id")][0]

    fetch("members.json")
    rss, cpu = house.rss_kb(), house.cpu_s()
    row = fetch("bomb.json")
    grown, used = house.rss_kb() - rss, house.cpu_s() - cpu
    t.check("a gzip bomb of 1 GB costs no memory (T65)", grown < 8192 or is_sanitized(), f"{grown} kB")
    t.check("... nor time", used < 2 or is_sanitized(), f"{used} s")
    t.check("... and is charged by what we know", row["usage_source"] in ("estimated", "counted") and row["cost_pusd"] > 0, row)
    row = fetch("members.json")
    t.check("two gzip members are one body", (row["input_tok"], row["output_tok"]) == (7, 9), row)
    for name in ("torn.json", "not.json"):
        row = fetch(name)
        t.check(f"{name} is charged all the same", row["cost_pusd"] > 0, row)


def main():
    t = Tally()
    house = House(dialects=("openai",), conf=CONF)
    house.provider_args = ["--fixtures", house.directory]
    write_bombs(house.directory)
    with house:
        key, other = house.key("acme"), house.key("other")
        broken_heads(t, house, key)
        upstream_cuts(t, house, key)
        mixed_tenants(t, house, (key, other))
        compressed(t, house, key)
        gzip_bombs(t, house, key)
        slow_clients(t, house, key)
        client_resets(t, house, key)
        never_readers(t, house, key)
        cancel_storm(t, house, key)
        answer = ask(house, CHAT, key, chat())
        t.check("after all that it serves", answer.status == 200 and answer.whole, answer)
    few_descriptors(t)
    t.close()


main()
