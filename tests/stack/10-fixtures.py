#!/usr/bin/env python3
"""Every recorded provider answer through the whole house: the client receives the very bytes, and
the ledger the manifest's counts, however the provider cuts its writes.

WEIR_FIXTURES names the folder of recordings (manifest.json beside them); without it the
project's own corpus in tests/corpus/answers is used, which has the same form.
(Every split point of every recording is tests/unit/metering/test_tap_recordings.)"""
import fractions
import hashlib
import http.client
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from harness import House, Tally  # noqa: E402

# A recording's dialect -> the provider that the config names; the rest is called the same.
PROVIDER = {"openai-chat": "openai", "openai-responses": "openai", "openai-embeddings": "openai",
            "xai-responses": "xai", "zai": "vllm", "gemini-interactions": "gemini"}
# Its api -> path and whether the body asks for a stream.
PATH = {"openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses",
        "openai-embeddings": "/v1/embeddings", "anthropic": "/v1/messages", "cohere": "/v2/chat",
        "ollama": "/api/chat", "gemini-interactions": "/v1beta/interactions"}
MODEL = "recorded"
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
    else:
        body["messages"] = [{"role": "user", "content": "hi"}]
    if api in ("anthropic", "bedrock-invoke"):
        body["max_tokens"] = 10
    if api == "bedrock-invoke":
        body.pop("model")
        body["anthropic_version"] = "bedrock-2023-05-31"
    elif api != "openai-embeddings":
        body["stream"] = streams
        if streams and api == "openai-chat":
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
    if expected["input"] is None:
        if row["usage_source"] not in ("estimated", "counted", "none"):
            bad.append(f"source {row['usage_source']} without any usage")
    else:
        bad += [f"{n} {got[n]} instead of {expected[n]}" for n in COLUMNS if got[n] != expected[n]]
        source = "reported" if expected["final"] else "partial"
        if row["usage_source"] != source:
            bad.append(f"source {row['usage_source']} instead of {source}")
    for name, column in (("model", "model_served"), ("response_id", "response_id"), ("error", "error")):
        if row[column] != expected[name]:
            bad.append(f"{name} {row[column]!r} instead of {expected[name]!r}")
    cost = expected["provider_cost"]
    stated = None if cost is None else int(fractions.Fraction(cost) * 10**12)
    if row["provider_cost_pusd"] != stated:
        bad.append(f"provider cost {row['provider_cost_pusd']} instead of {stated}")
    row["fees"].pop("request", None)  # each request is one, whatever the answer says
    if row["fees"] != (expected["fees"] or {}):
        bad.append(f"fees {row['fees']} instead of {expected['fees']}")
    return bad


def try_case(house, key, case, write, recorded, tally):
    status, body, request_id = ask(house, key, case, write)
    name = f"{case['file']} written {write}"
    if not tally.check(f"{name}: the very bytes", status == 200 and body == recorded,
                       f"status {status}, {len(body)} bytes of {len(recorded)}: {body[:300]!r}"):
        return
    rows = house.rows("--id", request_id)
    bad = differences(case, rows[0]) if len(rows) == 1 else [f"{len(rows)} rows"]
    tally.check(f"{name}: the manifest's counts", not bad, "; ".join(bad))


def main():
    tally = Tally()
    folder = pathlib.Path(os.environ.get("WEIR_FIXTURES") or "")
    if not (folder / "manifest.json").exists():
        print("WEIR_FIXTURES names no folder of recordings: using the project's own corpus")
        folder = HERE.parent / "corpus/answers"
    cases = [c for c in json.loads((folder / "manifest.json").read_text()) if c["api"] != "openai-realtime"]
    providers = sorted({PROVIDER.get(c["dialect"], c["dialect"]) for c in cases})
    conf = "unpriced: provisional\ntenant_defaults: { llm: none, e2b: none, all: none }"
    with House(dialects=providers, conf=conf, provider_args=["--fixtures", folder]) as house:
        key = house.key("acme")
        for case in cases:
            recorded = (folder / case["file"]).read_bytes()
            assert hashlib.sha256(recorded).hexdigest() == case["sha256"]
            writes = ["all", "event", "bytes:7"] + (["bytes:1"] if len(recorded) < 4000 else [])
            for write in writes:
                try_case(house, key, case, write, recorded, tally)
    tally.close()


main()
