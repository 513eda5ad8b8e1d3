/* How LiteLLM's words are ours. Define one of these before including this file:
 *
 * PROVIDER(theirs, ours, prefix)   prices of `theirs` stand under the heading `ours`, which is
 *                                  the name of a dialect; "prefix/" is taken off the names
 *                                  of its models. One that is not here keeps its name, and
 *                                  that is its prefix
 * PRICE(key, quantity)             a price, USD for one
 * ALSO(key, quantity)              the same price by another name, or one that stands in for
 *                                  it; must agree with it when both are given
 * SKIP(key, "why")                 a price that says nothing new
 *
 * Any other key with "cost", "pricing" or "multiplier" in it that is not 0 is a price that
 * cannot be said here, and keeps its entry out. To a PRICE may be added, in this order,
 * "_above_200k_tokens" (any number) and "_batches", "_flex" or "_priority". */
#ifndef PROVIDER
#define PROVIDER(theirs, ours, prefix)
#endif
#ifndef PRICE
#define PRICE(key, quantity)
#endif
#ifndef ALSO
#define ALSO(key, quantity)
#endif
#ifndef SKIP
#define SKIP(key, why)
#endif

PROVIDER("openai",                 "openai",     "openai")
PROVIDER("text-completion-openai", "openai",     "openai")
PROVIDER("anthropic",              "anthropic",  "anthropic")
PROVIDER("gemini",                 "gemini",     "gemini")
PROVIDER("vertex_ai",              "vertex",     "vertex_ai") /* and every vertex_ai-* */
PROVIDER("azure",                  "azure",      "azure")
PROVIDER("azure_text",             "azure",      "azure")
PROVIDER("bedrock",                "bedrock",    "bedrock")
PROVIDER("bedrock_converse",       "bedrock",    "bedrock")
PROVIDER("cohere",                 "cohere",     "cohere")
PROVIDER("cohere_chat",            "cohere",     "cohere")
PROVIDER("mistral",                "mistral",    "mistral")
PROVIDER("groq",                   "groq",       "groq")
PROVIDER("deepseek",               "deepseek",   "deepseek")
PROVIDER("xai",                    "xai",        "xai")
PROVIDER("openrouter",             "openrouter", "openrouter")
PROVIDER("perplexity",             "perplexity", "perplexity")
PROVIDER("ollama",                 "ollama",     "ollama")

PRICE("input_cost_per_token",                      input)
PRICE("output_cost_per_token",                     output)
PRICE("output_cost_per_reasoning_token",           reasoning)
PRICE("cache_read_input_token_cost",               cache_read)
PRICE("cache_creation_input_token_cost",           cache_write_5m)
PRICE("cache_creation_input_token_cost_above_1hr", cache_write_1h)
PRICE("input_cost_per_audio_token",                input_audio)
PRICE("output_cost_per_audio_token",               output_audio)
PRICE("cache_read_input_audio_token_cost",         cache_read_audio)
PRICE("input_cost_per_image_token",                input_image)
PRICE("output_cost_per_image_token",               output_image)
PRICE("output_cost_per_image",                     image)
PRICE("input_cost_per_second",                     second)
PRICE("output_cost_per_video_per_second",          second)
PRICE("input_cost_per_character",                  character)
PRICE("input_cost_per_query",                      search_unit) /* of a rerank; else: request */
PRICE("input_cost_per_request",                    request)
PRICE("ocr_cost_per_page",                         page)
PRICE("code_interpreter_cost_per_session",         code_session)

ALSO("input_cost_per_token_cache_hit",             cache_read)
ALSO("cache_creation_input_audio_token_cost",      cache_read_audio) /* so for OpenAI's realtime */
ALSO("output_cost_per_second",                     second)
ALSO("input_cost_per_image",                       image)

SKIP("input_dbu_cost_per_token",  "the same in Databricks' units")
SKIP("output_dbu_cost_per_token", "the same in Databricks' units")
#undef PROVIDER
#undef PRICE
#undef ALSO
#undef SKIP
