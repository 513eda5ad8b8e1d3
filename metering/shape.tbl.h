/* What is where in the answers of each wire shape. One line for each place; a provider's
 * renamed field is one more line here and nothing elsewhere.
 *
 * SHAPE(id, "name", error style, reasoning tokens are, caches counted apart)
 * FACT(shape, "/where", kind, argument)    a value of its own          (kinds: shape.h)
 * USE(shape, "/where", words, how)         a usage object: whose words it uses, and what
 *                                          it does to what was known before
 * TERM(words, "/where in it", kind, argument)
 * WORD(shape, "word", meaning)             a document's type, or the name of its event
 * ITEM(list, "kind", "subkind", count)     one element of a list, and what it adds to
 * ITERATION("kind", verdict)               an inner exchange of an answer
 * TIER("provider's word", "our word")      where a service tier is called otherwise
 * HEADER(shape, "name", count)             a response header with a number
 */
#ifndef SHAPE
#define SHAPE(id, name, style, reasoning, apart)
#endif
#ifndef FACT
#define FACT(shape, pointer, kind, arg)
#endif
#ifndef USE
#define USE(shape, pointer, words, how)
#endif
#ifndef TERM
#define TERM(words, pointer, kind, arg)
#endif
#ifndef WORD
#define WORD(shape, word, meaning)
#endif
#ifndef ITEM
#define ITEM(list, kind, sub, count)
#endif
#ifndef ITERATION
#define ITERATION(kind, verdict)
#endif
#ifndef HEADER
#define HEADER(shape, name, count)
#endif
#ifndef TIER
#define TIER(theirs, ours)
#endif

SHAPE(openai_chat,         "openai-chat",         openai,    inside, false)
SHAPE(openai_completions,  "openai-completions",  openai,    inside, false)
SHAPE(openai_responses,    "openai-responses",    openai,    inside, false)
SHAPE(openai_embeddings,   "openai-embeddings",   openai,    inside, false)
SHAPE(anthropic,           "anthropic",           anthropic, inside, true)
SHAPE(gemini,              "gemini",              gemini,    on_top, false)
SHAPE(gemini_interactions, "gemini-interactions", gemini,    on_top, false)
SHAPE(bedrock_converse,    "bedrock-converse",    bedrock,   inside, true)
SHAPE(bedrock_invoke,      "bedrock-invoke",      bedrock,   inside, true)
SHAPE(cohere,              "cohere",              cohere,    inside, false)
SHAPE(ollama,              "ollama",              ollama,    inside, false)
SHAPE(free,                "free",                openai,    inside, false)

/* --- OpenAI chat completions and all that speak it --- */
FACT(openai_chat, "/id", id, 0)
FACT(openai_chat, "/model", model, 0)
FACT(openai_chat, "/service_tier", tier, 0)
FACT(openai_chat, "/choices", choices, 0)
FACT(openai_chat, "/choices/*", choice, 0)
FACT(openai_chat, "/choices/*/finish_reason", finish, FINISH_may_end)
FACT(openai_chat, "/choices/*/delta/content", text, 0)
FACT(openai_chat, "/choices/*/delta/content/*/text", text, 0)              /* Mistral */
FACT(openai_chat, "/choices/*/delta/content/*/thinking/*/text", text, 0)   /* Mistral */
FACT(openai_chat, "/choices/*/delta/refusal", text, 0)
FACT(openai_chat, "/choices/*/delta/reasoning_content", text, 0)           /* DeepSeek, xAI, z.ai */
FACT(openai_chat, "/choices/*/delta/reasoning", text, 0)                   /* OpenRouter, Groq */
FACT(openai_chat, "/choices/*/delta/tool_calls/*/function/name", text, 0)
FACT(openai_chat, "/choices/*/delta/tool_calls/*/function/arguments", text, 0)
FACT(openai_chat, "/choices/*/delta/function_call/arguments", text, 0)
FACT(openai_chat, "/choices/*/delta/audio/transcript", text, 0)
FACT(openai_chat, "/choices/*/message/content", text, 0)
FACT(openai_chat, "/choices/*/message/content/*/text", text, 0)
FACT(openai_chat, "/choices/*/message/content/*/thinking/*/text", text, 0)
FACT(openai_chat, "/choices/*/message/refusal", text, 0)
FACT(openai_chat, "/choices/*/message/reasoning_content", text, 0)
FACT(openai_chat, "/choices/*/message/reasoning", text, 0)
FACT(openai_chat, "/choices/*/message/tool_calls/*/function/name", text, 0)
FACT(openai_chat, "/choices/*/message/tool_calls/*/function/arguments", text, 0)
FACT(openai_chat, "/choices/*/message/function_call/arguments", text, 0)
FACT(openai_chat, "/choices/*/message/audio/transcript", text, 0)
FACT(openai_chat, "/error", error, 0)
FACT(openai_chat, "/error/status", error_word, RANK_status)
FACT(openai_chat, "/error/code", error_word, RANK_code)
FACT(openai_chat, "/error/type", error_word, RANK_type)
FACT(openai_chat, "/message", error_text, 0)
FACT(openai_chat, "/detail", error_text, 0)
FACT(openai_chat, "/code", error_word, RANK_flat_code)
FACT(openai_chat, "/type", error_word, RANK_flat_type)
USE(openai_chat, "/usage", chat, replace)
USE(openai_chat, "/x_groq/usage", chat, replace)
WORD(openai_chat, "error", error)

TERM(chat, "/prompt_tokens", count, COUNT_input)
TERM(chat, "/completion_tokens", count, COUNT_output)
TERM(chat, "/total_tokens", count, COUNT_total)
TERM(chat, "/prompt_tokens_details/cached_tokens", count, COUNT_cached)
TERM(chat, "/prompt_token_details/cached_tokens", count, COUNT_cached)     /* Mistral */
TERM(chat, "/num_cached_tokens", count, COUNT_cached)                      /* Mistral */
TERM(chat, "/prompt_cache_hit_tokens", count, COUNT_cached)                /* DeepSeek */
TERM(chat, "/cached_tokens", count, COUNT_cached)                          /* Together */
TERM(chat, "/prompt_tokens_details/cache_write_tokens", count, COUNT_written)
TERM(chat, "/prompt_tokens_details/audio_tokens", count, COUNT_input_audio)
TERM(chat, "/prompt_tokens_details/image_tokens", count, COUNT_input_image)
TERM(chat, "/completion_tokens_details/reasoning_tokens", count, COUNT_reasoning)
TERM(chat, "/completion_tokens_details/audio_tokens", count, COUNT_output_audio)
TERM(chat, "/completion_tokens_details/image_tokens", count, COUNT_output_image)
TERM(chat, "/reasoning_tokens", count, COUNT_reasoning)                    /* SGLang, Foundry */
TERM(chat, "/server_tool_use/web_search_requests", count, COUNT_web_search)
TERM(chat, "/server_tool_use_details/web_search_requests", count, COUNT_web_search)
TERM(chat, "/server_side_tool_usage_details/web_search_calls", count, COUNT_web_search)
TERM(chat, "/server_side_tool_usage_details/x_search_calls", count, COUNT_x_search)
TERM(chat, "/server_side_tool_usage_details/file_search_calls", count, COUNT_file_search)
TERM(chat, "/server_side_tool_usage_details/code_interpreter_calls", count, COUNT_code_session)
TERM(chat, "/service_tier", tier, 0)                                       /* Mistral */
TERM(chat, "/cost", cost, 0)                                               /* OpenRouter */
TERM(chat, "/cost/total_cost", cost, 0)                                    /* Perplexity */
TERM(chat, "/cost_in_usd_ticks", cost, 10)                                 /* xAI */

/* --- OpenAI completions and embeddings --- */
FACT(openai_completions, "/id", id, 0)
FACT(openai_completions, "/model", model, 0)
FACT(openai_completions, "/service_tier", tier, 0)
FACT(openai_completions, "/choices", choices, 0)
FACT(openai_completions, "/choices/*", choice, 0)
FACT(openai_completions, "/choices/*/finish_reason", finish, FINISH_may_end)
FACT(openai_completions, "/choices/*/text", text, 0)
FACT(openai_completions, "/error", error, 0)
FACT(openai_completions, "/error/status", error_word, RANK_status)
FACT(openai_completions, "/error/code", error_word, RANK_code)
FACT(openai_completions, "/error/type", error_word, RANK_type)
FACT(openai_completions, "/message", error_text, 0)
FACT(openai_completions, "/detail", error_text, 0)
FACT(openai_completions, "/code", error_word, RANK_flat_code)
FACT(openai_completions, "/type", error_word, RANK_flat_type)
USE(openai_completions, "/usage", chat, replace)
WORD(openai_completions, "error", error)

FACT(openai_embeddings, "/id", id, 0)
FACT(openai_embeddings, "/model", model, 0)
FACT(openai_embeddings, "/error", error, 0)
FACT(openai_embeddings, "/error/status", error_word, RANK_status)
FACT(openai_embeddings, "/error/code", error_word, RANK_code)
FACT(openai_embeddings, "/error/type", error_word, RANK_type)
FACT(openai_embeddings, "/message", error_text, 0)
FACT(openai_embeddings, "/detail", error_text, 0)
FACT(openai_embeddings, "/code", error_word, RANK_flat_code)
FACT(openai_embeddings, "/type", error_word, RANK_flat_type)
USE(openai_embeddings, "/usage", chat, replace)

/* --- OpenAI responses: events carry the answer below /response, a body is the answer --- */
FACT(openai_responses, "/type", type, 0)
FACT(openai_responses, "/delta", text, 0)
FACT(openai_responses, "/response/id", id, 0)
FACT(openai_responses, "/response/model", model, 0)
FACT(openai_responses, "/response/service_tier", tier, 0)
FACT(openai_responses, "/response/error", error, 0)
FACT(openai_responses, "/response/error/code", error_word, RANK_code)
FACT(openai_responses, "/response/tools/*/model", aux_model, 0)
FACT(openai_responses, "/response/tool_usage/web_search/num_requests", tool_count, COUNT_web_search)
FACT(openai_responses, "/response/output", items, 0)
FACT(openai_responses, "/response/output/*", item, LIST_output)
FACT(openai_responses, "/response/output/*/type", item_kind, 0)
FACT(openai_responses, "/response/output/*/action/type", item_sub, 0)
FACT(openai_responses, "/response/output/*/container_id", item_id, 0)
FACT(openai_responses, "/item", item, LIST_output)
FACT(openai_responses, "/item/type", item_kind, 0)
FACT(openai_responses, "/item/status", item_status, 0)
FACT(openai_responses, "/item/action/type", item_sub, 0)
FACT(openai_responses, "/item/container_id", item_id, 0)
FACT(openai_responses, "/id", id, 0)
FACT(openai_responses, "/model", model, 0)
FACT(openai_responses, "/service_tier", tier, 0)
FACT(openai_responses, "/tools/*/model", aux_model, 0)
FACT(openai_responses, "/tool_usage/web_search/num_requests", tool_count, COUNT_web_search)
FACT(openai_responses, "/output", items, 0)
FACT(openai_responses, "/output/*", item, LIST_output)
FACT(openai_responses, "/output/*/type", item_kind, 0)
FACT(openai_responses, "/output/*/action/type", item_sub, 0)
FACT(openai_responses, "/output/*/container_id", item_id, 0)
FACT(openai_responses, "/output/*/content/*/text", text, 0)
FACT(openai_responses, "/output/*/content/*/refusal", text, 0)
FACT(openai_responses, "/output/*/summary/*/text", text, 0)
FACT(openai_responses, "/output/*/name", text, 0)
FACT(openai_responses, "/output/*/arguments", text, 0)
FACT(openai_responses, "/output/*/input", text, 0)
FACT(openai_responses, "/error", error, 0)
FACT(openai_responses, "/error/status", error_word, RANK_status)
FACT(openai_responses, "/error/code", error_word, RANK_code)
FACT(openai_responses, "/error/type", error_word, RANK_type)
FACT(openai_responses, "/code", error_word, RANK_flat_code)
USE(openai_responses, "/response/usage", responses, replace)
USE(openai_responses, "/response/tool_usage/image_gen", responses, aux)
USE(openai_responses, "/usage", responses, replace)
USE(openai_responses, "/tool_usage/image_gen", responses, aux)
WORD(openai_responses, "response.completed", end)
WORD(openai_responses, "response.incomplete", end)
WORD(openai_responses, "response.failed", end)
WORD(openai_responses, "response.cancelled", end)
WORD(openai_responses, "error", error)
WORD(openai_responses, "response.audio.delta", silent)
WORD(openai_responses, "response.image_generation_call.partial_image", silent)
ITEM(LIST_output, "web_search_call", "search", COUNT_web_search)
ITEM(LIST_output, "file_search_call", "", COUNT_file_search)
ITEM(LIST_output, "code_interpreter_call", "", COUNT_code_session)

TERM(responses, "/input_tokens", count, COUNT_input)
TERM(responses, "/output_tokens", count, COUNT_output)
TERM(responses, "/total_tokens", count, COUNT_total)
TERM(responses, "/cached_tokens", count, COUNT_cached)
TERM(responses, "/input_tokens_details/cached_tokens", count, COUNT_cached)
TERM(responses, "/input_tokens_details/cache_write_tokens", count, COUNT_written)
TERM(responses, "/input_tokens_details/cache_write_tokens_details/ttl_30m_tokens", count, COUNT_written_5m)
TERM(responses, "/input_tokens_details/cache_write_tokens_details/ttl_12h_tokens", count, COUNT_written_1h)
TERM(responses, "/input_tokens_details/audio_tokens", count, COUNT_input_audio)
TERM(responses, "/input_tokens_details/image_tokens", count, COUNT_input_image)
TERM(responses, "/output_tokens_details/reasoning_tokens", count, COUNT_reasoning)
TERM(responses, "/output_tokens_details/audio_tokens", count, COUNT_output_audio)
TERM(responses, "/output_tokens_details/image_tokens", count, COUNT_output_image)
TERM(responses, "/server_tool_use_details/web_search_requests", count, COUNT_web_search)
TERM(responses, "/server_side_tool_usage_details/web_search_calls", count, COUNT_web_search)
TERM(responses, "/server_side_tool_usage_details/x_search_calls", count, COUNT_x_search)
TERM(responses, "/server_side_tool_usage_details/file_search_calls", count, COUNT_file_search)
TERM(responses, "/server_side_tool_usage_details/code_interpreter_calls", count, COUNT_code_session)
TERM(responses, "/cost", cost, 0)                                          /* OpenRouter */
TERM(responses, "/cost/total_cost", cost, 0)                               /* Perplexity */
TERM(responses, "/cost_in_usd_ticks", cost, 10)                            /* xAI */

/* --- Anthropic messages: a base in message_start, corrections in message_delta --- */
FACT(anthropic, "/type", type, 0)
FACT(anthropic, "/message/id", id, 0)
FACT(anthropic, "/message/model", model, 0)
FACT(anthropic, "/delta/text", text, 0)
FACT(anthropic, "/delta/thinking", text, 0)
FACT(anthropic, "/delta/partial_json", text, 0)
FACT(anthropic, "/delta/content", text, 0)                                 /* compaction_delta */
FACT(anthropic, "/id", id, 0)
FACT(anthropic, "/model", model, 0)
FACT(anthropic, "/content/*/text", text, 0)
FACT(anthropic, "/content/*/thinking", text, 0)
FACT(anthropic, "/content/*/input", arguments, 0)
FACT(anthropic, "/error", error, 0)
FACT(anthropic, "/error/type", error_word, RANK_type)
USE(anthropic, "/message/usage", anthropic, base)
USE(anthropic, "/usage", anthropic, overlay)
USE(anthropic, "/usage/iterations/*", anthropic, iteration)
FACT(anthropic, "/usage/iterations", iterations, 0)
FACT(anthropic, "/usage/iterations/*/type", item_kind, 0)
FACT(anthropic, "/usage/iterations/*/model", item_model, 0)
ITERATION("compaction", on_top)
ITERATION("advisor_message", on_top)
ITERATION("fallback_message", serves)
WORD(anthropic, "message_stop", end)
WORD(anthropic, "error", error)

TERM(anthropic, "/input_tokens", count, COUNT_input)
TERM(anthropic, "/output_tokens", count, COUNT_output)
TERM(anthropic, "/cache_read_input_tokens", count, COUNT_cached)
TERM(anthropic, "/cache_creation_input_tokens", count, COUNT_written)
TERM(anthropic, "/cache_creation/ephemeral_5m_input_tokens", count, COUNT_written_5m)
TERM(anthropic, "/cache_creation/ephemeral_1h_input_tokens", count, COUNT_written_1h)
TERM(anthropic, "/output_tokens_details/thinking_tokens", count, COUNT_reasoning)
TERM(anthropic, "/server_tool_use/web_search_requests", count, COUNT_web_search)
TERM(anthropic, "/server_tool_use/web_fetch_requests", count, COUNT_web_fetch)
TERM(anthropic, "/service_tier", tier, 0)
TERM(anthropic, "/speed", speed, 0)

/* --- Gemini: usage in every chunk, the last one counts --- */
FACT(gemini, "/responseId", id, 0)
FACT(gemini, "/modelVersion", model, 0)
FACT(gemini, "/candidates/*/finishReason", finish, FINISH_ends)
FACT(gemini, "/promptFeedback/blockReason", finish, FINISH_ends)
FACT(gemini, "/candidates/*/content/parts/*/text", text, 0)
FACT(gemini, "/candidates/*/content/parts/*/functionCall", arguments, 0)
FACT(gemini, "/candidates/*/content/parts/*/executableCode/code", text, 0)
FACT(gemini, "/error", error, 0)
FACT(gemini, "/error/status", error_word, RANK_status)
FACT(gemini, "/error/code", error_word, RANK_code)
USE(gemini, "/usageMetadata", gemini, replace)
WORD(gemini, "error", error)

TERM(gemini, "/promptTokenCount", count, COUNT_input)
TERM(gemini, "/candidatesTokenCount", count, COUNT_output)
TERM(gemini, "/thoughtsTokenCount", count, COUNT_reasoning)
TERM(gemini, "/toolUsePromptTokenCount", count, COUNT_tool_input)
TERM(gemini, "/cachedContentTokenCount", count, COUNT_cached)
TERM(gemini, "/totalTokenCount", count, COUNT_total)
TERM(gemini, "/promptTokensDetails/*", item, LIST_prompt)
TERM(gemini, "/promptTokensDetails/*/modality", item_kind, 0)
TERM(gemini, "/promptTokensDetails/*/tokenCount", item_amount, 0)
TERM(gemini, "/promptTokenDetails/*", item, LIST_prompt)                   /* batchEmbedContents */
TERM(gemini, "/promptTokenDetails/*/modality", item_kind, 0)
TERM(gemini, "/promptTokenDetails/*/tokenCount", item_amount, 0)
TERM(gemini, "/cacheTokensDetails/*", item, LIST_cache)
TERM(gemini, "/cacheTokensDetails/*/modality", item_kind, 0)
TERM(gemini, "/cacheTokensDetails/*/tokenCount", item_amount, 0)
TERM(gemini, "/candidatesTokensDetails/*", item, LIST_candidates)
TERM(gemini, "/candidatesTokensDetails/*/modality", item_kind, 0)
TERM(gemini, "/candidatesTokensDetails/*/tokenCount", item_amount, 0)
TERM(gemini, "/trafficType", tier, 0)
TERM(gemini, "/serviceTier", tier, 0)
ITEM(LIST_prompt, "AUDIO", "", COUNT_input_audio)
ITEM(LIST_prompt, "IMAGE", "", COUNT_input_image)
ITEM(LIST_cache, "AUDIO", "", COUNT_cached_audio)
ITEM(LIST_cache, "IMAGE", "", COUNT_cached_image)
ITEM(LIST_candidates, "AUDIO", "", COUNT_output_audio)
ITEM(LIST_candidates, "IMAGE", "", COUNT_output_image)
TIER("ON_DEMAND", "standard")
TIER("ON_DEMAND_FLEX", "flex")
TIER("ON_DEMAND_PRIORITY", "priority")
TIER("ON_DEMAND_OFFPEAK", "offpeak")
TIER("PROVISIONED_THROUGHPUT", "provisioned")

/* --- Gemini interactions: events carry it below /interaction --- */
FACT(gemini_interactions, "/event_type", type, 0)
FACT(gemini_interactions, "/interaction/id", id, 0)
FACT(gemini_interactions, "/interaction/model", model, 0)
FACT(gemini_interactions, "/interaction/service_tier", tier, 0)
FACT(gemini_interactions, "/delta/text", text, 0)
FACT(gemini_interactions, "/delta/arguments", arguments, 0)
FACT(gemini_interactions, "/id", id, 0)
FACT(gemini_interactions, "/model", model, 0)
FACT(gemini_interactions, "/service_tier", tier, 0)
FACT(gemini_interactions, "/outputs/*/text", text, 0)
FACT(gemini_interactions, "/steps/*/content/*/text", text, 0)
FACT(gemini_interactions, "/error", error, 0)
FACT(gemini_interactions, "/error/status", error_word, RANK_status)
FACT(gemini_interactions, "/error/code", error_word, RANK_code)
USE(gemini_interactions, "/interaction/usage", interactions, replace)
USE(gemini_interactions, "/usage", interactions, replace)
WORD(gemini_interactions, "interaction.completed", end)
WORD(gemini_interactions, "interaction.complete", end)
WORD(gemini_interactions, "interaction.failed", end)
WORD(gemini_interactions, "error", error)

TERM(interactions, "/total_input_tokens", count, COUNT_input)
TERM(interactions, "/total_output_tokens", count, COUNT_output)
TERM(interactions, "/total_thought_tokens", count, COUNT_reasoning)
TERM(interactions, "/total_tool_use_tokens", count, COUNT_tool_input)
TERM(interactions, "/total_cached_tokens", count, COUNT_cached)
TERM(interactions, "/total_tokens", count, COUNT_total)
TERM(interactions, "/input_tokens_by_modality/*", item, LIST_prompt)
TERM(interactions, "/input_tokens_by_modality/*/modality", item_kind, 0)
TERM(interactions, "/input_tokens_by_modality/*/tokens", item_amount, 0)
TERM(interactions, "/cached_tokens_by_modality/*", item, LIST_cache)
TERM(interactions, "/cached_tokens_by_modality/*/modality", item_kind, 0)
TERM(interactions, "/cached_tokens_by_modality/*/tokens", item_amount, 0)
TERM(interactions, "/output_tokens_by_modality/*", item, LIST_candidates)
TERM(interactions, "/output_tokens_by_modality/*/modality", item_kind, 0)
TERM(interactions, "/output_tokens_by_modality/*/tokens", item_amount, 0)

/* --- Bedrock converse: the frame's event type stands for a document's type --- */
FACT(bedrock_converse, "/delta/text", text, 0)
FACT(bedrock_converse, "/delta/toolUse/input", text, 0)
FACT(bedrock_converse, "/delta/reasoningContent/text", text, 0)
FACT(bedrock_converse, "/output/message/content/*/text", text, 0)
FACT(bedrock_converse, "/output/message/content/*/toolUse/input", arguments, 0)
FACT(bedrock_converse, "/output/message/content/*/reasoningContent/reasoningText/text", text, 0)
FACT(bedrock_converse, "/serviceTier/type", tier, 0)
FACT(bedrock_converse, "/message", error_text, 0)
FACT(bedrock_converse, "/Message", error_text, 0)
USE(bedrock_converse, "/usage", converse, replace)
WORD(bedrock_converse, "metadata", end)

TERM(converse, "/inputTokens", count, COUNT_input)
TERM(converse, "/outputTokens", count, COUNT_output)
TERM(converse, "/totalTokens", count, COUNT_total)
TERM(converse, "/cacheReadInputTokens", count, COUNT_cached)
TERM(converse, "/cacheReadInputTokenCount", count, COUNT_cached)
TERM(converse, "/cacheWriteInputTokens", count, COUNT_written)
TERM(converse, "/cacheWriteInputTokenCount", count, COUNT_written)
TERM(converse, "/cacheDetails/*", item, LIST_ttl)
TERM(converse, "/cacheDetails/*/ttl", item_kind, 0)
TERM(converse, "/cacheDetails/*/inputTokens", item_amount, 0)
ITEM(LIST_ttl, "5m", "", COUNT_written_5m)
ITEM(LIST_ttl, "1h", "", COUNT_written_1h)

/* --- Bedrock invoke: base64 in each frame holds the model's own document --- */
FACT(bedrock_invoke, "/bytes", inner, 0)
FACT(bedrock_invoke, "/type", type, 0)
FACT(bedrock_invoke, "/message/id", id, 0)
FACT(bedrock_invoke, "/message/model", model, 0)
FACT(bedrock_invoke, "/id", id, 0)
FACT(bedrock_invoke, "/model", model, 0)
FACT(bedrock_invoke, "/delta/text", text, 0)                               /* Anthropic */
FACT(bedrock_invoke, "/delta/thinking", text, 0)
FACT(bedrock_invoke, "/delta/partial_json", text, 0)
FACT(bedrock_invoke, "/content/*/text", text, 0)
FACT(bedrock_invoke, "/content/*/thinking", text, 0)
FACT(bedrock_invoke, "/content/*/input", arguments, 0)
FACT(bedrock_invoke, "/contentBlockDelta/delta/text", text, 0)             /* Nova */
FACT(bedrock_invoke, "/output/message/content/*/text", text, 0)
FACT(bedrock_invoke, "/outputText", text, 0)                               /* Titan */
FACT(bedrock_invoke, "/results/*/outputText", text, 0)
FACT(bedrock_invoke, "/generation", text, 0)                               /* Llama */
FACT(bedrock_invoke, "/outputs/*/text", text, 0)                           /* Mistral */
FACT(bedrock_invoke, "/choices/*/message/content", text, 0)
FACT(bedrock_invoke, "/text", text, 0)                                     /* Cohere */
FACT(bedrock_invoke, "/error", error, 0)
FACT(bedrock_invoke, "/error/type", error_word, RANK_type)
FACT(bedrock_invoke, "/Message", error_text, 0)
USE(bedrock_invoke, "/message/usage", anthropic, base)
USE(bedrock_invoke, "/usage", anthropic, overlay)
USE(bedrock_invoke, "/usage", nova, overlay)
USE(bedrock_invoke, "/usage/iterations/*", anthropic, iteration)
FACT(bedrock_invoke, "/usage/iterations", iterations, 0)
FACT(bedrock_invoke, "/usage/iterations/*/type", item_kind, 0)
FACT(bedrock_invoke, "/usage/iterations/*/model", item_model, 0)
USE(bedrock_invoke, "/amazon-bedrock-invocationMetrics", metrics, fallback)
HEADER(bedrock_invoke, "x-amzn-bedrock-input-token-count", COUNT_input)
HEADER(bedrock_invoke, "x-amzn-bedrock-output-token-count", COUNT_output)
HEADER(bedrock_invoke, "x-amzn-bedrock-cache-read-input-token-count", COUNT_cached)
HEADER(bedrock_invoke, "x-amzn-bedrock-cache-write-input-token-count", COUNT_written)
WORD(bedrock_invoke, "message_stop", end)
WORD(bedrock_invoke, "error", error)

TERM(nova, "/inputTokens", count, COUNT_input)
TERM(nova, "/outputTokens", count, COUNT_output)
TERM(nova, "/cacheReadInputTokenCount", count, COUNT_cached)
TERM(nova, "/cacheWriteInputTokenCount", count, COUNT_written)

TERM(metrics, "/inputTokenCount", count, COUNT_input)
TERM(metrics, "/outputTokenCount", count, COUNT_output)
TERM(metrics, "/cacheReadInputTokenCount", count, COUNT_cached)
TERM(metrics, "/cacheWriteInputTokenCount", count, COUNT_written)

/* --- Cohere v2: what is billed is less than what the model saw --- */
FACT(cohere, "/type", type, 0)
FACT(cohere, "/id", id, 0)
FACT(cohere, "/delta/message/content/text", text, 0)
FACT(cohere, "/delta/message/content/thinking", text, 0)
FACT(cohere, "/delta/message/tool_plan", text, 0)
FACT(cohere, "/delta/message/tool_calls/function/name", text, 0)
FACT(cohere, "/delta/message/tool_calls/function/arguments", text, 0)
FACT(cohere, "/delta/finish_reason", finish_or_error, 0)
FACT(cohere, "/message", error_text, 0)
FACT(cohere, "/message/content/*/text", text, 0)
FACT(cohere, "/message/content/*/thinking", text, 0)
FACT(cohere, "/message/tool_plan", text, 0)
FACT(cohere, "/message/tool_calls/*/function/name", text, 0)
FACT(cohere, "/message/tool_calls/*/function/arguments", text, 0)
FACT(cohere, "/finish_reason", finish_or_error, 0)
USE(cohere, "/delta/usage/billed_units", cohere, replace)
USE(cohere, "/usage/billed_units", cohere, replace)
USE(cohere, "/meta/billed_units", cohere, replace)
WORD(cohere, "message-end", end)
WORD(cohere, "error", error)

TERM(cohere, "/input_tokens", count, COUNT_input)
TERM(cohere, "/output_tokens", count, COUNT_output)
TERM(cohere, "/search_units", count, COUNT_search_unit)
TERM(cohere, "/images", count, COUNT_image)

/* --- Ollama: the last line is the usage; a count that is not there is 0 --- */
FACT(ollama, "/model", model, 0)
FACT(ollama, "/done", done, 0)
FACT(ollama, "/message/content", text, 0)
FACT(ollama, "/message/thinking", text, 0)
FACT(ollama, "/message/tool_calls/*/function/name", text, 0)
FACT(ollama, "/message/tool_calls/*/function/arguments", arguments, 0)
FACT(ollama, "/response", text, 0)
FACT(ollama, "/thinking", text, 0)
FACT(ollama, "/error", error, 0)
USE(ollama, "", ollama, at_end)

TERM(ollama, "/prompt_eval_count", count, COUNT_input)
TERM(ollama, "/eval_count", count, COUNT_output)

#undef SHAPE
#undef FACT
#undef USE
#undef TERM
#undef WORD
#undef ITEM
#undef ITERATION
#undef HEADER
#undef TIER
