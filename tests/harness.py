"""Starts a stand-in provider and Weir for a test, on free ports in a scratch directory.

    with House(prices=..., provider_args=[...]) as house:
        key = house.key("acme")
        house.url, house.weir("usage", "--json"), house.rows(), house.provider_log()

Everything listens on 127.0.0.1 only and is stopped by pid at the end, whatever happened.
Binaries come from $WEIR_BUILD (default: build/ beside this file's folder). A crash of either
program, or a word of a sanitizer in its log, fails the test.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build"))

# Dialects whose stand-in answers below /v1; the others' base_url has no prefix.
BELOW_V1 = {"openai", "groq", "deepseek", "mistral", "xai", "openrouter", "perplexity", "vllm"}

def is_sanitized():
    """Is the build one with a sanitizer? Memory is then no measure."""
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "WEIR_SANITIZE:STRING=\n" not in cache.read_text()


# What the sanitizers say, and how they are to say it: at once, and so that it is the end.
COMPLAINTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
              "WARNING: ThreadSanitizer", "FATAL: ThreadSanitizer", "Sanitizer:DEADLYSIGNAL")
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": f"suppressions={ROOT}/tests/tsan.supp:second_deadlock_stack=1",
}


def wait_for(condition, seconds=10.0, what="a condition"):
    """Polls until condition() is true; raises when it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(f"waited {seconds} s for {what}")


class House:
    """conf: more lines of the configuration. weir_env: more of Weir's environment. weir_prefix:
    a command that starts Weir, such as prlimit."""

    def __init__(self, dialects=("openai", "anthropic", "gemini"), prices=None, conf="",
                 provider_args=(), weir_env=None, weir_prefix=(), keep=False):
        self.dialects = dialects
        self.prices = prices
        self.extra = conf
        self.provider_args = list(provider_args)
        self.weir_env = weir_env or {}
        self.weir_prefix = list(weir_prefix)
        self.keep = keep
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-test-"))
        self.provider = self.server = None
        self.provider_port = self.port = None
        self.restarts = 0

    # --- the stand-in provider ---

    def start_provider(self):
        port_file = self.directory / "provider.port"
        port_file.unlink(missing_ok=True)
        self.provider = subprocess.Popen(
            [BUILD / "bench/provider", "--listen", f"127.0.0.1:{self.provider_port or 0}",
             "--port-file", port_file, "--log", self.directory / "provider.log",
             *map(str, self.provider_args)], stdin=subprocess.DEVNULL,
            stderr=open(self.directory / "provider.err", "ab"), env={**SANITIZERS, **os.environ})
        wait_for(lambda: port_file.exists() and port_file.read_text().strip(), what="the provider")
        self.provider_port = int(port_file.read_text())

    def provider_log(self):
        path = self.directory / "provider.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # --- Weir ---

    def listen(self):
        """What the configuration says under `listen`."""
        return f"127.0.0.1:{self.port or 0}"

    def providers(self):
        """The lines of the configuration's list of providers."""
        lines = []
        for dialect in self.dialects:
            base = f"http://127.0.0.1:{self.provider_port}" + ("/v1" if dialect in BELOW_V1 else "")
            lines.append(f"  - {{ name: {dialect}, dialect: {dialect}, base_url: '{base}', "
                         f"api_key_env: STAND_IN_KEY, allow_private: yes }}")
        return lines

    def config(self):
        prices = self.prices or ROOT / "conf/prices.yaml"
        return "\n".join([
            f"listen: {self.listen()}",
            f"state_dir: {self.directory}/data",
            f"admin: {{ socket: {self.directory}/weir.sock }}",
            f"prices: [ {prices} ]",
            self.extra,
            "providers:", *self.providers(), ""])

    def start_weir(self):
        config = self.directory / "weir.yaml"
        config.write_text(self.config())
        self.log_path = self.directory / "weir.log"
        before = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.server = subprocess.Popen(
            [*self.weir_prefix, BUILD / "weir", "serve", "--config", config],
            stdin=subprocess.DEVNULL, stderr=open(self.log_path, "ab"),
            env={**SANITIZERS, **os.environ, "STAND_IN_KEY": "sk-stand-in", **self.weir_env})

        def ready():
            if self.server.poll() is not None:
                raise RuntimeError("weir serve ended:\n" + self.log_path.read_text()[-3000:])
            for line in self.log_path.read_bytes()[before:].decode(errors="replace").splitlines():
                if "serving on " in line:
                    return line.split("serving on ")[1].split(",")[0].split()[0]
            return None

        where = wait_for(ready, 30, "weir serve")
        self.port = int(where.rsplit(":", 1)[1])
        self.restarts += 1

    def kill_weir(self):
        """kill -9, and wait until it is gone."""
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def stop_weir(self, seconds=15):
        self.server.send_signal(signal.SIGTERM)
        return self.server.wait(seconds)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def rss_kb(self):
        """Weir's resident memory now."""
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def cpu_s(self):
        """The processor time Weir has used."""
        fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def admin(self, path, method="GET", body=None):
        """Asks the admin socket; (status, text)."""
        link = http.client.HTTPConnection("admin", timeout=20)
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.connect(str(self.directory / "weir.sock"))
        link.request(method, path, body)
        answer = link.getresponse()
        text = answer.read().decode(errors="replace")
        link.close()
        return answer.status, text

    def metric(self, name):
        """The sum of a metric over its labels."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.admin("/metrics")[1].splitlines()
                   if line.startswith((name + " ", name + "{")))

    def weir(self, *arguments, check=True):
        """Runs a command of the CLI and returns what it printed."""
        done = subprocess.run(
            [BUILD / "weir", *map(str, arguments)], capture_output=True, text=True, timeout=60,
            env={**SANITIZERS, **os.environ, "WEIR_ADMIN": str(self.directory / "weir.sock")})
        if check and done.returncode != 0:
            raise RuntimeError(f"weir {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def key(self, tenant="acme", **options):
        """A key of this tenant, which is added if need be."""
        self.weir("tenant", "add", tenant, check=False)
        words = [w for name, value in options.items() for w in (f"--{name}", value)]
        return json.loads(self.weir("key", "issue", "--tenant", tenant, "--json", *words))["secret"]

    def rows(self, *arguments):
        """The newest 20,000 rows of the ledger, oldest first."""
        return [json.loads(line) for line in
                self.weir("requests", "--json", "--limit", 20000, *arguments).splitlines()]

    def row(self, request_id):
        """That row; a busy worker may still be settling it when its client has all."""
        ask = lambda: self.weir("requests", "--json", "--id", request_id, check=False)
        return json.loads(wait_for(ask, what=f"the row of {request_id}"))

    # --- the whole ---

    def __enter__(self):
        try:
            self.start_provider()
            self.start_weir()
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        """Stops both; returns what was wrong with how they ended."""
        bad = []
        for name, process, log in (("weir", self.server, "weir.log"),
                                   ("the provider", self.provider, "provider.err")):
            if not process:
                continue
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                bad.append(f"{name} did not end when told to")
            if process.returncode not in (0, -signal.SIGKILL):
                bad.append(f"{name} ended with status {process.returncode}")
            bad += complaints(name, self.directory / log)
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        return bad

    def __exit__(self, kind, value, trace):
        fine = kind is None or (kind is SystemExit and not value.code)
        if not fine and self.server:
            sys.stderr.write("the last lines of Weir's log:\n" + self.log_path.read_text()[-2000:])
        bad = self.close()
        if fine and bad:
            raise RuntimeError("\n".join(bad))


def complaints(name, log):
    """What a sanitizer wrote into this log, with what follows it."""
    text = log.read_text(errors="replace") if log.exists() else ""
    places = [at for at in map(text.find, COMPLAINTS) if at >= 0]
    return [f"{name}, its sanitizer:\n{text[min(places):][:6000]}"] if places else []


class Tally:
    """Counts checks and prints the closing line that tests/run adds up."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
            print(f"ok   {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {name}: {detail}", flush=True)
        return good

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(self.failed > 0)
