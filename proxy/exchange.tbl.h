/* One exchange = one request and its response. This table is the only place where its life
 * is written down; exchange.c, the time-in-state figures, `weir states` and every log line's
 * "while ..." are made from it.
 *
 * STATE(NAME, letter, "what we are doing")
 * EDGE (FROM, TO,     "the one reason for taking it") */
#ifndef STATE
#define STATE(name, letter, doing)
#endif
#ifndef EDGE
#define EDGE(from, to, why)
#endif

STATE(HEAD,   'H', "reading the request head")
STATE(BODY,   'B', "reading the request body")
STATE(GATE,   'G', "deciding who is asking and whether they may")
STATE(DIAL,   'D', "waiting for an upstream connection")
STATE(ASK,    'A', "sending the request, no response head yet")
STATE(RELAY,  'R', "passing the response through the tap")
STATE(REPLY,  'L', "sending an answer of our own")
STATE(SETTLE, 'S', "pricing the usage and handing over the row")
STATE(DONE,   '-', "nothing left to do")

EDGE(HEAD,   BODY,   "request head complete, key known")
EDGE(HEAD,   REPLY,  "request head unacceptable")
EDGE(HEAD,   SETTLE, "client left inside the request head")
EDGE(BODY,   GATE,   "request body complete")
EDGE(BODY,   REPLY,  "request body unacceptable")
EDGE(BODY,   SETTLE, "client left inside the request body")
EDGE(GATE,   DIAL,   "admitted")
EDGE(GATE,   REPLY,  "denied")
EDGE(DIAL,   ASK,    "upstream connected")
EDGE(DIAL,   REPLY,  "no upstream available")
EDGE(DIAL,   SETTLE, "client left while dialling")
EDGE(ASK,    RELAY,  "response head arrived")
EDGE(ASK,    DIAL,   "pooled connection was stale and nothing had been sent")
EDGE(ASK,    REPLY,  "upstream failed before its head")
EDGE(ASK,    SETTLE, "client left, and no response came in time")
EDGE(RELAY,  DIAL,   "provider refused an option that we had added")
EDGE(RELAY,  SETTLE, "response over, whole or cut")
EDGE(REPLY,  SETTLE, "our answer is out")
EDGE(SETTLE, DONE,   "row handed to the books")

#undef STATE
#undef EDGE
