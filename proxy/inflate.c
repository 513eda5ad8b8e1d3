#include "proxy/inflate.h"
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define STEP_BYTES 4096

struct inflate {
	z_stream stream;
	uint64_t in_bytes, out_bytes;
	bool blind;
};

struct inflate *inflate_new(struct span coding)
{
	struct inflate *z;

	if (!span_eq_nocase(coding, SPAN("gzip")) && !span_eq_nocase(coding, SPAN("x-gzip")) &&
	    !span_eq_nocase(coding, SPAN("deflate")))
		return NULL;
	z = calloc(1, sizeof(*z));
	if (!z)
		return NULL;
	/* 15 bits of window; 32 lets zlib tell gzip from zlib by the header. */
	if (inflateInit2(&z->stream, 15 + 32) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

void inflate_free(struct inflate *z)
{
	if (!z)
		return;
	inflateEnd(&z->stream);
	free(z);
}

static bool over_bound(const struct inflate *z)
{
	return z->out_bytes > INFLATE_FREE_BYTES && z->out_bytes / INFLATE_RATIO_MAX > z->in_bytes;
}

bool inflate_show(struct inflate *z, struct span piece, void (*out)(void *arg, struct span s),
		  void *arg)
{
	char step[STEP_BYTES];
	int result;

	z->in_bytes += piece.len;
	z->stream.next_in = (Bytef *)(uintptr_t)piece.at;
	z->stream.avail_in = (uInt)piece.len;
	while (!z->blind) {
		z->stream.next_out = (Bytef *)step;
		z->stream.avail_out = sizeof(step);
		result = inflate(&z->stream, Z_NO_FLUSH);
		if (result == Z_BUF_ERROR)
			break;
		if (result == Z_STREAM_END) /* of this member; gzip allows one more */
			result = inflateReset(&z->stream);
		z->out_bytes += sizeof(step) - z->stream.avail_out;
		z->blind = result != Z_OK || over_bound(z);
		if (!z->blind)
			out(arg, (struct span){ step, sizeof(step) - z->stream.avail_out });
		if (z->stream.avail_out > 0 && z->stream.avail_in == 0)
			break;
	}
	return !z->blind;
}
