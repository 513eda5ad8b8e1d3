"""Sockets with a memory, and HTTP/1.1 messages read from them piece by piece.

Plain on purpose, and written apart from the gateway's own parser: a checker that shares
its subject's code shares its mistakes.
"""
import hashlib
import json
import select
import socket
import struct
import time

from script import PlayError, as_text

PATIENCE_S = 10.0


class Cut(PlayError):
    """The other side closed inside a message."""


class Link:
    """One end of a connection. Everything that passes is written to the transcript."""

    def __init__(self, sock, who, transcript):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.who, self.transcript = sock, who, transcript
        self.pending, self.ended, self.closed = b"", False, False

    def note(self, mark, data=b""):
        self.transcript.append((time.monotonic(), self.who, mark, data))

    def send(self, data):
        self.note(">", data)
        self.sock.settimeout(PATIENCE_S)
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise PlayError(f"{self.who}: nobody takes what is sent") from None
        except OSError as e:
            raise Cut(f"{self.who}: could not send: {e.strerror}") from None

    def fill(self, patience_s=PATIENCE_S):
        """Waits for more bytes; False when the other side has closed."""
        if self.ended:
            return False
        self.sock.settimeout(patience_s)
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise PlayError(f"{self.who}: nothing came for {patience_s:g} s") from None
        except OSError as e:
            self.note("! " + (e.strerror or "error"))
            data = b""
        if not data:
            self.note("| closed by the other side")
            self.ended = True
            return False
        self.note("<", data)
        self.pending += data
        return True

    def take(self, count):
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def take_until(self, mark, what):
        while mark not in self.pending:
            if not self.fill():
                raise Cut(f"{self.who}: closed inside {what}")
        return self.take(self.pending.index(mark) + len(mark))

    def idle(self):
        """Is there nothing to read now?"""
        return not self.pending and not select.select([self.sock], [], [], 0)[0]

    def close(self, reset=False):
        if self.closed:
            return
        self.closed = True
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.note("| reset" if reset else "| close")
        self.sock.close()

    def expect_close(self, within_s):
        """The other side closes within that time, whatever it sends before."""
        deadline = time.monotonic() + within_s
        while not self.ended:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise PlayError(f"{self.who}: still open after {within_s:g} s")
            try:
                self.fill(left_s)
            except PlayError:
                continue


class Message:
    """A request or a response: its head, and as much of its body as was read."""

    def __init__(self, link, head, no_body=False):
        lines = head[:-4].split(b"\r\n")
        self.link, self.head = link, head
        self.start = as_text(lines[0])
        self.fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if not colon:
                raise PlayError(f"a header field without colon: {line!r}")
            self.fields.append((as_text(name), as_text(value).strip()))
        self.body, self.events_at, self.over = b"", 0, False
        self.event, self.data = "", ""
        self.left = None
        self.kind = self.body_kind(no_body)
        if self.kind == "length":
            self.left = int(self.field("content-length"))
        self.over = self.kind == "none" or self.left == 0

    def body_kind(self, no_body):
        response = self.start.startswith("HTTP/")
        if no_body or response and self.status() in (204, 304):
            return "none"
        if (self.field("transfer-encoding") or "").lower() == "chunked":
            return "chunked"
        if self.field("content-length") is not None:
            return "length"
        return "close" if response else "none"

    def field(self, name):
        """The value of a field; those of several joined, None if there is none."""
        values = [v for n, v in self.fields if n.lower() == name.lower()]
        return ", ".join(values) if values else None

    def status(self):
        parts = self.start.split(" ", 2)
        if len(parts) < 2 or not parts[1].isdigit():
            raise PlayError(f"not a status line: {self.start!r}")
        return int(parts[1])

    def read_chunk(self):
        """Reads one chunk; the last one ends the body."""
        size = int(self.link.take_until(b"\r\n", "a chunk head").split(b";")[0], 16)
        if size == 0:
            self.link.take_until(b"\r\n", "trailers")
            self.over = True
            return
        while len(self.link.pending) < size + 2:
            if not self.link.fill():
                raise Cut(f"{self.link.who}: closed inside a chunk")
        self.body += self.link.take(size)
        if self.link.take(2) != b"\r\n":
            raise PlayError(f"{self.link.who}: a chunk does not end with CRLF")

    def read_more(self):
        """Reads the next piece of the body; False when it is over."""
        if self.over:
            return False
        if self.kind == "chunked":
            self.read_chunk()
            return True
        if not self.link.pending and not self.link.fill():
            if self.kind != "close":
                raise Cut(f"{self.link.who}: closed inside the body")
            self.over = True
            return False
        piece = self.link.take(len(self.link.pending) if self.left is None else self.left)
        self.body += piece
        if self.left is not None:
            self.left -= len(piece)
            self.over = self.left == 0
        return True

    def read_all(self):
        while self.read_more():
            pass

    def read_event(self):
        """Reads up to the end of the next server-sent event."""
        while True:
            rest = self.body[self.events_at:]
            ends = [(rest.find(m), len(m)) for m in (b"\n\n", b"\r\n\r\n", b"\r\r") if m in rest]
            if ends:
                at, size = min(ends)
                self.events_at += at + size
                self.take_event(rest[:at])
                return
            if not self.read_more():
                raise PlayError(f"{self.link.who}: the stream is over, no event came")

    def take_event(self, block):
        self.event, data = "", []
        for line in as_text(block).splitlines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                self.event = value
            elif name == "data":
                data.append(value)
        self.data = "\n".join(data)

    def value(self, path):
        """What a name below resp. or req. stands for; None where it is missing."""
        first, _, rest = path.partition(".")
        if first == "header":
            return self.field(rest)
        if first == "json":
            return json_value(self.body, rest)
        if first == "body" and rest == "sha256":
            return hashlib.sha256(self.body).hexdigest()
        if first == "body" and rest == "bytes":
            return len(self.body)
        simple = {"body": lambda: as_text(self.body), "status": self.status,
                  "start": lambda: self.start, "method": lambda: self.start.split(" ")[0],
                  "target": lambda: self.start.split(" ")[1],
                  "path": lambda: self.start.split(" ")[1].split("?")[0]}
        if rest or first not in simple:
            raise PlayError(f"no such name: {path}")
        return simple[first]()

    def event_value(self, path):
        """What a name below sse. stands for."""
        first, _, rest = path.partition(".")
        if first == "json":
            return json_value(self.data.encode(), rest)
        if path in ("event", "data"):
            return self.event if path == "event" else self.data
        raise PlayError(f"no such name: sse.{path}")


def json_value(data, path):
    """The member at a path like choices.0.delta; None where it is missing."""
    try:
        value = json.loads(data)
    except ValueError:
        raise PlayError(f"not JSON: {data[:200]!r}") from None
    for step in path.split(".") if path else []:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def read_message(link, method=None, interim=False):
    """Reads a head. A response to HEAD has no body; 1xx ones are skipped unless wanted."""
    while True:
        head = link.take_until(b"\r\n\r\n", "a head")
        if head.startswith(b"HTTP/1.1 1") and not interim:
            continue
        no_body = method == "HEAD" or head.startswith(b"HTTP/1.1 1")
        return Message(link, head, no_body)
