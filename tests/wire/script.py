"""The language of plays: words, "strings", {"json": 1}, { blocks }, # comments, ${macros}.

A newline ends a command; a backslash before it does not. A '{' that is followed by white
space opens a block, any other begins a JSON value that is kept as it was written.
Bytes that are not text are written as \\xHH in strings.
"""
import json

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"'}


class PlayError(Exception):
    """What went otherwise than the play says."""


class Command:
    """One line of a play: its words, and the block behind them if there is one."""

    def __init__(self, line, words, block):
        self.line, self.words, self.block = line, words, block

    def __str__(self):
        return " ".join(self.words)


def as_bytes(text):
    """The bytes that a word stands for."""
    return text.encode("utf-8", "surrogateescape")


def as_text(data):
    """The word that stands for bytes; the other way round."""
    return data.decode("utf-8", "surrogateescape")


class Reader:
    """Reads commands from text, by recursive descent over blocks."""

    def __init__(self, text, name):
        self.text, self.name, self.at = text, name, 0

    def fail(self, what):
        raise PlayError(f"{self.name}:{self.line()}: {what}")

    def line(self):
        return self.text.count("\n", 0, self.at) + 1

    def peek(self, ahead=0):
        where = self.at + ahead
        return self.text[where] if where < len(self.text) else ""

    def skip_space(self):
        while self.peek() and self.peek() in " \t" or self.text.startswith("\\\n", self.at):
            self.at += 2 if self.peek() == "\\" else 1
        if self.peek() == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def string(self):
        self.at += 1
        out = []
        while self.peek() != '"':
            c = self.peek()
            if c == "":
                self.fail("a string does not end")
            self.at += 1
            if c != "\\":
                out.append(c)
                continue
            c = self.peek()
            self.at += 1
            if c == "x":
                out.append(as_text(bytes.fromhex(self.text[self.at:self.at + 2])))
                self.at += 2
            elif c in ESCAPES:
                out.append(ESCAPES[c])
            else:
                self.fail(f"no such escape: \\{c}")
        self.at += 1
        return "".join(out)

    def json(self):
        try:
            _, end = json.JSONDecoder().raw_decode(self.text, self.at)
        except ValueError:
            return None
        word, self.at = self.text[self.at:end], end
        return word

    def word(self):
        c = self.peek()
        if c == '"':
            return self.string()
        if c in "{[":
            word = self.json()
            if word is not None:
                return word
            if c == "{":
                self.fail("neither a block nor JSON")
        begin = self.at
        while self.peek() and self.peek() not in " \t\r\n":
            self.at += 1
        return self.text[begin:self.at]

    def command(self):
        line, words, block = self.line(), [], None
        while True:
            self.skip_space()
            c = self.peek()
            if c in ("", "\n", "}"):
                return Command(line, words, block)
            if c == "{" and self.peek(1) in " \t\n":
                if block is not None:
                    self.fail("a second block")
                self.at += 1
                block = self.commands(inside=True)
            else:
                words.append(self.word())

    def commands(self, inside=False):
        out = []
        while True:
            command = self.command()
            if command.words or command.block is not None:
                out.append(command)
            c = self.peek()
            if c == "\n":
                self.at += 1
                continue
            if c == "" and inside:
                self.fail("a block does not end")
            if c == "}" and not inside:
                self.fail("a block ends that never began")
            self.at += 1
            return out


def parse(text, name):
    """The commands of a play."""
    return Reader(text, name).commands()


def walk(commands):
    """All commands, those inside blocks too."""
    for command in commands:
        yield command
        yield from walk(command.block or [])


def options(words, flags=(), values=(), many=()):
    """Splits words into plain ones and options: -flag, -name VALUE, -name VALUE repeated."""
    plain, found = [], {name: [] for name in many}
    words = list(words)
    while words:
        word = words.pop(0)
        name = word[1:]
        if not word.startswith("-") or word == "-":
            plain.append(word)
        elif name in flags:
            found[name] = True
        elif name in values or name in many:
            if not words:
                raise PlayError(f"-{name} needs a value")
            if name in many:
                found[name].append(words.pop(0))
            else:
                found[name] = words.pop(0)
        else:
            raise PlayError(f"no such option: {word}")
    return plain, found
