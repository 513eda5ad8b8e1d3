"""expect NAME OPERATOR VALUE: compares, and says both sides when they differ."""
import re

from script import PlayError

MANUAL = """expect NAME == != ~ !~ < <= > >= contains lacks VALUE; expect NAME missing;
expect NAME within N% of VALUE. ~ is a regular expression searched for. A name that does
not exist is an error; `missing` asks for a field, a member or a row that is not there."""


def text_of(value):
    """A value as a play writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def number_of(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise PlayError(f"not a number: {value!r}") from None


ORDER = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
         ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
TEXT = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b,
        "~": lambda a, b: re.search(b, a, re.S) is not None,
        "!~": lambda a, b: re.search(b, a, re.S) is None,
        "contains": lambda a, b: b in a, "lacks": lambda a, b: b not in a}


def holds(value, rest):
    """Does the value stand the test that the words `rest` spell?"""
    if rest == ["missing"]:
        return value is None
    if len(rest) == 4 and rest[0] == "within" and rest[2] == "of":
        target = number_of(rest[3])
        return abs(number_of(value) - target) <= target * number_of(rest[1].rstrip("%")) / 100
    if len(rest) != 2 or rest[0] not in ORDER and rest[0] not in TEXT:
        raise PlayError("expect: " + MANUAL)
    if rest[0] in ORDER:
        return ORDER[rest[0]](number_of(value), number_of(rest[1]))
    return value is not None and TEXT[rest[0]](text_of(value), rest[1])


def check(name, value, rest):
    """Raises unless the value stands the test."""
    if not holds(value, rest):
        shown = text_of(value)
        shown = shown if len(shown) < 600 else shown[:600] + "..."
        raise PlayError(f"expected {name} {' '.join(rest)}, but it is {shown}")
