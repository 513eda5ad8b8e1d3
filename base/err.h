/* err.h - the closed set of outside failures; see err.tbl.h. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
#define ERR(name, text) ERR_##name,
#include "base/err.tbl.h"
	ERR_COUNT
};

/* The operator's sentence for e; static text. */
const char *err_text(enum err e);

#endif
