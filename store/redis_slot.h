/* redis_slot.h - in which of a Cluster's slots a key lies. */
#ifndef STORE_REDIS_SLOT_H
#define STORE_REDIS_SLOT_H
#include "base/span.h"

#define REDIS_SLOTS 16384

/* The slot of a key: of what stands between its first { and the next }, if anything does. */
unsigned redis_slot(struct span key);

#endif
