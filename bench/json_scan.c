/* json_scan.c - one loop over the text, a small stack of keys beside it. */
#include "bench/json_scan.h"

struct walk {
	const char *p, *end;
	struct span key[JSON_DEPTH_MAX];
	char closer[JSON_DEPTH_MAX];
	size_t depth;
	json_seen *seen;
	void *arg;
};

static bool skip_space(struct walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\n' || *w->p == '\r' || *w->p == '\t'))
		w->p++;
	return w->p < w->end;
}

/* The inside of the string whose quote w->p points at. */
static bool take_string(struct walk *w, struct span *text)
{
	const char *begin = ++w->p;

	for (;;) {
		const char *quote = memchr(w->p, '"', (size_t)(w->end - w->p));
		const char *back = quote;

		if (!quote)
			return false;
		while (back > begin && back[-1] == '\\')
			back--;
		w->p = quote + 1;
		if ((quote - back) % 2 == 0) {
			*text = (struct span){ begin, (size_t)(quote - begin) };
			return true;
		}
	}
}

static bool take_key(struct walk *w)
{
	if (!skip_space(w) || *w->p != '"' || !take_string(w, &w->key[w->depth - 1]))
		return false;
	return skip_space(w) && *w->p++ == ':';
}

static void show(struct walk *w, char type, struct span text)
{
	w->seen(w->arg, &(struct json_at){ w->key, w->depth, type, text });
}

static bool take_scalar(struct walk *w)
{
	const char *begin = w->p;
	struct span text;
	char type = *begin;

	if (type == '"') {
		if (!take_string(w, &text))
			return false;
		show(w, '"', text);
		return true;
	}
	while (w->p < w->end && !strchr(" \t\r\n,]}", *w->p))
		w->p++;
	text = (struct span){ begin, (size_t)(w->p - begin) };
	if (text.len == 0 || !strchr("-0123456789tfn", type))
		return false;
	show(w, type == 't' || type == 'f' || type == 'n' ? type : '0', text);
	return true;
}

/* Steps into the object or array at w->p. Sets *empty when there is nothing in it. */
static bool step_in(struct walk *w, bool *empty)
{
	char open = *w->p++;

	show(w, open, (struct span){ 0 });
	if (w->depth == JSON_DEPTH_MAX || !skip_space(w))
		return false;
	w->closer[w->depth] = open == '{' ? '}' : ']';
	w->key[w->depth++] = (struct span){ "", 0 };
	*empty = *w->p == w->closer[w->depth - 1];
	return *empty || open == '[' || take_key(w);
}

/* After a value: closes what ends here. Sets *more when another value follows. */
static bool step_on(struct walk *w, bool *more)
{
	for (*more = false; w->depth > 0;) {
		char closer = w->closer[w->depth - 1];

		if (!skip_space(w))
			return false;
		if (*w->p == ',') {
			w->p++;
			*more = true;
			return closer == ']' || take_key(w);
		}
		if (*w->p++ != closer)
			return false;
		w->depth--;
	}
	return true;
}

bool json_scan(struct span json, json_seen *seen, void *arg)
{
	struct walk w = { .p = json.at, .end = json.at + json.len, .seen = seen, .arg = arg };
	bool more = true;

	while (more) {
		bool empty = true;

		if (!skip_space(&w))
			return false;
		if (*w.p == '{' || *w.p == '[') {
			if (!step_in(&w, &empty))
				return false;
		} else if (!take_scalar(&w)) {
			return false;
		}
		if (empty && !step_on(&w, &more))
			return false;
	}
	return true;
}
