/* The header fields we know, each written once.
 *
 * LENGTH(n)                     every FIELD up to the next LENGTH has a name of n letters
 * FIELD(ID, "name", up, down)   a field by its name in lower case
 * PREFIX("name-", up, down)     a family of fields; asked only where no FIELD matches
 *
 * up is what happens to it in a request on the way to the provider, down in a response on
 * the way to the client: PASS, forwarded as it came, or DROP, perhaps read by us but never
 * forwarded. A field in neither list is dropped (threats T12, T30). Framing and hop-by-hop
 * fields are DROP both ways because we write our own. Dropped on purpose, too:
 *   what chooses or names an account at the provider (organisation, project): that is the
 *   operator's business, not the tenant's;
 *   idempotency-key: all tenants share one account at the provider, and one tenant's key
 *   must never fetch another tenant's answer.
 * A user may leave LENGTH or PREFIX undefined. */
#ifndef LENGTH
#define LENGTH(n)
#endif
#ifndef PREFIX
#define PREFIX(name, up, down)
#endif
LENGTH(2)
FIELD(TE,                        "te",                        DROP, DROP)
LENGTH(4)
FIELD(DATE,                      "date",                      DROP, DROP)
FIELD(HOST,                      "host",                      DROP, DROP)
LENGTH(6)
FIELD(ACCEPT,                    "accept",                    PASS, DROP)
FIELD(CF_RAY,                    "cf-ray",                    DROP, PASS)
FIELD(EXPECT,                    "expect",                    DROP, DROP)
FIELD(ORIGIN,                    "origin",                    DROP, DROP)
FIELD(SUNSET,                    "sunset",                    DROP, PASS)
LENGTH(7)
FIELD(API_KEY,                   "api-key",                   DROP, DROP)
FIELD(TRAILER,                   "trailer",                   DROP, DROP)
FIELD(UPGRADE,                   "upgrade",                   DROP, DROP)
FIELD(X_TITLE,                   "x-title",                   PASS, DROP)
LENGTH(9)
FIELD(X_API_KEY,                 "x-api-key",                 DROP, DROP)
LENGTH(10)
FIELD(CONNECTION,                "connection",                DROP, DROP)
FIELD(KEEP_ALIVE,                "keep-alive",                DROP, DROP)
FIELD(NUM_TOKENS,                "num_tokens",                DROP, PASS)
FIELD(REQUEST_ID,                "request-id",                DROP, PASS)
FIELD(USER_AGENT,                "user-agent",                PASS, DROP)
LENGTH(11)
FIELD(DEPRECATION,               "deprecation",               DROP, PASS)
FIELD(RETRY_AFTER,               "retry-after",               DROP, PASS)
FIELD(TRACEPARENT,               "traceparent",               DROP, DROP)
FIELD(X_MS_REGION,               "x-ms-region",               DROP, PASS)
FIELD(X_WEIR_TAGS,               "x-weir-tags",               DROP, DROP)
FIELD(X_WEIR_USER,               "x-weir-user",               DROP, DROP)
LENGTH(12)
FIELD(CONTENT_TYPE,              "content-type",              PASS, PASS)
FIELD(HTTP_REFERER,              "http-referer",              PASS, DROP)
FIELD(X_NEXT_TOKEN,              "x-next-token",              DROP, PASS)
FIELD(X_REQUEST_ID,              "x-request-id",              DROP, PASS)
LENGTH(13)
FIELD(AUTHORIZATION,             "authorization",             DROP, DROP)
FIELD(CACHE_CONTROL,             "cache-control",             DROP, PASS)
FIELD(X_CLIENT_NAME,             "x-client-name",             PASS, DROP)
FIELD(X_GROQ_REGION,             "x-groq-region",             DROP, PASS)
LENGTH(14)
FIELD(CONTENT_LENGTH,            "content-length",            DROP, DROP)
FIELD(OPENAI_PROJECT,            "openai-project",            DROP, DROP)
FIELD(OPENAI_VERSION,            "openai-version",            PASS, PASS)
FIELD(RETRY_AFTER_MS,            "retry-after-ms",            DROP, PASS)
FIELD(X_GOOG_API_KEY,            "x-goog-api-key",            DROP, DROP)
FIELD(X_SHOULD_RETRY,            "x-should-retry",            DROP, PASS)
LENGTH(15)
FIELD(ACCEPT_ENCODING,           "accept-encoding",           DROP, DROP)
FIELD(APIM_REQUEST_ID,           "apim-request-id",           DROP, PASS)
FIELD(IDEMPOTENCY_KEY,           "idempotency-key",           DROP, DROP)
FIELD(X_FORWARDED_FOR,           "x-forwarded-for",           DROP, DROP)
FIELD(X_GENERATION_ID,           "x-generation-id",           DROP, PASS)
LENGTH(16)
FIELD(CONTENT_ENCODING,          "content-encoding",          DROP, PASS)
FIELD(CONTENT_LANGUAGE,          "content-language",          DROP, PASS)
FIELD(PROXY_CONNECTION,          "proxy-connection",          DROP, DROP)
FIELD(X_AMZN_ERRORTYPE,          "x-amzn-errortype",          DROP, PASS)
FIELD(X_DEBUG_TRACE_ID,          "x-debug-trace-id",          DROP, PASS)
LENGTH(17)
FIELD(TRANSFER_ENCODING,         "transfer-encoding",         DROP, DROP)
FIELD(X_ACCEL_BUFFERING,         "x-accel-buffering",         DROP, PASS)
FIELD(X_GOOG_API_CLIENT,         "x-goog-api-client",         PASS, DROP)
FIELD(X_KONG_REQUEST_ID,         "x-kong-request-id",         DROP, PASS)
FIELD(X_WEIR_REQUEST_ID,         "x-weir-request-id",         DROP, DROP)
LENGTH(19)
FIELD(CONTENT_DISPOSITION,       "content-disposition",       DROP, PASS)
FIELD(OPENAI_ORGANIZATION,       "openai-organization",       DROP, DROP)
FIELD(X_CLIENT_REQUEST_ID,       "x-client-request-id",       PASS, PASS)
FIELD(X_GOOG_USER_PROJECT,       "x-goog-user-project",       DROP, DROP)
LENGTH(21)
FIELD(X_GOOG_REQUEST_PARAMS,     "x-goog-request-params",     PASS, DROP)
LENGTH(22)
FIELD(MISTRAL_CORRELATION_ID,    "mistral-correlation-id",    DROP, PASS)
LENGTH(25)
FIELD(ANTHROPIC_ORGANIZATION_ID, "anthropic-organization-id", DROP, DROP)

PREFIX("anthropic-ratelimit-",  DROP, RATE)
PREFIX("anthropic-",            PASS, DROP)
PREFIX("fireworks-",            DROP, PASS)
PREFIX("openai-",               PASS, PASS)
PREFIX("x-amzn-bedrock-",       PASS, PASS)
PREFIX("x-amzn-",               DROP, PASS)
PREFIX("x-grok-",               PASS, DROP)
PREFIX("x-ratelimit-",          DROP, RATE)
PREFIX("x-stainless-",          PASS, DROP)
#undef FIELD
#undef LENGTH
#undef PREFIX
