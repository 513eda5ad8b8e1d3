#include "base/must.h"
#include <stdio.h>
#include <stdlib.h>

_Noreturn void must_fail(const char *file, int line, const char *func, const char *expr)
{
	fprintf(stderr, "weir: bug: %s:%d: %s(): %s does not hold\n", file, line, func, expr);
	abort();
}
