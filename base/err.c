#include "base/err.h"
#include "base/must.h"

static const char *const texts[ERR_COUNT] = {
#define ERR(name, text) [ERR_##name] = text,
#include "base/err.tbl.h"
};

const char *err_text(enum err e)
{
	MUST(e >= 0 && e < ERR_COUNT);
	return texts[e];
}
