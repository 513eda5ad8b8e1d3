/* ERR(NAME, "what it means to an operator")
 * The closed set of things that can go wrong outside our own code. What a
 * client is told about one is decided in proxy/end.tbl.h, not here. */
ERR(OK,       "no error")
ERR(AGAIN,    "not finished; will be called again")
ERR(NOMEM,    "a memory or size limit was reached")
ERR(GONE,     "the other side closed the connection")
ERR(SLOW,     "the other side missed a deadline")
ERR(GARBLED,  "the bytes do not follow their format")
ERR(TOO_BIG,  "a size is above its limit")
ERR(REFUSED,  "not allowed")
ERR(AWAY,     "a service or file we depend on does not answer")
ERR(MISSING,  "no such thing")
ERR(EXISTS,   "there is one already")
ERR(RANGE,    "a number is outside its range")
#undef ERR
