/* lease_script.h - the text of lease.lua, which is part of the program. */
#ifndef STORE_LEASE_SCRIPT_H
#define STORE_LEASE_SCRIPT_H
#include "base/span.h"

/* Its text; lasts for ever. */
struct span lease_script(void);

#endif
