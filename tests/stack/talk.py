"""HTTP over a bare socket, for tests that must send what no library would and see every byte.

    link = Link(house.port); link.send(request(path, key, body)); answer = link.answer()

All bytes received stay in link.received.
"""
import json
import socket

CHAT = "/v1/chat/completions"


def chat(script=None, **more):
    """The body of a chat request whose script the stand-in provider follows."""
    return json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}],
                       "stand_in": {"events": 4, **(script or {})}, **more})


def request(path=CHAT, key=None, body=None, headers=(), method=None, length=None):
    """The bytes of a request; length overrules what the body's own would be."""
    lines = [f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1", "Host: x",
             *([f"Authorization: Bearer {key}"] if key else []), *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, "", body or ""]).encode()


class Answer:
    """whole: the body came to its end. lines: the header lines, as they came."""

    def __init__(self):
        self.status, self.lines, self.body, self.whole = 0, [], b"", False

    def __repr__(self):
        return f"{self.status} {'whole' if self.whole else 'broken'} {self.lines} {self.body[:300]!r}"

    def header(self, name):
        return next((v for k, v in (line.split(": ", 1) for line in self.lines)
                     if k.lower() == name), None)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of an error in OpenAI's shape."""
        return self.json["error"]["code"]


class Link:
    def __init__(self, port, timeout=20, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.rest, self.received = b"", bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def more(self):
        """Receives once; False at the end."""
        piece = self.socket.recv(1 << 18)
        self.rest += piece
        self.received += piece
        return bool(piece)

    def line(self):
        while b"\r\n" not in self.rest:
            if not self.more():
                raise EOFError
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def take(self, count, into):
        """Moves count bytes of the body over, or as many as come."""
        while count > 0 and (self.rest or self.more()):
            part, self.rest = self.rest[:count], self.rest[count:]
            into.append(part)
            count -= len(part)
        if count > 0:
            raise EOFError

    def answer(self, head_only=False):
        """One whole answer, or as much as came: then .whole is false (status 0: no head)."""
        a, pieces = Answer(), []
        try:
            status = int(self.line().split()[1])
            while line := self.line():
                a.lines.append(line.decode("latin-1"))
            a.status = status
            if not head_only:
                self.body(a, pieces)
            a.whole = True
        except (EOFError, ConnectionResetError, ValueError):
            pass
        a.body = b"".join(pieces)
        return a

    def body(self, a, pieces):
        if a.header("transfer-encoding") == "chunked":
            while size := int(self.line(), 16):
                self.take(size, pieces)
                self.take(2, [])
            while self.line():
                pass
        elif a.header("content-length") is not None:
            self.take(int(a.header("content-length")), pieces)
        elif a.status not in (204, 304):
            while self.rest or self.more():
                pieces.append(self.rest)
                self.rest = b""

    def ask(self, *words, **more):
        return self.send(request(*words, **more)).answer()

    def closed(self):
        """Waits for the other side's end; what else came stays in received."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True


def ask(house, *words, **more):
    """One request on a connection of its own."""
    with Link(house.port) as link:
        return link.ask(*words, **more)
