#!/usr/bin/env python3
"""Secrets and identity (T20, T22, T25, T26, T30, T31, T58): no key is anywhere but where it is
needed, nobody gets in with half a key, and a key that was taken away stops working at once."""
# tsan
import hashlib
import json
import pathlib
import random
import secrets
import string
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from harness import House, Tally, is_sanitized, wait_for  # noqa: E402
from talk import CHAT, Link, ask, chat, request  # noqa: E402

LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
PROVIDER_KEY = "sk-canary-" + secrets.token_hex(16)
WORKERS = 4


def valid_form(rest):
    """A key of Weir's form with this id and secret, and the right checksum."""
    text = "sk-weir-" + rest[:12] + "-" + rest[12:36]
    sum_ = zlib.crc32(text.encode())
    tail = ""
    for _ in range(6):
        tail = LETTERS[sum_ % 62] + tail
        sum_ //= 62
    return text + tail


# --- traffic of every kind, with the transcript of what each client received ---

class Traffic:
    def __init__(self, house, key):
        self.house, self.key = house, key
        self.received = bytearray()
        self.statuses = []

    def send(self, data):
        with Link(self.house.port) as link:
            answer = link.send(data).answer()
            link.socket.settimeout(0.05)
            link.closed()
            self.received += link.received
        self.statuses.append(answer.status)
        return answer

    def chat(self, script=None, headers=(), **more):
        return self.send(request(CHAT, self.key, chat(script, **more), headers))

    def good(self):
        self.chat()
        self.chat(stream=True)
        anthropic = json.dumps({"model": "claude-3-5-haiku-20241022", "max_tokens": 20,
                                "messages": [{"role": "user", "content": "hi"}]})
        self.send(request("/v1/messages", None, anthropic, [f"x-api-key: {self.key}"]))
        gemini = json.dumps({"contents": [{"parts": [{"text": "hi"}]}]})
        path = "/v1beta/models/gemini-2.0-flash:generateContent"
        self.send(request(f"{path}?key={self.key}&alt=json", None, gemini))
        self.send(request(f"{path}?%6bey={self.key}", self.key, gemini))
        self.send(request(path, None, gemini, [f"x-goog-api-key: {self.key}"]))
        self.send(request("/v1/models", self.key))

    def refused(self):
        k = self.key
        self.chat(model="nobody-priced-this")
        self.send(request(f"/nowhere/at/all?key={k}", k, "{}"))
        self.send(request(CHAT, k, "{not json"))
        self.send(request(CHAT, k, chat(), ["Content-Encoding: gzip"]))
        self.send(request(CHAT, k, "", length=10**12))
        self.send(request(CHAT, k, chat(), [f"x-api-key: {k}"]))
        self.send(request(CHAT, k[:-1] + "!", chat()))
        self.send(request(CHAT, k + k, chat()))
        self.send(f"GET {CHAT}?key={k} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".encode())
        self.send(f"POST /%2e%2e/{k} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.send(f"Authorization: Bearer {k}\r\n\r\n".encode())
        self.send(f"GET / HTTP/1.1\r\nHost: {k}\x01\r\nAuthorization: Bearer {k}\n\n".encode())

    def broken(self):
        for status in (400, 401, 403, 429, 500, 503):
            self.chat({"status": status})
        for fault in ("cut", "reset", "error", "garbage_head", "huge_head", "early_1xx", "switching",
                      "cl_te", "two_lengths", "bare_cr", "folded", "bad_chunk", "long_chunk", "extra"):
            self.chat({"fault": fault, "events": 40}, stream=True)
            self.chat({"fault": fault, "events": 40})
        with Link(self.house.port) as link:
            link.send(request(CHAT, self.key, chat({"events": 100, "gap_ms": 5}, stream=True))).more()
            self.received += link.received
            link.close(reset=True)


def admin_answers(house, key_id):
    texts = [house.admin("/metrics")[1], house.admin("/readyz")[1]]
    for path in ("tenants", "tenants/acme", "keys", "quotas", "prices", "usage", "requests?limit=1000",
                 "states", f"keys/{key_id}", "nothing"):
        texts.append(house.admin(f"/admin/v1/{path}")[1])
    for words in (("key", "list"), ("tenant", "show", "acme"), ("requests", "--json"),
                  ("usage", "--json"), ("quota", "list")):
        texts.append(house.weir(*words, check=False))
    return "\n".join(texts).encode()


def nowhere(t, where, text, *needles):
    for name, needle in needles:
        at = text.find(needle.encode())
        t.check(f"{name} is not in {where} (T25)", at < 0, text[max(0, at - 200):at + 80])


def keys_stay_where_they_are_needed(t, house, key):
    traffic = Traffic(house, key)
    traffic.good()
    t.check("all kinds of credential work", traffic.statuses == [200] * 7, traffic.statuses)
    traffic.refused()
    t.check("what is to be refused is", all(400 <= s < 500 for s in traffic.statuses[7:]), traffic.statuses)
    traffic.broken()
    wait_for(lambda: house.metric("weir_exchanges_current") == 0, what="the last exchange")
    tenant = [("the tenant's key", key), ("its secret", key[21:45])]
    provider = [("the provider's key", PROVIDER_KEY), ("its core", PROVIDER_KEY[10:])]
    sent = (house.directory / "provider.log").read_bytes()
    nowhere(t, "what the provider received", sent, *tenant)
    nowhere(t, "what clients received", bytes(traffic.received), *provider)
    nowhere(t, "the admin API's answers", admin_answers(house, key[8:20]), *tenant, *provider)
    begun = [e for e in house.provider_log() if e["ev"] == "begin"]
    want = hashlib.sha256(PROVIDER_KEY.encode()).hexdigest()
    t.check("the provider received its own key each time", begun and all(e["auth_sha256"] == want for e in begun),
            len(begun))
    t.check("?key= does not go upstream, its neighbours do (T22)",
            any(e["target"].endswith(":generateContent?alt=json") for e in house.provider_log() if e["ev"] == "request")
            and b"key=" not in sent, [e["target"] for e in house.provider_log() if e["ev"] == "request"][:8])
    return tenant + provider


def files_hold_no_key(t, house, needles):
    nowhere(t, "the log", house.log_path.read_bytes(), *needles)
    access = (house.directory / "access.log").read_bytes()
    t.check("the access log has a line for each exchange", access.count(b"\n") > 50, access[-300:])
    nowhere(t, "the access log", access, *needles)
    for path in sorted(p for p in (house.directory / "data").rglob("*") if p.is_file()):
        nowhere(t, path.name, path.read_bytes(), *needles)


# --- identity ---

def credentials_are_exactly_one(t, house, key):
    before = len(house.provider_log())
    for name, path, headers in [
            ("two authorization fields", CHAT, [f"Authorization: Bearer {key}"] * 2),
            ("authorization and x-api-key", CHAT, [f"Authorization: Bearer {key}", f"x-api-key: {key}"]),
            ("authorization and api-key", CHAT, [f"Authorization: Bearer {key}", f"api-key: {key}"]),
            ("x-api-key and x-goog-api-key", CHAT, [f"x-api-key: {key}", f"x-goog-api-key: {key}"]),
            ("authorization and ?key=", CHAT + f"?key={key}", [f"Authorization: Bearer {key}"]),
            ("?key= twice", CHAT + f"?key={key}&key={key}", []),
            ("one good, one not", CHAT, [f"Authorization: Bearer {key}", "x-api-key: sk-other"])]:
        answer = ask(house, path, None, chat(), headers)
        t.check(f"{name}: 400 (T22)", answer.status == 400 and answer.code == "two_keys", answer)
    for name, headers, code in [
            ("no credential", [], "missing_api_key"),
            ("an empty one", ["Authorization: Bearer "], "invalid_api_key"),
            ("another scheme", [f"Authorization: Basic {key}"], "invalid_api_key"),
            ("a blank inside", [f"Authorization: Bearer {key[:20]} {key[20:]}"], "invalid_api_key")]:
        answer = ask(house, CHAT, None, chat(), headers)
        t.check(f"{name}: 401", answer.status == 401 and answer.code == code, answer)
    t.check("nothing of all that reached the provider", len(house.provider_log()) == before)


def guesses(chance, key):
    """Wrong keys of every sort: of another form, a wrong checksum, or unknown; by turns."""
    def letters(n):
        return "".join(chance.choices(LETTERS, k=n))
    while True:
        yield letters(chance.randint(1, 200))
        yield "sk-weir-" + letters(12) + "-" + letters(30)
        yield valid_form(letters(36))
        at = chance.randrange(len(key))
        yield key[:at] + chance.choice([c for c in LETTERS if c != key[at]]) + key[at + 1:]
        yield valid_form(key[8:20] + letters(24))
        yield key[:chance.randrange(len(key))]


def guessing_gets_nowhere(t, house, key, count=10000):
    wrong = guesses(random.Random(7), key)
    links = [Link(house.port) for _ in range(8)]
    before = len(house.provider_log())
    statuses, sizes = set(), []
    for part in range(10):
        for link in links:
            link.send(b"".join(request("/v1/models", next(wrong)) for _ in range(count // 80)))
            for _ in range(count // 80):
                statuses.add(link.answer().status)
            link.received.clear()
        sizes.append(house.rss_kb())
    for link in links:
        link.close()
    t.check(f"{count} guessed keys: all 401 (T20)", statuses == {401}, statuses)
    t.check("... and memory stays as it was", sizes[-1] - sizes[1] < 512 or is_sanitized(), sizes)
    t.check("... and the provider hears of none", len(house.provider_log()) == before)


def on_all(links, key):
    return [link.ask("/v1/models", key) for link in links]


def keys_end(t, house):
    key = house.key("acme")
    links = [Link(house.port) for _ in range(8 * WORKERS)]
    answers = on_all(links, key)
    t.check("a key works on every connection", {a.status for a in answers} == {200}, answers[0])
    stream = Link(house.port).send(request(CHAT, key, chat({"events": 60, "gap_ms": 30}, stream=True)))
    stream.more()
    house.weir("key", "revoke", key[8:20])
    began = time.monotonic()
    wait_for(lambda: {a.status for a in on_all(links, key)} == {401}, 5, "the key's end")
    t.check("revoked: refused on every connection of every worker within 1 s (T58)",
            time.monotonic() - began < 1, time.monotonic() - began)
    t.check("... and says so", on_all(links, key)[0].code == "api_key_revoked")
    t.check("... while a stream under way ends as it would", stream.answer().body.rstrip().endswith(b"[DONE]"))
    brief = house.key("acme", expires="2s")
    t.check("a key that expires works until then", {a.status for a in on_all(links, brief)} == {200})
    time.sleep(2.1)
    t.check("... and no longer", {(a.status, a.code) for a in on_all(links, brief)} == {(401, "api_key_expired")})
    old = house.key("acme")
    new = json.loads(house.weir("key", "rotate", old[8:20], "--grace", "2s", "--json"))["secret"]
    t.check("rotated: both keys work", {a.status for k in (old, new) for a in on_all(links, k)} == {200})
    time.sleep(2.2)
    t.check("... after the grace period the new one alone",
            {a.status for a in on_all(links, old)} == {401} and {a.status for a in on_all(links, new)} == {200})
    house.weir("tenant", "disable", "acme")
    wait_for(lambda: {a.status for a in on_all(links, new)} == {403}, 1, "the tenant's end")
    t.check("a tenant that was disabled is refused within 1 s", True)
    house.weir("tenant", "enable", "acme")
    for link in links:
        link.close()


def clients_cannot_name_their_rows(t, house, key):
    with Link(house.port) as link:
        for _ in range(100):
            answer = link.ask(CHAT, key, chat(user="t31"), [
                "x-request-id: mine", "idempotency-key: mine", "x-weir-request-id: mine",
                "x-client-request-id: mine"])
            assert answer.status == 200, answer
    rows = wait_for(lambda: [r for r in house.rows() if r["user"] == "t31"][99:], what="100 rows")
    rows = [r for r in house.rows() if r["user"] == "t31"]
    t.check("a hundred requests of one id are a hundred rows (T31)",
            len(rows) == 100 == len({r["id"] for r in rows}) and all(r["cost_pusd"] > 0 for r in rows), len(rows))
    asked = [dict(map(lambda h: (h[0].lower(), h[1]), e["headers"])) for e in house.provider_log()
             if e["ev"] == "request"][-100:]
    t.check("... whose idempotency key no other tenant's answer can come by",
            not any("idempotency-key" in h for h in asked), asked[0])


def headers_are_chosen(t, house, key):
    for line in ("openai-organization: org-x", "openai-project: proj-x", "anthropic-organization-id: x",
                 "Set-Cookie: a=b", "Set-Cookie2: a=b", "Alt-Svc: h3=x", "Strict-Transport-Security: max-age=1",
                 "Server-Timing: x", "X-Goog-User-Project: x", "Via: 1.1 x", "X-Internal: x",
                 "Access-Control-Allow-Origin: *", "Upgrade: h2c", "Trailer: x", "Proxy-Authenticate: x",
                 "WWW-Authenticate: x", "Refresh: 1", "x-weir-request-id: forged"):
        answer = ask(house, CHAT, key, chat({"header": line}))
        name = line.split(":")[0].lower()
        held = [h for h in answer.lines if h.lower().startswith(name) and h.split(": ", 1)[1] == line.split(": ", 1)[1]]
        t.check(f"{name} does not come down (T30)", answer.status == 200 and not held, answer)
    for line in ("x-ratelimit-remaining-tokens: 7", "openai-processing-ms: 12", "retry-after: 3"):
        answer = ask(house, CHAT, key, chat({"header": line}))
        t.check(f"{line.split(':')[0]} does", answer.header(line.split(":")[0]) == line.split(": ")[1], answer)
    answer = ask(house, CHAT, key, chat(), [
        "Connection: authorization, content-type", "Proxy-Authorization: x", "Cookie: a=b",
        "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1", "OpenAI-Organization: org-x", "X-HTTP-Method-Override: GET"])
    last = [e for e in house.provider_log() if e["ev"] == "request"][-1]
    went = [name.lower() for name, _ in last["headers"]]
    t.check("what a client may not say to the provider does not go up (T12)", answer.status == 200
            and "authorization" in went and not set(went) & {
                "proxy-authorization", "cookie", "x-forwarded-for", "forwarded", "openai-organization",
                "x-http-method-override", "x-api-key"}, went)


def main():
    t = Tally()
    house = House(provider_args=["--log-requests"], weir_env={"STAND_IN_KEY": PROVIDER_KEY})
    house.extra = (f"workers: {WORKERS}\nlog: {{ level: debug, access: {house.directory}/access.log }}\n"
                   "tenant_defaults: { llm: none, e2b: none, all: none }\n"
                   "deadlines: { client_gone_drain: 300ms }")
    with house:
        key = house.key("acme")
        needles = keys_stay_where_they_are_needed(t, house, key)
        credentials_are_exactly_one(t, house, key)
        headers_are_chosen(t, house, key)
        clients_cannot_name_their_rows(t, house, key)
        guessing_gets_nowhere(t, house, key)
        keys_end(t, house)
        house.stop_weir()
        files_hold_no_key(t, house, needles)
    t.close()


main()
