/* OUTCOME(name, "what became of an exchange") */
OUTCOME(ok,        "as expected, to the last byte")
OUTCOME(aborted,   "we hung up on purpose")
OUTCOME(connect,   "no connection")
OUTCOME(stale,     "a kept connection was closed before a byte of the answer")
OUTCOME(cut,       "closed in the middle")
OUTCOME(garbled,   "not HTTP, or framing that contradicts itself")
OUTCOME(status,    "another status than expected")
OUTCOME(content,   "another body than expected")
OUTCOME(timeout,   "took too long")
#undef OUTCOME
