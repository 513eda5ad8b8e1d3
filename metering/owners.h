/* owners.h - whose answer it is that a provider keeps.
 *
 * Some providers keep an answer and give it back, delete it, or go on from it, to whoever
 * names its id (OpenAI's responses, Google's interactions). All tenants share one account at
 * the provider, so it cannot tell them apart: here it is remembered to which tenant which id
 * was given. Not the ids themselves: 64 bits of a hash of each.
 *
 * Limit    as many as owners_new() was given, rounded up to a power of two; then old ones are
 *          forgotten, and their owner is a stranger too.
 * Threads  any, at once; without a lock.
 */
#ifndef METERING_OWNERS_H
#define METERING_OWNERS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/must.h"
#include "base/span.h"
#include "metering/dialect.h"

struct owners;

/* NULL when out of memory. */
struct owners *owners_new(uint64_t answers) MUST_USE;
void owners_free(struct owners *o); /* NULL is fine */

/* Does the provider keep answers of this shape, so that they may be asked for again? */
static inline bool owners_matter(enum shape_id s)
{
	return s == SHAPE_openai_responses || s == SHAPE_gemini_interactions;
}

/* The provider's answer with this id is being given to the tenant. */
void owners_note(struct owners *o, struct span tenant, struct span provider, struct span id);

/* Was it, as far as is remembered? */
bool owners_know(const struct owners *o, struct span tenant, struct span provider, struct span id);

#endif
