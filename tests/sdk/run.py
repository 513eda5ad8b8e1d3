"""Starts the house for test.mjs and tells it where everything is."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from harness import House  # noqa: E402


def main():
    with House(dialects=("openai", "anthropic", "gemini")) as house:
        good = house.key("acme")
        broke = house.key("broke")
        for resource in ("llm", "all"):
            house.weir("quota", "set", "--scope", "tenant", "--id", "broke", "--resource", resource,
                       "--period", "month", "--limit", "0usd")
        environment = {**os.environ, "WEIR_URL": house.url, "WEIR_KEY": good,
                       "WEIR_BROKE_KEY": broke, "NO_COLOR": "1"}
        done = subprocess.run([sys.argv[1], HERE / "test.mjs"], env=environment, timeout=300)
        sys.exit(done.returncode)


main()
