/* prompt_shape.h - what shape a request body is of, where no path says it.
 *
 * For people who have a body and wonder; traffic is never guessed at. Pure.
 */
#ifndef METERING_PROMPT_SHAPE_H
#define METERING_PROMPT_SHAPE_H
#include <stdbool.h>
#include "base/err.h"
#include "base/must.h"
#include "base/span.h"
#include "metering/dialect.h"
#include "metering/tok_model.h"

/* ERR_OK: *shape is the likely one of this model's. ERR_GARBLED: it is no JSON object.
 * ERR_MISSING: it is one, but no request. ERR_NOMEM. */
enum err prompt_shape(const struct tok_model *m, struct span body, enum shape_id *shape) MUST_USE;

#endif
