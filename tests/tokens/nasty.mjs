// Strings that tokenizers get wrong, each for a reason. tokens of a text hang on where its pieces
// end; these end in odd places.
const contractions = ["s", "t", "re", "ve", "m", "ll", "d", "ſ", "S", "T", "RE", "Re", "rE", "VE", "LL", "lL", "D", "x", "l", "v", "r", ""];
const words = ["don", "I", "字", "Ж", "ÉA", "a1", "_", " ", "\n", "x "];
const spaces = [" ", "  ", "   ", "\t", " \t", "\n", "\r\n", "\r", "\n\n", " \n", "\n ", " \n ", "  \n  ", "\n\n  ", "\u00a0", "\u0085",
  "\u3000", " \u3000", "\u2028", "\v", "\f", "\n\u3000", "\ufeff", "\u200b", "\u1680 ", "\t\n\t", "  \r\n\r\n  "];
const around = [["", ""], ["a", "b"], ["a", ""], ["", "b"], ["1", "2"], [".", "!"], ["字", "字"], ["};", "// x"], ["A", "'s"], ["a", "\u0301"]];
const caps = ["字ABC", "字ABCd", "ABC字", "ABCd", "ABcD", "aBC", "camelCaseWord", "HTTPServer", "HTTPSErver", "ÀÉa", "aÀÉ", "ʰABC", "AʰBC", "AʰBCd",
  "A\u0301BC", "AB\u0301C", "AB\u0301Cd", "\u0301ABC", "\u0301a", "ǅa", "aǅ", "ǅǅ", "ǅʼs", "字A's", "ABC's", "字ABC's", "字ABCd's", "A字B字C", "aʰB",
  "٣abc", "क्षत्रिय", "हिन्दी", "ไทยสวย", "עברית", "العَرَبِيَّة", "한국어ABC", "ABCかな", "かなABC", "ｆｕｌｌＷＩＤＴＨ", "ß", "ẞ", "ŉ", "ﬁne", "Ⅷ", "ⅷth"];
const numbers = ["1", "12", "123", "1234", "1234567", "٣٣٣٣", "1²³4", "½½½½", "1,234.5", "0x1F", " 123", "  123", "1 2", "a1b2", "१२३४", "〇〇〇〇", "Ⅷ9Ⅷ9",
  "3.14159265", "1e10", "-12", "2026-11-22", "192.0.2.1", "１２３４", "𝟗𝟗𝟗𝟗"];
const code = ["};\n\n// x", "//\n//", "/\n/\n", "a//b", "a /b", " / ", "/*\n */", "http://a.b/c?d=e&f#g", "}\n/", ")\r\n/ x", "./../", "/'s", "!/\n/a", "/ /",
  "#include <stdio.h>\n\nint main(void)\n{\n\treturn 0;\n}\n", "if (a && !b) { c = d ? e : f; }", "x = \"\\n\";", "\t\tfoo();\n\t\t\tbar();\n", "<a href=\"/x\">y</a>",
  "{\"a\":[1,2.5,null],\"b\":{\"c\":\"d\\u00e9\"}}", "SELECT * FROM t WHERE a='b''s';", "__init__", "snake_case_name", "kebab-case-name", "a->b", "a::b", "x++;",
  "`a` **b** _c_", "- [ ] x\n- [x] y\n", "|a|b|\n|---|---|\n", "=====\n", "....", "...'s", "'''", "''s", "'s's", "a's's", "'sound", " 's", "'S", "'",
  "<|endoftext|>", "<|im_start|>user\n", "<|fim_prefix|>", "a<|endofprompt|>b", "<|start|>assistant<|channel|>final<|message|>"];
const pictures = ["🙂", "👍🏽", "👨‍👩‍👧", "🇩🇪🇫🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a🙂b", " 🙂", "🙂\n", "🙂's", "❤️", "☂︎", "1️⃣", "#️⃣", "✅ done", "𓀀𓀁", "🫠", "\u{1f9ff}", "\u{1faf8}"];
const odd = ["", "\0", "\0\0\0", "a\0b", " \0", "\x7f", "\u0001\u0002", "\ufffd", "\ufffe", "\uffff", "\u{10ffff}", "\u{e000}", "\u{f0000}", "\u{378}", "\u{2fe0}",
  "\u200d", "a\u200db", "\u00ad", "a\u00adb", "’s", "don’t", "“a”", "—a", "…", "、。", "「字」", "字、字。", "！字", "字'字", "é", "e\u0301", "Å", "\u212b",
  "\u1e9e's", "K", "\u212aelvin", "'\u017f", "a'\u017f", "a'\u017fx", "'\u212a", "\ufeffa", "a\ufeff", " \ufeff"];
const long = ["a", "-", "=", " ", "\n", "ab", "A", "字", "1", ".", "_", "\t", "~!", "aB", " \n", "\u0301", "🙂"].flatMap((unit) =>
  [3, 4, 8, 15, 16, 17, 33, 64, 65, 129].map((times) => unit.repeat(times)));

export const NASTY = [...new Set([
  ...words.flatMap((word) => contractions.flatMap((c) => [`${word}'${c}`, `${word}'${c}x`])),
  ...spaces.flatMap((space) => around.map(([left, right]) => left + space + right)),
  ...caps.flatMap((word) => [word, ` ${word}`, `${word}'t`, `.${word} `, `\t${word}\n`]),
  ...numbers.flatMap((number) => [number, ` ${number}x`]), ...code, ...code.map((text) => ` ${text}\n`),
  ...pictures, ...odd, ...odd.map((text) => `x${text} y`), ...long,
])];
