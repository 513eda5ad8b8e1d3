/* Every option once. From this table come the structs of conf.h, parsing, range checks,
 * "did you mean", `weir check --print` and docs/options.md.
 *
 *   TOP(name, KIND, "default", "least", "most", WHEN, "help")               name: ...
 *   OPTION(section, name, KIND, "default", "least", "most", WHEN, "help")   section: { name: ... }
 *   PROVIDER(...), LISTENER("section", ...), PLAN(...)
 *                                   the same, for each of providers[], listen[], plans[]
 *   SECTION(name, "help") ... SECTION_END(name) brackets the OPTIONs of one section
 *   CHOICE(set, id, "word", "help")             a word that an option of kind CHOICE takes
 *   RESERVED("word")                            no provider may be called that
 *
 * KIND, and what its field is called and holds:
 *   BYTES    name_bytes  uint64_t        DURATION name_us    uint64_t
 *   COUNT    name        uint64_t        USD      name_pusd  int64_t, CONF_NONE for "none"
 *   BOOL     name        bool            CHOICE   name       enum choice; "least" is the set
 *   TEXT     name        const char *    TEXTS    name       struct conf_texts, a list
 *   PATH     name        const char *, where Weir writes, from the working directory
 *   FILE     name        const char *, what Weir reads, from the config file's directory
 *   FILES    name        struct conf_texts, a list of such
 *   ADDRESS  name        struct conf_address     BASE_URL  name  struct conf_url
 *   SECRET   name        const struct conf_secret *, given as name_env or name_file
 *   LOCATOR  name        the same, but it may also be written out as name
 *   LISTENERS, PROVIDERS, PLANS the lists themselves
 * An empty default: nothing (NULL, an empty list), or the option must be given (NAME).
 * WHEN: LIVE taken on reload, START needs a restart. */
#ifndef TOP
#define TOP(name, kind, def, least, most, when, help)
#endif
#ifndef SECTION
#define SECTION(name, help)
#endif
#ifndef OPTION
#define OPTION(section, name, kind, def, least, most, when, help)
#endif
#ifndef SECTION_END
#define SECTION_END(name)
#endif
#ifndef LISTENER
#define LISTENER(section, name, kind, def, least, most, when, help)
#endif
#ifndef PROVIDER
#define PROVIDER(name, kind, def, least, most, when, help)
#endif
#ifndef PLAN
#define PLAN(name, kind, def, least, most, when, help)
#endif
#ifndef CHOICE
#define CHOICE(set, id, word, help)
#endif
#ifndef RESERVED
#define RESERVED(word)
#endif

TOP(listen,      LISTENERS, "127.0.0.1:8080", "", "", START, "where clients connect: an address, a list of them, or { address, tls: { cert, key } }")
TOP(workers,     COUNT,  "0", "0", "256",     START, "event loops; 0 is one for each core")
TOP(state_dir,   PATH,   "data", "", "",      START, "directory of the journal, the in-flight table and the SQLite ledger")
TOP(prices,      FILES,  "", "", "",          LIVE,  "price files; a later one goes before an earlier one")
TOP(unpriced,    CHOICE, "refuse", "unpriced", "",    LIVE, "what happens to a model that nobody has priced")
TOP(refusal,     CHOICE, "auto", "refusal", "",       START, "how a refusal is sent to a client that asked for a stream")
TOP(client_gone, CHOICE, "drain", "client_gone", "",  START, "what happens to the provider's stream when the client leaves")
TOP(providers,   PROVIDERS, "", "", "",       START, "the providers that requests go to; at least one")
TOP(plans,       PLANS,  "", "", "",          LIVE,  "kinds of tenants, each with the quotas it begins with")

LISTENER("listen[]",     address, ADDRESS, "", "", "",  START, "address and port")
LISTENER("listen[].tls", cert,    FILE,    "", "", "",  START, "certificate chain (PEM); with key: this address speaks TLS")
LISTENER("listen[].tls", key,     FILE,    "", "", "",  START, "private key (PEM)")

PROVIDER(name,          TEXT,     "", "", "",           START, "its name: in paths, rows and prices; lower-case letters, digits, - and _")
PROVIDER(dialect,       TEXT,     "", "", "",           START, "what it speaks, e.g. openai, anthropic, gemini")
PROVIDER(base_url,      BASE_URL, "", "", "",           START, "where it answers; https unless it is your own")
PROVIDER(api_key,       SECRET,   "", "", "",           START, "the provider's key, put in the place of the tenant's")
PROVIDER(models,        TEXTS,    "", "", "",           START, "models that go here although another provider of this wire shape comes first; * at the end stands for anything")
PROVIDER(allow_private, BOOL,     "no", "", "",         START, "may its address be private, loopback or link-local?")
PROVIDER(ca_file,       FILE,     "", "", "",           START, "certificates to trust for this provider instead of tls.ca_file (PEM)")
PROVIDER(answers,       CHOICE,   "own", "answers", "",   START, "who may ask again for an answer that the provider keeps, delete it or go on from it (OpenAI's responses, Google's interactions)")
PROVIDER(unpriced,      CHOICE,   "inherit", "provider_unpriced", "", LIVE, "as the top-level option, for this provider")

PLAN(name,   TEXT,  "", "", "", LIVE, "its name, for weir tenant add --plan NAME; lower-case letters, digits, - and _")
PLAN(quotas, TEXTS, "", "", "", LIVE, "what its tenants may spend while nothing else is set for them, each as `LIMIT [RESOURCE] [PERIOD] [ZONE] [warn=LIST] [action=warn] [enforce=no] [on_outage=HOW]`: `5usd llm month`, `20 requests minute`, `2 concurrent`; or only `none`: anything")

SECTION(admin, "Admin API, dashboard and metrics")
OPTION(admin, socket, PATH,    "data/weir.sock", "", "", START, "unix socket of the admin API; who may open the file is admin")
OPTION(admin, listen, ADDRESS, "", "", "",               START, "address of the admin API, metrics and dashboard over HTTP")
OPTION(admin, token,  SECRET,  "", "", "",               START, "token that the admin API asks for over HTTP; without one it is open on the socket only")
SECTION_END(admin)

SECTION(ledger, "Where rows are kept for good")
OPTION(ledger, backend, CHOICE,  "sqlite", "ledger_backend", "", START, "kind of ledger")
OPTION(ledger, url,     LOCATOR, "", "", "",                     START, "PostgreSQL connection URL")
SECTION_END(ledger)

SECTION(quota, "Where budgets are shared between replicas")
OPTION(quota, backend,   CHOICE,  "memory", "quota_backend", "", START, "kind of store")
OPTION(quota, url,       LOCATOR, "", "", "",                    START, "Redis URL: redis://host:port/db")
OPTION(quota, on_outage, CHOICE,  "local", "on_outage", "",      START, "what happens while Redis is away, for quotas that do not say it themselves")
OPTION(quota, deadline,  DURATION, "20ms", "1ms", "2s",         START, "how long a request waits for more of a shared limit")
SECTION_END(quota)

SECTION(provisional, "Rates for models nobody has priced, with unpriced: provisional")
OPTION(provisional, input_per_mtok,  USD, "15usd", "0usd", "100000usd", LIVE, "for a million prompt tokens")
OPTION(provisional, output_per_mtok, USD, "75usd", "0usd", "100000usd", LIVE, "for a million generated tokens")
SECTION_END(provisional)

SECTION(tenant_defaults, "Budgets of a tenant without a plan, where none of its own is set; none: it has no such limit")
OPTION(tenant_defaults, plan,         TEXT,   "", "", "",                     LIVE, "the plan of a tenant that was given none; then the amounts here do not count")
OPTION(tenant_defaults, llm,          USD,    "100usd", "none", "1000000usd", LIVE, "budget for LLM calls")
OPTION(tenant_defaults, e2b,          USD,    "50usd", "none", "1000000usd",  LIVE, "budget for E2B sandboxes")
OPTION(tenant_defaults, all,          USD,    "150usd", "none", "1000000usd", LIVE, "budget for both together")
OPTION(tenant_defaults, period,       CHOICE, "month", "period", "",          LIVE, "how long a budget lasts")
OPTION(tenant_defaults, zone,         TEXT,   "UTC", "", "",                  LIVE, "whose midnight: a time zone such as Europe/Berlin")
OPTION(tenant_defaults, warn_percent, TEXT,   "80,90,100", "", "",            LIVE, "shares of a budget at which an alert goes out, also for quotas set without them; none: never")
SECTION_END(tenant_defaults)

SECTION(limits, "Sizes and counts; each worker has its own")
OPTION(limits, clients,       COUNT, "10000", "1", "1000000",  START, "client connections; fewer where the process may not open two files for each")
OPTION(limits, head,          BYTES, "32k", "4k", "256k",      START, "request or response head")
OPTION(limits, headers,       COUNT, "100", "16", "100",       START, "header fields of one head")
OPTION(limits, body,          BYTES, "32m", "1k", "1g",        START, "one request body")
OPTION(limits, bodies,        BYTES, "512m", "1m", "64g",      START, "request bodies held at once")
OPTION(limits, body_rate,     BYTES, "1k", "0", "1g",          START, "least bytes per second of a request body after deadlines.body")
OPTION(limits, inflight,      COUNT, "16384", "64", "1048576", START, "exchanges under way, over all workers")
OPTION(limits, watermark,     BYTES, "64k", "4k", "16m",       START, "response bytes waiting for a slow client before the provider is paused")
OPTION(limits, pool,          COUNT, "64", "0", "10000",       START, "idle connections kept to each provider")
OPTION(limits, answers,       COUNT, "131072", "1024", "16777216", START, "answers whose tenant is remembered, for answers: own; then old ones are nobody's")
OPTION(limits, client_gone_drain, BYTES, "64k", "0", "64m",    START, "client_gone: drain reads at most this much more")
SECTION_END(limits)

SECTION(deadlines, "How long each thing may take")
OPTION(deadlines, head,       DURATION, "10s", "100ms", "10m",  START, "first byte of a request -> its whole head")
OPTION(deadlines, body,       DURATION, "60s", "100ms", "1h",   START, "request head -> its whole body, and then as limits.body_rate allows")
OPTION(deadlines, resolve,    DURATION, "5s", "100ms", "1m",    START, "looking up a provider's name")
OPTION(deadlines, connect,    DURATION, "5s", "100ms", "1m",    START, "connecting to a provider")
OPTION(deadlines, tls,        DURATION, "5s", "100ms", "1m",    START, "TLS handshake, on either side")
OPTION(deadlines, first_byte, DURATION, "600s", "100ms", "1h",  START, "request sent -> response head; models may think for long")
OPTION(deadlines, idle,       DURATION, "300s", "100ms", "1h",  START, "silence of a provider inside a response")
OPTION(deadlines, client_stall, DURATION, "30s", "100ms", "1h", START, "a client that takes no bytes while some wait for it")
OPTION(deadlines, total,      DURATION, "3600s", "1s", "1d",    START, "one exchange from head to end")
OPTION(deadlines, keepalive,  DURATION, "75s", "0", "1h",       START, "idle client connection")
OPTION(deadlines, pool,       DURATION, "50s", "0", "1h",       START, "idle connection to a provider")
OPTION(deadlines, drain,      DURATION, "30s", "0", "1h",       START, "stop asked -> exchanges still under way are ended")
OPTION(deadlines, client_gone_drain, DURATION, "2s", "0", "5m", START, "client_gone: drain reads at most this long")
SECTION_END(deadlines)

SECTION(journal, "The journal between an exchange's end and the ledger")
OPTION(journal, sync_interval, DURATION, "100ms", "0", "10s", START, "how often it is forced to disk: what a power cut can lose; 0 is at once")
OPTION(journal, max,           BYTES, "1g", "4m", "1t",       START, "its size at most, 2m and 8k for each of limits.inflight at least; when it is full, nothing is admitted")
SECTION_END(journal)

SECTION(tls, "TLS to providers; certificates are always verified")
OPTION(tls, ca_file,     FILE,   "", "", "",               START, "certificates to trust (PEM); the system's when not given")
OPTION(tls, min_version, CHOICE, "1.2", "tls_version", "", START, "oldest version that is spoken, on either side")
SECTION_END(tls)

SECTION(log, "What is written about the work")
OPTION(log, level,  CHOICE, "info", "log_level", "", START, "least level of an event that is logged, on stderr")
OPTION(log, access, PATH,   "off", "", "",           START, "one line for each exchange: off, stderr or a file")
SECTION_END(log)

CHOICE(unpriced, refuse,      "refuse",      "403, nothing is forwarded")
CHOICE(unpriced, provisional, "provisional", "charged at the rates of section provisional, and the row says so")

CHOICE(provider_unpriced, inherit,     "inherit",     "as the top-level option says")
CHOICE(provider_unpriced, refuse,      "refuse",      "403, nothing is forwarded")
CHOICE(provider_unpriced, provisional, "provisional", "charged at the rates of section provisional")

CHOICE(answers, own, "own", "the tenant it was made for, while that is remembered")
CHOICE(answers, any, "any", "whoever knows its id: all tenants are one account there")

CHOICE(refusal, auto, "auto", "as an event stream when its Accept names text/event-stream, else as JSON")
CHOICE(refusal, json, "json", "always JSON")
CHOICE(refusal, sse,  "sse",  "always an event stream when it asked for a stream")

CHOICE(client_gone, drain, "drain", "read on for a moment, so that the provider's own count is not lost")
CHOICE(client_gone, close, "close", "hang up at once, so that nothing more is generated")

CHOICE(ledger_backend, sqlite,   "sqlite",   "a file in state_dir; for one machine")
CHOICE(ledger_backend, postgres, "postgres", "PostgreSQL at ledger.url")

CHOICE(quota_backend, memory, "memory", "in this process, rebuilt from the ledger; for one replica")
CHOICE(quota_backend, redis,  "redis",  "Redis at quota.url")

CHOICE(on_outage, closed, "closed", "refuse with 503")
CHOICE(on_outage, local,  "local",  "spend only what this replica has leased")
CHOICE(on_outage, open,   "open",   "admit and record")

CHOICE(period, minute, "minute", "a minute")
CHOICE(period, hour,  "hour",  "an hour")
CHOICE(period, day,   "day",   "a day")
CHOICE(period, week,  "week",  "a week, from Monday")
CHOICE(period, month, "month", "a calendar month")
CHOICE(period, total, "total", "for ever")

CHOICE(tls_version, 1_2, "1.2", "TLS 1.2")
CHOICE(tls_version, 1_3, "1.3", "TLS 1.3")

CHOICE(log_level, debug, "debug", "everything")
CHOICE(log_level, info,  "info",  "what an operator may want to know")
CHOICE(log_level, warn,  "warn",  "what an operator should look at")
CHOICE(log_level, error, "error", "what is broken")

RESERVED("v1")
RESERVED("v1alpha")
RESERVED("v1beta")
RESERVED("v2")
RESERVED("api")
RESERVED("model")
RESERVED("models")
RESERVED("admin")
RESERVED("healthz")
RESERVED("metrics")
RESERVED("readyz")

#undef TOP
#undef SECTION
#undef OPTION
#undef SECTION_END
#undef LISTENER
#undef PROVIDER
#undef PLAN
#undef CHOICE
#undef RESERVED
