/* QUANTITY(name, unit, group, "what one of them is")
 * Every unit that a provider can bill, once, and DISJOINT: a token stands in one
 * of them only, so the cost of a row is the sum of quantity x price. The names are
 * the ledger's names and the keys of a price entry.
 * group: INPUT and OUTPUT are tokens, FEE is everything else.
 * A line's place is its number in the journal: add new ones at the end, remove none. */
QUANTITY(input,            tok,      INPUT,  "prompt token, neither read from nor written to a cache")
QUANTITY(cache_read,       tok,      INPUT,  "prompt token read from the provider's cache")
QUANTITY(cache_write_5m,   tok,      INPUT,  "prompt token written to a cache for the default time")
QUANTITY(cache_write_1h,   tok,      INPUT,  "prompt token written to a cache for an hour or longer")
QUANTITY(input_audio,      tok,      INPUT,  "audio prompt token")
QUANTITY(input_image,      tok,      INPUT,  "image prompt token")
QUANTITY(cache_read_audio, tok,      INPUT,  "audio prompt token read from a cache")
QUANTITY(tool_input,       tok,      INPUT,  "prompt token that a built-in tool caused")
QUANTITY(output,           tok,      OUTPUT, "generated token the client sees")
QUANTITY(reasoning,        tok,      OUTPUT, "generated token spent on thinking")
QUANTITY(output_audio,     tok,      OUTPUT, "generated audio token")
QUANTITY(output_image,     tok,      OUTPUT, "generated image token")
QUANTITY(request,          request,  FEE,    "request, where a provider charges for each")
QUANTITY(web_search,       call,     FEE,    "web search that the provider ran")
QUANTITY(web_fetch,        call,     FEE,    "page that the provider fetched")
QUANTITY(file_search,      call,     FEE,    "search in files kept by the provider")
QUANTITY(code_session,     session,  FEE,    "container session of a code interpreter")
QUANTITY(x_search,         call,     FEE,    "search in X posts")
QUANTITY(maps_query,       call,     FEE,    "query to a maps tool")
QUANTITY(search_unit,      unit,     FEE,    "rerank search unit")
QUANTITY(image,            image,    FEE,    "image, where images are sold by the piece")
QUANTITY(second,           second,   FEE,    "second of audio or video")
QUANTITY(character,        char,     FEE,    "character of text turned into speech")
QUANTITY(page,             page,     FEE,    "page read by OCR")
QUANTITY(grounded_prompt,  prompt,   FEE,    "prompt that was answered by searching, where a provider charges for that and not for each search")
#undef QUANTITY
