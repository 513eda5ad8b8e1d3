#!/usr/bin/env python3
"""Every recorded provider answer through the whole house: the client receives the very bytes, and
the ledger the manifest's counts, however the provider cuts its writes.

WEIR_FIXTURES names the folder of recordings (manifest.json beside them); the project's own corpus,
tests/corpus/tap, has nearly the same form and goes through always.
(Every split point of each file is tests/unit/metering/test_tap's.)"""
import fractions
import hashlib
import http.client
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "twin")]
from harness import House, Tally  # noqa: E402
import price_twin  # noqa: E402

# A recording's dialect -> the provider that the config names; the rest is called the same.
PROVIDER = {"openai-chat": "openai", "openai-responses": "openai", "openai-embeddings": "openai",
            "xai-responses": "xai", "zai": "vllm", "gemini-interactions": "gemini"}
# Its api -> path and whether the body asks for a stream.
PATH = {"openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses",
        "openai-completions": "/v1/completions", "openai-embeddings": "/v1/embeddings", "anthropic": "/v1/messages", "cohere": "/v2/chat",
        "ollama": "/api/chat", "gemini-interactions": "/v1beta/interactions"}
MODEL = "recorded"
# Odd prices for everything that can be bought, so that a swapped or forgotten one shows.
PRICES = """{provider}:
  source: test
  retrieved: 2026-01-01
  models:
    - {{ model: {model}, input: 1.37, cache_read: 0.113, cache_write_5m: 1.71, cache_write_1h: 2.73,
        input_audio: 17.9, input_image: 3.31, cache_read_audio: 0.77, tool_input: 1.93, output: 6.11,
        reasoning: 7.07, output_audio: 23.3, output_image: 29.9, request: 0.0051, web_search: 0.0107,
        web_fetch: 0.0013, file_search: 0.00253, code_session: 0.0307, x_search: 0.0049,
        maps_query: 0.0251, search_unit: 0.00203, image: 0.0413, second: 0.000101,
        character: 0.0000153, page: 0.00411, grounded_prompt: 0.0341, max_output: 100000, max_input: 1000000 }}
"""
COLUMNS = {"input": "input_tok", "output": "output_tok", "cached_read": "cached_read_tok",
           "cache_write": "cache_write_tok", "reasoning": "reasoning_tok", "tool_input": "tool_input_tok"}


def path_of(case, streams):
    api, dialect = case["api"], case["dialect"]
    if api == "gemini":
        verb = "streamGenerateContent" if streams else "generateContent"
        middle = "/v1/publishers/google" if dialect == "vertex" else "/v1beta"
        return f"{middle}/models/{MODEL}:{verb}"
    if api == "bedrock-converse":
        return f"/model/{MODEL}/converse" + ("-stream" if streams else "")
    if api == "bedrock-invoke":
        return f"/model/{MODEL}/invoke" + ("-with-response-stream" if streams else "")
    if dialect == "azure":
        return f"/openai/deployments/{MODEL}/chat/completions"
    return PATH[api]


def body_of(case, streams, write):
    api = case["api"]
    script = {"fixture": case["file"], "write": write}
    if api in ("gemini", "bedrock-converse"):
        part = {"text": "hi"}
        messages = {"contents": [{"parts": [part]}]} if api == "gemini" else {"messages": [{"role": "user", "content": [part]}]}
        return {**messages, "stand_in": script}
    body = {"model": MODEL, "stand_in": script}
    if api == "openai-embeddings" or api == "openai-responses":
        body["input"] = "hi"
    elif api == "gemini-interactions":
        body["input"] = "hi"
    elif api == "openai-completions":
        body["prompt"] = "hi"
    else:
        body["messages"] = [{"role": "user", "content": "hi"}]
    if api in ("anthropic", "bedrock-invoke"):
        body["max_tokens"] = 10
    if api == "bedrock-invoke":
        body.pop("model")
        body["anthropic_version"] = "bedrock-2023-05-31"
    elif api != "openai-embeddings":
        body["stream"] = streams
        if streams and api in ("openai-chat", "openai-completions"):
            body["stream_options"] = {"include_usage": True}
    return body


def ask(house, key, case, write):
    streams = not case["file"].endswith(".json")
    provider = PROVIDER.get(case["dialect"], case["dialect"])
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
    connection.request("POST", f"/{provider}{path_of(case, streams)}", json.dumps(body_of(case, streams, write)),
                       {"authorization": f"Bearer {key}", "content-type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.getheader("x-weir-request-id")


def differences(case, row):
    expected = case["expected"]
    got = {name: row[column] for name, column in COLUMNS.items()}
    bad = []
    if expected.get("input") is None:
        if row["usage_source"] not in ("estimated", "counted", "none"):
            bad.append(f"source {row['usage_source']} without any usage")
    else:
        # What passed of an unfinished answer may be more than its provider had reported.
        more = {"output"} if not expected.get("final") else set()
        bad += [f"{n} {got[n]} instead of {expected.get(n, 0)}" for n in COLUMNS
                if got[n] != expected.get(n, 0) and not (n in more and got[n] > expected.get(n, 0))]
        source = "reported" if expected.get("final") else "partial"
        if row["usage_source"] != source:
            bad.append(f"source {row['usage_source']} instead of {source}")
    for name, column in (("model", "model_served"), ("response_id", "response_id"), ("error", "error")):
        if row[column] != expected.get(name):
            bad.append(f"{name} {row[column]!r} instead of {expected.get(name)!r}")
    cost = expected.get("provider_cost")
    stated = None if cost is None else int(fractions.Fraction(cost) * 10**12)
    if row["provider_cost_pusd"] != stated:
        bad.append(f"provider cost {row['provider_cost_pusd']} instead of {stated}")
    fees = expected.get("fees") or {}
    for which in (fees, row["fees"]):
        which.pop("request", None)  # each request is one, whatever the answer says
    if row["fees"] != fees:
        bad.append(f"fees {row['fees']} instead of {expected.get('fees')}")
    return bad


def try_case(house, key, case, write, recorded, book, tally):
    status, body, request_id = ask(house, key, case, write)
    name = f"{case['file']} written {write}"
    if not tally.check(f"{name}: the very bytes", status == 200 and body == recorded,
                       f"status {status}, {len(body)} bytes of {len(recorded)}: {body[:300]!r}"):
        return
    row = house.row(request_id)
    bad = differences(case, row)
    tally.check(f"{name}: the manifest's counts", not bad, "; ".join(bad))
    exact = price_twin.row_cost_pusd(row, book) if row["usage_source"] != "none" else 0
    tally.check(f"{name}: the exact cost", row["cost_pusd"] == exact,
                f"{row['cost_pusd']} instead of {exact}")


def routable(case):
    """WebSocket messages and routes that no provider of that dialect has are the unit tests'."""
    known = case["api"] in PATH or case["api"] in ("gemini", "bedrock-converse", "bedrock-invoke")
    return known and not (case["dialect"] == "bedrock" and not case["api"].startswith("bedrock"))


def run_folder(folder, manifest, folder_of_prices, writes_of, tally):
    cases = [c for c in json.loads((folder / manifest).read_text()) if routable(c)]
    providers = sorted({PROVIDER.get(c["dialect"], c["dialect"]) for c in cases})
    prices = folder_of_prices / f"{manifest}.yaml"
    prices.write_text("".join(PRICES.format(provider=p, model=MODEL) for p in providers))
    book = price_twin.Book.from_yaml(prices)
    with House(dialects=providers, prices=prices, provider_args=["--fixtures", folder],
               conf="tenant_defaults: { llm: none, e2b: none, all: none }") as house:
        key = house.key("acme")
        for case in cases:
            recorded = (folder / case["file"]).read_bytes()
            assert case.get("sha256") in (None, hashlib.sha256(recorded).hexdigest())
            for write in writes_of(recorded):
                try_case(house, key, case, write, recorded, book, tally)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        run_all(pathlib.Path(scratch))


def run_all(scratch):
    tally = Tally()
    run_folder(HERE.parent / "corpus/tap", "expect.json", scratch, lambda recorded: ["all"], tally)
    folder = pathlib.Path(os.environ.get("WEIR_FIXTURES") or "/nonexistent")
    if (folder / "manifest.json").exists():
        run_folder(folder, "manifest.json", scratch, lambda recorded: ["all", "event", "bytes:7"] +
                   (["bytes:1"] if len(recorded) < 4000 else []), tally)
    else:
        print("WEIR_FIXTURES names no folder of recordings: only the project's own corpus was used")
    tally.close()


main()
