/* PRIOR("family", exact, ascii, cjk, other, message, tools, tool_tok, base, spread)
 * What is assumed of a model before its provider has reported anything; in thousandths. The
 * first line fits whose text is in the family's name, at its start or after no letter or digit.
 *   exact            its vocabulary is public and is what we count with: text weighs 1
 *   ascii cjk other  tokens for each token of o200k_base
 *   message ... base tokens added for each message (its role included), by the presence of
 *                    tools, for each token of tool definitions, and in any case
 *   spread           how far off nearly all estimates stay, of the mean
 * Measured: tokenizer packages against o200k_base; published multipliers and overheads. */
/*    family               exact  ascii  cjk   other message tools   tool_tok base   spread */
PRIOR("gpt-oss",           true,  1000,  1000, 1000, 4000,   16000,  1000,    67000, 200)
PRIOR("gpt-5",             true,  1000,  1000, 1000, 4000,   24000,  1000,    4000,  200)
PRIOR("gpt-4",             true,  1000,  1000, 1000, 4000,   16000,  1000,    3000,  200)
PRIOR("gpt-3.5",           true,  1000,  1000, 1000, 4000,   16000,  1000,    3000,  200)
PRIOR("gpt-35",            true,  1000,  1000, 1000, 4000,   16000,  1000,    3000,  200)
PRIOR("gpt",               true,  1000,  1000, 1000, 4000,   16000,  1000,    3000,  200)
PRIOR("chatgpt",           true,  1000,  1000, 1000, 4000,   16000,  1000,    3000,  200)
PRIOR("o1",                true,  1000,  1000, 1000, 4000,   16000,  1000,    4000,  200)
PRIOR("o3",                true,  1000,  1000, 1000, 4000,   16000,  1000,    4000,  200)
PRIOR("o4",                true,  1000,  1000, 1000, 4000,   16000,  1000,    4000,  200)
PRIOR("text-embedding",    true,  1000,  1000, 1000, 0,      0,      1000,    0,     50)
PRIOR("claude-opus-4-7",   false, 1550,  1250, 1400, 3000,   340000, 1500,    6000,  400)
PRIOR("claude-opus-4-8",   false, 1550,  1250, 1400, 3000,   340000, 1500,    6000,  400)
PRIOR("claude-opus-5",     false, 1550,  1250, 1400, 3000,   340000, 1500,    6000,  400)
PRIOR("claude",            false, 1220,  1280, 1400, 3000,   340000, 1250,    6000,  400)
PRIOR("gemini",            false, 1100,  1050, 1100, 0,      0,      1000,    0,     300)
PRIOR("gemma",             false, 1150,  1000, 1100, 4000,   0,      1000,    2000,  300)
PRIOR("llama",             false, 1000,  1000, 1050, 4000,   50000,  1000,    6000,  300)
PRIOR("qwen",              false, 1030,  1000, 1080, 5000,   130000, 1100,    7000,  300)
PRIOR("qwq",               false, 1030,  1000, 1080, 5000,   130000, 1100,    7000,  300)
PRIOR("deepseek",          false, 1060,  990,  1100, 3000,   142000, 1100,    5000,  300)
PRIOR("mistral",           false, 1110,  1060, 1050, 2000,   60000,  1100,    2000,  300)
PRIOR("mixtral",           false, 1150,  1500, 1300, 2000,   60000,  1100,    2000,  400)
PRIOR("codestral",         false, 1110,  1060, 1050, 2000,   60000,  1100,    2000,  300)
PRIOR("ministral",         false, 1110,  1060, 1050, 2000,   60000,  1100,    2000,  300)
PRIOR("magistral",         false, 1110,  1060, 1050, 2000,   60000,  1100,    2000,  300)
PRIOR("pixtral",           false, 1110,  1060, 1050, 2000,   60000,  1100,    2000,  300)
PRIOR("glm",               false, 1030,  1000, 1100, 4000,   50000,  1100,    9000,  300)
PRIOR("kimi",              false, 1030,  1000, 1100, 4000,   50000,  1100,    6000,  300)
PRIOR("",                  false, 1100,  1150, 1200, 4000,   50000,  1100,    6000,  500)
#undef PRIOR
