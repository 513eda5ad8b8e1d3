#!/usr/bin/env python3
"""What estimates have learned: imported, listed, exported, frozen, kept over a kill, measured; and
garbage refused with a reason."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, House, Tally  # noqa: E402

COEFFICIENTS, BUCKETS = 9, 39


def line(family, ascii_weight="1.25", samples=100, bias="0.041000000000000002"):
    """A line as it is exported."""
    info = ["20" if row == column else "0"
            for row in range(COEFFICIENTS) for column in range(row + 1)]
    middle = ["0"] * (BUCKETS // 2)
    return " ".join([
        "weir-learn/1 somewhere", family, "prompt", "learned=503", f"samples={samples}",
        f"seen={samples}", "frozen=0", "drift=1", f"bias={bias}", "error=0.042999999999999997",
        "recent=0.001", "deviation=0.02", f"weight={ascii_weight},1.3,1.5,1,3,340,1.2,1,6",
        "info=" + ",".join(info), "history=" + ",".join([*middle, "100", *middle]),
        "bucket=" + ",".join([*middle, str(samples), *middle]),
        f"ratio_sum_permil={samples * 1000}"])


def refused(house, *words):
    """A command that must fail; what it says."""
    done = subprocess.run([BUILD / "weir", *words, "--admin", house.directory / "weir.sock"],
                          capture_output=True, text=True, timeout=60)
    return done.stderr if done.returncode else f"status 0: {done.stdout}"


def models(house, *words):
    return [json.loads(text) for text in
            house.weir("calibration", "list", "--json", *words).splitlines()]


def main():
    t = Tally()
    with House(dialects=("openai",)) as house:
        file = house.directory / "learned.txt"
        t.check("nothing is learned at first", models(house) == [], models(house))
        known = [line("claude-opus-9"), line("tiny", "0.75")]
        file.write_text("\n".join(known) + "\n\n")
        house.weir("calibration", "import", file)
        t.check("what is exported is what was imported",
                house.weir("calibration", "export").split("\n") == [*known, ""],
                house.weir("calibration", "export"))
        listed = models(house, "--family", "tiny")
        t.check("a model is listed by its family",
                len(listed) == 1 and listed[0]["family"] == "tiny", listed)
        t.check("... with its numbers",
                listed[0]["samples"] == 100 and listed[0]["bias_percent"] == "4.1"
                and listed[0]["coefficients"]["ascii"] == "0.750" and listed[0]["drift"]
                and not listed[0]["frozen"] and listed[0]["p95_percent"] == "100.2", listed)
        table = house.weir("calibration", "list")
        t.check("... and as a table", "claude-opus-9" in table and "4.1" in table, table)

        t.check("samples are a metric", house.metric("weir_calibration_samples_total") == 200)
        t.check("drift is a metric", house.metric("weir_calibration_drift") == 2)
        text = house.admin("/metrics")[1]
        label = '{provider="somewhere",family="tiny",kind="prompt"'
        t.check("errors are a histogram",
                f'weir_calibration_error_ratio_bucket{label},le="0.98"}} 0\n' in text
                and f'weir_calibration_error_ratio_bucket{label},le="1.02"}} 100\n' in text
                and f'weir_calibration_error_ratio_bucket{label},le="+Inf"}} 100\n' in text
                and f"weir_calibration_error_ratio_sum{label}}} 100.000\n" in text, text)

        house.weir("calibration", "freeze", "--provider", "somewhere", "--family", "tiny")
        house.kill_weir()
        house.start_weir()
        t.check("a kill forgets nothing that was imported or frozen",
                sorted((m["family"], m["frozen"]) for m in models(house) if m["kind"] == "prompt")
                == [("claude-opus-9", False), ("tiny", True)], models(house))
        house.weir("calibration", "unfreeze")
        t.check("all learn again", not any(m["frozen"] for m in models(house)))
        t.check("whom nobody knows cannot be frozen",
                "nothing is learned of that model family yet" in refused(
                    house, "calibration", "freeze", "--family", "nobody"))

        before = house.weir("calibration", "export")
        for text, reason in [
                ("hello\n", "line 1: the line does not begin with weir-learn/1"),
                (f"{known[0]}\n{known[1][:-300]}\n", "line 2: "),
                (line("tiny", "9"), 'out of its range: "ascii"'),
                (line("tiny", "nan"), 'no number: "nan"'),
                (line("tiny", samples=5).replace("seen=5", "seen=6"), "does not add up"),
                (line("tiny", bias="x"), 'no number: "x"'),
                ("\n", "states is missing"),
                ("\udcff", "line 1: no text")]:
            file.write_bytes(text.encode(errors="surrogateescape"))
            said = refused(house, "calibration", "import", file)
            t.check(f"garbage is refused: {reason}", reason in said, said)
        t.check("... and changes nothing", house.weir("calibration", "export") == before)
        house.stop_weir()
        t.check("drift is logged once", house.log_path.read_text().count("estimate_drift") == 4,
                house.log_path.read_text()[-2000:])
    t.close()


main()
