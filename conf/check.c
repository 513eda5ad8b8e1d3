/* check.c - one small function for each thing that can be wrong between options. */
#include "conf/check.h"
#include <errno.h>
#include <unistd.h>
#include "conf/secret.h"

#define NAME_BYTES_MAX 31 /* a row keeps that much of a provider's name */

/* Four files, each with room for a row of 2 kB of every exchange and of one batch. */
#define JOURNAL_BYTES_PER_SLOT 8192
#define JOURNAL_BATCH          256

/* Where the option stands, or else where its section or entry begins. */
static int line_of(const int *lines, int option)
{
	return lines[option] > 0 ? lines[option] : lines[OPTIONS];
}

static void check_file(struct kind_reader *r, int line, const char *path)
{
	if (path && access(path, R_OK) != 0)
		kind_complain(r, line, "cannot read %.500s: %s", path, strerror(errno));
}

/* A secret that was asked for and is not there: the variable is not set. */
static bool not_set(const struct conf_secret *s)
{
	return s && s->suffix && !s->bytes;
}

/* --- providers --- */

static bool good_name(const char *name)
{
	size_t len = 0;

	for (const char *c = name; *c; c++, len++)
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') &&
		    (len == 0 || (*c != '-' && *c != '_')))
			return false;
	return len > 0 && len <= NAME_BYTES_MAX;
}

static bool is_reserved(const char *name)
{
	static const char *const words[] = {
#define RESERVED(word) word,
#include "conf/options.tbl.h"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

static void check_name(struct kind_reader *r, const struct conf *c, const struct conf_provider *p)
{
	int line = line_of(p->lines, OPTION_provider_name);
	bool e2b = p->dialect && strcmp(p->dialect, "e2b") == 0;

	if (!p->name) {
		if (p->lines[OPTION_provider_name] == 0)
			kind_complain(r, line, "a provider without a name");
		return;
	}
	if (!good_name(p->name))
		kind_complain(
		    r, line, "'%.60s' is no name for a provider: use a-z, 0-9, - and _, at most %d",
		    p->name, NAME_BYTES_MAX);
	else if (is_reserved(p->name))
		kind_complain(r, line, "no provider may be called '%s': paths begin with that",
			      p->name);
	else if (strcmp(p->name, "e2b") == 0 && p->dialect && !e2b)
		kind_complain(r, line, "only a provider of dialect e2b may be called 'e2b'");
	for (const struct conf_provider *q = c->providers.at; q < p; q++)
		if (q->name && strcmp(q->name, p->name) == 0)
			kind_complain(r, line, "a provider '%.60s' stands in line %d already",
				      p->name, line_of(q->lines, OPTION_provider_name));
}

static void check_dialect(struct kind_reader *r, const struct conf_provider *p,
			  const char *const *dialects)
{
	int line = line_of(p->lines, OPTION_provider_dialect);

	if (!p->dialect) {
		if (p->lines[OPTION_provider_dialect] == 0)
			kind_complain(r, line, "a provider without a dialect");
		return;
	}
	if (!dialects)
		return;
	for (const char *const *d = dialects; *d; d++)
		if (strcmp(*d, p->dialect) == 0)
			return;
	for (const char *const *d = dialects; *d; d++)
		if (option_near(span_of(p->dialect), span_of(*d))) {
			kind_complain(r, line, "unknown dialect '%.60s'; did you mean '%s'?",
				      p->dialect, *d);
			return;
		}
	kind_complain(r, line, "unknown dialect '%.60s'", p->dialect);
}

static void check_base_url(struct kind_reader *r, const struct conf_provider *p)
{
	int line = line_of(p->lines, OPTION_provider_base_url);

	if (p->lines[OPTION_provider_base_url] == 0)
		kind_complain(r, line, "a provider without a base_url");
	else if (p->base_url.host && !p->base_url.tls && !p->allow_private)
		kind_warn(r, line, "http: keys and prompts go to %s in the clear",
			  p->base_url.host);
}

static void check_providers(struct kind_reader *r, const struct conf *c,
			    const char *const *dialects)
{
	for (unsigned i = 0; i < c->providers.count; i++) {
		const struct conf_provider *p = &c->providers.at[i];
		int line;

		if (!p->lines)
			continue;
		check_name(r, c, p);
		check_dialect(r, p, dialects);
		check_base_url(r, p);
		check_file(r, line_of(p->lines, OPTION_provider_ca_file), p->ca_file);
		line = line_of(p->lines, OPTION_provider_api_key);
		if (not_set(p->api_key))
			kind_warn(r, line, "%s is not set: requests to '%.60s' will be refused",
				  secret_source(p->api_key), p->name ? p->name : "?");
	}
}

/* --- plans --- */

/* What its quotas say is for those to read who know what a quota is. */
static void check_plans(struct kind_reader *r, const struct conf *c)
{
	const char *usual = c->tenant_defaults.plan;

	if (usual && !conf_find_plan(c, span_of(usual)))
		kind_complain(r, line_of(c->lines, OPTION_tenant_defaults_plan),
			      "tenant_defaults.plan: there is no plan '%.60s'", usual);
	for (unsigned i = 0; i < c->plans.count; i++) {
		const struct conf_plan *p = &c->plans.at[i];
		int line;

		if (!p->lines)
			continue;
		line = line_of(p->lines, OPTION_plan_name);
		if (!p->name)
			kind_complain(r, line, "a plan without a name");
		else if (!good_name(p->name) || strcmp(p->name, "default") == 0)
			kind_complain(
			    r, line,
			    "'%.60s' is no name for a plan: use a-z, 0-9, - and _, at most "
			    "%d, and not 'default'",
			    p->name, NAME_BYTES_MAX);
		for (const struct conf_plan *q = c->plans.at; p->name && q < p; q++)
			if (q->name && strcmp(q->name, p->name) == 0)
				kind_complain(r, line, "a plan '%.60s' stands in line %d already",
					      p->name, line_of(q->lines, OPTION_plan_name));
		if (p->quotas.count == 0)
			kind_complain(r, p->lines[OPTIONS],
				      "a plan without quotas; if there is to be no limit, say so: "
				      "quotas: none");
	}
}

/* --- the rest --- */

static void check_listeners(struct kind_reader *r, const struct conf *c)
{
	for (unsigned i = 0; i < c->listen.count; i++) {
		const struct conf_listener *l = &c->listen.at[i];

		if (!l->lines)
			continue;
		if (l->lines[OPTION_listener_address] == 0 && l->lines[OPTIONS] > 0)
			kind_complain(r, l->lines[OPTIONS], "listen: an entry without an address");
		if (!l->cert != !l->key)
			kind_complain(r, l->lines[OPTIONS], "listen: tls wants both cert and key");
		check_file(r, line_of(l->lines, OPTION_listener_cert), l->cert);
		check_file(r, line_of(l->lines, OPTION_listener_key), l->key);
	}
}

static void check_files(struct kind_reader *r, const struct conf *c)
{
	for (unsigned i = 0; i < c->prices.count; i++)
		check_file(r, line_of(c->lines, OPTION_top_prices), c->prices.at[i]);
	check_file(r, line_of(c->lines, OPTION_tls_ca_file), c->tls.ca_file);
}

/* A back-end that is chosen and cannot be reached. */
static void check_locator(struct kind_reader *r, const int *lines, int backend, int url,
			  const struct conf_secret *s, const char *what)
{
	if (not_set(s))
		kind_complain(r, line_of(lines, url), "%s is not set", secret_source(s));
	else if (lines[url] == 0)
		kind_complain(r, line_of(lines, backend), "%s", what);
}

static void check_backends(struct kind_reader *r, const struct conf *c)
{
	if (c->ledger.backend == CHOICE_ledger_backend_postgres)
		check_locator(r, c->lines, OPTION_ledger_backend, OPTION_ledger_url, c->ledger.url,
			      "backend: postgres wants url_env or url_file");
	if (c->quota.backend == CHOICE_quota_backend_redis)
		check_locator(r, c->lines, OPTION_quota_backend, OPTION_quota_url, c->quota.url,
			      "backend: redis wants url, url_env or url_file");
}

static void check_admin(struct kind_reader *r, const struct conf *c)
{
	int line = line_of(c->lines, OPTION_admin_listen);

	if (not_set(c->admin.token))
		kind_warn(r, line_of(c->lines, OPTION_admin_token),
			  "%s is not set: the admin API answers on its socket only",
			  secret_source(c->admin.token));
	else if (c->admin.listen.text && c->admin.token && !c->admin.token->bytes)
		kind_warn(r, line, "no token_env: the admin API answers on its socket only");
}

static void check_sizes(struct kind_reader *r, const struct conf *c)
{
	if (c->limits.body_bytes > c->limits.bodies_bytes)
		kind_complain(r, line_of(c->lines, OPTION_limits_body),
			      "limits.body is more than limits.bodies: none would fit");
	if (c->journal.max_bytes / JOURNAL_BYTES_PER_SLOT < c->limits.inflight + JOURNAL_BATCH)
		kind_complain(r, line_of(c->lines, OPTION_journal_max),
			      "journal.max is too small for limits.inflight: 2m, and 8k for each, "
			      "at least");
}

void check_conf(struct kind_reader *r, const struct conf *c, const char *const *dialects)
{
	check_listeners(r, c);
	check_providers(r, c, dialects);
	check_plans(r, c);
	check_files(r, c);
	check_backends(r, c);
	check_admin(r, c);
	if (r->wrong == 0)
		check_sizes(r, c);
}
