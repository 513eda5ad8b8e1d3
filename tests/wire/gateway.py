"""The gateway under test: its files, its process, and what can be asked about it."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time

from script import PlayError

UPSTREAM_SECRET = "upstream-secret"
ADMIN_TOKEN = "wire-admin-token-0123456789abcdef"
PATIENCE_S = 10.0

MANUAL = """gateway NAME { LINES } [-start | -drain | -kill | -wait | -reload]
  upstream PROVIDER = ${u1} [dialect=openai] [path=/v1] [models=a,b]
  tenant ID [budget=1usd] [key=NAME]   also: key=NAME models=a,b expires=1h
  price MODEL input=1usd/Mtok output=10usd/Mtok [provider=openai] [max_output=N] ...
  set limits.head 4k                   any option of the configuration
  allow EVENT ...                      warnings that the log may have
-start runs it and waits until it is ready; -drain sends SIGTERM, -kill SIGKILL, -reload
SIGHUP; -wait waits for its end.
Names: g1.ledger.rows, g1.ledger.N.FIELD, g1.metric.NAME, g1.log.EVENT, g1.log.warnings,
g1.exit, g1.quota.TENANT.FIELD, g1.quota.TENANT.UNIT.FIELD, g1.keyid.NAME, g1.secret.NAME. They are asked again for up
to 5 s until the expectation holds."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def settings(words):
    """name=value words as a dict."""
    out = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise PlayError(f"name=value is missing: {word}")
        out[name] = value
    return out


class Gateway:
    def __init__(self, world, name, scratch, program):
        self.world, self.name, self.scratch, self.program = world, name, scratch, program
        self.port, self.admin_port = free_port(), free_port()
        self.providers, self.tenants, self.options = [], [], {}
        self.prices, self.keys = {}, {}
        self.allowed = {"loop_stalled"}  # says something of the machine, not of the play
        self.process, self.starts, self.exit = None, 0, None
        os.makedirs(scratch, exist_ok=True)

    # ---- what the block says ----

    def configure(self, block):
        for command in block:
            words = [self.world.expand(w, None) for w in command.words]
            line = getattr(self, "line_" + words[0], None)
            if line is None:
                raise PlayError(f"line {command.line}: no such line in a gateway: {words[0]}")
            line(words[1:])

    def line_upstream(self, words):
        if len(words) < 3 or words[1] != "=":
            raise PlayError("upstream PROVIDER = ADDRESS")
        more = settings(words[3:])
        path = more.pop("path", "/v1")
        provider = {"name": words[0], "dialect": more.pop("dialect", "openai"),
                    "base_url": f"http://{words[2]}{path}", "api_key_env": "WIRE_UPSTREAM_KEY",
                    "allow_private": "yes"}
        if "models" in more:
            provider["models"] = more.pop("models").split(",")
        provider.update(more)
        self.providers.append(provider)

    def line_tenant(self, words):
        self.tenants.append((words[0], settings(words[1:])))

    def line_price(self, words):
        more = settings(words[1:])
        provider = more.pop("provider", "openai")
        entry = {"model": words[0]}
        for name, value in more.items():
            entry[name] = re.sub(r"usd(/Mtok)?$", "", value)
        self.prices.setdefault(provider, []).append(entry)

    def line_set(self, words):
        section, _, name = words[0].rpartition(".")
        where = self.options.setdefault(section, {}) if section else self.options
        where[name] = words[1]

    def line_allow(self, words):
        self.allowed.update(words)

    # ---- its files ----

    def path(self, name):
        return os.path.join(self.scratch, name)

    def write_files(self):
        """The configuration, as JSON, which is YAML; and the prices, whose numbers are plain."""
        config = {"listen": f"127.0.0.1:{self.port}", "state_dir": self.path("data"),
                  "workers": "1", "prices": ["prices.yaml"],
                  "admin": {"socket": self.path("weir.sock"),
                            "listen": f"127.0.0.1:{self.admin_port}",
                            "token_env": "WIRE_ADMIN_TOKEN"},
                  "providers": self.providers}
        for name, value in self.options.items():
            if isinstance(value, dict) and isinstance(config.get(name), dict):
                config[name].update(value)
            else:
                config[name] = value
        with open(self.path("weir.yaml"), "w", encoding="utf-8") as f:
            json.dump(config, f, indent=1)
        with open(self.path("prices.yaml"), "w", encoding="utf-8") as f:
            for provider, entries in self.prices.items():
                f.write(f"{provider}:\n  source: a play\n  models:\n")
                for entry in entries:
                    f.write("    - { " + ", ".join(f"{n}: {v}" for n, v in entry.items()) + " }\n")

    # ---- its process ----

    def start(self):
        self.write_files()
        self.starts += 1
        env = dict(os.environ, WIRE_UPSTREAM_KEY=UPSTREAM_SECRET, WIRE_ADMIN_TOKEN=ADMIN_TOKEN)
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--config", self.path("weir.yaml")],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env, cwd=self.scratch)
        self.exit = None
        self.wait_until_ready()
        if self.starts == 1:
            self.furnish()

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise PlayError(f"{self.name} did not start:\n{self.log_text()}")
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise PlayError(f"{self.name} is not ready after {PATIENCE_S:g} s:\n{self.log_text()}")

    def furnish(self):
        """Tenants, keys and budgets, by the commands that an operator would use."""
        for tenant, more in self.tenants:
            if not any(t == tenant for t, m in self.tenants[:self.tenants.index((tenant, more))]):
                self.cli("tenant", "add", tenant)
            more = dict(more)
            key, budget = more.pop("key", None), more.pop("budget", None)
            if budget:
                self.cli("quota", "set", "--scope", "tenant", "--id", tenant, "--limit", budget)
            if key:
                asked = [w for n, v in more.items() for w in (f"--{n}", v)]
                answer = json.loads(self.cli("key", "issue", "--tenant", tenant, "--json", *asked))
                self.keys[key] = answer

    def signal(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, patience_s=PATIENCE_S):
        """Waits for the end; the exit status."""
        if self.process is None:
            raise PlayError(f"{self.name} was never started")
        try:
            self.exit = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise PlayError(f"{self.name} did not end within {patience_s:g} s") from None
        return self.exit

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None

    # ---- questions ----

    def get(self, path):
        link = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        finally:
            link.close()

    def cli(self, *words):
        """Runs a command against the admin socket; its output."""
        done = subprocess.run([self.program, *words, "--admin", self.path("weir.sock")],
                              capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            raise PlayError(f"weir {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def key(self, name):
        if name not in self.keys:
            raise PlayError(f"no key is called {name}")
        return self.keys[name]

    def secret(self, name):
        return self.key(name)["secret"]

    def any_secret(self):
        return next((k["secret"] for k in self.keys.values()), "")

    def rows(self):
        return [json.loads(line) for line in self.cli("requests", "--json").splitlines() if line]

    def log_text(self):
        try:
            with open(self.path("log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def warnings(self):
        """Log lines of level WARN or ERROR that the play does not allow."""
        out = []
        for line in self.log_text().splitlines():
            parts = line.split(" ", 3)
            if len(parts) > 2 and parts[1] in ("WARN", "ERROR") and parts[2] not in self.allowed:
                out.append(line)
        return out

    def metric(self, name):
        """The sum over all label sets, or one of them where name has {labels}."""
        total, found = 0, False
        for line in self.get("/metrics")[1].splitlines():
            what, _, number = line.rpartition(" ")
            if line.startswith("#") or name not in (what, what.split("{")[0]):
                continue
            total, found = total + float(number), True
        if not found:
            raise PlayError(f"no such metric: {name}")
        return int(total) if total == int(total) else total

    def ledger(self, path):
        rows = self.rows()
        if path == "rows":
            return len(rows)
        index, _, name = path.partition(".")
        if int(index) >= len(rows):
            return None
        row = rows[int(index)]
        if name not in row:
            raise PlayError(f"a row has no {name}")
        return row[name]

    def quota(self, path):
        """A tenant's budget over everything it may spend money on, or of another unit."""
        tenant, _, name = path.partition(".")
        unit, _, of_unit = name.rpartition(".")
        text = self.cli("quota", "list", "--scope", "tenant", "--id", tenant, "--json")
        for line in text.splitlines():
            quota = json.loads(line)
            if quota["resource_type"] == "all" and quota["unit"] == (unit or "usd"):
                return quota.get(of_unit)
        raise PlayError(f"no such quota: {path}: {text}")

    def value(self, path):
        first, _, rest = path.partition(".")
        if path == "log.warnings":
            return len(self.warnings())
        if first == "log":
            return len(re.findall(rf"^\S+ \w+ {re.escape(rest)} ", self.log_text(), re.M))
        simple = {"ledger": self.ledger, "metric": self.metric, "quota": self.quota,
                  "keyid": lambda n: self.key(n)["id"], "secret": self.secret}
        if first in simple:
            return simple[first](rest)
        if path in ("exit", "port", "scratch"):
            return getattr(self, path)
        raise PlayError(f"no such name: {self.name}.{path}")
