#!/usr/bin/env python3
"""The command line and the admin API, driven as an operator and a stranger would.

Starts the real program beside the stand-in provider, both on free ports of 127.0.0.1, in a
scratch directory. The checks name the threat they stand for where there is one (T25, T58, T80).
"""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, ROOT, House, Tally, wait_for  # noqa: E402

TOKEN = "a-token-that-is-long-enough"
PRICES = """openai:
  source: a test
  models:
    - { model: gpt-4o, input: 2.50, cache_read: 1.25, output: 10 }
    - { model: gpt-4o-mini, input: 0.15, cache_read: 0.075, output: 0.60 }
"""


class Shop(House):
    """A House with an admin address, a token and a price file of its own."""

    def __init__(self):
        super().__init__(dialects=("openai",))
        self.price_file = self.directory / "prices.yaml"
        self.price_file.write_text(PRICES)

    def config(self):
        return "\n".join([
            f"listen: 127.0.0.1:{self.port or 0}",
            f"state_dir: {self.directory}/data",
            f"admin: {{ socket: {self.directory}/weir.sock, listen: 127.0.0.1:0, "
            "token_env: TEST_ADMIN_TOKEN }",
            f"prices: [ {self.price_file} ]",
            "plans:",
            "  - { name: free, quotas: [ 5usd llm month, 20 requests minute, 2 concurrent ] }",
            "  - { name: enterprise, quotas: none }",
            "providers:",
            f"  - {{ name: openai, dialect: openai, api_key_env: STAND_IN_KEY, allow_private: yes, "
            f"base_url: 'http://127.0.0.1:{self.provider_port}/v1' }}", ""])

    def start_weir(self):
        os.environ["TEST_ADMIN_TOKEN"] = TOKEN
        super().start_weir()
        ready = [line for line in self.log_path.read_text().splitlines() if "serving on" in line]
        self.ready_line = ready[-1]
        self.admin_port = int(re.search(r"http://127\.0\.0\.1:(\d+)", ready[-1]).group(1))

    @property
    def socket(self):
        return str(self.directory / "weir.sock")


def run(*words, place=None, env=None, cwd=None):
    """A command line; returns (exit status, stdout, stderr)."""
    words = list(map(str, words)) + (["--admin", place] if place else [])
    done = subprocess.run([BUILD / "weir", *words], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, cwd=cwd, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def ask(port, path, method="GET", body=None, **headers):
    """One HTTP request; returns (status, body text)."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        link.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = link.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        link.close()


def chat(shop, key, model="gpt-4o"):
    """One chat completion through the gateway; returns (status, body text)."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello there"}]})
    return ask(shop.port, "/v1/chat/completions", "POST", body, Authorization=f"Bearer {key}",
               Content_Type="application/json")


class Stream:
    """A chat completion under way, so many events with a gap between them."""

    def __init__(self, shop, key, events, gap_ms):
        body = {"model": "gpt-4o", "stream": True, "max_tokens": 1000,
                "messages": [{"role": "user", "content": "count for me"}],
                "stand_in": {"events": events, "gap_ms": gap_ms}}
        self.link = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=30)
        self.link.request("POST", "/v1/chat/completions", json.dumps(body),
                          {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        self.answer = self.link.getresponse()
        self.read = self.answer.readline()

    def rest(self):
        """All that is still to come, or what came before the connection broke."""
        try:
            return self.answer.read().decode()
        except (http.client.IncompleteRead, ConnectionResetError) as broken:
            return getattr(broken, "partial", b"").decode()


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def shows_help(t):
    status, out, _ = run("help")
    t.check("help lists the commands", status == 0 and "weir key issue" in out, out)
    status, out, _ = run("help", "key")
    t.check("help NOUN lists its options", status == 0 and "--expires WHEN" in out, out)
    status, out, _ = run("--help")
    t.check("--help is help", status == 0 and "weir serve" in out, out)
    status, out, _ = run("key", "issue", "--help")
    t.check("--help of one command", status == 0 and out.startswith("weir key issue"), out)
    status, out, _ = run("version")
    t.check("version", status == 0 and re.fullmatch(r"weir \d+\.\d+\.\d+\n", out), out)
    _, manual, _ = run("help", "--markdown")
    t.check("docs/cli.md is what help --markdown prints",
            (ROOT / "docs/cli.md").read_text() == manual,
            "run: weir help --markdown > docs/cli.md")
    _, manual, _ = run("help", "--api")
    t.check("docs/admin-api.md is what help --api prints",
            (ROOT / "docs/admin-api.md").read_text() == manual,
            "run: weir help --api > docs/admin-api.md")


def refuses_what_it_does_not_understand(t):
    for words, reason in [
            ([], "weir serve"),
            (["dance"], 'no command "dance"'),
            (["key", "dance"], 'no command "key dance"'),
            (["key"], "weir key issue"),
            (["key", "issue"], "--tenant ID is missing"),
            (["key", "issue", "--tenant"], "--tenant needs a value"),
            (["key", "list", "--tenant", "a", "--tenant", "b"], "given twice"),
            (["key", "list", "--json=1"], "takes no value"),
            (["key", "list", "--grace", "1h"], "no option --grace here"),
            (["tenant", "show"], "ID is missing"),
            (["tenant", "show", "a", "b"], 'what is "b" for'),
            (["tenant", "show", "x" * 2000], "too long"),
            (["serve"], "--config FILE is missing"),
            (["help", "dance"], 'no command "dance"'),
            (["requests", "--limit", "none"], "a number from 1 on")]:
        status, out, err = run(*words)
        t.check(f"weir {' '.join(words)[:40]}: exit 2 and why", status == 2 and reason in err,
                (status, out, err))


def checks_configurations(t, shop):
    good = shop.directory / "weir.yaml"
    status, out, err = run("check", "--config", good)
    t.check("check: a good file", status == 0 and "fine" in out, (out, err))
    status, out, _ = run("check", "--config", good, "--print")
    t.check("check --print shows options and where they come from",
            status == 0 and "limits.head = 32k" in out and "weir.yaml:1" in out, out)
    t.check("check --print shows no secret (T25)", TOKEN not in out and "sk-stand-in" not in out)
    bad = shop.directory / "bad.yaml"
    bad.write_text("listen: 127.0.0.1:0\nstate_dri: data\n")
    status, _, err = run("check", "--config", bad)
    t.check("check: an unknown option, with its line",
            status == 1 and "bad.yaml:2:" in err and "state_dri" in err, err)
    status, _, err = run("serve", "--config", bad)
    t.check("serve refuses the same file", status == 1 and "bad.yaml:2:" in err, err)
    status, _, err = run("check", "--config", shop.directory / "none.yaml")
    t.check("check: a missing file", status == 1 and "none.yaml" in err, err)
    priced = shop.directory / "priced.yaml"
    (shop.directory / "wrong-prices.yaml").write_text(PRICES.replace("2.50", "two"))
    priced.write_text(shop.config().replace("prices.yaml", "wrong-prices.yaml"))
    status, _, err = run("check", "--config", priced)
    t.check("check: a price that is no number, with its line",
            status == 1 and "wrong-prices.yaml:4:" in err, err)


def says_where_it_looked(t, shop):
    nowhere = shop.directory / "nowhere.sock"
    status, _, err = run("tenant", "list", place=nowhere)
    t.check("no weir there: exit 1 and what to do",
            status == 1 and "nowhere.sock" in err and "--config FILE" in err, err)
    status, out, _ = run("tenant", "list", "--json", env={"WEIR_ADMIN": shop.socket})
    t.check("WEIR_ADMIN names the socket", status == 0)
    status, out, _ = run("tenant", "list", "--config", shop.directory / "weir.yaml")
    t.check("--config names the socket", status == 0, out)
    status, out, _ = run("tenant", "list", cwd=shop.directory)
    t.check("./weir.yaml names the socket", status == 0, out)


def keeps_its_files_to_itself(t, shop):
    mode = lambda path: stat.S_IMODE(os.stat(path).st_mode)
    t.check("the socket has mode 0600 (T80)", mode(shop.socket) == 0o600)
    t.check("state_dir has mode 0700 (T83)", mode(shop.directory / "data") == 0o700)
    loose = [str(p) for p in (shop.directory / "data").rglob("*") if mode(p) & 0o077]
    t.check("nothing in it is open to others", not loose, loose)
    status, _, err = run("serve", "--config", shop.directory / "weir.yaml",
                         env={"STAND_IN_KEY": "sk-stand-in"})
    t.check("a second weir on the same state is refused (F31)", status == 1 and err, err)
    t.check("... and the first one goes on", run("tenant", "list", place=shop.socket)[0] == 0)


def keeps_tenants(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    status, out, err = weir("tenant", "add", "acme", "--name", "Acme Inc")
    t.check("tenant add", status == 0 and "weir key issue --tenant acme" in out, err)
    status, _, err = weir("tenant", "add", "acme")
    t.check("tenant add twice: exit 1", status == 1 and "already" in err, err)
    for bad in ("", "a b", "a/b", "x" * 60, "é"):
        status, _, err = weir("tenant", "add", bad)
        t.check(f"tenant add {bad[:8]!r}: not a name", status == 2 and err, (status, err))
    status, out, _ = weir("tenant", "list", "--json")
    rows = lines(out)
    t.check("tenant list --json", len(rows) == 1 and rows[0]["id"] == "acme" and
            rows[0]["name"] == "Acme Inc" and rows[0]["keys"] == 0, out)
    status, out, _ = weir("tenant", "list")
    t.check("tenant list is a table", "TENANT" in out and "Acme Inc" in out, out)
    status, out, _ = weir("tenant", "show", "acme", "--json")
    shown = json.loads(out)
    limits = {q["resource_type"]: (q["limit_pusd"], q["period"], q["warn_percent"])
              for q in shown["quotas"]}
    t.check("a new tenant has the default quotas", limits == {
        "llm": (100 * 10**12, "month", [80, 90, 100]), "e2b": (50 * 10**12, "month", [80, 90, 100]),
        "all": (150 * 10**12, "month", [80, 90, 100])}, limits)
    status, _, err = weir("tenant", "show", "nobody")
    t.check("tenant show of nobody: exit 1", status == 1 and "nobody" in err, err)


def keeps_quotas(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    listed = lambda *words: lines(weir("quota", "list", "--json", *words)[1])
    status, _, err = weir("quota", "set", "--scope", "tenant", "--id", "acme", "--resource", "llm",
                          "--period", "day", "--limit", "12.5usd", "--warn", "50")
    mine = [q for q in listed("--scope", "tenant", "--id", "acme") if q["period"] == "day"]
    t.check("quota set adds one", status == 0 and len(mine) == 1 and
            mine[0]["limit_usd"] == "12.5" and mine[0]["warn_percent"] == [50], (err, mine))
    status, _, _ = weir("quota", "set", "--scope", "tenant", "--id", "acme", "--resource", "llm",
                        "--period", "day", "--limit", "20usd")
    mine = [q for q in listed("--scope", "tenant") if q["period"] == "day"]
    t.check("quota set changes it and keeps the warning", status == 0 and
            mine[0]["limit_usd"] == "20" and mine[0]["warn_percent"] == [50], mine)
    status, _, _ = weir("quota", "set", "--scope", "platform", "--limit", "1000usd")
    t.check("a platform limit, by default on all for a month", status == 0 and
            [(q["resource_type"], q["period"]) for q in listed("--scope", "platform")] ==
            [("all", "month")])
    status, out, _ = weir("quota", "show", "acme", "--json")
    t.check("quota show has the platform's, too",
            {q["scope"] for q in lines(out)} == {"tenant", "platform"}, out)
    for words, code, reason in [
            (["--scope", "tenant", "--id", "nobody", "--limit", "1usd"], 1, "no tenant"),
            (["--scope", "key", "--id", "nokey", "--limit", "1usd"], 1, "no key"),
            (["--scope", "galaxy", "--limit", "1usd"], 2, "platform, tenant, team, user, key or tag"),
            (["--scope", "tenant", "--limit", "1usd"], 2, "id is missing"),
            (["--scope", "platform", "--id", "x", "--limit", "1usd"], 2, "one only"),
            (["--scope", "platform", "--limit", "much"], 2, "100usd"),
            (["--scope", "platform", "--limit", "-1usd"], 2, "100usd"),
            (["--scope", "platform", "--limit", "1usd", "--warn", "90,80"], 2, "percent"),
            (["--scope", "platform", "--limit", "1usd", "--period", "eon"], 2, "period"),
            (["--scope", "platform", "--limit", "60"], 2, "60requests"),
            (["--scope", "platform", "--limit", "5usd", "--unit", "tokens"], 2, "an amount"),
            (["--scope", "platform", "--limit", "5usd", "--unit", "eur"], 2, "concurrent"),
            (["--scope", "platform", "--limit", "2concurrent", "--period", "day"], 2, "total"),
            (["--scope", "platform", "--limit", "2concurrent", "--warn", "80"], 2, "not warned"),
            (["--scope", "team", "--id", "red", "--limit", "1usd"], 2, "tenant is missing"),
            (["--scope", "team", "--tenant", "nobody", "--id", "red", "--limit", "1usd"], 1,
             "no tenant"),
            (["--scope", "tenant", "--id", "acme", "--tenant", "acme", "--limit", "1usd"], 2,
             "only a team"),
            (["--scope", "platform", "--limit", "1usd", "--zone", "Mars/Crater"], 2, "time zone"),
            (["--scope", "platform", "--limit", "1usd", "--zone", "../../etc/passwd"], 2,
             "time zone"),
            (["--scope", "platform", "--limit", "1usd", "--action", "shout"], 2, "block or warn"),
            (["--scope", "platform", "--limit", "1usd", "--enforce", "maybe"], 2, "yes or no"),
            (["--scope", "platform", "--limit", "1usd", "--on-outage", "pray"], 2, "closed")]:
        status, _, err = weir("quota", "set", *words)
        t.check(f"quota set {' '.join(words)[:48]}: exit {code}", status == code and reason in err,
                (status, err))
    status, _, _ = weir("quota", "delete", "--scope", "platform")
    t.check("quota delete", status == 0 and not listed("--scope", "platform"))
    status, _, err = weir("quota", "remove", "--scope", "platform")
    t.check("quota remove, the same, of none: exit 1", status == 1 and "weir quota list" in err, err)


def keeps_all_kinds_of_quotas(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    listed = lambda *words: lines(weir("quota", "list", "--json", *words)[1])
    for words, wanted in [
            (["--scope", "team", "--tenant", "acme", "--id", "red", "--limit", "200000tokens",
              "--period", "day", "--zone", "Europe/Berlin", "--resource", "llm"],
             {"unit": "tokens", "limit": 200000, "period": "day", "zone": "Europe/Berlin",
              "tenant": "acme", "warn_percent": [80, 90, 100], "action": "block"}),
            (["--scope", "user", "--tenant", "acme", "--id", "ann@acme.io", "--limit", "60",
              "--unit", "requests", "--period", "minute", "--action", "warn"],
             {"unit": "requests", "limit": 60, "warn_percent": [], "action": "warn",
              "enforce": True, "on_outage": "local"}),
            (["--scope", "tag", "--tenant", "acme", "--id", "nightly", "--limit", "4concurrent",
              "--enforce", "no", "--on-outage", "closed"],
             {"unit": "concurrent", "limit": 4, "period": "total", "enforce": False,
              "on_outage": "closed", "period_ends_at": None})]:
        status, out, err = weir("quota", "set", "--json", *words)
        told = json.loads(out) if status == 0 else {}
        t.check(f"quota set {' '.join(words)[:40]}", status == 0 and
                {k: told.get(k) for k in wanted} == wanted and told["source"] == "set", (told, err))
        t.check("... and list tells the same",
                [q for q in listed("--scope", words[1]) if q["scope_id"] == told["scope_id"]] ==
                [told], told)
    berlin = [q for q in listed("--scope", "team")][0]
    t.check("a day in Berlin is not a day in London",
            berlin["period_starts_at"][11:13] in ("22", "23"), berlin)
    t.check("tenant show has the team's, the user's and the tag's", {"team", "user", "tag"} <=
            {q["scope"] for q in json.loads(weir("tenant", "show", "acme", "--json")[1])["quotas"]})
    out = weir("quota", "show", "acme")[1]
    t.check("quota show is a table with limit, spent, held, left, since, until",
            all(word in out for word in ("LIMIT", "SPENT", "HELD", "LEFT", "USED %", "SINCE",
                                         "UNTIL", "nightly", "200000")), out)

    red = ["--scope", "team", "--tenant", "acme", "--id", "red", "--resource", "llm",
           "--period", "day"]
    status, out, err = weir("quota", "raise", *red, "--limit", "300000tokens", "--until", "2h", "--json")
    told = json.loads(out)
    t.check("quota raise", status == 0 and told["limit"] == 300000 and
            told["usual_limit"] == 200000 and told["raised_until"], (told, err))
    for words, code, reason in [(["--limit", "100tokens", "--until", "2h"], 1, "no raise"),
                                (["--limit", "400000tokens", "--until", "2020-01-01"], 2, "to come"),
                                (["--limit", "none", "--unit", "tokens", "--until", "2h"], 2, "raised"),
                                (["--limit", "9usd", "--until", "2h"], 1, "no limit of usd")]:
        status, _, err = weir("quota", "raise", *red, *words)
        t.check(f"quota raise {' '.join(words)}: exit {code}", status == code and reason in err, err)
    told = json.loads(weir("quota", "set", *red, "--limit", "250000tokens", "--json")[1])
    t.check("quota set ends a raise and keeps the rest", told["limit"] == 250000 and
            told["raised_until"] is None and told["zone"] == "Europe/Berlin", told)
    status, out, _ = weir("quota", "reset", *red, "--unit", "tokens", "--json")
    t.check("quota reset", status == 0 and json.loads(out)["current_spend"] == 0, out)
    status, _, err = weir("quota", "reset", "--scope", "tag", "--tenant", "acme", "--id", "nightly",
                          "--unit", "concurrent")
    t.check("quota reset of what is concurrent: exit 1", status == 1 and "nothing to reset" in err, err)
    for period, limit in [("minute", "5tokens"), ("hour", "5tokens"), ("week", "5tokens"),
                          ("month", "5tokens"), ("total", "5tokens"), ("day", "5usd"),
                          ("week", "5usd")]:
        weir("quota", "set", *red[:-1], period, "--limit", limit)
    status, _, err = weir("quota", "set", "--scope", "team", "--tenant", "acme", "--id", "red",
                          "--limit", "5concurrent")
    t.check("a ninth limit of one subject is refused", status == 2 and "8 for one resource" in err, err)
    t.check("... and nothing of it stays", not [q for q in listed("--scope", "team")
                                                if q["unit"] == "concurrent"])
    for q in listed("--scope", "team") + listed("--scope", "user") + listed("--scope", "tag"):
        weir("quota", "delete", "--scope", q["scope"], "--tenant", "acme", "--id", q["scope_id"],
             "--resource", q["resource_type"], "--unit", q["unit"], "--period", q["period"])
    t.check("quota delete takes them all away",
            {q["scope"] for q in listed()} == {"tenant"}, listed())


def knows_plans(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    limits = lambda tenant: {(q["resource_type"], q["unit"], q["period"]): (
        q.get("limit_pusd", q.get("limit")), q["source"])
        for q in lines(weir("quota", "list", "--json", "--scope", "tenant", "--id", tenant)[1])}
    free = {("llm", "usd", "month"): (5 * 10**12, "plan"),
            ("all", "requests", "minute"): (20, "plan"),
            ("all", "concurrent", "total"): (2, "plan")}
    status, out, err = weir("tenant", "add", "small", "--plan", "free", "--json")
    t.check("tenant add --plan", status == 0 and json.loads(out)["plan"] == "free", err)
    t.check("a plan's quotas are the tenant's", limits("small") == free, limits("small"))
    status, _, err = weir("tenant", "add", "other", "--plan", "gold")
    t.check("a plan that is none: exit 1", status == 1 and "gold" in err, err)
    weir("quota", "set", "--scope", "tenant", "--id", "small", "--resource", "llm", "--limit", "7usd")
    mine = free | {("llm", "usd", "month"): (7 * 10**12, "set")}
    t.check("what is set goes before the plan", limits("small") == mine, limits("small"))
    weir("quota", "set", "--scope", "tenant", "--id", "small", "--limit", "none", "--unit",
         "requests", "--period", "minute")
    mine[("all", "requests", "minute")] = (None, "set")
    t.check("none goes before it, too, and is shown", limits("small") == mine, limits("small"))
    status, _, err = weir("quota", "delete", "--scope", "tenant", "--id", "small", "--unit",
                          "concurrent")
    t.check("a plan's own quota cannot be deleted", status == 1 and "plan" in err, err)
    for words in (["--resource", "llm"], ["--unit", "requests", "--period", "minute"]):
        weir("quota", "delete", "--scope", "tenant", "--id", "small", *words)
    t.check("deleting what was set brings the plan back", limits("small") == free, limits("small"))
    status, _, err = weir("quota", "raise", "--scope", "tenant", "--id", "small", "--resource", "llm",
                          "--limit", "9usd", "--until", "1h")
    t.check("a plan's quota can be raised", status == 0 and
            limits("small")[("llm", "usd", "month")] == (9 * 10**12, "set"), (err, limits("small")))
    weir("quota", "delete", "--scope", "tenant", "--id", "small", "--resource", "llm")
    status, _, err = weir("tenant", "plan", "small", "--plan", "enterprise")
    t.check("tenant plan: one without limits", status == 0 and limits("small") == {}, err)
    status, _, _ = weir("tenant", "plan", "small", "--plan", "default")
    t.check("tenant plan default", status == 0 and limits("small")[("all", "usd", "month")] ==
            (150 * 10**12, "plan"), limits("small"))
    t.check("tenant list shows plans", "PLAN" in weir("tenant", "list")[1])
    weir("tenant", "plan", "small", "--plan", "free")
    bad = shop.directory / "plans.yaml"
    bad.write_text(shop.config().replace("5usd llm month", "5usd llm fortnight"))
    status, _, err = run("check", "--config", bad)
    t.check("check: a plan's quota that is none, with its line",
            status == 1 and "plans.yaml:" in err and "fortnight" in err, err)


def refused_within(shop, key, seconds):
    """Is the key refused before so many seconds are over?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if chat(shop, key)[0] == 401:
            return True
        time.sleep(0.05)
    return False


def lives_the_life_of_keys(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    status, _, err = weir("key", "issue", "--tenant", "nobody")
    t.check("key issue for nobody: exit 1 and what to do",
            status == 1 and "weir tenant add nobody" in err, err)
    status, out, err = weir("key", "issue", "--tenant", "acme", "--label", "first")
    secret = out.strip()
    t.check("key issue prints the secret alone", status == 0 and
            re.fullmatch(r"sk-weir-\w{12}-\w{30}", secret), out)
    t.check("... and says on stderr that this was the only time", "not shown again" in err, err)
    listing = weir("key", "list", "--json")[1]
    first = lines(listing)[0]
    t.check("key list --json", first["tenant"] == "acme" and first["state"] == "active" and
            first["label"] == "first", first)
    t.check("no listing has a secret (T25)", secret not in listing and "hash" not in listing)
    status, body = chat(shop, secret)
    t.check("the key works", status == 200, (status, body))

    status, out, _ = weir("key", "rotate", first["id"], "--grace", "2s", "--json")
    second = json.loads(out)
    t.check("key rotate answers with the successor", status == 0 and second["secret"] != secret and
            second["replaces"]["id"] == first["id"] and second["label"] == "first", second)
    t.check("in the grace period both work",
            chat(shop, secret)[0] == 200 and chat(shop, second["secret"])[0] == 200)
    t.check("after it the old one is refused", refused_within(shop, secret, 6))
    t.check("... and the new one goes on", chat(shop, second["secret"])[0] == 200)
    status, _, err = weir("key", "rotate", first["id"])
    t.check("an expired key cannot be rotated", status == 1 and "expired" in err, err)

    status, out, _ = weir("key", "revoke", second["id"])
    t.check("a revoked key is refused within a second (T58)",
            status == 0 and refused_within(shop, second["secret"], 1.0))
    t.check("revoking twice is no error", weir("key", "revoke", second["id"])[0] == 0)
    states = {k["id"]: k["state"] for k in lines(weir("key", "list", "--json")[1])}
    t.check("key list says how they stand", states[first["id"]] == "expired" and
            states[second["id"]] == "revoked", states)
    status, _, err = weir("key", "revoke", "nosuchkey")
    t.check("revoking what is not there: exit 1", status == 1 and "weir key list" in err, err)
    for words, reason in [(["--expires", "yesterday"], "RFC 3339"),
                          (["--expires", "2020-01-01"], "over already"),
                          (["--models", "a,,b"], "commas"),
                          (["--models", "*-mini"], "end of a name")]:
        status, _, err = weir("key", "issue", "--tenant", "acme", *words)
        t.check(f"key issue {' '.join(words)}: exit 2", status == 2 and reason in err, err)


def limits_what_keys_may(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    narrow = weir("key", "issue", "--tenant", "acme", "--models", "gpt-4o-*")[1].strip()
    t.check("a key for some models: one of them", chat(shop, narrow, "gpt-4o-mini")[0] == 200)
    t.check("... and one that is not", chat(shop, narrow, "gpt-4o")[0] == 403)
    weir("tenant", "add", "shut")
    key = weir("key", "issue", "--tenant", "shut")[1].strip()
    t.check("a tenant's key works", chat(shop, key)[0] == 200)
    weir("tenant", "disable", "shut")
    status = wait_for(lambda: chat(shop, key)[0] != 200, 1.5, "the refusal")
    t.check("tenant disable refuses its keys", bool(status))
    weir("tenant", "enable", "shut")
    t.check("tenant enable serves them again", chat(shop, key)[0] == 200)
    weir("quota", "set", "--scope", "tenant", "--id", "shut", "--limit", "0usd")
    status, body = chat(shop, key)
    t.check("a limit of 0 admits nothing", status == 429 and "quota_exceeded" in body, body)


def reports(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    key = weir("key", "issue", "--tenant", "acme", "--team", "red", "--label", "reports")[1].strip()
    status, body = chat(shop, key)
    said = json.loads(body)["usage"]
    status, out, _ = weir("requests", "--json", "--limit", "1")
    row = lines(out)[0]
    cost = 2_500_000 * said["prompt_tokens"] + 10_000_000 * said["completion_tokens"]
    t.check("a request just finished is listed, priced to the picodollar",
            row["tenant"] == "acme" and row["team"] == "red" and row["model"] == "gpt-4o" and
            row["input_tok"] == said["prompt_tokens"] and
            row["output_tok"] == said["completion_tokens"] and row["cost_pusd"] == cost,
            (row, said, cost))
    contract = """id started_at tenant team user key provider dialect model model_served status
        ended_by usage_source input_tok cached_read_tok cache_write_tok tool_input_tok output_tok
        reasoning_tok fees cost_pusd cost_usd price_version provider_cost_pusd held_pusd
        first_byte_us took_us bytes_in bytes_out tags""".split()
    t.check("a row has every field of the contract", all(name in row for name in contract),
            [name for name in contract if name not in row])

    every = lines(weir("requests", "--json")[1])
    paged = lines(weir("requests", "--json", "--limit", "100000")[1])
    t.check("requests: all of them, oldest first, however asked for",
            every == paged == sorted(every, key=lambda r: (r["started_us"], r["id"])) and
            len({r["id"] for r in every}) == len(every), (len(every), len(paged)))
    t.check("--limit takes the newest", lines(weir("requests", "--json", "--limit", "2")[1]) ==
            every[-2:])
    t.check("--id takes one", lines(weir("requests", "--json", "--id", row["id"])[1]) == [row])
    t.check("--tenant filters", {r["tenant"] for r in
                                 lines(weir("requests", "--json", "--tenant", "shut")[1])} == {"shut"})
    t.check("--since takes the instant of a row",
            lines(weir("requests", "--json", "--since", row["started_at"])[1])[-1] == row)
    t.check("--since in the future: none", weir("requests", "--json", "--since", "2100-01-01")[1] == "")
    t.check("requests is a table without --json", row["id"] in weir("requests")[1])

    status, out, _ = weir("usage", "--by", "tenant,model", "--json", "--since", "24h")
    rows = lines(out)
    mine = [r for r in rows if r["tenant"] == "acme" and r["model"] == "gpt-4o"][0]
    wanted = [r for r in every if r["tenant"] == "acme" and r["model"] == "gpt-4o"]
    t.check("usage adds up what requests lists", mine["requests"] == len(wanted) and
            mine["cost_pusd"] == sum(r["cost_pusd"] for r in wanted) and
            mine["output_tok"] == sum(r["output_tok"] for r in wanted), (mine, len(wanted)))
    status, out, _ = weir("usage")
    last = out.splitlines()[-1].split()
    usd = f"{sum(r['cost_pusd'] for r in every) / 10**12:.12f}".rstrip("0").rstrip(".")
    t.check("usage ends with the exact total", last[0] == "total" and last[-1] == usd, (out, usd))
    for group in ("tenant", "team", "user", "key", "model", "provider", "hour", "day"):
        status, out, err = weir("usage", "--by", group, "--json")
        t.check(f"usage --by {group}", status == 0 and
                all(group in r for r in lines(out)) and
                sum(r["requests"] for r in lines(out)) == len(every), (out, err))
    t.check("usage --by nonsense: exit 2", weir("usage", "--by", "colour")[0] == 2)
    t.check("usage --since nonsense: exit 2", weir("usage", "--since", "then")[0] == 2)

    status, out, _ = weir("explain", row["id"], "--json")
    told = json.loads(out)
    t.check("explain: quantities x prices are the cost", told["request"]["id"] == row["id"] and
            told["cost"]["cost_pusd"] == row["cost_pusd"] and
            {(m["quantity"], m["count"]) for m in told["cost"]["terms"]} ==
            set(row["quantities"].items()), told)
    status, out, _ = weir("explain", row["id"])
    t.check("explain for people", status == 0 and "2.5" not in out.splitlines()[0] and
            "0.0000025" in out and "PHASE" in out and row["usage_source"] in out, out)
    t.check("explain of nothing: exit 1",
            weir("explain", "00000000-0000-7000-8000-000000000000")[0] == 1)
    t.check("explain of nonsense: exit 2", weir("explain", "nonsense")[0] == 2)
    status, out, _ = weir("states", "--json")
    edges = json.loads(out)["edges"]
    t.check("states: edges were taken", status == 0 and any(e["taken"] > 0 for e in edges), out)
    t.check("states as a table", "TAKEN" in weir("states")[1])


def prices_models(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    status, out, _ = weir("price", "list", "--json")
    listed = {p["model"]: p for p in lines(out)}
    t.check("price list --json", listed["gpt-4o"]["rates"]["input"] == "2.5" and
            listed["gpt-4o-mini"]["rates"]["cache_read"] == "0.075", listed)
    status, out, _ = weir("price", "explain", "gpt-4o", "--input", "1000", "--output", "100", "--json")
    t.check("price explain adds up", json.loads(out)["cost"]["cost_usd"] == "0.0035", out)
    status, out, _ = weir("price", "explain", "gpt-4o")
    t.check("price explain without quantities shows the price", status == 0 and "2.5" in out, out)
    t.check("price explain of an unknown model: exit 1", weir("price", "explain", "gpt-9")[0] == 1)

    key = weir("key", "issue", "--tenant", "acme", "--label", "prices")[1].strip()
    t.check("an unpriced model is refused (T47)", chat(shop, key, "gpt-9")[0] == 403)
    status, _, err = weir("price", "set", "--provider", "openai", "--model", "gpt-9",
                          "--input", "1", "--output", "0.000001")
    t.check("price set", status == 0, err)
    t.check("... and the model is served at once", chat(shop, key, "gpt-9")[0] == 200)
    row = lines(weir("requests", "--json", "--limit", "1")[1])[0]
    t.check("... at that price", row["cost_pusd"] == row["input_tok"] * 10**6 + row["output_tok"], row)
    for words, reason in [([], "no price is given"), (["--input", "cheap"], "no amount"),
                          (["--input", "-1"], "no amount"), (["--input", "1e12"], "price"),
                          (["--input", "1,\"output\":0"], "no amount"),
                          (["--input", "1", "--from", "soon"], "RFC 3339")]:
        status, _, err = weir("price", "set", "--provider", "openai", "--model", "gpt-9", *words)
        t.check(f"price set {' '.join(words)}: exit 2", status == 2 and reason in err, (status, err))


LITELLM = {
    "sample_spec": {"input_cost_per_token": 0},
    "gpt-5-new": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.25e-06,
                  "output_cost_per_token": 1e-05, "max_input_tokens": 400000,
                  "max_output_tokens": 128000},
    "gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 9e-06,
               "output_cost_per_token": 9e-05},
    "gpt-free": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0,
                 "output_cost_per_token": 0},
}


def imports_prices(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    listed = lambda model: [p["rates"] for p in
                            lines(weir("price", "list", "--model", model, "--json")[1])]
    path = shop.directory / "litellm.json"
    path.write_text(json.dumps(LITELLM))
    status, out, err = weir("price", "import", path, "--dry-run", "--json")
    becomes = {m["name"]: m["status"] for m in lines(out)}
    t.check("price import --dry-run says what would become of each", status == 0 and becomes == {
        "sample_spec": "left_out", "gpt-5-new": "new", "gpt-4o": "covered",
        "gpt-free": "left_out"}, (becomes, err))
    t.check("... and changes nothing", listed("gpt-5-new") == [])
    status, out, err = weir("price", "import", path)
    t.check("price import", status == 0 and out.startswith("1 new, 0 changed, 1 covered"), (out, err))
    t.check("... to the digit", listed("gpt-5-new") == [{"input": "1.25", "output": "10"}],
            listed("gpt-5-new"))
    t.check("... and where we have a price of our own it stays",
            listed("gpt-4o") == [{"input": "2.5", "cache_read": "1.25", "output": "10"}])
    t.check("importing it again finds all known", weir("price", "import", path)[1].startswith("0 new"))
    path.write_text(json.dumps(LITELLM).replace("1.25e-06", "1.5e-06"))
    t.check("a newer list changes it", "1 changed" in weir("price", "import", path)[1] and
            listed("gpt-5-new") == [{"input": "1.5", "output": "10"}], listed("gpt-5-new"))
    path.write_text("[1, 2")
    status, _, err = weir("price", "import", path)
    t.check("a file that is no JSON: refused", status == 2 and "JSON" in err, (status, err))
    status, _, err = weir("price", "import", shop.directory / "none.json")
    t.check("a file that is not there: exit 1", status == 1 and "none.json" in err, err)
    real = pathlib.Path(os.environ.get("WEIR_FIXTURES", "/nowhere")) / "prices/litellm-model-prices.json"
    if real.exists():
        status, out, err = weir("price", "import", real)
        t.check("the whole of LiteLLM's list", status == 0 and int(out.split()[0]) > 1000, (out, err))
    else:
        print("WEIR_FIXTURES has no price list: importing the small one only")


def guards_the_admin_address(t, shop):
    port, bearer = shop.admin_port, f"Bearer {TOKEN}"
    t.check("/healthz is open", ask(port, "/healthz") == (200, "ok\n"))
    t.check("/readyz is open", ask(port, "/readyz") == (200, "ready\n"))
    status, text = ask(port, "/metrics")
    t.check("/metrics is Prometheus text", status == 200 and "weir_build_info{version=" in text and
            "weir_books_rows_committed_total" in text and
            'weir_quota_limit_usd{scope="tenant",scope_id="acme",resource="llm",period="month"} 100'
            in text and "weir_exchanges_admitted_total" in text and
            all(re.fullmatch(r"#.*|[a-z_]+(\{[^{}]*\})? -?[0-9.]+", line)
                for line in text.splitlines()), text[:400])
    t.check("/metrics names no key (T24)", "sk-" not in text)
    path = "/admin/v1/tenants"
    t.check("the API without token: 401", ask(port, path)[0] == 401)
    for wrong in ("Bearer", "Bearer ", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
        t.check(f"the API with {wrong[:9]!r}: 401", ask(port, path, Authorization=wrong)[0] == 401)
    status, text = ask(port, path, Authorization=bearer)
    t.check("the API with the token", status == 200 and
            "acme" in {o["id"] for o in json.loads(text)["tenants"]}, text)
    t.check("the command line over HTTP with the token", run(
        "tenant", "list", place=f"http://127.0.0.1:{port}", env={"WEIR_ADMIN_TOKEN": TOKEN})[0] == 0)
    status, _, err = run("tenant", "list", place=f"http://127.0.0.1:{port}",
                         env={"WEIR_ADMIN_TOKEN": "wrong"})
    t.check("... and without it: exit 1", status == 1 and "token" in err, err)
    t.check("Origin is refused though the token is right (T80)",
            ask(port, path, Authorization=bearer, Origin="http://localhost")[0] == 403)
    t.check("an unknown path: 404", ask(port, "/admin/v1/nothing", Authorization=bearer)[0] == 404)
    t.check("a wrong method: 405", ask(port, path, "DELETE", Authorization=bearer)[0] == 405)
    t.check("a body that is no JSON: 400",
            ask(port, path, "POST", "{", Authorization=bearer)[0] == 400)
    t.check("a body that is no object: 400",
            ask(port, path, "POST", "[1]", Authorization=bearer)[0] == 400)
    t.check("a body with a key twice: 400",
            ask(port, path, "POST", '{"id":"a","id":"b"}', Authorization=bearer)[0] == 400)
    try:
        status, _ = ask(port, path, "POST", '{"id":"' + "x" * (2 << 20) + '"}', Authorization=bearer)
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # refused while it was still being sent
    t.check("a body of 2 MB: refused", status in (400, 413), status)
    log = shop.log_path.read_text()
    t.check("wrong tokens are logged, tokens are not (T25, T81)",
            "admin_refused" in log and TOKEN not in log)
    t.check("changes are logged with who made them (T81)",
            re.search(r"admin_change POST keys/\*/revoke \w+ \w+ by uid \d+ pid \d+: done", log))


def is_not_on_the_client_port(t, shop):
    for path in ("/admin/v1/tenants", "/admin/v1/keys", "/healthz", "/readyz", "/metrics", "/",
                 "/admin", "//admin/v1/tenants", "/v1/../admin/v1/tenants",
                 "/%61dmin/v1/tenants", "/openai/../admin/v1/tenants"):
        status, text = ask(shop.port, path, Authorization=f"Bearer {TOKEN}")
        t.check(f"client port, {path}: refused (T80)",
                status in (400, 401, 404) and "tenants" not in text.replace(path, ""), (status, text))
    status, text = ask(shop.port, "/admin/v1/tenants", Host=f"127.0.0.1:{shop.admin_port}")
    t.check("client port, Host of the admin address: refused (T10)", status in (400, 401, 404), text)


def reloads(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    reloads_seen = lambda: shop.log_path.read_text().count(" reload ")
    before = reloads_seen()
    shop.price_file.write_text(PRICES.replace("2.50", "7.25"))
    shop.server.send_signal(signal.SIGHUP)
    wait_for(lambda: reloads_seen() > before, 5, "the reload")
    price = lines(weir("price", "list", "--provider", "openai", "--model", "gpt-4o",
                             "--json")[1])[0]
    t.check("SIGHUP takes over new prices", price["rates"]["input"] == "7.25", price)
    old = lines(weir("requests", "--json", "--model", "gpt-4o", "--limit", "1")[1])[0]
    status, out, _ = weir("explain", old["id"], "--json")
    t.check("a row of before is still explained by its own price",
            json.loads(out)["cost"]["cost_pusd"] == old["cost_pusd"], out)
    before = reloads_seen()
    shop.price_file.write_text("openai: [")
    shop.server.send_signal(signal.SIGHUP)
    wait_for(lambda: reloads_seen() > before, 5, "the reload")
    price = lines(weir("price", "list", "--provider", "openai", "--model", "gpt-4o",
                             "--json")[1])[0]
    t.check("a broken price file changes nothing (T84)", price["rates"]["input"] == "7.25" and
            "nothing is changed" in shop.log_path.read_text())
    shop.price_file.write_text(PRICES)
    config = shop.directory / "weir.yaml"
    before, good = reloads_seen(), config.read_text()
    config.write_text(good.replace("5usd llm month", "6usd llm month"))
    shop.server.send_signal(signal.SIGHUP)
    wait_for(lambda: reloads_seen() > before, 5, "the reload")
    limit = lambda: [q["limit_usd"] for q in lines(weir(
        "quota", "list", "--json", "--id", "small", "--resource", "llm")[1])]
    t.check("SIGHUP takes over what a plan allows", limit() == ["6"], limit())
    before = reloads_seen()
    config.write_text(good.replace("name: free", "name: gratis"))
    shop.server.send_signal(signal.SIGHUP)
    wait_for(lambda: reloads_seen() > before, 5, "the reload")
    t.check("a plan that tenants have cannot go", limit() == ["6"] and
            'its plan "free" is not in the configuration' in shop.log_path.read_text(), limit())
    config.write_text(good)


def dies_and_drains_under_way(t, shop, key, spent):
    weir = lambda *words: run(*words, place=shop.socket)
    held = lambda: [q["held_pusd"] for q in lines(weir("quota", "show", "acme", "--json")[1])
                    if (q["resource_type"], q["period"]) == ("all", "month")][0]
    newest = lambda: lines(weir("requests", "--json", "--limit", "1")[1])[0]
    before = spent()["all", "month"]
    stream = Stream(shop, key, 500, 20)
    t.check("money is held while a stream runs", held() > 0)
    shop.kill_weir()
    shop.start_weir()
    row = newest()
    t.check("kill -9 inside a stream leaves its row", row["ended_by"] == "crash" and
            row["cost_pusd"] > 0 and row["status"] == 200, row)
    t.check("... which is counted before anybody is admitted, and nothing is held any more",
            spent()["all", "month"] == before + row["cost_pusd"] and held() == 0,
            (before, row["cost_pusd"], spent()))

    stream = Stream(shop, key, 30, 50)
    shop.server.send_signal(signal.SIGTERM)
    wait_for(lambda: " drain " in shop.log_path.read_text().split("serving on")[-1], 5, "the drain")
    t.check("draining: /readyz is 503", ask(shop.admin_port, "/readyz")[0] == 503)
    try:
        refused = chat(shop, key)[0] == 503
    except OSError:
        refused = True
    t.check("draining: nothing new is admitted", refused)
    text = stream.rest()
    t.check("draining: the stream under way comes to its end", text.rstrip().endswith("[DONE]"),
            text[-100:])
    t.check("... and then exit 0", shop.server.wait(5) == 0)

    shop.start_weir()
    t.check("its row is complete", newest()["ended_by"] == "complete", newest())
    stream = Stream(shop, key, 500, 50)
    shop.server.send_signal(signal.SIGTERM)
    wait_for(lambda: " drain " in shop.log_path.read_text().split("serving on")[-1], 5, "the drain")
    shop.server.send_signal(signal.SIGTERM)
    t.check("SIGTERM twice: exit 0 at once", shop.server.wait(3) == 0)
    t.check("... and the stream is cut", "[DONE]" not in stream.rest())
    shop.start_weir()
    t.check("... and billed", newest()["ended_by"] == "drained" and newest()["cost_pusd"] > 0, newest())
    shop.stop_weir()


def finds_an_odd_journal(t, shop):
    """A journal that the ledger has already, come back, and a torn one: both are counted."""
    journal = shop.directory / "data" / "journal"
    secret = run("key", "issue", "--tenant", "acme", "--label", "odd", place=shop.socket)[1].strip()
    books = lambda: {m[1]: int(m[2]) for m in
                     re.finditer(r"^weir_books_(\w+) (\d+)$", ask(shop.admin_port, "/metrics")[1], re.M)}
    before = books()
    for _ in range(3):
        chat(shop, secret)
    wait_for(lambda: books()["rows_committed_total"] == before["rows_committed_total"] + 3)
    kept = {p: p.read_bytes() for p in journal.glob("*.journal") if p.stat().st_size > 0}
    rows = run("requests", "--json", place=shop.socket)[1]
    shop.stop_weir()
    t.check("what the ledger has is no longer in the journal", not list(journal.glob("*.journal")))
    for path, text in kept.items():
        path.write_bytes(text + b"torn")
    shop.start_weir()
    wait_for(lambda: books()["rows_known_total"] >= 3)
    now = books()
    t.check("a journal that comes back is known (F31)", now["rows_known_total"] ==
            now["rows_recovered_total"] and now["rows_committed_total"] == 0 and
            run("requests", "--json", place=shop.socket)[1] == rows, now)
    t.check("... its torn end is counted (F23)", now["tails_torn_total"] == 1 and
            now["rows_refused_total"] == now["segments_failed_total"] ==
            now["frames_damaged_total"] == 0, now)
    shop.stop_weir()
    t.check("... and its file is set aside", len(list(journal.glob("*.damaged"))) == 1)
    shop.start_weir()


def stops_and_remembers(t, shop):
    weir = lambda *words: run(*words, place=shop.socket)
    spent = lambda: {(q["resource_type"], q["period"]): q["current_spend_pusd"] for q in
                     lines(weir("quota", "show", "acme", "--json")[1])}
    key = weir("key", "issue", "--tenant", "acme", "--label", "stop")[1].strip()
    chat(shop, key)
    before = spent()
    rows = weir("requests", "--json")[1]
    t.check("what was spent is counted", before["llm", "month"] > 0 and
            before["llm", "month"] == before["all", "month"] ==
            sum(r["cost_pusd"] for r in lines(rows) if r["tenant"] == "acme"), before)
    t.check("SIGTERM: exit 0", shop.stop_weir() == 0)
    t.check("the socket is gone", not os.path.exists(shop.socket))
    shop.start_weir()
    t.check("after a restart budgets stand where they stood", spent() == before, spent())
    t.check("... and so do the rows", weir("requests", "--json")[1] == rows)
    t.check("... and the keys", chat(shop, key)[0] == 200)
    before = spent()
    shop.kill_weir()
    shop.start_weir()
    t.check("after kill -9, too (the socket was left behind)", spent() == before, spent())
    weir("quota", "reset", "--scope", "tenant", "--id", "acme", "--resource", "llm")
    now = spent()
    t.check("quota reset forgives one limit and no other", now["llm", "month"] == 0 and
            now["all", "month"] == before["all", "month"], now)
    silent = socket.create_connection(("127.0.0.1", shop.admin_port))
    t.check("SIGTERM with a silent admin connection open: exit 0", shop.stop_weir() == 0)
    silent.close()
    shop.start_weir()
    dies_and_drains_under_way(t, shop, key, spent)
    canaries = ("sk-stand-in", TOKEN, key)
    t.check("no secret is in the log (T25)", not [c for c in canaries
                                                  if c in shop.log_path.read_text()])
    on_disk = b"".join(p.read_bytes() for p in (shop.directory / "data").rglob("*") if p.is_file())
    t.check("no secret is in state_dir (T25)", not [c for c in canaries if c.encode() in on_disk])


def main():
    t = Tally()
    shows_help(t)
    refuses_what_it_does_not_understand(t)
    with Shop() as shop:
        t.check("serve says where it serves", re.fullmatch(
            r"weir \d+\.\d+\.\d+: serving on 127\.0\.0\.1:\d+, admin on \S+/weir\.sock and "
            r"http://127\.0\.0\.1:\d+", shop.ready_line), shop.ready_line)
        for part in (checks_configurations, says_where_it_looked, keeps_its_files_to_itself,
                     keeps_tenants, keeps_quotas, keeps_all_kinds_of_quotas, knows_plans, lives_the_life_of_keys, limits_what_keys_may,
                     reports, prices_models, imports_prices, guards_the_admin_address,
                     is_not_on_the_client_port, reloads, finds_an_odd_journal,
                     stops_and_remembers):
            part(t, shop)
    t.close()


main()
