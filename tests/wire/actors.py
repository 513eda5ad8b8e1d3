"""Who stands on either side of the gateway: the client, and the scripted upstream.

A verb is a method verb_NAME; its docstring is its manual (run.py --manual).
"""
import gzip
import hashlib
import os
import select
import socket
import threading
import time

import expect
from message import PATIENCE_S, Cut, Link, read_message
from script import PlayError, as_bytes, options


def duration_s(word):
    """1s, 200ms."""
    if word.endswith("ms"):
        return float(word[:-2]) / 1000
    return float(word.removesuffix("s"))


def field_lines(fields):
    return b"".join(as_bytes(f) + b"\r\n" for f in fields)


class Actor:
    """Plays a block of commands in its own thread, over one connection at a time."""

    def __init__(self, world, name, block):
        self.world, self.name, self.block = world, name, block or []
        self.link, self.chunked, self.thread, self.error = None, False, None, None
        self.at = None
        self.sent = hashlib.sha256()

    def start(self):
        self.thread = threading.Thread(target=self.play, daemon=True)
        self.thread.start()

    def play(self):
        try:
            self.perform(self.block)
        except (PlayError, OSError, ValueError) as e:
            self.error = f"line {self.at}: {self.name}: {e}"
            self.world.abort()
        finally:
            self.finish()

    def finish(self):
        if self.link:
            self.link.close()

    def perform(self, block):
        for command in block:
            self.at = command.line
            verb = getattr(self, "verb_" + command.words[0].replace("-", "_"), None)
            if verb is None:
                raise PlayError(f"no such verb: {command.words[0]}")
            if command.words[0] == "repeat":
                verb(command.words[1:], command.block)
            elif command.block is not None:
                raise PlayError(f"{command.words[0]} takes no block")
            else:
                verb([self.world.expand(w, self) for w in command.words[1:]])

    def need_link(self):
        if not self.link:
            raise PlayError("no connection yet")
        return self.link

    def send_payload(self, data):
        """Sends body bytes, as one chunk where the head said so."""
        self.sent.update(data)
        if self.chunked and data:
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.need_link().send(data)

    def verb_repeat(self, words, block):
        """repeat N { ... }: plays the block N times."""
        for _ in range(int(self.world.expand(words[0], self))):
            self.perform(block)

    def verb_sync(self, words):
        """sync NAME: waits until everybody whose script names it has come here."""
        self.world.sync(words[0])

    def verb_delay(self, words):
        """delay 100ms: waits. For time that is itself under test; order is made with sync."""
        time.sleep(duration_s(words[0]))

    def verb_txraw(self, words):
        """txraw "BYTES" ...: sends them as they are."""
        for word in words:
            self.need_link().send(as_bytes(word))

    def verb_txfile(self, words):
        """txfile PATH: sends a file of the project as it is."""
        with open(os.path.join(self.world.root, words[0]), "rb") as f:
            self.need_link().send(f.read())

    def verb_txbody(self, words):
        """txbody "BYTES": sends body bytes; one chunk if the head said chunked.
        txbody -bytes N: N letters."""
        plain, found = options(words, values=["bytes"])
        if "bytes" in found:
            plain.append("x" * int(found["bytes"]))
        for word in plain:
            self.send_payload(as_bytes(word))

    def verb_txslow(self, words):
        """txslow N "BYTES": sends body bytes, N at a time."""
        step, data = int(words[0]), as_bytes(words[1])
        for at in range(0, len(data), step):
            self.send_payload(data[at:at + step])
            time.sleep(0.001)

    def verb_txend(self, _words):
        """txend: ends a chunked body."""
        self.need_link().send(b"0\r\n\r\n")

    def verb_expect(self, words):
        value = self.world.value(words[0], self)
        expect.check(words[0], value, words[1:])

    verb_expect.__doc__ = expect.MANUAL

    def verb_expect_close(self, words):
        """expect_close [within 1s]: the other side hangs up in that time."""
        self.need_link().expect_close(duration_s(words[1]) if words else PATIENCE_S)

    def verb_expect_silence(self, words):
        """expect_silence 200ms: the other side sends nothing for that long and stays."""
        link = self.need_link()
        if link.pending or select.select([link.sock], [], [], duration_s(words[0]))[0]:
            raise PlayError("the other side spoke or hung up")

    def verb_close(self, _words):
        """close: hangs up."""
        self.need_link().close()
        self.link = None

    def verb_reset(self, _words):
        """reset: hangs up with RST instead of FIN."""
        self.need_link().close(reset=True)
        self.link = None

    def verb_shut(self, _words):
        """shut: closes the sending side only."""
        self.need_link().note("| shut")
        self.need_link().sock.shutdown(socket.SHUT_WR)


class Upstream(Actor):
    """A provider that does what the script says. Without a script it must not be asked."""

    def __init__(self, world, name, block, each):
        super().__init__(world, name, block)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.each, self.links = each, []
        self.connections, self.requests, self.req = 0, 0, None
        self.lock = threading.Lock()

    def play(self):
        if self.each:
            self.play_each()
        else:
            super().play()

    def play_each(self):
        """Every connection gets a thread that plays the script for every request."""
        while True:
            try:
                link = self.accept()
            except OSError:
                return
            peer = Peer(self, link)
            peer.start()

    def accept(self):
        sock, _ = self.listener.accept()
        with self.lock:
            self.connections += 1
        link = Link(sock, f"{self.name}.{self.connections}", self.world.transcript)
        link.note("| accept")
        self.links.append(link)
        return link

    def finish(self):
        for link in self.links:
            link.close()

    def stop(self):
        """After the play: counts who still waits to be accepted, and closes."""
        while not self.each and select.select([self.listener], [], [], 0)[0]:
            self.accept()
        self.listener.close()
        self.finish()

    def wait_for_request(self):
        """The connection on which something came: any of those open, or a new one."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            alive = [a for a in self.links if not a.closed and not a.ended]
            waiting = [a.sock for a in alive] + [self.listener]
            ready = select.select(waiting, [], [], 0.2)[0]
            self.world.check_aborted()
            if self.listener in ready:
                self.accept()
                continue
            for link in alive:
                if link.pending or link.sock in ready and link.fill():
                    return link
        raise PlayError(f"no request came for {PATIENCE_S:g} s")

    def verb_accept(self, _words):
        """accept: waits for a new connection and talks on it from now on."""
        self.listener.settimeout(PATIENCE_S)
        self.link = self.accept()

    def verb_rxhead(self, _words):
        """rxhead: waits for a request on any connection and reads its head."""
        self.link = self.wait_for_request()
        self.req = read_message(self.link)
        self.requests += 1
        self.sent = hashlib.sha256()

    def verb_rxbody(self, _words):
        """rxbody: reads the body of the request to its end."""
        self.req.read_all()

    def verb_rxreq(self, words):
        """rxreq: rxhead and rxbody."""
        self.verb_rxhead(words)
        self.verb_rxbody(words)

    def verb_txhead(self, words):
        """txhead STATUS [-h "name: value"] [-chunked | -length N] [-1.0] [-reason TEXT]:
        sends a response head."""
        plain, found = options(words, ["chunked", "1.0"], ["length", "reason"], ["h"])
        self.chunked = "chunked" in found
        fields = found["h"]
        if self.chunked:
            fields.append("Transfer-Encoding: chunked")
        if "length" in found:
            fields.append("Content-Length: " + found["length"])
        version = b"HTTP/1.0 " if "1.0" in found else b"HTTP/1.1 "
        line = version + as_bytes(plain[0] + " " + found.get("reason", "As Scripted")) + b"\r\n"
        self.need_link().send(line + field_lines(fields) + b"\r\n")

    def verb_txresp(self, words):
        """txresp STATUS [-h "name: value"] [-json JSON | -body TEXT | -bytes N]: sends a whole
        response with its length."""
        plain, found = options(words, [], ["json", "body", "bytes"], ["h"])
        body = as_bytes(found.get("json", found.get("body", "x" * int(found.get("bytes", 0)))))
        fields = [w for h in found["h"] for w in ("-h", h)]
        if "json" in found:
            fields += ["-h", "Content-Type: application/json"]
        self.verb_txhead([plain[0], "-length", str(len(body))] + fields)
        self.send_payload(body)

    def verb_txgzip(self, words):
        """txgzip JSON: sends a whole response whose body is compressed, asked for or not."""
        body = gzip.compress(as_bytes(words[0]), mtime=0)
        self.verb_txhead(["200", "-length", str(len(body)), "-h", "Content-Encoding: gzip",
                          "-h", "Content-Type: application/json"])
        self.send_payload(body)

    def verb_txsse(self, words):
        """txsse [-event NAME] DATA: sends a server-sent event, as one chunk if chunked."""
        plain, found = options(words, [], ["event"])
        head = f"event: {found['event']}\n" if "event" in found else ""
        self.send_payload(as_bytes(f"{head}data: {' '.join(plain)}\n\n"))

    def verb_txtry(self, words):
        """txtry DATA: txsse, whether anybody takes it or not."""
        try:
            self.verb_txsse(words)
        except Cut:
            pass

    def verb_flood(self, words):
        """flood BYTES: sends up to that many body bytes until nobody takes more; how many
        went out is u.flooded."""
        self.flooded, link = 0, self.need_link()
        piece = b": " + b"x" * 8189 + b"\n"
        data = b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece
        link.sock.settimeout(1)
        while self.flooded < int(words[0]):
            try:
                link.sock.sendall(data)
            except OSError:
                break
            self.flooded += len(data)
        link.note(f"> {self.flooded} bytes of flood")

    def value(self, path):
        first, _, rest = path.partition(".")
        if first == "req" and self.req:
            return self.req.value(rest)
        if path == "body.sha256":
            return self.sent.hexdigest()
        if path in ("connections", "requests", "flooded", "address"):
            return getattr(self, path)
        raise PlayError(f"no such name: {self.name}.{path}")


class Peer(Upstream):
    """One connection of an upstream that plays its script for each request."""

    def __init__(self, whole, link):
        Actor.__init__(self, whole.world, whole.name, whole.block)
        self.whole, self.link, self.links = whole, link, [link]
        self.requests, self.req = 0, None

    def play(self):
        try:
            while self.link and not self.link.closed and self.link.fill(60):
                self.perform(self.block)
        except (PlayError, OSError, ValueError) as e:
            if not self.world.over:
                self.whole.error = f"line {self.at}: {self.name}: {e}"
                self.world.abort()
        finally:
            for link in self.links:
                link.close()

    def wait_for_request(self):
        with self.whole.lock:
            self.whole.requests += 1
        return self.link


class Client(Actor):
    """Somebody who calls the gateway; in a test of the runner, the upstream itself."""

    def __init__(self, world, name, block, gateway):
        super().__init__(world, name, block)
        self.gateway, self.resp, self.method = gateway, None, "GET"

    def value(self, path):
        first, _, rest = path.partition(".")
        if first == "resp" and self.resp:
            return self.resp.value(rest)
        if first == "sse" and self.resp:
            return self.resp.event_value(rest)
        raise PlayError(f"no such name: {self.name}.{path}")

    def verb_connect(self, words):
        """connect [-narrow]: opens a new connection, with -narrow one that takes little at a
        time; txreq and txraw open one when there is none."""
        sock = socket.socket()
        sock.settimeout(PATIENCE_S)
        if "-narrow" in words:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", self.gateway.port))
        self.link = Link(sock, self.name, self.world.transcript)
        self.link.note("| connect")

    def verb_txraw(self, words):
        if not self.link:
            self.verb_connect([])
        super().verb_txraw(words)

    verb_txraw.__doc__ = Actor.verb_txraw.__doc__

    def credential(self, found):
        """The header fields and the query that carry the tenant's key."""
        secret = found.get("secret")
        if "key" in found:
            secret = self.gateway.secret(found["key"])
        if secret is None:
            return [], ""
        way = found.get("as", "bearer")
        if way == "query":
            return [], "key=" + secret
        name = "Authorization: Bearer " if way == "bearer" else way + ": "
        return [name + secret], ""

    def verb_txreq(self, words):
        """txreq METHOD TARGET [-key NAME | -secret TEXT] [-as bearer|x-api-key|api-key|
        x-goog-api-key|query] [-json JSON | -body TEXT | -bytes N] [-length N] [-chunked]
        [-h "name: value"] [-nohost] [-nobody] [-1.0] [-drip N]: sends a request. -length sends
        the head only, -chunked leaves the body to txbody and txend, -nobody holds it back for
        txrest, -drip sends N bytes at a time."""
        plain, found = options(words, ["chunked", "nohost", "nobody", "1.0"],
                               ["key", "secret", "as", "json", "body", "bytes", "length", "drip"],
                               ["h"])
        self.method, target = plain
        fields, query = self.credential(found)
        if query:
            target += ("&" if "?" in target else "?") + query
        body = as_bytes(found.get("json", found.get("body", "x" * int(found.get("bytes", 0)))))
        if "nohost" not in found:
            fields.insert(0, f"Host: 127.0.0.1:{self.gateway.port}")
        if "json" in found or "length" in found or "chunked" in found:
            fields.append("Content-Type: application/json")
        self.chunked = "chunked" in found
        if self.chunked:
            fields.append("Transfer-Encoding: chunked")
        elif "length" in found or body:
            fields.append("Content-Length: " + found.get("length", str(len(body))))
        version = "HTTP/1.0" if "1.0" in found else "HTTP/1.1"
        data = as_bytes(f"{self.method} {target} {version}\r\n")
        data += field_lines(fields + found["h"]) + b"\r\n"
        self.rest = body
        if "nobody" not in found:
            data += body
        self.send_slowly(data, int(found.get("drip", len(data))))

    def send_slowly(self, data, step):
        if not self.link:
            self.verb_connect([])
        for at in range(0, len(data), step):
            self.link.send(data[at:at + step])
            if step < len(data):
                time.sleep(0.002)

    def verb_txrest(self, _words):
        """txrest: sends the body that txreq -nobody held back."""
        self.need_link().send(self.rest)

    def verb_rxhead(self, words):
        """rxhead [-interim]: reads a response head; 1xx ones only with -interim."""
        self.resp = read_message(self.need_link(), self.method, "-interim" in words)

    def verb_rxbody(self, _words):
        """rxbody: reads the body of the response to its end."""
        self.resp.read_all()

    def verb_rxend(self, words):
        """rxend: the same, where part of the body was read before."""
        self.verb_rxbody(words)

    def verb_rxresp(self, words):
        """rxresp: rxhead and rxbody."""
        self.verb_rxhead(words)
        self.verb_rxbody(words)

    def verb_rxsse(self, _words):
        """rxsse: reads up to the end of the next server-sent event."""
        self.resp.read_event()

    def verb_rxchunk(self, _words):
        """rxchunk: reads the next piece of the body."""
        if not self.resp.read_more():
            raise PlayError("the body is over")

    def verb_rxcut(self, _words):
        """rxcut: reads until the connection closes, which must be inside the body."""
        try:
            self.resp.read_all()
        except Cut:
            return
        raise PlayError("the body ended as it should")

    def verb_rxdrop(self, _words):
        """rxdrop: reads the body until it is over or cut."""
        try:
            self.resp.read_all()
        except Cut:
            pass

    def verb_drip(self, words):
        """drip BYTES EVERY: reads the body in such small steps for as long as it lasts."""
        step, pause_s = int(words[0]), duration_s(words[1])
        while not self.resp.over:
            self.resp.link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, step)
            time.sleep(pause_s)
            self.resp.read_more()

    def verb_hostile(self, words):
        """hostile FOLDER: sends every file of it on its own connection. Each must be answered
        with the status in its name, and closed."""
        folder = os.path.join(self.world.root, words[0])
        names = sorted(n for n in os.listdir(folder) if n.endswith(".http"))
        if not names:
            raise PlayError(f"{folder}: nothing there")
        for name in names:
            try:
                self.send_hostile(os.path.join(folder, name), name.split(".")[-2])
            except PlayError as e:
                raise PlayError(f"{name}: {e}") from None

    def send_hostile(self, path, status):
        with open(path, "rb") as f:
            data = f.read()
        self.verb_connect([])
        try:
            self.link.send(data.replace(b"@KEY@", as_bytes(self.gateway.any_secret())))
        except Cut:
            pass
        self.verb_rxhead([])
        expect.check("resp.status", self.resp.status(), ["==", status])
        self.resp.read_all()
        self.link.expect_close(PATIENCE_S)
        if self.link.pending:
            raise PlayError(f"a second answer came: {self.link.pending[:100]!r}")
        self.verb_close([])


VERBS = {"upstream": Upstream, "client": Client}


def manual():
    """What every verb does, as text."""
    out = []
    for who, actor in VERBS.items():
        out.append(f"{who}:")
        for name in sorted(n for n in dir(actor) if n.startswith("verb_")):
            out.append("  " + " ".join((getattr(actor, name).__doc__ or name).split()))
    return "\n".join(out)
