"""Holds Weir's ledger against the stand-in provider's own log: invariants INV-1 to INV-5.

Shares no code with Weir: it reads the SQLite file with Python's own module, the provider's log
as JSON lines, and prices with its own rational arithmetic. What a request was is known by its
marker, a unique `user` in its body; the provider's log has the digest of each body it received.

    check(ledger_file, provider_log, bodies, price) -> list of violations

bodies: {sha256 of the body: marker}; price(row) -> exact cost in picodollars.
"""
import collections
import json
import pathlib
import sqlite3


def read_log(path):
    """{marker-less provider facts by response id}: digests, beginnings and ends."""
    digest, begun, ended = {}, {}, {}
    for line in pathlib.Path(path).read_text().splitlines():
        event = json.loads(line)
        where = {"request": digest, "begin": begun, "end": ended}[event["ev"]]
        where[event["response_id"]] = event
    return {i: e["body_sha256"] for i, e in digest.items()}, begun, ended


def read_rows(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        return [dict(r) for r in db.execute("SELECT * FROM request")]


def complete_and_unique(rows, begun, marker_of, say):
    """INV-1 and INV-2: one row for each request the provider began, and no row twice."""
    if len({r["id"] for r in rows}) != len(rows):
        say("INV-2 an id stands in the ledger twice")
    by_marker = collections.Counter(r["user"] for r in rows)
    for marker, count in by_marker.items():
        if count > 1:
            say(f"INV-2 {marker} has {count} rows")
    for response in begun:
        if by_marker[marker_of[response]] != 1:
            say(f"INV-1 {marker_of[response]} was begun as {response} and has "
                f"{by_marker[marker_of[response]]} rows")


def exact(row, end, price, say):
    """INV-3: what the provider reported stands in the row, priced to the picodollar."""
    if (row["input_tok"], row["output_tok"]) != (end["input"], end["output"]):
        say(f"INV-3 {row['user']}: row {row['input_tok']}/{row['output_tok']}, provider "
            f"{end['input']}/{end['output']}")
    if row["cost_pusd"] != price(row):
        say(f"INV-3 {row['user']}: cost {row['cost_pusd']}, exactly {price(row)}")


def bounded(row, end, price, say):
    """INV-4: an estimate is flagged, priced by what the row says, and no more than the text that
    passed could be: four bytes to a token, a stand-in's word being shorter than three tokens."""
    if row["cost_pusd"] != price(row):
        say(f"INV-4 {row['user']}: cost {row['cost_pusd']}, by its own numbers {price(row)}")
    if end and row["output_tok"] > 3 * end["sent_text_events"] + 3 * end["output"]:
        say(f"INV-4 {row['user']}: {row['output_tok']} tokens of {end['sent_text_events']} sent")


def check(ledger_file, provider_log, bodies, price):
    bad = []
    digest, begun, ended = read_log(provider_log)
    marker_of = {i: bodies[d] for i, d in digest.items()}
    response_of = {m: i for i, m in marker_of.items()}
    rows = read_rows(ledger_file)
    complete_and_unique(rows, begun, marker_of, bad.append)
    for row in rows:
        response = response_of.get(row["user"])
        end = ended.get(response)
        if row["usage_source"] == "reported":
            exact(row, end, price, bad.append)
        elif row["usage_source"] in ("estimated", "counted", "partial"):
            bounded(row, end, price, bad.append)
        elif row["cost_pusd"] != 0:
            bad.append(f"INV-4 {row['user']}: costs something but has no source")
        if row["cost_pusd"] > 0 and response not in begun:
            bad.append(f"INV-5 {row['user']} is charged, and the provider knows nothing of it")
        if row["response_id"] and response and row["response_id"] != response:
            bad.append(f"INV-2 {row['user']}: response {row['response_id']} is another's")
    return bad, len(rows), len(begun)
