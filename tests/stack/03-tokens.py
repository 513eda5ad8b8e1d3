#!/usr/bin/env python3
"""Tokens on the command line and in the admin API: of texts, of whole requests, and what is no
request."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, House, Tally  # noqa: E402

TEXT = "Hello there, how are you?"  # 7 tokens in both vocabularies
# a PNG of 512 x 512, as far as it says so
PNG = "iVBORw0KGgoAAAANSUhEUgAAAgAAAAIACAYAAAD0eNT6"


def run(*words, given=""):
    """weir tokens ...; returns (exit status, stdout, stderr)."""
    done = subprocess.run([BUILD / "weir", "tokens", *map(str, words)], input=given,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def count(text, model, *words):
    """What it says of a text or a body."""
    given = text if isinstance(text, str) else json.dumps(text, separators=(",", ":"))
    status, out, err = run("-", "--model", model, "--json", *words, given=given)
    return json.loads(out) if status == 0 else {"error": err, "status": status}


def counts_texts(t, directory):
    file = directory / "text.txt"
    file.write_text(TEXT)
    status, out, _ = run(file, "--model", "gpt-4o")
    t.check("a table for people", status == 0 and "tokens          7" in out
            and "o200k_base" in out, out)
    for model, encoding in [("gpt-4o", "o200k_base"), ("openai/gpt-5-mini", "o200k_base"),
                            ("gpt-4", "cl100k_base"), ("text-embedding-3-small", "cl100k_base")]:
        got = count(TEXT, model)
        t.check(f"{model} counts with {encoding}, exactly",
                (got["tokens"], got["encoding"], got["exact"], got["method"])
                == (7, encoding, True, "exact"), got)
    got = count(TEXT, "claude-sonnet-4-5")
    t.check("others are estimated, and it says so",
            got["tokens"] > 7 and not got["exact"] and got["method"] == "prior", got)
    t.check("nothing has no tokens", count("", "gpt-4o")["tokens"] == 0)
    t.check("bytes that are no text are counted all the same",
            run("/proc/self/exe", "--model", "gpt-4o")[0] == 0)


def counts_bodies(t):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": TEXT}]}
    got = count(body, "gpt-4o")
    t.check("a request is known by its look",
            (got["tokens"], got["text_tokens"], got["messages"], got["shape"], got["method"])
            == (14, 7, 1, "openai-chat", "formula") and got["complete"], got)
    got = count(body, "gpt-4o", "--text")
    t.check("... but not where it is said to be text",
            "shape" not in got and got["tokens"] > 14, got)
    got = count(body, "claude-sonnet-4-5", "--body")
    t.check("... and is read as the model's provider would", got["shape"] == "anthropic", got)
    body["messages"][0]["content"] = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": "https://x.test/y.png"}}]
    got = count(body, "gpt-4o")
    t.check("pictures count by their size, and unseen ones are named",
            got["picture_tokens"] == 255 + 765 and got["pictures_unseen"] == 1
            and not got["complete"] and got["text_tokens"] == 0, got)
    for shape, body in [("gemini", {"contents": [{"parts": [{"text": TEXT}]}]}),
                        ("openai-responses", {"input": TEXT}),
                        ("openai-completions", {"prompt": TEXT}),
                        ("bedrock-converse", {"messages": [], "inferenceConfig": {}})]:
        got = count(body, "some-model", "--body")
        t.check(f"a body of {shape}", got.get("shape") == shape, got)


def tool(name, schema_key, wrapped):
    """A tool's definition, as one provider or the other wants it."""
    schema = {"type": "object", "properties": {"hive": {"type": "string"}}, "required": ["hive"]}
    definition = {"name": name, "description": "Counts at the door.", schema_key: schema}
    return {"type": "function", "function": definition} if wrapped else definition


# (shape, model, body with a tool, what of it is text)
WITH_TOOLS = [
    ("openai-chat", "gpt-4o", {
        "messages": [{"role": "user", "content": "How many bees came home?"},
                     {"role": "assistant", "content": None, "tool_calls": [
                         {"id": "c", "type": "function",
                          "function": {"name": "bees", "arguments": '{"hive":"east"}'}}]},
                     {"role": "tool", "tool_call_id": "c", "content": "about 900"}],
        "tools": [tool("bees", "parameters", True)]},
     ["How many bees came home?", "bees", '{"hive":"east"}', "about 900"]),
    ("openai-responses", "gpt-5", {
        "instructions": "Be kind.", "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "How many bees came home?"}]}],
        "tools": [{"type": "function", **tool("bees", "parameters", False)}]},
     ["Be kind.", "How many bees came home?"]),
    ("anthropic", "claude-sonnet-4-5", {
        "max_tokens": 9, "system": "Be kind.", "messages": [
            {"role": "user", "content": "How many bees came home?"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c", "name": "bees", "input": {"hive": "east"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c", "content": "about 900"}]}],
        "tools": [tool("bees", "input_schema", False)]},
     ["Be kind.", "How many bees came home?", "bees", '{"hive":"east"}', "about 900"]),
    ("gemini", "gemini-2.5-flash", {
        "contents": [{"role": "user", "parts": [{"text": "How many bees came home?"}]},
                     {"role": "model", "parts": [
                         {"functionCall": {"name": "bees", "args": {"hive": "east"}}}]}],
        "tools": [{"functionDeclarations": [tool("bees", "parameters", False)]}]},
     ["How many bees came home?", "bees", '{"hive":"east"}']),
]


def counts_tools(t):
    for shape, model, body, texts in WITH_TOOLS:
        got = count(body, model)
        alone = sum(count(text, model)["text_tokens"] for text in texts)
        t.check(f"{shape}: text is counted text by text, tools beside it",
                (got["shape"], got["complete"]) == (shape, True)
                and abs(got["text_tokens"] - alone) <= (0 if got["exact"] else len(texts))
                and got["tool_tokens"] > 10, (alone, got))


def refuses(t):
    for text, reason in [("Hello", "no JSON object"), ("[1,2]", "not a request body"),
                         ("{}", "not a request body"), ('{"messages":[', "no JSON object")]:
        got = count(text, "gpt-4o", "--body")
        t.check(f"--body refuses {text}", got.get("status") == 1 and reason in got["error"], got)
    t.check("a file that is not there", run("/nowhere/at/all", "--model", "gpt-4o")[0] == 1)
    t.check("--model is needed", run("-")[0] == 2)
    t.check("--text or --body", run("-", "--model", "x", "--text", "--body")[0] == 2)


def answers(t, house):
    def ask(**body):
        status, text = house.admin("/admin/v1/tokens", "POST", json.dumps(body))
        return status, json.loads(text)

    status, got = ask(model="gpt-4o", text=TEXT)
    t.check("the API counts a text", status == 200 and got == {
        "model": "gpt-4o", "tokens": 7, "text_tokens": 7, "tool_tokens": 0, "picture_tokens": 0,
        "messages": 0, "encoding": "o200k_base", "exact": True, "method": "exact",
        "family": "gpt-4o"}, got)
    body = {"messages": [{"role": "user", "content": TEXT}]}
    status, got = ask(model="gpt-4o", body=body)
    t.check("... and a request", status == 200 and got["tokens"] == 14, got)
    for wrong, reason in [({"text": TEXT}, "model is missing"), ({"model": "m"}, "what is to be"),
                          ({"model": "m", "text": "x", "body": {}}, "what is to be"),
                          ({"model": "m", "text": []}, "what is to be"),
                          ({"model": "m", "body": {}}, "not a request body"),
                          ({"model": "m" * 200, "text": "x"}, "at most 127 bytes")]:
        status, got = ask(**wrong)
        t.check(f"... but not {str(wrong)[:60]}", status == 400 and reason in json.dumps(got), got)
    status, got = ask(model="gpt-4o", text="x " * 600000)
    t.check("... nor more than a megabyte", status == 413, got)


def main():
    t = Tally()
    with House(dialects=("openai",)) as house:
        counts_texts(t, house.directory)
        counts_bodies(t)
        counts_tools(t)
        refuses(t)
        answers(t, house)
    t.close()


main()
