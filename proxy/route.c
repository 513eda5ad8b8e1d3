#include "proxy/route.h"
#include "conf/conf.h"
#include "metering/price.h"

static void choose(struct route *r, const struct conf *c, unsigned i, const struct dialect *d,
		   const struct path_match *m)
{
	r->provider = &c->providers.at[i];
	r->index = i;
	r->dialect = d;
	r->match = *m;
}

static const struct dialect *dialect_of(const struct conf *c, unsigned i)
{
	return dialect_find(span_of(c->providers.at[i].dialect));
}

/* "/name/rest": is name the i-th provider's? */
static bool named(const struct conf *c, unsigned i, struct span path, struct span *rest)
{
	struct span name = span_of(c->providers.at[i].name);

	if (path.len < name.len + 2 || path.at[name.len + 1] != '/' ||
	    !span_eq((struct span){ path.at + 1, name.len }, name))
		return false;
	*rest = span_skip(path, name.len + 1);
	return true;
}

static bool by_name(const struct conf *c, struct span method, struct span path, struct route *r)
{
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct dialect *d = dialect_of(c, i);
		struct path_match m;
		struct span rest;

		if (d && named(c, i, path, &rest) && dialect_match_path(d, method, rest, &m)) {
			choose(r, c, i, d, &m);
			return true;
		}
	}
	return false;
}

bool route_path(const struct conf *c, struct span method, struct span path, struct route *r)
{
	*r = (struct route){ 0 };
	if (by_name(c, method, path, r))
		return true;
	if (!dialect_match_public(method, path, &r->match))
		return false;
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct dialect *d = dialect_of(c, i);
		struct path_match m;

		if (d && dialect_match_path(d, method, path, &m)) {
			r->match = m;
			return true;
		}
	}
	return false;
}

bool route_pattern(const char *pattern, struct span model)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return span_starts(model, (struct span){ pattern, len - 1 });
	return span_eq(span_of(pattern), model);
}

/* 3: named among its models, 2: it has a price, 1: it speaks the shape, 0: not this one. */
static int suits(const struct conf_provider *p, const struct price_book *b, struct span model,
		 struct wall at)
{
	for (unsigned i = 0; i < p->models.count; i++)
		if (route_pattern(p->models.at[i], model))
			return 3;
	if (p->models.count > 0)
		return 0;
	return price_find_for(b, span_of(p->name), span_of(p->dialect), model, at) ? 2 : 1;
}

bool route_model(const struct conf *c, const struct price_book *b, struct span method,
		 struct span path, struct span model, struct wall at, struct route *r)
{
	int best = 0;

	if (r->provider)
		return true;
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct dialect *d = dialect_of(c, i);
		struct path_match m;
		int fit;

		if (!d || !dialect_match_path(d, method, path, &m))
			continue;
		fit = suits(&c->providers.at[i], b, model, at);
		if (fit > best) {
			best = fit;
			choose(r, c, i, d, &m);
		}
	}
	return best > 0;
}

bool route_object(const struct conf *c, struct span method, struct span path,
		  bool (*is_his)(void *arg, const struct conf_provider *p), void *arg,
		  struct route *r)
{
	if (r->provider)
		return is_his(arg, r->provider);
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct dialect *d = dialect_of(c, i);
		struct path_match m;

		if (d && dialect_match_path(d, method, path, &m) &&
		    is_his(arg, &c->providers.at[i])) {
			choose(r, c, i, d, &m);
			return true;
		}
	}
	return false;
}
