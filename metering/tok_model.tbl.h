/* How models count, by the names they go by. Data, no code: a new model is one more line.
 *
 * TOK_STRIP("prefix")        what may stand before a model's name; a path ("openai/") always may
 * TOK_RATIO(name, ascii, cjk, other)
 *     tokens of the model for 1000 of ours, by script; `exact`: the vocabulary is the model's own
 * TOK_CHAT(name, base, message, name, call, parallel)
 *     what is added once, for each message (its role included), each name in one, each tool
 *     call, and each of several in one message
 * TOK_TOOLS(name, some, shared, tool, arguments, property, help, list, choice, format)
 *     once if there are any tools, less what a system message shares with them; for each
 *     tool, each that takes arguments, each property, each description, each list of
 *     choices, each choice; for the form of an answer
 * TOK_PICTURE(name, kind, base, per, cap, side, multiplier)
 *     how a picture becomes tokens: see picture.h for the kinds; multiplier in thousandths
 * TOK_MODEL("pattern", vocabulary, ratio, "family", chat, tools, picture)
 *     a '*' ends a pattern; the whole name goes before a beginning, a longer one before a
 *     shorter; "family" is what estimates learn together
 * TOK_HOST("dialect", the same without a pattern and a family)
 *     models that no pattern knows, by whose they are
 *
 * Where from: tiktoken's list of models, OpenAI's published recipe for chat and tools (their
 * own counts confirm it: recorded.tbl.h of the tests), price pages for pictures, and published fits
 * against live usage for everybody else. What is not `exact` is a prior, to be learned over. */
#ifndef TOK_STRIP
#define TOK_STRIP(prefix)
#endif
#ifndef TOK_RATIO
#define TOK_RATIO(name, ascii, cjk, other)
#endif
#ifndef TOK_CHAT
#define TOK_CHAT(name, base, message, named, call, parallel)
#endif
#ifndef TOK_TOOLS
#define TOK_TOOLS(name, some, shared, tool, arguments, property, help, list, choice, format)
#endif
#ifndef TOK_PICTURE
#define TOK_PICTURE(name, kind, base, per, cap, side, multiplier)
#endif
#ifndef TOK_MODEL
#define TOK_MODEL(pattern, vocab, ratio, family, chat, tools, picture)
#endif
#ifndef TOK_HOST
#define TOK_HOST(dialect, vocab, ratio, chat, tools, picture)
#endif

TOK_STRIP("ft:")
TOK_STRIP("us.")
TOK_STRIP("eu.")
TOK_STRIP("apac.")
TOK_STRIP("jp.")
TOK_STRIP("au.")
TOK_STRIP("global.")
TOK_STRIP("us-gov.")
TOK_STRIP("openai.")
TOK_STRIP("anthropic.")
TOK_STRIP("meta.")
TOK_STRIP("mistral.")
TOK_STRIP("cohere.")
TOK_STRIP("deepseek.")
TOK_STRIP("qwen.")
TOK_STRIP("amazon.")

/*        name       ascii  cjk   other */
TOK_RATIO(exact,     1000, 1000, 1000)
TOK_RATIO(o200k,     1000, 1000, 1000) /* taken to be the same, for want of better */
TOK_RATIO(claude,    1200, 1300, 1300) /* up to Opus 4.6 */
TOK_RATIO(claude_47, 1600, 1350, 1350)
TOK_RATIO(gemini,    1080, 1020, 1080)
TOK_RATIO(llama,     1000, 1000, 1060)
TOK_RATIO(qwen,      1030, 1020, 1080)
TOK_RATIO(deepseek,  1050, 1000, 1110)
TOK_RATIO(mistral,   1100, 1050, 1060)
TOK_RATIO(other,     1050, 1050, 1100)

/*       name       base message name call parallel */
TOK_CHAT(openai,      3,  4,    1,   8,  11)
TOK_CHAT(gpt35_0301,  3,  5,   -1,   8,  11)
TOK_CHAT(reasoner,    2,  4,    1,   8,   0)
TOK_CHAT(harmony,    66,  4,    1,   8,   0)
TOK_CHAT(claude,      4,  3,    0,  42,   0)
TOK_CHAT(gemini,      0,  0,    0,   6,   0)
TOK_CHAT(qwen,        7,  4,    0,   8,   0)
TOK_CHAT(deepseek,    5,  1,    0,   8,   0)
TOK_CHAT(mistral,     2,  1,    0,   8,   0)
TOK_CHAT(glm,         9,  3,    0,   8,   0)
TOK_CHAT(kimi,        6,  4,    0,   8,   0)
TOK_CHAT(other,       4,  4,    0,   8,   0)

/*        name       some shared tool args prop help list choice format */
TOK_TOOLS(gpt4,        16, 4,     6,   3,   2,   2,   -3,  3,     6)
TOK_TOOLS(gpt4o,       16, 4,     6,   3,   2,   1,   -3,  3,     6)
TOK_TOOLS(gpt5,        24, 0,     6,   3,   2,   1,   -3,  3,     6)
TOK_TOOLS(claude,     317, 0,    53,  13,  12,   2,    9,  2,    20)
TOK_TOOLS(claude_45,  470, 0,    70,  13,  12,   2,    9,  2,    20)
TOK_TOOLS(claude_47,  360, 0,    70,  13,  12,   2,    9,  2,    20)
TOK_TOOLS(gemini,       6, 0,    10,   4,   6,   1,    2,  1,     0)
TOK_TOOLS(qwen,       133, 0,    50,   6,  10,   2,    6,  2,    10)
TOK_TOOLS(deepseek,   142, 0,    50,   6,  10,   2,    6,  2,    10)
TOK_TOOLS(mistral,     60, 0,    57,   6,  10,   2,    6,  2,    10)
TOK_TOOLS(other,       60, 0,    40,   6,  10,   2,    6,  2,    10)

/*          name         kind    base  per    cap   side  multiplier */
TOK_PICTURE(none,        flat,      0,     0,     0,     0, 1000)
TOK_PICTURE(gpt4o,       tiles,    85,   170,     0,   768, 1000)
TOK_PICTURE(gpt4o_mini,  tiles,  2833,  5667,     0,   768, 1000)
TOK_PICTURE(gpt5,        tiles,    70,   140,     0,   768, 1000)
TOK_PICTURE(o1,          tiles,    75,   150,     0,   768, 1000)
TOK_PICTURE(gpt_image,   tiles,    65,   129,     0,   512, 1000)
TOK_PICTURE(patch_120,   patches,   0,     0,  1536,     0, 1200)
TOK_PICTURE(patch_big,   patches,   0,     0,  2500,  2048, 1200)
TOK_PICTURE(patch_162,   patches,   0,     0,  1536,     0, 1620)
TOK_PICTURE(patch_172,   patches,   0,     0,  1536,     0, 1720)
TOK_PICTURE(patch_246,   patches,   0,     0,  1536,     0, 2460)
TOK_PICTURE(claude,      blocks,    0,    28,  1568,  1568, 1000)
TOK_PICTURE(claude_47,   blocks,    0,    28,  4784,  2576, 1000)
TOK_PICTURE(gemini,      crops,   258,   768,     0,   384, 1000)
TOK_PICTURE(qwen,        blocks,    2,    28, 16384,     0, 1000)
TOK_PICTURE(pixtral,     blocks,    0,    16,  4096,  1024, 1000)
TOK_PICTURE(other,       tiles,    85,   170,     0,   768, 1000)

/*        pattern                  vocab  ratio      family          chat        tools     picture */
TOK_MODEL("gpt-4o*",               o200k, exact,     "gpt-4o",       openai,     gpt4o,    gpt4o)
TOK_MODEL("gpt-4o-mini*",          o200k, exact,     "gpt-4o",       openai,     gpt4o,    gpt4o_mini)
TOK_MODEL("chatgpt-4o-*",          o200k, exact,     "gpt-4o",       openai,     gpt4o,    gpt4o)
TOK_MODEL("gpt-4.1*",              o200k, exact,     "gpt-4.1",      openai,     gpt4o,    gpt4o)
TOK_MODEL("gpt-4.1-mini*",         o200k, exact,     "gpt-4.1",      openai,     gpt4o,    patch_162)
TOK_MODEL("gpt-4.1-nano*",         o200k, exact,     "gpt-4.1",      openai,     gpt4o,    patch_246)
TOK_MODEL("gpt-4.5-*",             o200k, exact,     "gpt-4.5",      openai,     gpt4o,    gpt4o)
TOK_MODEL("gpt-5*",                o200k, exact,     "gpt-5",        reasoner,   gpt5,     gpt5)
TOK_MODEL("gpt-5-mini*",           o200k, exact,     "gpt-5",        reasoner,   gpt5,     patch_162)
TOK_MODEL("gpt-5-nano*",           o200k, exact,     "gpt-5",        reasoner,   gpt5,     patch_246)
TOK_MODEL("gpt-5.2*",              o200k, exact,     "gpt-5",        reasoner,   gpt5,     patch_120)
TOK_MODEL("gpt-5.3*",              o200k, exact,     "gpt-5",        reasoner,   gpt5,     patch_120)
TOK_MODEL("gpt-5.4*",              o200k, exact,     "gpt-5.4",      reasoner,   gpt5,     patch_big)
TOK_MODEL("gpt-5.4-mini*",         o200k, exact,     "gpt-5.4",      reasoner,   gpt5,     patch_162)
TOK_MODEL("gpt-5.4-nano*",         o200k, exact,     "gpt-5.4",      reasoner,   gpt5,     patch_246)
TOK_MODEL("gpt-5.5*",              o200k, exact,     "gpt-5.5",      reasoner,   gpt5,     patch_big)
TOK_MODEL("gpt-5.6*",              o200k, exact,     "gpt-5.6",      reasoner,   gpt5,     patch_big)
TOK_MODEL("o1*",                   o200k, exact,     "o-series",     reasoner,   gpt5,     o1)
TOK_MODEL("o3*",                   o200k, exact,     "o-series",     reasoner,   gpt5,     o1)
TOK_MODEL("o4-mini*",              o200k, exact,     "o-series",     reasoner,   gpt5,     patch_172)
TOK_MODEL("codex-mini-*",          o200k, exact,     "o-series",     reasoner,   gpt5,     patch_172)
TOK_MODEL("gpt-oss-*",             o200k, exact,     "gpt-oss",      harmony,    gpt4o,    none)
TOK_MODEL("computer-use-preview*", o200k, o200k,     "computer-use", openai,     gpt4o,    gpt_image)
TOK_MODEL("gpt-image-*",           o200k, o200k,     "gpt-image",    openai,     gpt4o,    gpt_image)
TOK_MODEL("gpt-4",                 cl100k, exact,    "gpt-4",        openai,     gpt4,     none)
TOK_MODEL("gpt-4:*",               cl100k, exact,    "gpt-4",        openai,     gpt4,     none)
TOK_MODEL("gpt-4-*",               cl100k, exact,    "gpt-4",        openai,     gpt4,     none)
TOK_MODEL("gpt-4-turbo*",          cl100k, exact,    "gpt-4",        openai,     gpt4,     gpt4o)
TOK_MODEL("gpt-4-vision-*",        cl100k, exact,    "gpt-4",        openai,     gpt4,     gpt4o)
TOK_MODEL("gpt-3.5*",              cl100k, exact,    "gpt-3.5",      openai,     gpt4,     none)
TOK_MODEL("gpt-3.5-turbo-0301",    cl100k, exact,    "gpt-3.5",      gpt35_0301, gpt4,     none)
TOK_MODEL("gpt-35-*",              cl100k, exact,    "gpt-3.5",      openai,     gpt4,     none)
TOK_MODEL("davinci-002*",          cl100k, exact,    "gpt-3",        openai,     gpt4,     none)
TOK_MODEL("babbage-002*",          cl100k, exact,    "gpt-3",        openai,     gpt4,     none)
TOK_MODEL("text-embedding-3-*",    cl100k, exact,    "embedding",    openai,     gpt4,     none)
TOK_MODEL("text-embedding-ada-002*", cl100k, exact,  "embedding",    openai,     gpt4,     none)
TOK_MODEL("gpt-*",                 o200k, o200k,     "gpt",          openai,     gpt4o,    gpt4o)

TOK_MODEL("claude*",               o200k, claude,    "claude",       claude,     claude,    claude)
TOK_MODEL("claude-3*",             o200k, claude,    "claude-3",     claude,     claude,    claude)
TOK_MODEL("claude-sonnet-4*",      o200k, claude,    "claude-4",     claude,     claude_45, claude)
TOK_MODEL("claude-haiku-4*",       o200k, claude,    "claude-4",     claude,     claude_45, claude)
TOK_MODEL("claude-opus-4*",        o200k, claude,    "claude-4",     claude,     claude_45, claude)
TOK_MODEL("claude-opus-4-7*",      o200k, claude_47, "claude-4.7",   claude,     claude_47, claude_47)
TOK_MODEL("claude-opus-4-8*",      o200k, claude_47, "claude-4.7",   claude,     claude_47, claude_47)
TOK_MODEL("claude-opus-5*",        o200k, claude_47, "claude-5",     claude,     claude_47, claude_47)
TOK_MODEL("claude-sonnet-5*",      o200k, claude_47, "claude-5",     claude,     claude_47, claude_47)
TOK_MODEL("claude-fable-5*",       o200k, claude_47, "claude-5",     claude,     claude_47, claude_47)
TOK_MODEL("claude-haiku-5*",       o200k, claude_47, "claude-5",     claude,     claude_47, claude_47)

TOK_MODEL("gemini*",               o200k, gemini,    "gemini",       gemini,     gemini,   gemini)
TOK_MODEL("gemini-1*",             o200k, gemini,    "gemini-1",     gemini,     gemini,   gemini)
TOK_MODEL("gemini-2*",             o200k, gemini,    "gemini-2",     gemini,     gemini,   gemini)
TOK_MODEL("gemini-3*",             o200k, gemini,    "gemini-3",     gemini,     gemini,   gemini)
TOK_MODEL("gemma*",                o200k, gemini,    "gemma",        gemini,     gemini,   gemini)
TOK_MODEL("grok*",                 o200k, other,     "grok",         other,      other,    other)
TOK_MODEL("llama*",                o200k, llama,     "llama",        other,      other,    other)
TOK_MODEL("meta-llama*",           o200k, llama,     "llama",        other,      other,    other)
TOK_MODEL("qwen*",                 o200k, qwen,      "qwen",         qwen,       qwen,     qwen)
TOK_MODEL("qwq*",                  o200k, qwen,      "qwen",         qwen,       qwen,     qwen)
TOK_MODEL("deepseek*",             o200k, deepseek,  "deepseek",     deepseek,   deepseek, other)
TOK_MODEL("mistral*",              o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("ministral*",            o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("magistral*",            o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("mixtral*",              o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("pixtral*",              o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("codestral*",            o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("devstral*",             o200k, mistral,   "mistral",      mistral,    mistral,  pixtral)
TOK_MODEL("glm*",                  o200k, other,     "glm",          glm,        other,    other)
TOK_MODEL("kimi*",                 o200k, other,     "kimi",         kimi,       other,    other)
TOK_MODEL("moonshot*",             o200k, other,     "kimi",         kimi,       other,    other)
TOK_MODEL("command*",              o200k, other,     "command",      other,      other,    other)
TOK_MODEL("nova*",                 o200k, other,     "nova",         other,      other,    other)
TOK_MODEL("titan*",                o200k, other,     "titan",        other,      other,    none)
TOK_MODEL("sonar*",                o200k, llama,     "sonar",        other,      other,    other)

/* An Azure deployment may be called anything, and OpenAI's next model is not yet known. */
TOK_HOST("openai",    o200k, o200k,    openai,  gpt4o,     gpt4o)
TOK_HOST("azure",     o200k, o200k,    openai,  gpt4o,     gpt4o)
TOK_HOST("anthropic", o200k, claude,   claude,  claude_45, claude)
TOK_HOST("gemini",    o200k, gemini,   gemini,  gemini,    gemini)
TOK_HOST("vertex",    o200k, gemini,   gemini,  gemini,    gemini)
TOK_HOST("mistral",   o200k, mistral,  mistral, mistral,   pixtral)
TOK_HOST("deepseek",  o200k, deepseek, deepseek, deepseek, other)
TOK_HOST("",          o200k, other,    other,   other,     other)

#undef TOK_STRIP
#undef TOK_RATIO
#undef TOK_CHAT
#undef TOK_TOOLS
#undef TOK_PICTURE
#undef TOK_MODEL
#undef TOK_HOST
