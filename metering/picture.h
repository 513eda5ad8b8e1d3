/* picture.h - what a picture in a request costs, from its width and height alone. Pure.
 *
 * PNG, JPEG, GIF and WebP say their size in the first bytes, mostly 32; a JPEG may hide it
 * behind 64 KB of other things, and no further is looked. The rest is never decoded.
 * Owner    struct picture_probe is the caller's memory.
 */
#ifndef METERING_PICTURE_H
#define METERING_PICTURE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/base64.h"
#include "metering/tok_model.h"

#define PICTURE_LOOK_MAX  65536 /* bytes of a picture that are looked at */
#define PICTURE_UNSEEN_PX 1024  /* both sides of a picture that is not in the request */
#define PICTURE_SIDE_MAX  (1u << 30)

enum picture_detail {
	PICTURE_HIGH, /* also "auto", which sends nearly everything this way */
	PICTURE_LOW
};

enum picture_step {
	PICTURE_MAGIC,
	PICTURE_HEADER, /* of a kind that has its size at a fixed place */
	PICTURE_MARKER, /* the rest: JPEG */
	PICTURE_CODE,
	PICTURE_SEGMENT,
	PICTURE_FRAME,
	PICTURE_DONE,
	PICTURE_NONE /* not a picture, or none that we know */
};

/* Reads a picture's size as its base64 passes, cut anywhere. */
struct picture_probe {
	struct base64 base64;
	uint32_t width, height; /* once step is PICTURE_DONE */
	uint32_t looked, skip;  /* bytes */
	uint8_t step, have, want;
	uint8_t head[32];
};

/* At the first byte of a picture. */
void picture_probe_init(struct picture_probe *p);

/* The next letters; "-_" are taken for "+/". False: it needs no more, p->step says why. */
bool picture_probe_feed(struct picture_probe *p, struct span letters);

/* The tokens of a picture of that size. */
uint64_t picture_tok(const struct tok_picture *rule, uint32_t width, uint32_t height,
		     enum picture_detail detail);

#endif
