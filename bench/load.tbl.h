/* The options of the load generator.
 *
 * TEXT(field, "option", default, "VALUE", "help")
 * NUMBER(field, "option", default, "VALUE", "help")
 * REAL(field, "option", default, "VALUE", "help")
 * FLAG(field, "option", "help") */
TEXT(target,   "target",      NULL,  "URL",   "http://127.0.0.1:PORT[/prefix], or https, which verifies nothing")
TEXT(path,     "path",        "/v1/chat/completions", "PATH", "what to POST to")
TEXT(model,    "model",       "gpt-4o", "NAME", "the model to ask for")
TEXT(key,      "key",         NULL,  "KEY",   "sent as Authorization: Bearer")
TEXT(header,   "header",      NULL,  "LINE",  "one more request header, name: value")
NUMBER(requests, "requests",  0,     "N",     "how many; 1000 unless --duration is given")
REAL(seconds,  "duration",    0,     "S",     "stop asking after this long (60); then one timeout for the rest")
NUMBER(concurrency, "concurrency", 1, "N",    "connections, each with one request at a time")
REAL(rate,     "rate",        0,     "PER_S", "open loop: requests are due at fixed times, latencies count from there")
NUMBER(body_bytes, "body-bytes", 1024, "N",   "size of the request body, filled up with prose")
FLAG(stream,   "stream",                      "ask for a stream")
FLAG(include_usage, "include-usage",          "ask for usage in it")
NUMBER(events, "events",      0,     "N",     "text events to ask the stand-in for")
NUMBER(gap_ms, "gap-ms",      0,     "N",     "pause between them")
TEXT(write,    "write",       "event", "HOW", "event, all or bytes:N; see script.tbl.h")
TEXT(script,   "script",      NULL,  "LIST",  "more of script.tbl.h: 'fault=cut; at=100'")
NUMBER(status, "status",      200,   "N",     "expect this status")
NUMBER(want_events, "want-events", 0, "N",    "expect so many events in each answer")
TEXT(sha256,   "sha256",      NULL,  "HEX",   "expect this body")
NUMBER(timeout_s, "timeout",  30,    "S",     "for one exchange")
NUMBER(abort_after, "abort-after-bytes", 0, "N", "hang up after so many bytes of an answer")
REAL(abort_prob, "abort-prob", -1,   "P",     "on this share of the exchanges (1 with --abort-after-bytes)")
NUMBER(seed,   "seed",        1,     "N",     "of the dice for that")
FLAG(hold,     "hold",                        "open all streams, read one event of each, stay until stdin ends")
FLAG(json,     "json",                        "tell the results as one JSON object")
TEXT(log,      "log",         NULL,  "FILE",  "append a JSON line for each exchange")
#undef TEXT
#undef NUMBER
#undef REAL
#undef FLAG
