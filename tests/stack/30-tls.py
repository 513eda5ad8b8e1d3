#!/usr/bin/env python3
"""TLS on either side (T26, T28, T70, F28): whom Weir trusts, what it serves, what it survives.

The certificates are made here and now with the openssl command, in the scratch directory."""
# tsan
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, House, Tally, is_sanitized, wait_for  # noqa: E402

PATH = "/v1/chat/completions"


# --- certificates ---

class Authority:
    """A CA in a folder; certificate(name, san) signs one and returns (cert file, key file)."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        folder.mkdir(exist_ok=True)
        self.cert, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", self.key, "-out", self.cert, "-days", 30, "-subj", f"/CN={name}")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)

    def certificate(self, name, san, days=30):
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, more = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        more.write_text(f"subjectAltName={san}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                     "-CAcreateserial", "-days", days, "-extfile", more, "-out", cert)
        return cert, key


# --- a provider of one answer, which sees what the handshake was ---

class Handshakes(threading.Thread):
    """Answers each connection once and closes it; notes how each came to be."""

    def __init__(self, cert, key, most=None, stall=False):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        if most:
            self.context.maximum_version = most
        self.stall = stall
        self.seen, self.requests = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        if self.stall:
            plain.recv(100000)
            time.sleep(30)
            return
        try:
            with self.context.wrap_socket(plain, server_side=True) as link:
                self.seen.append((link.version(), link.session_reused))
                if link.recv(65536):
                    self.requests += 1
                    link.sendall(answer())
        except OSError as e:
            self.seen.append((type(e).__name__, False))


def answer():
    body = json.dumps({"id": "x", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [],
                       "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).encode()
    return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


# --- the house, with TLS on the side that a test is about ---

class TlsHouse(House):
    """upstreams: {name: (base_url, ca_file)}; served: (cert, key) of a second listener, by TLS."""

    def __init__(self, upstreams=None, served=None, **more):
        super().__init__(dialects=("openai",), **more)
        self.upstreams, self.served = upstreams, served

    def listen(self):
        plain = f"127.0.0.1:{self.port or 0}"
        if not self.served:
            return plain
        self.tls_port = free_port()
        return (f"[ {plain}, {{ address: 127.0.0.1:{self.tls_port}, "
                f"tls: {{ cert: {self.served[0]}, key: {self.served[1]} }} }} ]")

    def providers(self):
        if self.upstreams is None:
            return super().providers()
        return [f"  - {{ name: {name}, dialect: openai, base_url: '{url}/v1', allow_private: yes, "
                f"api_key_env: STAND_IN_KEY, ca_file: {ca} }}"
                for name, (url, ca) in self.upstreams.items()]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def body(script=None, **more):
    return json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}],
                       "stand_in": {"events": 8, **(script or {})}, **more})


def curl(house, key, *words, data=None, ca=None, scheme="https", paths=(PATH,)):
    """What curl prints: the bodies, then a JSON object of -w for each transfer."""
    port = house.tls_port if scheme == "https" else house.port
    command = ["curl", "-sS", "--max-time", "20", "-H", f"authorization: Bearer {key}", "-H",
               "content-type: application/json", *map(str, words),
               *(("--cacert", str(ca)) if ca else ())]
    if data is not None:
        command += ["--data-binary", "@-"]
    command += [f"{scheme}://127.0.0.1:{port}{path}" for path in paths]
    return subprocess.run(command, input=data, capture_output=True, text=True, timeout=30)


def ask(house, key, provider="openai"):
    """(status, parsed body, request id) of one plain chat over the plain listener."""
    done = curl(house, key, "-i", data=body(), scheme="http", paths=(f"/{provider}{PATH}",))
    head, _, text = done.stdout.partition("\n\n")
    lines = dict(line.lower().split(": ", 1) for line in head.split("\n")[1:])
    return int(head.split()[1]), json.loads(text), lines.get("x-weir-request-id")


def row_of(house, request_id):
    return wait_for(lambda: house.rows("--id", request_id), what="the row")[0]


# --- whom Weir trusts ---

def upstream_matrix(t, folder):
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    good = ours.certificate("good", "IP:127.0.0.1,DNS:localhost")
    certificates = {
        "good": good,
        "expired": ours.certificate("expired", "IP:127.0.0.1", days=-1),
        "othername": ours.certificate("othername", "DNS:api.example.com"),
        "otherip": ours.certificate("otherip", "IP:127.0.0.2"),
        "untrusted": theirs.certificate("untrusted", "IP:127.0.0.1"),
        "selfsigned": (theirs.cert, theirs.key),
    }
    servers = {name: Handshakes(*pair) for name, pair in certificates.items()}
    servers["stalls"] = Handshakes(*good, stall=True)
    servers["localhost"] = Handshakes(*good)
    upstreams = {name: (f"https://127.0.0.1:{s.port}", ours.cert) for name, s in servers.items()}
    upstreams["localhost"] = (f"https://localhost:{servers['localhost'].port}", ours.cert)
    upstreams["plain"] = (f"https://127.0.0.1:{plain_server()}", ours.cert)
    with TlsHouse(upstreams, conf="workers: 1\ndeadlines: { tls: 2s }") as house:
        key = house.key()
        for name in ("good", "localhost"):
            status, said, request = ask(house, key, name)
            row = row_of(house, request)
            t.check(f"{name}: relayed, row complete",
                    status == 200 and row["ended_by"] == "complete" and row["input_tok"] == 3
                    and row["usage_source"] == "reported", (status, said, row))
        ask(house, key, "good")
        t.check("the second connection resumes the first one's session",
                [reused for _, reused in servers["good"].seen] == [False, True], servers["good"].seen)
        for name in ("expired", "othername", "otherip", "untrusted", "selfsigned", "plain"):
            refused(t, house, key, name, servers.get(name))
        began = time.monotonic()
        status, said, _ = ask(house, key, "stalls")
        t.check("a provider that stalls in the handshake: 502 after deadlines.tls",
                status == 502 and time.monotonic() - began < 5, (status, said))
        log = house.log_path.read_text()
        t.check("the log says why a certificate was refused",
                "certificate has expired" in log and "self-signed certificate" in log, log[-2000:])


def refused(t, house, key, name, server):
    status, said, request = ask(house, key, name)
    row = row_of(house, request)
    t.check(f"{name}: 502 upstream_tls, nothing forwarded, nothing charged",
            status == 502 and said["error"]["code"] == "upstream_tls" and row["cost_pusd"] == 0
            and row["usage_source"] == "none" and row["ended_by"] == "upstream_tls"
            and not (server and server.requests), (status, said, row))


def plain_server():
    """A port where somebody speaks HTTP without TLS."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            link, _ = listener.accept()
            link.recv(65536)
            link.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            link.close()

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


# --- what Weir serves ---

def listener_serves(t, house, key, ca):
    done = curl(house, key, "-w", "%{http_code}", data=body(), ca=ca)
    t.check("curl --cacert gets an answer", done.stdout.endswith("200"), done)
    done = curl(house, key, data=body())
    t.check("curl without it trusts nobody here", done.returncode == 60, done)
    done = curl(house, key, "-w", "\n%{num_connects} %{http_code}\n", data=body(), ca=ca,
                paths=(PATH,) * 3)
    counts = [line for line in done.stdout.splitlines() if line.endswith(" 200")]
    t.check("three requests on one connection", counts == ["1 200", "0 200", "0 200"], done.stdout[-300:])
    done = curl(house, key, "-N", data=body({"events": 200}, stream=True), ca=ca)
    t.check("a stream", done.stdout.count("data: ") >= 200 and "[DONE]" in done.stdout, done.stdout[-200:])
    big = body({"events": 4}, padding="x" * 1_000_000)
    done = curl(house, key, "-w", "%{http_code}", data=big, ca=ca)
    t.check("a request of 1 MB", done.stdout.endswith("200"), done.stdout[-300:])
    done = curl(house, key, "-w", "\n%{http_code} %{size_download}", data=body({"events": 900_000}), ca=ca)
    status, size = done.stdout.rsplit("\n", 1)[1].split()
    text = json.loads(done.stdout.rsplit("\n", 1)[0])["choices"][0]["message"]["content"]
    t.check("an answer of 4 MB, whole", status == "200" and int(size) > 4_000_000
            and len(text.split()) == 900_000, (status, size))
    with tls_link(house, ca) as link:
        send_chat(link, "sk-not-one", "", length=900_000)
        for _ in range(20):
            time.sleep(0.02)
            link.sendall(b" " * 2000)
        said = read_all(link)
    t.check("a refusal reaches a client that still sends its body, without a reset",
            said.startswith(b"HTTP/1.1 401") and b"invalid_api_key" in said and said.endswith(b"}"), said)


def listener_refuses(t, house, key, ca):
    with socket.create_connection(("127.0.0.1", house.tls_port), timeout=5) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        said = read_all(link)
    t.check("HTTP on the TLS port is refused", b"HTTP/1.1 2" not in said, said)
    with socket.create_connection(("127.0.0.1", house.tls_port), timeout=5) as link:
        began = time.monotonic()
        link.sendall(b"\x16\x03\x01")
        said = read_all(link)
        t.check("a handshake that stalls is closed after deadlines.tls",
                1 < time.monotonic() - began < 5 and said in (b"", b"(reset)"), said)
    with tls_link(house, ca, most=ssl.TLSVersion.TLSv1_2) as link:
        t.check("TLS 1.2 is spoken", link.version() == "TLSv1.2", link.version())
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{house.tls_port}", "-tls1_2"],
                          input="R\n", capture_output=True, text=True, timeout=20)
    t.check("no renegotiation (T70)", "no renegotiation" in done.stderr, done.stderr[-500:])
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{house.tls_port}", "-tls1_1",
                          "-cipher", "ALL:@SECLEVEL=0"], input="", capture_output=True, text=True, timeout=20)
    t.check("TLS 1.1 is not", "Cipher is (NONE)" in old.stdout, old.stdout[-500:])


def read_all(link):
    said = b""
    try:
        while piece := link.recv(65536):
            said += piece
    except (ConnectionResetError, TimeoutError) as e:
        if isinstance(e, TimeoutError):
            said += b"(still open)"
        else:
            said += b"(reset)"
    return said


def tls_link(house, ca, most=None, receive_bytes=None):
    context = ssl.create_default_context(cafile=ca)
    if most:
        context.maximum_version = most
    plain = socket.socket()
    if receive_bytes:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    plain.settimeout(20)
    plain.connect(("127.0.0.1", house.tls_port))
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def send_chat(link, key, text, length=None):
    link.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {length or len(text)}\r\n\r\n"
                 f"{text}".encode())


def abandoned(house):
    """How much the provider had sent of each answer whose client left."""
    return [e["sent_body_bytes"] for e in house.provider_log() if e.get("how") == "client_gone"]


def listener_minds_slow_readers(t, house, key, ca):
    """Thirty clients ask for 30 MB each and read nothing: what waits is bounded."""
    text = body({"events": 200_000, "write": "all"}, stream=True)
    before = house.rss_kb()
    links = [tls_link(house, ca, receive_bytes=4096) for _ in range(30)]
    for link in links:
        send_chat(link, key, text)
    time.sleep(2)
    grown = house.rss_kb() - before
    t.check("slow TLS readers: memory is bounded", grown < 30 * 512 or is_sanitized(),
            f"{grown} kB for 30 clients")
    said = b""
    links[0].settimeout(20)
    while b"[DONE]" not in said[-100:]:
        said = said[-100:] + links[0].recv(1 << 20)
    t.check("... and a reader that wakes up gets all of it", said.rstrip().endswith(b"0"), said)
    for link in links:
        link.close()
    wait_for(lambda: house.metric("weir_exchanges_current") == 0, what="the others' end")
    wait_for(lambda: len(abandoned(house)) == 29, what="the provider's account")
    left = abandoned(house)
    t.check("... and what the others left is not read to its end, however fast it comes",
            max(left) < 10_000_000, left)


# --- both sides at once ---

def both_sides(t, house, key, streams):
    done = subprocess.run(
        [BUILD / "bench/load", "--json", "--target", f"https://127.0.0.1:{house.tls_port}", "--key", key,
         "--model", "gpt-4o-mini", "--requests", "300", "--concurrency", "8", "--events", "20",
         *(("--stream", "--include-usage") if streams else ())], capture_output=True, text=True, timeout=60)
    told = json.loads(done.stdout)
    t.check(f"300 {'streams' if streams else 'answers'}, TLS on both sides",
            done.returncode == 0 and told["outcomes"]["ok"] == 300, told["outcomes"])


def only_1_3(t, folder, ca, pair):
    old = Handshakes(*pair, most=ssl.TLSVersion.TLSv1_2)
    new = Handshakes(*pair)
    upstreams = {"old": (f"https://127.0.0.1:{old.port}", ca), "new": (f"https://127.0.0.1:{new.port}", ca)}
    with TlsHouse(upstreams, served=pair, conf=f"tls: {{ min_version: 1.3, ca_file: {ca} }}") as house:
        key = house.key()
        status, said, _ = ask(house, key, "old")
        t.check("min_version 1.3: a provider of 1.2 is refused",
                status == 502 and said["error"]["code"] == "upstream_tls", (status, said))
        status, said, _ = ask(house, key, "new")
        t.check("... one of 1.3 is not", status == 200, (status, said))
        try:
            tls_link(house, ca, most=ssl.TLSVersion.TLSv1_2).close()
            t.check("... and a client of 1.2 is", False)
        except (ssl.SSLError, ConnectionResetError):
            t.check("... and a client of 1.2 is", True)
        with tls_link(house, ca) as link:
            t.check("... but not one of 1.3", link.version() == "TLSv1.3")


def main():
    t = Tally()
    probe = House()
    folder = probe.directory / "certificates"
    upstream_matrix(t, folder)
    ours = Authority(folder, "served")
    pair = ours.certificate("weir", "IP:127.0.0.1")
    provider_tls = ["--tls-cert", pair[0], "--tls-key", pair[1]]
    conf = ("tenant_defaults: { llm: none, e2b: none, all: none }\ndeadlines: { tls: 3s }\n"
            f"tls: {{ ca_file: {ours.cert} }}")

    class BothSides(TlsHouse):
        def providers(self):
            return [line.replace("http://", "https://") for line in House.providers(self)]

    with BothSides(served=pair, provider_args=provider_tls, conf=conf) as house:
        key = house.key()
        listener_serves(t, house, key, ours.cert)
        listener_refuses(t, house, key, ours.cert)
        both_sides(t, house, key, False)
        both_sides(t, house, key, True)
        listener_minds_slow_readers(t, house, key, ours.cert)
        rows = house.rows()
        t.check("every answer's row is complete and reported",
                sum(r["ended_by"] == "complete" and r["usage_source"] == "reported" for r in rows) >= 600,
                len(rows))
    only_1_3(t, folder, ours.cert, pair)
    probe.close()
    t.close()


main()
