/* The providers, the paths they answer on, and how they deviate from their shape.
 *
 * DIALECT(name, auth, reasoning in chat is, inject include_usage, finish reason is the end,
 *         charges each request)
 * MOUNT(dialect, routes, "client prefix", "upstream prefix")
 *     a request for client prefix + route goes to base_url + upstream prefix + route
 * ROUTES(name, error style)
 * ROUTE(routes, method, "path", shape, stream: 1 yes, 0 no, -1 the body says)
 *     {m} is the model, {a} one that may be an Amazon resource name, {o} the id of an answer that the provider keeps, {x} one segment of no
 *     interest
 */
#ifndef DIALECT
#define DIALECT(name, auth, reasoning, inject, finish, request)
#endif
#ifndef MOUNT
#define MOUNT(dialect, routes, client, upstream)
#endif
#ifndef ROUTES
#define ROUTES(name, style)
#endif
#ifndef ROUTE
#define ROUTE(routes, method, path, shape, stream)
#endif

/*      name        auth            reasoning inject finish request   base_url ends in */
DIALECT(openai,     bearer,         inside,   true,  false, false) /* /v1 */
DIALECT(azure,      api_key,        inside,   true,  false, false) /* /openai */
DIALECT(groq,       bearer,         inside,   false, false, false) /* /openai/v1 */
DIALECT(deepseek,   bearer,         inside,   true,  false, false) /* the host, or /v1 */
DIALECT(mistral,    bearer,         inside,   false, false, false) /* /v1 */
DIALECT(xai,        bearer,         on_top,   true,  false, false) /* /v1 */
DIALECT(openrouter, bearer,         inside,   false, false, false) /* /api/v1 */
DIALECT(perplexity, bearer,         inside,   false, true,  true)  /* the host */
DIALECT(vllm,       bearer,         inside,   true,  false, false) /* /v1 */
DIALECT(anthropic,  x_api_key,      inside,   false, false, false) /* the host */
DIALECT(gemini,     x_goog_api_key, hidden,   true,  false, false) /* the host */
DIALECT(vertex,     bearer,         hidden,   true,  false, false) /* the host */
DIALECT(bedrock,    bearer,         inside,   false, false, false) /* the host */
DIALECT(cohere,     bearer,         inside,   false, false, false) /* the host */
DIALECT(ollama,     bearer,         inside,   true,  false, false) /* the host */
DIALECT(e2b,        x_api_key,      inside,   false, false, false) /* metered elsewhere: no routes */

/* The first mount that fits decides. "public" is the client port where no provider is named. */
MOUNT(public,     openai,    "/v1", "/v1")
MOUNT(public,     anthropic, "/v1", "/v1")
MOUNT(public,     gemini,    "/v1beta", "/v1beta")
MOUNT(public,     gemini,    "/v1", "/v1")
MOUNT(openai,     openai,    "/v1", "")
MOUNT(openai,     openai,    "", "")
MOUNT(azure,      openai,    "/v1", "/v1")
MOUNT(azure,      openai,    "/openai/v1", "/v1")
MOUNT(azure,      azure,     "/openai", "")
MOUNT(groq,       openai,    "/v1", "")
MOUNT(groq,       openai,    "/openai/v1", "")
MOUNT(groq,       openai,    "", "")
MOUNT(deepseek,   openai,    "/v1", "")
MOUNT(deepseek,   openai,    "", "")
MOUNT(deepseek,   anthropic, "/anthropic/v1", "/anthropic/v1")
MOUNT(mistral,    openai,    "/v1", "")
MOUNT(mistral,    openai,    "", "")
MOUNT(xai,        openai,    "/v1", "")
MOUNT(xai,        anthropic, "/v1", "")
MOUNT(xai,        openai,    "", "")
MOUNT(openrouter, openai,    "/v1", "")
MOUNT(openrouter, anthropic, "/v1", "")
MOUNT(openrouter, openai,    "/api/v1", "")
MOUNT(openrouter, anthropic, "/api/v1", "")
MOUNT(openrouter, openai,    "", "")
MOUNT(perplexity, openai,    "/v1", "")
MOUNT(perplexity, openai,    "", "")
MOUNT(vllm,       openai,    "/v1", "")
MOUNT(vllm,       anthropic, "/v1", "")
MOUNT(vllm,       openai,    "", "")
MOUNT(anthropic,  anthropic, "/v1", "/v1")
MOUNT(gemini,     gemini,    "/v1beta", "/v1beta")
MOUNT(gemini,     gemini,    "/v1", "/v1")
MOUNT(gemini,     openai,    "/v1beta/openai", "/v1beta/openai")
MOUNT(gemini,     openai,    "/v1", "/v1beta/openai")
MOUNT(vertex,     vertex,    "/v1", "/v1")
MOUNT(vertex,     vertex,    "/v1beta1", "/v1beta1")
MOUNT(bedrock,    bedrock,   "", "")
MOUNT(cohere,     cohere,    "/v2", "/v2")
MOUNT(ollama,     ollama,    "/api", "/api")
MOUNT(ollama,     openai,    "/v1", "/v1")
MOUNT(ollama,     anthropic, "/v1", "/v1")

ROUTES(openai, openai)
ROUTE(openai, POST, "/chat/completions", openai_chat, -1)
ROUTE(openai, POST, "/responses", openai_responses, -1)
ROUTE(openai, POST, "/completions", openai_completions, -1)
ROUTE(openai, POST, "/embeddings", openai_embeddings, 0)
ROUTE(openai, POST, "/responses/compact", openai_responses, 0)
ROUTE(openai, POST, "/responses/input_tokens", free, 0)
ROUTE(openai, POST, "/responses/{o}/cancel", free, 0)
ROUTE(openai, POST, "/moderations", free, 0)
ROUTE(openai, GET, "/models", free, 0)
ROUTE(openai, GET, "/models/{x}", free, 0)
ROUTE(openai, GET, "/responses/{o}", free, -1) /* a replay: was charged when it was made */
ROUTE(openai, GET, "/responses/{o}/input_items", free, 0)
ROUTE(openai, DELETE, "/responses/{o}", free, 0)

ROUTES(azure, openai)
ROUTE(azure, POST, "/deployments/{m}/chat/completions", openai_chat, -1)
ROUTE(azure, POST, "/deployments/{m}/completions", openai_completions, -1)
ROUTE(azure, POST, "/deployments/{m}/embeddings", openai_embeddings, 0)

ROUTES(anthropic, anthropic)
ROUTE(anthropic, POST, "/messages", anthropic, -1)
ROUTE(anthropic, POST, "/messages/count_tokens", free, 0)
ROUTE(anthropic, GET, "/models", free, 0)
ROUTE(anthropic, GET, "/models/{x}", free, 0)

ROUTES(gemini, gemini)
ROUTE(gemini, POST, "/models/{m}:generateContent", gemini, 0)
ROUTE(gemini, POST, "/models/{m}:streamGenerateContent", gemini, 1)
ROUTE(gemini, POST, "/models/{m}:embedContent", gemini, 0)
ROUTE(gemini, POST, "/models/{m}:batchEmbedContents", gemini, 0)
ROUTE(gemini, POST, "/models/{m}:countTokens", free, 0)
ROUTE(gemini, POST, "/interactions", gemini_interactions, -1)
ROUTE(gemini, GET, "/interactions/{o}", free, -1)
ROUTE(gemini, GET, "/models", free, 0)
ROUTE(gemini, GET, "/models/{x}", free, 0)

ROUTES(vertex, gemini)
ROUTE(vertex, POST, "/projects/{x}/locations/{x}/publishers/google/models/{m}:generateContent", gemini, 0)
ROUTE(vertex, POST, "/projects/{x}/locations/{x}/publishers/google/models/{m}:streamGenerateContent", gemini, 1)
ROUTE(vertex, POST, "/projects/{x}/locations/{x}/publishers/google/models/{m}:countTokens", free, 0)
ROUTE(vertex, POST, "/publishers/google/models/{m}:generateContent", gemini, 0)
ROUTE(vertex, POST, "/publishers/google/models/{m}:streamGenerateContent", gemini, 1)
ROUTE(vertex, POST, "/projects/{x}/locations/{x}/publishers/anthropic/models/{m}:rawPredict", anthropic, -1)
ROUTE(vertex, POST, "/projects/{x}/locations/{x}/publishers/anthropic/models/{m}:streamRawPredict", anthropic, -1)
ROUTE(vertex, POST, "/projects/{x}/locations/{x}/endpoints/openapi/chat/completions", openai_chat, -1)

ROUTES(bedrock, bedrock)
ROUTE(bedrock, POST, "/model/{a}/converse", bedrock_converse, 0)
ROUTE(bedrock, POST, "/model/{a}/converse-stream", bedrock_converse, 1)
ROUTE(bedrock, POST, "/model/{a}/invoke", bedrock_invoke, 0)
ROUTE(bedrock, POST, "/model/{a}/invoke-with-response-stream", bedrock_invoke, 1)
ROUTE(bedrock, POST, "/model/{a}/count-tokens", free, 0)

ROUTES(cohere, cohere)
ROUTE(cohere, POST, "/chat", cohere, -1)
ROUTE(cohere, POST, "/embed", cohere, 0)
ROUTE(cohere, POST, "/rerank", cohere, 0)

ROUTES(ollama, ollama)
ROUTE(ollama, POST, "/chat", ollama, -1)
ROUTE(ollama, POST, "/generate", ollama, -1)
ROUTE(ollama, POST, "/embed", ollama, 0)
ROUTE(ollama, POST, "/show", free, 0)
ROUTE(ollama, GET, "/tags", free, 0)
ROUTE(ollama, GET, "/ps", free, 0)
ROUTE(ollama, GET, "/version", free, 0)

#undef DIALECT
#undef MOUNT
#undef ROUTES
#undef ROUTE
