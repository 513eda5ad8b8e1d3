#!/usr/bin/python3
"""The bench's own instruments, checked against each other without Weir: what the stand-in
provider says it sent is what arrived, in each dialect and through each fault, and the load
generator sees what there is to see. The other stack tests rest on this one."""
import base64
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, Tally, wait_for  # noqa: E402

SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="weir-standin-"))
WORDS = (" water runs over the wall and down to a river where people stand on stone in cold light "
         "of morning with their hands full of bread for birds that come when it")
FIXTURES = os.environ.get("WEIR_FIXTURES")
tally = Tally()
check = tally.check


def words(count):
    found = WORDS.split(" ")[1:]
    return "".join(" " + found[k % len(found)] for k in range(count))


# --- the two programs ---

class Provider:
    def __init__(self, *args):
        self.log_path = pathlib.Path(tempfile.mktemp(dir=SCRATCH))
        port_file = pathlib.Path(tempfile.mktemp(dir=SCRATCH))
        self.process = subprocess.Popen(
            [BUILD / "bench/provider", "--port-file", port_file, "--log", self.log_path,
             "--log-requests", *args])
        wait_for(port_file.exists, what="the provider's port")
        self.port = int(port_file.read_text())

    def log(self, **wanted):
        lines = [json.loads(line) for line in self.log_path.read_text().splitlines()]
        return [e for e in lines if all(e.get(k) == v for k, v in wanted.items())]

    def end_of(self, response_id):
        return wait_for(lambda: self.log(ev="end", response_id=response_id), what="an end")[0]

    def stop(self):
        self.process.terminate()
        return self.process.wait(10)


def load(port, *args, scheme="http"):
    done = subprocess.run([BUILD / "bench/load", "--json", "--target", f"{scheme}://127.0.0.1:{port}",
                           "--timeout", "5", *map(str, args)], capture_output=True, text=True,
                          timeout=90)
    told = json.loads(done.stdout)
    told["rc"] = done.returncode
    told["outcomes"] = {k: v for k, v in told["outcomes"].items() if v}
    return told


# --- a client that hides nothing ---

class Answer:
    def __init__(self):
        self.status, self.headers, self.body, self.how = 0, {}, b"", "complete"
        self.chunks = []

    @property
    def id(self):
        return next((self.headers[k] for k in ("x-request-id", "request-id", "x-amzn-requestid",
                                               "x-debug-trace-id") if k in self.headers), "")

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    def __init__(self, port, tls=False):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.rest = b""

    def send(self, path, body=None, headers=(), method=None, model="gpt-4o", script=None):
        if body is not None:
            body = json.dumps({"model": model, **({"stand_in": script} if script else {}),
                               **body}).encode()
        lines = [f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1", "Host: x",
                 *headers, *([f"Content-Length: {len(body)}"] if body is not None else [])]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        return self

    def more(self):
        piece = self.socket.recv(65536)
        self.rest += piece
        return bool(piece)

    def line(self):
        while b"\r\n" not in self.rest:
            if not self.more():
                raise EOFError
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def take(self, count):
        while len(self.rest) < count and self.more():
            pass
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def answer(self):
        a = Answer()
        a.status = int(self.line().split()[1])
        while line := self.line():
            name, value = line.decode().split(":", 1)
            a.headers[name.lower()] = value.strip()
        try:
            self.read_body(a)
        except ConnectionResetError:
            a.how = "reset"
        except TimeoutError:
            a.how = "stall"
            a.body += self.rest
        except EOFError:
            a.how = "cut"
        except ValueError:
            a.how = "bad chunk"
        return a

    def read_body(self, a):
        if a.headers.get("transfer-encoding") == "chunked":
            while size := int(self.line(), 16):
                chunk = self.take(size)
                a.body += chunk
                a.chunks.append(chunk)
                if len(chunk) < size:
                    raise EOFError
                if self.take(2) != b"\r\n":
                    raise EOFError
            while self.line():
                pass
        elif "content-length" in a.headers:
            want = int(a.headers["content-length"])
            while len(a.body) < want:
                piece = self.take(min(1, want - len(a.body))) + self.rest
                if not piece:
                    raise EOFError
                self.rest = piece[want - len(a.body):]
                a.body += piece[:want - len(a.body)]
        else:
            while self.rest or self.more():
                a.body += self.rest
                self.rest = b""

    def ask(self, *args, **more):
        return self.send(*args, **more).answer()

    def close(self):
        self.socket.close()


def ask(port, *args, **more):
    client = Client(port)
    try:
        return client.ask(*args, **more)
    finally:
        client.close()


def agrees(name, a, end, **wanted):
    """Does the account say what arrived?"""
    seen = {"sha256": hashlib.sha256(a.body).hexdigest(), "sent_body_bytes": len(a.body), **wanted}
    check(name, all(end[k] == v for k, v in seen.items()),
          {k: (v, end[k]) for k, v in seen.items() if end[k] != v})


# --- what each dialect says, read without any help from the provider's own code ---

def sse(body, blank=b"\n\n"):
    events = []
    for block in body.split(blank)[:-1]:
        event = {}
        for line in block.replace(b"\r\n", b"\n").split(b"\n"):
            key, _, value = line.partition(b": ")
            event[key.decode()] = value.decode()
        events.append(event)
    return events


def data(body, blank=b"\n\n"):
    return [json.loads(e["data"]) for e in sse(body, blank) if e["data"] != "[DONE]"]


def frames(body):
    found = []
    while body:
        total, headers, crc = struct.unpack(">III", body[:12])
        frame, body = body[:total], body[total:]
        assert zlib.crc32(frame[:8]) == crc and zlib.crc32(frame[:-4]) == struct.unpack(
            ">I", frame[-4:])[0]
        names, rest = {}, frame[12:12 + headers]
        while rest:
            name, rest = rest[1:1 + rest[0]].decode(), rest[1 + rest[0]:]
            size = struct.unpack(">H", rest[1:3])[0]
            names[name], rest = rest[3:3 + size].decode(), rest[3 + size:]
        found.append((names, json.loads(frame[12 + headers:-4])))
    return found


def read_chat(body):
    found = data(body)
    usage = [c["usage"] for c in found if c.get("usage")]
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in found if c["choices"])
    u = usage[-1]
    return text, u["prompt_tokens"], u["completion_tokens"], \
        u["prompt_tokens_details"]["cached_tokens"], len(sse(body))


def read_chat_plain(body):
    found = json.loads(body)
    u = found["usage"]
    return (found["choices"][0]["message"]["content"], u["prompt_tokens"], u["completion_tokens"],
            u["prompt_tokens_details"]["cached_tokens"], 1)


def read_completions(body):
    found = data(body)
    u = found[-1]["usage"]
    return ("".join(c["choices"][0]["text"] for c in found if c["choices"]), u["prompt_tokens"],
            u["completion_tokens"], u["prompt_tokens_details"]["cached_tokens"], len(sse(body)))


def read_completions_plain(body):
    found = json.loads(body)
    u = found["usage"]
    return (found["choices"][0]["text"], u["prompt_tokens"], u["completion_tokens"],
            u["prompt_tokens_details"]["cached_tokens"], 1)


def read_responses(body):
    found = data(body)
    assert [e["sequence_number"] for e in found] == list(range(len(found)))
    assert all(e["event"] == json.loads(e["data"])["type"] for e in sse(body))
    assert found[-1]["type"] == "response.completed"
    text, *rest = read_responses_plain(json.dumps(found[-1]["response"]))
    assert text == "".join(e["delta"] for e in found if e["type"].endswith("text.delta"))
    return (text, *rest[:-1], len(found))


def read_responses_plain(body):
    found = json.loads(body)
    u = found["usage"]
    return (found["output"][0]["content"][0]["text"], u["input_tokens"], u["output_tokens"],
            u["input_tokens_details"]["cached_tokens"], 1)


def read_anthropic_events(found, count):
    start, delta = found[0]["message"]["usage"], found[-2]["usage"]
    assert found[-1]["type"] == "message_stop"
    text = "".join(e["delta"]["text"] for e in found if e["type"] == "content_block_delta")
    cached = start["cache_read_input_tokens"]
    return (text, start["input_tokens"] + cached + start["cache_creation_input_tokens"],
            delta["output_tokens"], cached, count)


def read_anthropic(body):
    found = data(body)
    return read_anthropic_events(found, len(found))


def read_anthropic_plain(body):
    found = json.loads(body)
    u = found["usage"]
    return (found["content"][0]["text"], u["input_tokens"] + u["cache_read_input_tokens"] +
            u["cache_creation_input_tokens"], u["output_tokens"], u["cache_read_input_tokens"], 1)


def read_gemini_chunks(found):
    u = found[-1]["usageMetadata"]
    text = "".join(c["candidates"][0]["content"]["parts"][0]["text"] for c in found)
    assert u["totalTokenCount"] == u["promptTokenCount"] + u["candidatesTokenCount"] + \
        u.get("thoughtsTokenCount", 0)
    return (text, u["promptTokenCount"], u["candidatesTokenCount"] +
            u.get("thoughtsTokenCount", 0), u["cachedContentTokenCount"], len(found))


def read_gemini(body):
    assert b"\n\n" not in body
    return read_gemini_chunks(data(body, b"\r\n\r\n"))


def read_cohere(body):
    events = sse(body)
    assert events[-1]["data"] == "[DONE]"
    found = data(body)
    text = "".join(e["delta"]["message"]["content"]["text"] for e in found
                   if e["type"] == "content-delta")
    u = found[-1]["delta"]["usage"]
    return (text, u["billed_units"]["input_tokens"], u["billed_units"]["output_tokens"],
            u["cached_tokens"], len(events))


def read_cohere_plain(body):
    found = json.loads(body)
    u = found["usage"]
    return (found["message"]["content"][0]["text"], u["billed_units"]["input_tokens"],
            u["billed_units"]["output_tokens"], u["cached_tokens"], 1)


def read_ollama(body):
    found = [json.loads(line) for line in body.splitlines()]
    assert [line["done"] for line in found] == [False] * (len(found) - 1) + [True]
    return ("".join(line["message"]["content"] for line in found), found[-1]["prompt_eval_count"],
            found[-1]["eval_count"], None, len(found))


def read_converse_usage(u):
    return (u["inputTokens"] + u["cacheReadInputTokens"] + u["cacheWriteInputTokens"],
            u["outputTokens"], u["cacheReadInputTokens"])


def read_converse(body):
    found = frames(body)
    assert [n[":event-type"] for n, _ in found[-3:]] == ["contentBlockStop", "messageStop",
                                                         "metadata"]
    text = "".join(p["delta"]["text"] for n, p in found if n[":event-type"] == "contentBlockDelta")
    return (text, *read_converse_usage(found[-1][1]["usage"]), len(found))


def read_converse_plain(body):
    found = json.loads(body)
    return (found["output"]["message"]["content"][0]["text"],
            *read_converse_usage(found["usage"]), 1)


def read_invoke(body):
    found = [json.loads(base64.b64decode(p["bytes"])) for _, p in frames(body)]
    metrics = found[-1].pop("amazon-bedrock-invocationMetrics")
    read = read_anthropic_events(found, len(found))
    assert metrics["inputTokenCount"] == read[1] and metrics["outputTokenCount"] == read[2]
    return read


SSE, JSON = "text/event-stream", "application/json"
AWS = "application/vnd.amazon.eventstream"
USAGE = {"stream": True, "stream_options": {"include_usage": True}}
DIALECTS = [
    ("chat", "/v1/chat/completions", USAGE, SSE, read_chat),
    ("chat without /v1", "/chat/completions", {}, JSON, read_chat_plain),
    ("azure", "/openai/deployments/d/chat/completions?api-version=1", USAGE, SSE, read_chat),
    ("completions", "/v1/completions", USAGE, SSE, read_completions),
    ("completions", "/v1/completions", {}, JSON, read_completions_plain),
    ("responses", "/v1/responses", {"stream": True}, SSE, read_responses),
    ("responses", "/v1/responses", {}, JSON, read_responses_plain),
    ("anthropic", "/v1/messages", {"stream": True}, SSE, read_anthropic),
    ("anthropic", "/v1/messages?beta=true", {}, JSON, read_anthropic_plain),
    ("vertex", "/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict",
     {"stream": True}, SSE, read_anthropic),
    ("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse", {}, SSE, read_gemini),
    ("gemini array", "/v1beta/models/m:streamGenerateContent", {}, JSON,
     lambda body: read_gemini_chunks(json.loads(body))),
    ("gemini", "/v1beta/models/m:generateContent", {}, JSON,
     lambda body: read_gemini_chunks([json.loads(body)])),
    ("cohere", "/v2/chat", {"stream": True}, SSE, read_cohere),
    ("cohere", "/v2/chat", {}, JSON, read_cohere_plain),
    ("ollama", "/api/chat", {}, "application/x-ndjson", read_ollama),
    ("ollama", "/api/chat", {"stream": False}, JSON, read_ollama),
    ("converse", "/model/m/converse-stream", {}, AWS, read_converse),
    ("converse", "/model/m/converse", {}, JSON, read_converse_plain),
    ("invoke", "/model/m/invoke-with-response-stream", {}, AWS, read_invoke),
    ("invoke", "/model/m/invoke", {}, JSON, read_anthropic_plain),
]


def test_dialects(p):
    client = Client(p.port)
    script = {"events": 9, "input": 120, "output": 33, "cached": 20, "cache_write": 0,
              "reasoning": 4, "write": "bytes:11"}
    for name, path, body, kind, read in DIALECTS:
        name = f"{name}, {'one body' if kind == JSON and 'array' not in name else 'streamed'}"
        a = client.ask(path, {"messages": [{"role": "user", "content": "hello"}], **body},
                       script=script)
        text, taken, given, cached, events = read(a.body)
        check(f"{name}: text and usage", (text, taken, given, cached or 20) == (words(9), 120, 33, 20)
              and a.headers["content-type"].startswith(kind), (text, taken, given, cached))
        wanted = {"how": "complete", "usage_sent": True, "input": 120, "output": 33, "reasoning": 4}
        if "array" not in name:
            wanted["sent_events"] = events
        agrees(f"{name}: account", a, p.end_of(a.id), **wanted)
    client.close()


def test_other_paths(p):
    a = ask(p.port, "/v1/embeddings", {"input": ["one two three four", "five"]}, script={"events": 8})
    check("embeddings", len(a.json["data"][0]["embedding"]) == 8 and
          a.json["usage"] == {"prompt_tokens": 5, "total_tokens": 5}, a.body)
    check("models", {"id": "gpt-4o"}.items() <= ask(p.port, "/v1/models").json["data"][0].items())
    a = ask(p.port, "/v1/messages/count_tokens", {"messages": [{"content": "x" * 40}]})
    check("count_tokens", a.json == {"input_tokens": 10}, a.body)
    a = ask(p.port, "/v1beta/models/m:countTokens", {"contents": [{"parts": [{"text": "x" * 40}]}]})
    check("countTokens", a.json == {"totalTokens": 10}, a.body)
    a = ask(p.port, "/nowhere", {})
    check("unknown path is 404", a.status == 404 and "error" in a.json, a.status)
    a = ask(p.port, "/v1/responses/resp_1")
    check("a response read again", a.json["object"] == "response" and a.status == 200)


def test_scripts(p):
    chat = "/v1/chat/completions"
    a = ask(p.port, chat, {}, model="gpt-4o;events=3;output=7")
    check("script in the model's name", a.json["model"] == "gpt-4o" and
          a.json["usage"]["completion_tokens"] == 7 and
          a.json["choices"][0]["message"]["content"] == words(3), a.body)
    a = ask(p.port, chat, {}, headers=["X-Stand-In: events=2; header=retry-after: 3; model=other"])
    check("script in a header", a.headers["retry-after"] == "3" and a.json["model"] == "other" and
          a.json["usage"]["completion_tokens"] == 2, a.body)
    for bad in ({"evnets": 3}, {"fault": "cutt"}, {"events": "many"}, {"fixture": "../../etc/passwd"}):
        a = ask(p.port, chat, {}, script=bad)
        check(f"refused: {bad}", a.status == 400 and a.json["error"]["type"] == "stand_in", a.body)
    a = ask(p.port, chat, {"stream": True})
    check("no usage unless asked", b"usage" not in a.body and a.body.endswith(b"data: [DONE]\n\n") and
          p.end_of(a.id)["usage_sent"] is False)
    a = ask(p.port, chat, USAGE)
    found = data(a.body)
    check("usage: null in all other chunks", all("usage" in c for c in found) and
          sum(c["usage"] is not None for c in found) == 1)
    a = ask(p.port, chat, {"max_tokens": 5, **USAGE}, script={"events": 9})
    check("the token cap ends the text", read_chat(a.body)[:3:2] == (words(5), 5) and
          b'"finish_reason":"length"' in a.body, a.body)
    a = ask(p.port, chat, {"max_tokens": 5}, script={"events": 9, "ignore_cap": True})
    check("unless told to ignore it", a.json["usage"]["completion_tokens"] == 9)
    a = ask(p.port, chat, {}, script={"no_usage": True})
    check("no_usage", "usage" not in a.json and p.end_of(a.id)["usage_sent"] is False)
    ids = [e["response_id"] for e in p.log(ev="begin")]
    check("response ids are unique", len(ids) == len(set(ids)))


def test_tools(p):
    tools = {"tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}]}
    script = {"tool_call": True, "events": 3}
    wanted = {"query": words(3)}
    a = ask(p.port, "/v1/chat/completions", tools, script=script)
    call = a.json["choices"][0]["message"]["tool_calls"][0]["function"]
    check("chat: tool call", call["name"] == "look" and json.loads(call["arguments"]) == wanted)
    a = ask(p.port, "/v1/chat/completions", {"stream": True, **tools}, script=script)
    calls = [c["choices"][0]["delta"]["tool_calls"][0]["function"] for c in data(a.body)
             if c["choices"][0]["delta"].get("tool_calls")]
    check("chat: streamed tool call", calls[0]["name"] == "look" and
          json.loads("".join(c["arguments"] for c in calls)) == wanted)
    tools = {"tools": [{"type": "function", "name": "look"}]}
    a = ask(p.port, "/v1/responses", {"stream": True, **tools}, script=script)
    found = data(a.body)
    check("responses: streamed tool call", json.loads("".join(
        e["delta"] for e in found if e["type"].endswith("arguments.delta"))) == wanted and
        found[-1]["response"]["output"][0]["name"] == "look")
    a = ask(p.port, "/v1/messages", {"stream": True, **tools}, script=script)
    found = data(a.body)
    check("anthropic: streamed tool call", json.loads("".join(
        e["delta"]["partial_json"] for e in found if e["type"] == "content_block_delta")) == wanted
        and found[-2]["delta"]["stop_reason"] == "tool_use")
    a = ask(p.port, "/v1/messages", tools, script=script)
    check("anthropic: tool call", a.json["content"][0]["input"] == wanted)


def test_refusals(p):
    shapes = {
        "/v1/chat/completions": lambda j: j["error"]["code"] == "rate_limit_exceeded",
        "/v1/responses": lambda j: j["error"]["code"] == "rate_limit_exceeded",
        "/v1/messages": lambda j: j["type"] == "error" and
        j["error"]["type"] == "rate_limit_error",
        "/v1beta/models/m:generateContent": lambda j: j["error"]["status"] == "RESOURCE_EXHAUSTED",
        "/v2/chat": lambda j: "message" in j,
        "/api/chat": lambda j: isinstance(j["error"], str),
        "/model/m/converse-stream": lambda j: "message" in j,
    }
    for path, good in shapes.items():
        a = ask(p.port, path, {"stream": True}, script={"status": 429})
        check(f"429 of {path}", a.status == 429 and good(a.json) and
              a.headers["content-type"] == JSON, a.body)
        agrees(f"429 of {path}: account", a, p.end_of(a.id), status=429, usage_sent=False)


def test_writing(p):
    client = Client(p.port)
    for framing in ("chunked", "length", "close"):
        for write in ("event", "all", "bytes:1"):
            if framing == "close":
                client = Client(p.port)
            a = client.ask("/v1/chat/completions", USAGE,
                           script={"events": 5, "framing": framing, "write": write})
            agrees(f"{framing}, {write}", a, p.end_of(a.id), sent_events=9, sent_text_events=5,
                   how="complete")
            if framing == "chunked":
                check(f"{framing}, {write}: a chunk per event", len(a.chunks) == 9, len(a.chunks))
    client = Client(p.port)
    for body in (USAGE, {}):
        a = client.ask("/v1/chat/completions", body, script={"encoding": "gzip", "events": 5})
        check("gzip nobody asked for", a.headers["content-encoding"] == "gzip" and
              words(5)[-4:].encode() in gzip.decompress(a.body))
        agrees("gzip: account", a, p.end_of(a.id), how="complete")
    began = time.monotonic()
    a = client.ask("/v1/chat/completions", USAGE,
                   script={"events": 6, "gap_ms": 30, "first_byte_ms": 100})
    took = time.monotonic() - began
    check("gaps and the wait for the head", 0.27 < took < 1.5, took)
    client.close()


def test_requests(p):
    client = Client(p.port)
    client.send("/v1/chat/completions", {}, script={"events": 1}).send("/v1/models")
    first, second = client.answer(), client.answer()
    check("two requests in one go", first.json["object"] == "chat.completion" and
          second.json["object"] == "list")
    body = b'{"model":"m","stand_in":{"events":2}}'
    chunks = b"".join(b"%x;x=y\r\n%c\r\n" % (1, c) for c in body).replace(b";x=y", b"")
    client.socket.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    a = client.answer()
    seen = p.log(ev="request", response_id=a.id)[0]
    check("a chunked request", a.json["usage"]["completion_tokens"] == 2 and
          seen["body_sha256"] == hashlib.sha256(body).hexdigest() and
          ["Transfer-Encoding", "chunked"] in seen["headers"], seen)
    old = Client(p.port)
    old.socket.sendall(b"GET /v1/models HTTP/1.0\r\n\r\n")
    check("HTTP/1.0", old.answer().json["object"] == "list" and not old.more())
    client.socket.sendall(b"POST /v1/models HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                          b"Content-Length: 2\r\n\r\n")
    check("100-continue", client.answer().status == 100)
    client.socket.sendall(b"{}")
    check("and then the answer", client.answer().status == 404)
    a = client.ask("/v1/models?key=sk-query")
    b = client.ask("/v1/models", headers=["Authorization: Bearer sk-bearer"])
    digests = [p.log(ev="begin", response_id=x.id)[0]["auth_sha256"] for x in (a, b)]
    check("credentials", digests == [hashlib.sha256(k).hexdigest()
                                     for k in (b"sk-query", b"sk-bearer")])
    for bad in (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n", b"nonsense\r\n\r\n"):
        raw = Client(p.port)
        raw.socket.sendall(bad)
        check(f"refused: {bad[:20]}", raw.answer().status == 400 and not raw.more())
    client.close()


def test_cuts(p):
    for fault, how in (("cut", "cut"), ("reset", "reset"), ("stall", "stall")):
        for at in (0, 1, 777, 5000):
            for body, path in ((USAGE, "/v1/chat/completions"), ({}, "/v1/messages")):
                client = Client(p.port)
                client.socket.settimeout(0.3)
                a = client.ask(path, body, script={"fault": fault, "at": at, "events": 1000})
                size, end, name = len(a.body), p.end_of(a.id), f"{fault} after {at} of {path}"
                if fault == "reset":  # which may destroy what the kernel had taken
                    check(name, a.how == how and size <= at and end["sent_body_bytes"] == at,
                          (a.how, size, end))
                else:
                    check(name, (a.how, size) == (how, at), (a.how, size))
                    agrees(f"{name}: account", a, end, how="cut")
                client.close()
    a = ask(p.port, "/v1/chat/completions", {"stream": True},
            script={"fault": "cut", "at": 1000, "events": 20})
    whole = a.body.count(b"\n\n")
    agrees("whole events before a cut", a, p.end_of(a.id), sent_events=whole,
           sent_text_events=whole - 1, usage_sent=False)


def raw_reply(port, script, seconds=0.5):
    client = Client(port)
    client.socket.settimeout(seconds)
    client.send("/v1/chat/completions", {"stream": True}, script={"events": 3, **script})
    try:
        while client.more():
            pass
    except (TimeoutError, ConnectionResetError):
        pass
    client.close()
    return client.rest


def test_faults(p):
    wanted = {
        "garbage_head": lambda r: not r.startswith(b"HTTP"),
        "switching": lambda r: r.startswith(b"HTTP/1.1 101 "),
        "cl_te": lambda r: b"\r\nContent-Length: 5\r\n" in r and b"chunked" in r,
        "bare_cr": lambda r: b"a\rset-cookie" in r,
        "folded": lambda r: b"\r\n b: c\r\n" in r,
        "bad_chunk": lambda r: r.endswith(b"\r\nzz\r\n"),
        "long_chunk": lambda r: r.endswith(b"\r\nffffffffffffffff1\r\n"),
        "trailers": lambda r: r.endswith(b"0\r\nx-trailer: behind the body\r\n\r\n"),
        "extra": lambda r: r.count(b"HTTP/1.1 200 OK") == 2 and r.endswith(b'your answer"}'),
        "no_last_blank": lambda r: b"data: [DONE]\r\n0\r\n" in r,
        "error": lambda r: b'data: {"error":' in r and b"[DONE]" not in r,
    }
    for fault, good in wanted.items():
        raw = raw_reply(p.port, {"fault": fault, "at": 1} if fault == "error" else {"fault": fault})
        check(f"fault {fault}", good(raw), raw[-200:])
        check(f"fault {fault}: account", p.log(ev="end")[-1]["fault"] == fault)
    raw = raw_reply(p.port, {"fault": "two_lengths", "framing": "length"})
    check("fault two_lengths", raw.count(b"\r\nContent-Length: ") == 2)
    raw = raw_reply(p.port, {"fault": "early_1xx", "at": 50})
    check("fault early_1xx", raw.count(b"HTTP/1.1 103 ") == 50 and b"[DONE]" in raw)
    raw = raw_reply(p.port, {"fault": "huge_head", "at": 100000})
    check("fault huge_head", 100000 < raw.index(b"\r\n\r\n") < 101000)
    began = time.monotonic()
    raw = raw_reply(p.port, {"fault": "drip", "gap_ms": 1, "events": 1}, 5)
    check("fault drip", b"[DONE]" not in raw[:-20] and time.monotonic() - began > len(raw) / 1000)
    a = ask(p.port, "/model/m/converse-stream", {}, script={"fault": "bad_crc", "events": 1})
    check("fault bad_crc", zlib.crc32(a.body[:struct.unpack(">I", a.body[:4])[0] - 4]) !=
          struct.unpack(">I", a.body[struct.unpack(">I", a.body[:4])[0] - 4:][:4])[0])
    errors = {"/v1/responses": b"event: response.failed", "/v1/messages": b"event: error",
              "/v1beta/models/m:streamGenerateContent?alt=sse": b'data: {"error": {"code": 503',
              "/v2/chat": b'"finish_reason":"ERROR"', "/api/chat": b'{"error":',
              "/model/m/converse-stream": b"exception"}
    for path, sign in errors.items():
        a = ask(p.port, path, {"stream": True}, script={"fault": "error", "at": 2, "events": 5})
        check(f"error in mid-stream of {path}", sign in a.body and a.how == "complete", a.body[-200:])
        agrees(f"error in mid-stream of {path}: account", a, p.end_of(a.id), sent_text_events=2,
               usage_sent=False, how="fault")


def test_client_gone(p):
    client = Client(p.port)
    client.send("/v1/chat/completions", {"stream": True}, script={"events": 500, "gap_ms": 10})
    while client.rest.count(b"\n\n") < 8:
        client.more()
    client.close()
    end = wait_for(lambda: p.log(ev="end", how="client_gone"), what="client_gone")[-1]
    check("a client that leaves is noticed", 7 <= end["sent_text_events"] < 100 and
          end["sent_events"] == end["sent_text_events"] + 1 and not end["usage_sent"], end)


def test_stop():
    p = Provider()
    client = Client(p.port)
    client.send("/v1/chat/completions", {"stream": True}, script={"events": 500, "gap_ms": 10})
    client.more()
    check("the provider stops when told", p.stop() == 0)
    check("and says what was open", len(p.log(ev="end", how="stopped")) == 1)
    client.close()


def test_fixtures(p):
    if not FIXTURES or not os.path.exists(FIXTURES):
        print("no recorded answers: WEIR_FIXTURES is not set to their folder")
        return
    client = Client(p.port)
    for entry in json.load(open(pathlib.Path(FIXTURES) / "manifest.json", encoding="utf-8")):
        a = client.ask("/v1/chat/completions", {"stream": True},
                       script={"fixture": entry["file"], "write": "bytes:1009"})
        check(f"fixture {entry['file']}", hashlib.sha256(a.body).hexdigest() == entry["sha256"] and
              a.status == 200, a.status)
        agrees(f"fixture {entry['file']}: account", a, p.end_of(a.id), usage_sent=False)
    client.close()


def test_tls():
    if not shutil.which("openssl"):
        print("no openssl command: TLS is not tried")
        return
    cert, key = SCRATCH / "cert.pem", SCRATCH / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-out", cert, "-keyout", key], check=True,
                   capture_output=True)
    p = Provider("--tls-cert", cert, "--tls-key", key, "--threads", "2")
    client = Client(p.port, tls=True)
    a = client.ask("/v1/chat/completions", USAGE, script={"events": 300, "write": "bytes:100"})
    agrees("over TLS", a, p.end_of(a.id), sent_text_events=300)
    client.close()
    told = load(p.port, "--requests", 200, "--concurrency", 8, "--stream", scheme="https")
    check("load over TLS", told["outcomes"] == {"ok": 200} and told["rc"] == 0, told)
    p.stop()


# --- the load generator ---

def same_in_both(p, log):
    """Every exchange that the load saw whole, the provider sent like that."""
    sent = {e["response_id"]: e for e in p.log(ev="end")}
    seen = [json.loads(line) for line in log.read_text().splitlines()]
    wrong = [s for s in seen if s["how"] == "ok" and
             (sent[s["id"]]["sha256"], sent[s["id"]]["sent_body_bytes"]) !=
             (s["sha256"], s["body_bytes"])]
    return len(seen), wrong


def test_load(p, port, by):
    log = SCRATCH / f"load-{by}.jsonl"
    runs = [(["--body-bytes", 16384], 0), (["--stream", "--events", 9], 12),
            (["--stream", "--include-usage", "--events", 9], 13),
            (["--stream", "--write", "all", "--events", 200], 203)]
    for args, events in runs:
        told = load(port, "--requests", 300, "--concurrency", 8, "--log", log,
                    *(["--want-events", events] if events else []), *args)
        check(f"{by}: {' '.join(map(str, args))}", told["outcomes"] == {"ok": 300} and
              told["rc"] == 0 and told["events"] == 300 * events, told)
    count, wrong = same_in_both(p, log)
    check(f"{by}: digests agree on both sides", count == 1200 and not wrong, wrong[:2])
    told = load(port, "--requests", 60, "--concurrency", 20, "--stream", "--events", 10,
                "--gap-ms", 10)
    check(f"{by}: gaps are seen", 8000 < told["gap_us"]["p50"] < 14000, told["gap_us"])
    told = load(port, "--rate", 200, "--duration", 1, "--concurrency", 50)
    check(f"{by}: a fixed rate", told["rc"] == 0 and 195 <= told["requests"] <= 201, told)


def test_load_outcomes(p):
    def outcome(*args):
        told = load(p.port, "--requests", 5, *args)
        return told["rc"], told["outcomes"]

    cases = {"status=500": "status", "fault=cut": "cut", "fault=reset": "cut",
             "fault=bad_chunk": "garbled", "fault=garbage_head": "garbled", "fault=cl_te": "garbled",
             "fault=bare_cr": "garbled", "fault=folded": "garbled", "fault=extra": "garbled",
             "fault=error": "content", "fault=no_last_blank": "content",
             "fault=cut;framing=close": "content"}
    for script, name in cases.items():
        got = outcome("--stream", "--script", script)
        check(f"load sees {script}", got == (1, {name: 5}), got)
    got = outcome("--stream", "--script", "fault=stall", "--timeout", 1, "--concurrency", 5)
    check("load sees a stall", got == (1, {"timeout": 5}), got)
    got = outcome("--sha256", "0" * 64)
    check("load sees another digest", got == (1, {"content": 5}), got)
    got = outcome("--stream", "--want-events", 3)
    check("load sees another count of events", got == (1, {"content": 5}), got)
    got = outcome("--stream", "--abort-after-bytes", 3000)
    check("load hangs up", got == (0, {"aborted": 5}), got)
    told = load(p.port, "--requests", 400, "--concurrency", 8, "--stream", "--abort-prob", "0.5",
                "--abort-after-bytes", 2000)
    check("load hangs up half the time", told["rc"] == 0 and
          120 < told["outcomes"]["aborted"] < 280, told)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        told = load(s.getsockname()[1], "--requests", 5)
        check("load finds nobody", told["outcomes"] == {"connect": 5} and told["rc"] == 1, told)


def test_hold(p):
    holder = subprocess.Popen([BUILD / "bench/load", "--target", f"http://127.0.0.1:{p.port}",
                               "--hold", "--concurrency", "300", "--stream", "--events", "2",
                               "--gap-ms", "600000", "--duration", "30"], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    check("streams are held", holder.stdout.readline() == "holding 300\n")
    check("until stdin ends", holder.poll() is None)
    holder.stdin.close()
    holder.stdout.read()
    check("and then let go", holder.wait(10) == 0)
    wait_for(lambda: len(p.log(ev="end", how="client_gone")) >= 300, what="300 lost clients")


def test_nginx(p):
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx:
        print("no nginx: its way is not tried")
        return
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    temp = "".join(f"{k}_temp_path {SCRATCH}/{k};" for k in
                   ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (SCRATCH / "nginx.conf").write_text(f"""
daemon off; {user} pid {SCRATCH}/nginx.pid; error_log {SCRATCH}/nginx.log;
events {{ worker_connections 1000; }}
http {{ access_log off; {temp} upstream p {{ server 127.0.0.1:{p.port}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://p; proxy_buffering off;
    proxy_http_version 1.1; proxy_set_header Connection ""; client_body_buffer_size 64k; }} }} }}
""")
    process = subprocess.Popen([nginx, "-c", SCRATCH / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        def listening():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_for(listening, what="nginx")
        test_load(p, port, "through nginx")
    finally:
        process.terminate()
        process.wait(10)


def main():
    p = Provider(*(["--fixtures", FIXTURES] if FIXTURES else []))
    try:
        for test in (test_dialects, test_other_paths, test_scripts, test_tools, test_refusals,
                     test_writing, test_requests, test_cuts, test_faults, test_client_gone,
                     test_fixtures, test_load_outcomes, test_hold, test_nginx):
            test(p)
        test_load(p, p.port, "direct")
        check("every request that began has one end",
              wait_for(lambda: sorted(e["response_id"] for e in p.log(ev="begin")) ==
                       sorted(e["response_id"] for e in p.log(ev="end")), what="all ends"))
        check("the provider stops when idle", p.stop() == 0)
        test_stop()
        test_tls()
    finally:
        if p.process.poll() is None:
            p.process.kill()
        shutil.rmtree(SCRATCH, ignore_errors=True)
    tally.close()


if __name__ == "__main__":
    main()
