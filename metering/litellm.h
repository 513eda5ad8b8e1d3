/* litellm.h - reads LiteLLM's list of model prices (model_prices_and_context_window.json).
 *
 * The list is JSON, which is YAML: conf/yaml.h gives every number as it was written, so
 * each converts exactly. What cannot be said here exactly is not taken, and reported with
 * its reason; so is what costs nothing in the list, for there "free" and "not known" look
 * the same. Keys and providers: litellm.tbl.h.
 *
 * Limit    LITELLM_MODELS_MAX entries.
 * Threads  none; pure.
 */
#ifndef METERING_LITELLM_H
#define METERING_LITELLM_H
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/must.h"
#include "conf/yaml.h"
#include "metering/price.h"

#define LITELLM_MODELS_MAX 20000

struct litellm_how {
	const char *source;    /* kept with every price, at most 95 bytes */
	const char *retrieved; /* a date; NULL: what the list says about itself, if it does */
	bool fill;             /* prices hold only where no other entry does */
	bool free_too;         /* take models whose every price is 0 */
};

/* Called for each member of the list, in its order. p: the price, which the callee owns
 * from now on; NULL when it was not taken. remark: why not, or what to know about p; empty
 * if nothing. Return false to stop. */
typedef bool litellm_each(void *arg, struct span name, struct price *p, const char *remark);

/* ERR_GARBLED: not such a list. ERR_TOO_BIG, ERR_NOMEM. */
enum err litellm_read(const struct yaml_doc *doc, const struct litellm_how *how, litellm_each *each,
		      void *arg) MUST_USE;

#endif
