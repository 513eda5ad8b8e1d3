/* What a quantity costs where an entry does not list it: never nothing, unless the model
 * is sold by something else. In this order, since a line may build on earlier ones.
 *
 * LIKE(quantity, other)            as much as the other: how providers bill it themselves
 * DEAREST(quantity)                the dearest price listed in its group; flagged
 * ASSUME(quantity, usd, "whose")   a fee on top of tokens: the dearest list price; flagged
 * SOLD_BY(quantity)                a unit that some models are sold by: without a price, this
 *                                  one is not, and it costs nothing */
DEAREST(input)
LIKE(cache_read, input)
LIKE(cache_write_5m, input)
LIKE(cache_write_1h, cache_write_5m)
LIKE(input_image, input)
LIKE(tool_input, input)
DEAREST(input_audio)
DEAREST(cache_read_audio)
DEAREST(output)
LIKE(reasoning, output)
DEAREST(output_audio)
DEAREST(output_image)
ASSUME(web_search, "0.05", "OpenAI's search preview with a large context")
ASSUME(web_fetch, "0.001", "Groq's page visits")
ASSUME(file_search, "0.0025", "OpenAI's file search")
ASSUME(code_session, "0.03", "OpenAI's code interpreter")
ASSUME(x_search, "0.005", "xAI's X search")
ASSUME(maps_query, "0.025", "Google's grounding with maps")
SOLD_BY(request)
SOLD_BY(grounded_prompt)
SOLD_BY(search_unit)
SOLD_BY(image)
SOLD_BY(second)
SOLD_BY(character)
SOLD_BY(page)
#undef LIKE
#undef DEAREST
#undef ASSUME
#undef SOLD_BY
