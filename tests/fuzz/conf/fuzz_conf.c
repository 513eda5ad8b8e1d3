/* fuzz_conf.c - any bytes as a config file: refused with reasons, or loaded and shown. */
#include <stdint.h>
#include "base/must.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const dialects[] = { "openai", "anthropic", "e2b", NULL };
	struct conf *c = NULL;
	struct buf errors, shown;
	enum err e;

	buf_init(&errors, 1u << 16);
	buf_init(&shown, 1u << 24);
	e = conf_load_text("f.yaml", (struct span){ (const char *)data, size }, dialects, &c,
			   &errors);
	MUST((e == ERR_OK) == (c != NULL));
	MUST(e == ERR_OK || errors.len > 0);
	if (c) {
		MUST(conf_print(c, &shown));
		MUST(conf_compare(c, c, &errors));
	}
	conf_unref(c);
	buf_release(&errors);
	buf_release(&shown);
	return 0;
}
