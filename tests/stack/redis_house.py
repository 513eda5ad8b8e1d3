"""Real Redis servers for tests: one, a replica, Sentinels, a Cluster; on free ports of 127.0.0.1,
in scratch directories, stopped by pid. The program comes from Debian's redis-tools, which, unlike
the package redis-server, starts no service."""
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import wait_for  # noqa: E402

SERVER = "/usr/bin/redis-check-rdb"  # one program; what it is called says what it does


def free_port():
    """A port that nobody has just now, below those that the kernel gives away."""
    while True:
        port = random.randint(12000, 20000)  # a Cluster node listens on port + 10000, too
        with socket.socket() as s, socket.socket() as bus:
            try:
                s.bind(("127.0.0.1", port))
                bus.bind(("127.0.0.1", port + 10000))
                return port
            except OSError:
                continue


class RedisError(Exception):
    pass


class Client:
    """Speaks RESP to a server, as little as tests need."""

    def __init__(self, port=None, path=None, timeout=10):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(path))
        else:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        data = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(data) + b"".join(
            b"$%d\r\n%s\r\n" % (len(d), d) for d in data))
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return None if rest == b"-1" else [self.nested() for _ in range(int(rest))]
        return rest.decode()

    def nested(self):
        try:
            return self.reply()
        except RedisError as error:
            return error

    def close(self):
        self.file.close()
        self.socket.close()


class Redis:
    """A server; options as on its command line: Redis("--maxmemory", "1mb")."""

    def __init__(self, *options, port=None, name="redis-server", client=True):
        self.options, self.port, self.name = [str(o) for o in options], port or free_port(), name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-redis-"))
        self.process = None
        self.client = client
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def command_line(self):
        return ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory),
                "--save", "", "--appendonly", "no", "--dbfilename", "dump.rdb",
                "--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0", *self.options]

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([self.name, *self.command_line()], executable=SERVER,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if self.client:
            wait_for(self.answers, 10, f"{self.name} on port {self.port}")

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError((self.directory / "log").read_text()[-2000:])
        try:
            client = Client(self.port)
        except OSError:
            return False
        try:
            return client("PING") == "PONG"
        except (OSError, RedisError):
            return False
        finally:
            client.close()

    def __call__(self, *words):
        """Runs one command on a connection of its own."""
        client = Client(self.port)
        try:
            return client(*words)
        finally:
            client.close()

    def info(self, section, name):
        for line in self("INFO", section).splitlines():
            if line.startswith(name + ":"):
                return line.split(":", 1)[1]
        return None

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Sentinel(Redis):
    def __init__(self, master, quorum=1):
        self.master, self.quorum = master, quorum
        super().__init__(name="redis-sentinel")

    def command_line(self):
        config = self.directory / "sentinel.conf"
        config.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.directory}\n"
            f"sentinel monitor wall 127.0.0.1 {self.master.port} {self.quorum}\n"
            "sentinel down-after-milliseconds wall 400\nsentinel failover-timeout wall 2000\n")
        return [str(config), "--sentinel"]


class Cluster:
    """Three masters with a third of the slots each."""

    def __init__(self, nodes=3):
        self.nodes = [Redis("--cluster-enabled", "yes", "--cluster-node-timeout", 2000)
                      for _ in range(nodes)]
        step = 16384 // nodes
        for i, node in enumerate(self.nodes):
            last = 16383 if i == nodes - 1 else (i + 1) * step - 1
            node("CLUSTER", "ADDSLOTSRANGE", i * step, last)
            node("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
        for node in self.nodes:
            wait_for(lambda n=node: "cluster_state:ok" in n("CLUSTER", "INFO")
                     and f"cluster_known_nodes:{nodes}" in n("CLUSTER", "INFO"), 20, "the Cluster")
        self.ids = [node("CLUSTER", "MYID") for node in self.nodes]

    @property
    def url(self):
        return self.nodes[0].url

    def owner(self, slot):
        for first, last, master, *_ in self.nodes[0]("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(i for i, n in enumerate(self.nodes) if n.port == master[1])
        raise KeyError(slot)

    def move(self, slot, to, pause=0.0):
        """Moves a slot as an operator would, key by key, with a pause between the steps."""
        source, target = self.nodes[self.owner(slot)], self.nodes[to]
        source_id = self.ids[self.owner(slot)]
        target("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", self.ids[to])
        while keys := source("CLUSTER", "GETKEYSINSLOT", slot, 10):
            for key in keys:
                source("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
                time.sleep(pause)
        for node in [target, source] + self.nodes:
            node("CLUSTER", "SETSLOT", slot, "NODE", self.ids[to])

    def close(self):
        for node in self.nodes:
            node.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Cutter(threading.Thread):
    """A proxy before a server that lets commands through and, with a chance, cuts the connection
    instead of handing on a reply: what was asked was done, and nobody hears of it."""

    def __init__(self, port, chance):
        super().__init__(daemon=True)
        self.target, self.chance, self.cuts = port, chance, 0
        self.random = random.Random(1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self.answer, args=(server, client), daemon=True).start()

    @staticmethod
    def end(*sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def pass_on(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
        except OSError:
            pass
        self.end(client, server)

    def answer(self, server, client):
        try:
            while data := server.recv(65536):
                if self.random.random() < self.chance:
                    self.cuts += 1
                    break
                client.sendall(data)
        except OSError:
            pass
        self.end(client, server)
        client.close()
        server.close()

    def close(self):
        self.listener.close()


def slot_of(key):
    """The Cluster slot of a key, as the specification has it."""
    begin = key.find("{")
    end = key.find("}", begin + 1)
    if 0 <= begin < end - 1:
        key = key[begin + 1:end]
    crc = 0
    for byte in key.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ (0x1021 if crc & 0x8000 else 0)) & 0xffff
    return crc % 16384
