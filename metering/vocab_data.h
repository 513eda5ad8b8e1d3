/* vocab_data.h - the merges of the vocabularies, as vocab/NOTICE.md describes them, kept in the
 * program's read-only data. Borrowed for ever. */
#ifndef METERING_VOCAB_DATA_H
#define METERING_VOCAB_DATA_H
#include "base/span.h"
#include "metering/vocab.h"

/* The whole file of pairs of a vocabulary. */
struct span vocab_data(enum vocab_id id);

#endif
