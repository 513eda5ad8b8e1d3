/* END(NAME, name, who, "operator sentence")
 * Why an exchange ended: exactly one per exchange, set once. `name` stands in the ledger's
 * ended_by and in metrics.
 * who: C client, U upstream, G gateway, - nobody (normal). */
END(COMPLETE,         complete,         '-', "response relayed to its last byte")
END(CLIENT_GONE,      client_gone,      'C', "client closed while we were working for it")
END(CLIENT_STALLED,   client_stalled,   'C', "client stopped reading its answer")
END(CLIENT_SLOW,      client_slow,      'C', "client did not send its request in time")
END(CLIENT_GARBLED,   client_garbled,   'C', "request could not be understood")
END(DENIED,           denied,           'G', "key, route, model or option not allowed")
END(BUDGET,           budget,           'G', "budget used up")
END(RATE_LIMITED,     rate_limited,     'G', "a limit that lifts within a minute was reached")
END(QUOTA_AWAY,       quota_away,       'G', "a limit shared with other processes could not be asked for more in time")
END(OVERLOADED,       overloaded,       'G', "a limit of the gateway was reached")
END(UPSTREAM_AWAY,    upstream_away,    'U', "no upstream connection could be made")
END(UPSTREAM_TLS,     upstream_tls,     'U', "upstream's identity could not be verified")
END(UPSTREAM_SLOW,    upstream_slow,    'U', "upstream missed its first-byte deadline")
END(UPSTREAM_GARBLED, upstream_garbled, 'U', "upstream broke HTTP")
END(UPSTREAM_CUT,     upstream_cut,     'U', "upstream closed inside its response")
END(UPSTREAM_STALLED, upstream_stalled, 'U', "upstream stopped inside its response")
END(TOO_LONG,         too_long,         'G', "exchange took longer than the total deadline")
END(DRAINED,          drained,          'G', "gateway was shutting down")
END(CRASH,            crash,            'G', "gateway was killed; closed at the next start")
#undef END
