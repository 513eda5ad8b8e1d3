/* COUNT(name, "what providers mean by it")
 * FEE(name, "the same, where it is no token"): named like its quantity.
 * The numbers of a provider's usage object, as the provider means them: they overlap
 * (input mostly includes cached). counts.c makes disjoint quantities of them. */
#ifndef COUNT
#define COUNT(name, help)
#endif
#ifndef FEE
#define FEE(name, help)
#endif
COUNT(input,        "prompt tokens")
COUNT(output,       "generated tokens")
COUNT(total,        "the provider's own sum")
COUNT(cached,       "prompt tokens read from a cache")
COUNT(written,      "prompt tokens written to a cache")
COUNT(written_5m,   "of those, for the default time")
COUNT(written_1h,   "of those, for an hour or longer")
COUNT(input_audio,  "prompt tokens that are sound")
COUNT(input_image,  "prompt tokens that are pictures")
COUNT(cached_audio, "cached tokens that are sound")
COUNT(cached_image, "cached tokens that are pictures")
COUNT(tool_input,   "prompt tokens that built-in tools caused, on top of input")
COUNT(reasoning,    "generated tokens spent on thinking")
COUNT(output_audio, "generated tokens that are sound")
COUNT(output_image, "generated tokens that are pictures")
FEE(web_search,     "web searches")
FEE(web_fetch,      "pages fetched")
FEE(file_search,    "searches in files kept by the provider")
FEE(code_session,   "sessions of a code interpreter")
FEE(x_search,       "searches in X posts")
FEE(search_unit,    "rerank search units")
FEE(image,          "images sold by the piece")
FEE(grounded_prompt, "prompts answered by searching")
#undef COUNT
#undef FEE
