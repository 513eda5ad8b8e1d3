/* What a request may ask of the stand-in, by any of three ways: a top-level JSON
 * member "stand_in": {"events": 8}, a header "x-stand-in: events=8; fault=cut", or a
 * suffix of the model's name, "gpt-4o;events=8;fault=cut".
 *
 * NUMBER(name, "what it does")          default -1: not given
 * TEXT(name, room, "what it does")
 * FLAG(name, "what it does") */
NUMBER(events,        "text events of a stream, words of a plain answer")
NUMBER(gap_ms,        "pause before each text event but the very first event")
NUMBER(first_byte_ms, "pause before the response head")
NUMBER(input,         "prompt tokens to report, cached and cache-written ones included")
NUMBER(output,        "generated tokens to report, reasoning included")
NUMBER(cached,        "part of input that was read from the cache")
NUMBER(cache_write,   "part of input that was written to the cache")
NUMBER(reasoning,     "part of output that was reasoning")
NUMBER(status,        "HTTP status; 400 and above get the dialect's error body")
NUMBER(at,            "where the fault strikes; see fault.tbl.h")
TEXT(fixture, 160,    "serve this file of --fixtures as the body")
TEXT(fault, 32,       "misbehave; see fault.tbl.h")
TEXT(write, 24,       "event: a write per event; all: as few as possible; bytes:N: N at a time")
TEXT(framing, 16,     "chunked, length or close")
TEXT(encoding, 16,    "gzip: compress whatever the client accepts")
TEXT(model, 160,      "model name to claim in the answer")
TEXT(header, 256,     "one more response header, name: value")
FLAG(no_usage,        "report no usage")
FLAG(tool_call,       "answer with a call of the first tool")
FLAG(ignore_cap,      "do not stop at the request's token cap")
FLAG(close,           "Connection: close, and do")
#undef NUMBER
#undef TEXT
#undef FLAG
