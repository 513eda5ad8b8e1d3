"""What something costs, worked out a second time: in rational numbers, from the same files, by
code that shares nothing with the program. Whoever doubts an amount in the ledger asks here.

    book = Book.from_yaml("conf/prices.yaml")
    book.cost_pusd("openai", "gpt-4o", started_us, {"input": 1000, "output": 20})

    cost_pusd(provider, model, started_us, quantities, tier)      the same with the shipped file
    row_cost_pusd(row, book)                                      of one line of `weir requests`

The rules are those that price.h, price_draft.h, price_fallback.tbl.h and litellm.tbl.h state
in words. Needs python3-yaml.
"""
import datetime
import json
import pathlib
import re
from fractions import Fraction

import yaml

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "conf" / "prices.yaml"

INPUTS = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "input_image",
          "cache_read_audio", "tool_input"]
OUTPUTS = ["output", "reasoning", "output_audio", "output_image"]
ADDED_FEES = {"web_search": "0.05", "web_fetch": "0.001", "file_search": "0.0025",
              "code_session": "0.03", "x_search": "0.005", "maps_query": "0.025"}
SOLD_BY = ["request", "search_unit", "image", "second", "character", "page", "grounded_prompt"]
QUANTITIES = INPUTS + OUTPUTS + list(ADDED_FEES) + SOLD_BY
TOKENS = set(INPUTS + OUTPUTS)
AS_MUCH_AS = {"cache_read": "input", "cache_write_5m": "input", "cache_write_1h": "cache_write_5m",
              "input_image": "input", "tool_input": "input", "reasoning": "output"}
STANDARD = {"", "standard", "default", "auto", "on_demand", "unspecified", "none",
            "not_available", "global"}
DOUBTS = ["tier", "dearest", "assumed", "unpriced", "aux", "provisional"]
PICO = Fraction(1, 10 ** 12)
MOST_PUSD = 2 ** 63 - 1


class Unpriced(Exception):
    """No entry, or nothing in the usage that the entry sells."""


def half_even(value):
    """The nearest integer; of two equally near ones the even one."""
    below = value.numerator // value.denominator
    over = value - below
    return below + (1 if over > Fraction(1, 2) or (over == Fraction(1, 2) and below % 2) else 0)


def microseconds(date):
    """A date or an instant, as text, to us since 1970."""
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            at = datetime.datetime.strptime(date, form).replace(tzinfo=datetime.timezone.utc)
            return int(at.timestamp()) * 10 ** 6
        except ValueError:
            pass
    raise ValueError(f"{date} is no date")


class Tier:
    """Prices by the length of the prompt they begin at: {0: {quantity: USD for one}, 200001: ...}."""

    def __init__(self):
        self.times = None
        self.by_length = {0: {}}

    def listed(self, quantity, length):
        """(where the list that applies begins, price) or None."""
        begins = [at for at, prices in self.by_length.items() if at <= length and quantity in prices]
        return (max(begins), self.by_length[max(begins)][quantity]) if begins else None


class Entry:
    """One price entry, as listed."""

    def __init__(self):
        self.provider = self.model = ""
        self.names = []
        self.begins, self.ends = 0, None
        self.fill = self.provisional = False
        self.tiers = {"": Tier()}
        self.geo = {}

    def listed(self, tier, geo, quantity, length):
        """The price that the lists give, or None."""
        standard, own = self.tiers[""].listed(quantity, length), None
        factor = Fraction(1)
        if tier:
            own = self.tiers[tier].listed(quantity, length)
            if self.tiers[tier].times and quantity in TOKENS:
                factor = self.tiers[tier].times
        if own and standard:
            price = own[1] if own[0] >= standard[0] else max(own[1], standard[1] * factor)
        elif own:
            price = own[1]
        elif standard:
            price = standard[1] * factor
        else:
            return None
        return price * self.geo[geo] if geo and quantity in TOKENS else price

    def dearest(self, tier, geo, quantity, length):
        """The dearest listed token of the same kind; of any kind, when that has none."""
        for group in (INPUTS if quantity in INPUTS else OUTPUTS), INPUTS + OUTPUTS:
            prices = [self.listed(tier, geo, q, length) for q in group]
            prices = [price for price in prices if price is not None]
            if prices:
                return max(prices)
        return None

    def price(self, tier, geo, quantity, length):
        """(USD for one, doubt or None); a price of None: not sold here."""
        price = self.listed(tier, geo, quantity, length)
        if price is not None:
            return price, None
        if quantity in AS_MUCH_AS:
            return self.price(tier, geo, AS_MUCH_AS[quantity], length)
        if quantity in ADDED_FEES:
            return Fraction(ADDED_FEES[quantity]), "assumed"
        if quantity in TOKENS:
            price = self.dearest(tier, geo, quantity, length)
            if price is not None:
                return price, "dearest"
        return None, "unpriced"

    def choose(self, words):
        """(tier, geo, knows every word)"""
        tier, geo, known = "", "", True
        for word in words.lower().split("+"):
            if word in self.tiers and word:
                tier = word
            elif word in self.geo:
                geo = word
            elif word not in STANDARD:
                known = False
        return tier, geo, known

    def add_up(self, quantities, words, doubts):
        """(sum in USD, sold something, counted something it does not sell)"""
        tier, geo, known = self.choose(words)
        length = sum(n for q, n in quantities.items() if q in INPUTS and q != "tool_input")
        total, sold, unsold, any_counted = Fraction(0), False, False, False
        for quantity, count in quantities.items():
            if count == 0:
                continue
            price, doubt = self.price(tier, geo, quantity, length)
            if price is None and quantity in ("request", "grounded_prompt"):
                continue
            any_counted = True
            doubts.update({doubt} - {None})
            sold, unsold = sold or price is not None, unsold or price is None
            total += (price or 0) * count
        if any_counted and not known:
            doubts.add("tier")
        if any_counted and self.provisional:
            doubts.add("provisional")
        return total, sold, unsold


def read_prices(node, tier, at, times=1):
    """Prices of a YAML map into the list of `tier` that begins at `at`; the rest is returned."""
    rest = {}
    for key, value in node.items():
        if key in QUANTITIES:
            price = Fraction(value) / (10 ** 6 if key in TOKENS else 1)
            tier.by_length.setdefault(at, {})[key] = price * times
        else:
            rest[key] = value
    return rest


def read_lengths(node, tier):
    for one in node:
        at = int(Fraction(one["at_least"])) if "at_least" in one else int(Fraction(one["above"])) + 1
        read_prices(one, tier, at)


def read_tiers(node, entry):
    for name, value in node.items():
        tier = entry.tiers.setdefault(name, Tier())
        rest = read_prices(value, tier, 0)
        read_lengths(rest.get("context", []), tier)
        if "multiplier" in rest:
            tier.times = Fraction(rest["multiplier"])


def read_entry(node, section, provider):
    entry = Entry()
    entry.provider = provider
    read_prices(section.get("fees", {}), entry.tiers[""], 0)
    read_tiers(section.get("tiers", {}), entry)
    rest = read_prices(node, entry.tiers[""], 0)
    read_lengths(rest.get("context", []), entry.tiers[""])
    read_tiers(rest.get("tiers", {}), entry)
    entry.geo = {name: Fraction(times) for name, times in rest.get("geo", {}).items()}
    entry.model = rest["model"]
    entry.names = [rest["model"], *rest.get("also", [])]
    entry.begins = microseconds(rest["from"]) if "from" in rest else 0
    entry.ends = microseconds(rest["until"]) if "until" in rest else None
    entry.fill = rest.get("fill") == "true"
    entry.provisional = rest.get("provisional") == "true"
    return entry


class Book:
    """All entries; later ones go before earlier ones."""

    def __init__(self):
        self.entries = []
        self.by_name = {}

    def add(self, entry):
        self.entries.append(entry)
        for name in entry.names:
            self.by_name.setdefault((entry.provider, name), []).append(entry)

    @classmethod
    def from_yaml(cls, *paths):
        """From files of prices."""
        book = cls()
        for path in paths:
            # BaseLoader leaves every scalar as the text it was.
            document = yaml.load(pathlib.Path(path).read_text(), Loader=yaml.BaseLoader) or {}
            for name, section in document.items():
                for provider in [name, *section.get("also", [])]:
                    for node in section["models"]:
                        book.add(read_entry(node, section, provider))
        return book

    def find(self, provider, model, at_us):
        """The entry that holds then, or None."""
        held = [(not e.fill, e.begins, number, e)
                for number, e in enumerate(self.by_name.get((provider, model), []))
                if e.begins <= at_us and (e.ends is None or at_us < e.ends)]
        if held:
            return max(held, key=lambda each: each[:3])[3]
        return self.find(provider, "*", at_us) if model != "*" else None

    def cost(self, provider, model, at_us, quantities, tier="", aux_model="", aux_quantities=None):
        """(picodollars, set of doubts); raises Unpriced, and OverflowError past 63 bits."""
        entry = self.find(provider, model, at_us)
        if not entry:
            raise Unpriced(f"{provider} {model}")
        aux_quantities = aux_quantities or {}
        aux = self.find(provider, aux_model, at_us) if aux_model else None
        doubts = set()
        total, sold, unsold = entry.add_up(quantities, tier, doubts)
        more, aux_sold, aux_unsold = (aux or entry).add_up(aux_quantities, tier, doubts)
        if any(aux_quantities.values()) and not aux:
            doubts.add("aux")
        if (unsold or aux_unsold) and not (sold or aux_sold):
            raise Unpriced(f"{provider} {model} does not sell {quantities}")
        pusd = half_even((total + more) / PICO)
        if pusd > MOST_PUSD:
            raise OverflowError(pusd)
        return pusd, doubts

    def cost_pusd(self, *args, **kwargs):
        """cost() without the doubts."""
        return self.cost(*args, **kwargs)[0]


_shipped = None


def cost_pusd(provider, model, started_us, quantities, tier="", **aux):
    """By the shipped list of prices."""
    global _shipped
    _shipped = _shipped or Book.from_yaml(SHIPPED)
    return _shipped.cost_pusd(provider, model, started_us, quantities, tier, **aux)


def is_version_of(served, asked):
    """Is it the same model, only dated?"""
    return re.fullmatch(re.escape(asked.removesuffix("-latest") or asked) + "[-@0-9]*", served)


def row_cost_pusd(row, book):
    """Of a ledger row, as `weir requests --json` prints it: at the price of the model that
    served, else of the one asked for, listed under the provider's name, else its dialect's; where
    both are listed and the one is no version of the other, at the dearer of the two."""
    aux = row.get("aux") or {}
    at = row["started_us"]

    def heading(model):
        return next((p for p in (row["provider"], row["dialect"])
                     if model and book.find(p, model, at)), None)

    def cost(model):
        return book.cost_pusd(heading(model), model, at, row["quantities"], row.get("tier") or "",
                              aux.get("model") or "", aux.get("quantities"))

    asked, served = row["model"], row.get("model_served") or ""
    at_asked, at_served = (heading(m) and book.find(heading(m), m, at) for m in (asked, served))
    if not at_asked and not at_served:
        raise Unpriced(asked)
    if not at_served or (at_asked and at_served.provisional):
        return cost(asked)
    if not at_asked or at_asked is at_served or at_asked.provisional or is_version_of(served, asked):
        return cost(served)
    costs = []
    for model in asked, served:
        try:
            costs.append(cost(model))
        except Unpriced:
            pass
    if not costs:
        raise Unpriced(asked)
    return max(costs)


# --- LiteLLM's list ---

HEADINGS = {"text-completion-openai": "openai", "azure_text": "azure", "bedrock_converse": "bedrock",
            "cohere_chat": "cohere"}
NAMES = {
    "input_cost_per_token": "input", "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "cache_read_input_token_cost": "cache_read", "input_cost_per_token_cache_hit": "cache_read",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "input_audio", "output_cost_per_audio_token": "output_audio",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "cache_creation_input_audio_token_cost": "cache_read_audio",
    "input_cost_per_image_token": "input_image", "output_cost_per_image_token": "output_image",
    "input_cost_per_image": "image", "output_cost_per_image": "image",
    "input_cost_per_second": "second", "output_cost_per_second": "second",
    "output_cost_per_video_per_second": "second", "input_cost_per_character": "character",
    "input_cost_per_query": "search_unit", "input_cost_per_request": "request",
    "ocr_cost_per_page": "page", "code_interpreter_cost_per_session": "code_session",
}
SPEAKS_OF = re.compile(r"(?P<name>.*?)(_above_(?P<thousands>\d+)k_tokens)?"
                       r"(?P<tier>_batches|_flex|_priority)?$")
TIER_OF = {None: "", "_batches": "batch", "_flex": "flex", "_priority": "priority"}
NOT_NEW = {"input_dbu_cost_per_token", "output_dbu_cost_per_token"}


class CannotSay(Exception):
    """Why an entry of LiteLLM's is not taken."""


def litellm_values(value):
    """{(tier, length, quantity): [prices]} of a map of prices."""
    prices = {}
    for key, text in value.items():
        if not re.search("cost|pricing|multiplier", key) or key in NOT_NEW or \
                not isinstance(text, str) or text == "":
            continue
        m = SPEAKS_OF.match(key)
        quantity = NAMES.get(m["name"])
        if not quantity:
            if Fraction(text) != 0 and not key.startswith("regional_processing_uplift_multiplier_"):
                raise CannotSay(f"priced by {key}")
            continue
        if quantity == "search_unit" and value.get("mode") != "rerank":
            quantity = "request"
        length = int(m["thousands"]) * 1000 + 1 if m["thousands"] else 0
        prices.setdefault((TIER_OF[m["tier"]], length, quantity), []).append((key, Fraction(text)))
    return prices


def settle(place, given, prices):
    """One price of several keys that mean the same."""
    different = {price for _, price in given if price}
    if place[2] == "image" and ("", 0, "input") in prices and len(different) > 1:
        different = {price for key, price in given if key == "output_cost_per_image"}
    if len(different) > 1:
        raise CannotSay(f"two prices for one {place[2]}")
    return different.pop() if different else Fraction(0)


def litellm_entry(name, value):
    """An Entry; raises CannotSay."""
    theirs = value.get("litellm_provider") if isinstance(value, dict) else None
    if name == "sample_spec" or not theirs:
        raise CannotSay("not a model")
    entry, prefix = Entry(), theirs
    if theirs in HEADINGS:
        entry.provider = prefix = HEADINGS[theirs]
    elif re.fullmatch("vertex_ai(-.*)?", theirs):
        entry.provider, prefix = "vertex", "vertex_ai"
    else:
        entry.provider = theirs
    entry.model = re.sub("^" + re.escape(prefix) + "/", "", name)
    entry.names = [entry.model]
    entry.fill = True

    prices = litellm_values(value)
    for place, given in prices.items():
        tier = entry.tiers.setdefault(place[0], Tier())
        tier.by_length.setdefault(place[1], {})[place[2]] = settle(place, given, prices)
    for one in value.get("tiered_pricing", []):
        if "range" not in one:
            raise CannotSay("tiered_pricing is not by the length of the prompt")
        above = int(Fraction(one["range"][0]))
        for (_, _, quantity), given in litellm_values(one).items():
            begins = above + 1 if above else 0
            entry.tiers[""].by_length.setdefault(begins, {})[quantity] = given[0][1]
    if "search_context_cost_per_query" in value:
        searches = value["search_context_cost_per_query"].values()
        dearest, fees = max(map(Fraction, searches)), entry.tiers[""].by_length[0]
        fees["web_search"] = dearest
        if entry.provider in ("gemini", "vertex") and entry.model.startswith("gemini") and \
                value.get("web_search_billing_unit") != "per_query":
            fees["web_search"], fees["grounded_prompt"] = Fraction(0), dearest
    for key, times in value.get("provider_specific_entry", {}).items():
        if key == "fast":
            entry.tiers.setdefault("fast", Tier()).times = Fraction(times)
        elif key in ("us", "eu"):
            entry.geo[key] = Fraction(times)
    for region in "us", "eu":
        if f"regional_processing_uplift_multiplier_{region}" in value:
            entry.geo[region] = Fraction(value[f"regional_processing_uplift_multiplier_{region}"])

    for tier in entry.tiers.values():
        for prices_at in tier.by_length.values():
            if "reasoning" in prices_at and prices_at["reasoning"] == prices_at.get("output"):
                del prices_at["reasoning"]
    every = [p for t in entry.tiers.values() for at in t.by_length.values() for p in at.values()]
    if value.get("mode") in ("chat", "completion", "responses") and \
            any(at.get("second") for t in entry.tiers.values() for at in t.by_length.values()):
        raise CannotSay("priced per second of reserved capacity")
    if not entry.tiers[""].by_length[0]:
        raise CannotSay("no price")
    if not any(every):
        raise CannotSay("every price is 0")
    return entry


def litellm_book(path):
    """(Book, {name: reason}): what is taken of LiteLLM's list, and what is not."""
    members = json.loads(pathlib.Path(path).read_text(), parse_float=str, parse_int=str)
    book, reasons, known = Book(), {}, set()
    for name, value in members.items():
        try:
            entry = litellm_entry(name, value)
            if (entry.provider, entry.model) in known:
                raise CannotSay("goes by the same name here")
            known.add((entry.provider, entry.model))
            book.add(entry)
        except CannotSay as reason:
            reasons[name] = str(reason)
    return book, reasons
