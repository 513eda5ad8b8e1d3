// Documents to count the tokens of: ordinary ones, and those that tokenizers get wrong.
import { readFileSync } from "node:fs";
import * as machine from "./machine.mjs";
import { readTokens } from "./vocab.mjs";

export const LANGUAGES = ["en", "de", "es", "ru", "ar", "hi", "zh", "ja", "ko"];
const LONGEST_RUN = 1000; // the reference takes quadratic time over a pretoken

// A kilobyte or two in each language, written for this project.
export const sample = (language) => readFileSync(new URL(`text/${language}.txt`, import.meta.url), "utf8");
const point = (number) => String.fromCodePoint(number);

// --- one character class after another, as the pretokenizers' expressions know them ---

const STRESS = {
  upper: [..."AZSTMDÉÞЖΩÅǅႠℝＡ𝐀"], lower: [..."azstmdlverſßéжωʼnＺａ𝐚ŉ"], caseless: [..."字あアーʰªǁก가אع𠀀ﬀ々ʕ〱"],
  mark: ["\u0301", "\u0903", "\u20dd", "\u093c", "\ufe0f", "\u0e31"], number: [..."0129²½Ⅷ٣〇৩１𝟗"],
  space: [" ", " ", " ", "\t", "\u000b", "\f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u3000"],
  newline: ["\n", "\n", "\r", "\r\n"],
  other: [..."'''//!?=-_.,;:()[]{}<>@#$%&*+|~^`\"\\’“”—…、。€«👍🏽", "\0", "\u200d", "\ufeff", "\u{e0001}", "\uffff"],
  contraction: ["'s", "'S", "'ſ", "'t", "'d", "'m", "'ll", "'LL", "'lL", "'ve", "'VE", "'re", "'Re", "’s", "'l", "'v", "'r", "'sx"],
};
const STRESS_CLASSES = [...Object.keys(STRESS), "space", "newline", "other", "upper", "lower"];

function classStress(chance) {
  const pieces = chance.between(1, 120);
  return chance.times(pieces, () => {
    const letters = STRESS[chance.pick(STRESS_CLASSES)];
    return chance.once(4) ? chance.pick(letters).repeat(chance.few(9)) : chance.times(chance.few(5), () => chance.pick(letters));
  });
}

// --- characters by number ---

const RANGES = [[0, 0x7f], [0x80, 0x24f], [0x250, 0x6ff], [0x700, 0x1fff], [0x2000, 0x2fff], [0x3000, 0xabff],
  [0xac00, 0xd7ff], [0xe000, 0xffff], [0x10000, 0x1ffff], [0x20000, 0x323af], [0, 0x10ffff]];

function randomPoint(chance, range) {
  const number = chance.between(...range);
  return number >= 0xd800 && number < 0xe000 ? 0xfffd : number;
}

function randomUnicode(chance) { // neighbours follow each other, as they do in any script
  return chance.times(chance.between(1, 60), () => {
    const range = chance.pick(RANGES), near = randomPoint(chance, range);
    return chance.times(chance.few(12), () => chance.once(3)
      ? point(randomPoint(chance, range))
      : point(randomPoint(chance, [Math.max(near - 20, range[0]), Math.min(near + 20, range[1])])));
  });
}

const randomAscii = (chance) => chance.times(chance.between(1, 400), () => point(chance.between(chance.once(9) ? 0 : 32, 127)));

// --- tokens of the vocabularies, one after another ---

let vocabulary;
function vocabularyTokens(chance) {
  vocabulary ??= ["cl100k_base", "o200k_base"].map(readTokens);
  const tokens = chance.pick(vocabulary);
  const bytes = chance.times(chance.between(1, 100), () => chance.pick(tokens));
  return Buffer.from(bytes, "latin1").toString("utf8"); // what is no character becomes U+FFFD
}

// --- what is no UTF-8: it counts as what a lenient reader makes of it ---

function brokenUtf8(chance) {
  const data = Buffer.from(chance.once(2) ? classStress(chance) : randomUnicode(chance));
  for (let i = chance.few(20); i > 0; i--) data[chance.below(data.length)] = chance.between(chance.once(2) ? 128 : 0, 255);
  return data.subarray(0, chance.between(1, data.length));
}

// --- long pieces ---

const from = (...letters) => (c) => c.pick(letters);
const within = (least, most) => (c) => point(c.between(least, most));
const two = (first, second) => (c) => first(c) + second(c);
const LONG = [
  within(33, 126), from(" ", "\n", "\t", "\r\n", "\u3000", " \n"), from(..."aàЖ字가ก🙂\u0308"),
  two(within(33, 126), within(33, 126)), two(from(..."aesti"), from(..."AESTI")),
];
const LONG_MIXED = [
  within(97, 122), within(65, 90), from(..."abcdeABCDE"), from(..."=-*#_/~"), from(" ", " ", "\t", "\n", "\u00a0"),
  within(0x4e00, 0x9fa5), within(0x3041, 0x30fe), within(0xac00, 0xd7a3), within(0xe01, 0xe4e), within(0x1f300, 0x1f64f),
];

function longPiece(chance) {
  const most = chance.between(20, LONGEST_RUN);
  let text;
  if (chance.once(2)) {
    const unit = chance.pick(LONG)(chance);
    text = unit.repeat(Math.ceil(most / Buffer.byteLength(unit)));
  } else {
    const make = chance.pick(LONG_MIXED);
    const letter = make(chance);
    text = chance.times(Math.ceil(most / Buffer.byteLength(letter)), () => make(chance));
  }
  return chance.pick(["", "", "x", " ", "\n", "1'", "字"]) + text + chance.pick(["", "", "x", " x", "\n", "'s", ".\n"]);
}

// --- ordinary text, made up: words of a sample in the order that the sample allows ---

export class Talk {
  constructor(text, spaced) {
    this.units = spaced ? text.match(/\s*\S+/g) : [...text];
    this.after = new Map();
    this.units.forEach((unit, i) => {
      const key = this.key(i);
      if (!this.after.has(key)) this.after.set(key, []);
      this.after.get(key).push(i);
    });
  }

  key(i) { return this.units[i - 1] + "\u0001" + (i % 3 ? "" : this.units[i - 2] ?? ""); }

  make(chance, bytes) {
    let at = chance.below(this.units.length), text = "";
    while (text.length < bytes) {
      text += this.units[at];
      const next = this.after.get(this.key(at + 1));
      at = next && !chance.once(30) ? chance.pick(next) : chance.below(this.units.length);
    }
    return text;
  }
}

// Names, dates and amounts as the language's own conventions have them.
function conventions(language, chance) {
  const when = new Date(chance.below(2 ** 31) * 1000), number = chance.below(10 ** chance.between(1, 9)) / 100;
  return chance.pick([
    () => new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long", timeZone: "UTC" }).format(when),
    () => new Intl.NumberFormat(language, { style: "currency", currency: chance.pick(["EUR", "USD", "JPY", "INR", "KRW"]) }).format(number),
    () => new Intl.DisplayNames(language, { type: "region" }).of(chance.pick([..."ABCDEFGIKLMNPRSTUVZ"]) + chance.pick([..."AEGMNORSTUZ"])),
    () => new Intl.DisplayNames(language, { type: "language" }).of(chance.pick(["af", "cy", "eu", "fi", "hu", "ka", "mn", "ta", "uk", "vi", "yo", "zu"])),
    () => new Intl.RelativeTimeFormat(language).format(chance.below(40) - 20, chance.pick(["day", "month", "year", "hour"])),
    () => new Intl.NumberFormat(language, { style: "unit", unit: chance.pick(["liter", "kilometer-per-hour", "celsius", "megabyte"]), unitDisplay: "long" }).format(number),
  ])();
}

// --- a stock of ordinary texts, cut where chance has it ---

function cut(text, chance) {
  const length = chance.between(200, 6000), from = chance.below(Math.max(text.length - length, 1));
  return text.slice(from, from + length);
}

class Stock {
  constructor(bytes) {
    this.talks = LANGUAGES.map((language) => new Talk(sample(language), !["zh", "ja"].includes(language)));
    this.found = LANGUAGES.map((language) => (language === "en" ? machine.english(bytes) : machine.language(language, bytes))
      .filter((text) => text.length > 0));
    this.code = machine.code(bytes).filter((text) => text.length > 0);
    this.json = machine.json(bytes).filter((text) => text.length > 0);
  }

  ordinary(chance) {
    const which = chance.below(LANGUAGES.length), found = this.found[which];
    if (found.length > 0 && !chance.once(3)) return cut(chance.pick(found), chance);
    const parts = chance.times(chance.between(1, 8), () => this.talks[which].make(chance, chance.between(20, 600))
      + chance.pick(["\n", " ", "\n\n- ", ": "]) + (chance.once(2) ? conventions(LANGUAGES[which], chance) : ""));
    return parts;
  }

  program(chance) {
    const from = chance.once(4) ? this.json : this.code;
    return from.length > 0 ? cut(chance.pick(from), chance) : classStress(chance);
  }
}

// --- all of it ---

// Share of the bytes, in hundredths.
export const KINDS = {
  "ordinary text": 30, code: 20, "class stress": 20, "random Unicode": 8, "random ASCII": 5, "vocabulary tokens": 10,
  "long pieces": 5, "broken UTF-8": 2,
};

// Pieces longer than the reference can do in a reasonable time get a break.
const RUNS = new RegExp(`[^\\s]{${LONGEST_RUN}}|\\s{${LONGEST_RUN}}`, "gu");
const bounded = (text) => typeof text === "string" ? text.replace(RUNS, (run) => run + (/\s/.test(run[0]) ? "." : " ")) : text;

export class Texts {
  constructor(stockBytes) {
    const stock = new Stock(stockBytes);
    this.makers = {
      "ordinary text": (chance) => stock.ordinary(chance), code: (chance) => stock.program(chance), "class stress": classStress,
      "random Unicode": randomUnicode, "random ASCII": randomAscii, "vocabulary tokens": vocabularyTokens, "long pieces": longPiece,
      "broken UTF-8": brokenUtf8,
    };
  }

  document(kind, chance) { return bounded(this.makers[kind](chance)); }

  // Documents of one kind, of at least that many bytes in sum: the bytes, what a lenient reader
  // makes of them (halves of surrogate pairs and broken UTF-8 are gone), and that as bytes.
  *documents(kind, chance, bytes) {
    for (let sum = 0; sum < bytes;) {
      const data = Buffer.from(this.document(kind, chance)), text = data.toString();
      sum += data.length;
      yield { kind, data, text, whole: kind === "broken UTF-8" ? Buffer.from(text) : data };
    }
  }
}
