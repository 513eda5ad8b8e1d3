/* test_conf.c - a right file loads and says what it was told; a wrong one says what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "conf/conf.h"
#include "conf/option.h"

#define PROVIDER_LINE                                                                              \
	"providers: [ { name: p, dialect: openai, base_url: 'https://api.x.io/v1' } ]\n"

static const char *const dialects[] = { "openai", "anthropic", "gemini", "e2b", NULL };

/* Ends the buffer's text with a NUL that does not count. */
static const char *text_of(struct buf *b)
{
	char *end = buf_reserve(b, 1);

	assert_non_null(end);
	*end = '\0';
	return b->at;
}

static enum err load(const char *text, struct conf **out, struct buf *errors)
{
	*out = NULL;
	buf_init(errors, 1u << 20);
	return conf_load_text("etc/w.yaml", span_of(text), dialects, out, errors);
}

static struct conf *load_good(const char *text)
{
	struct buf errors;
	struct conf *c;

	if (load(text, &c, &errors) != ERR_OK)
		fail_msg("%s: %s", text, text_of(&errors));
	assert_string_equal(text_of(&errors), "");
	buf_release(&errors);
	return c;
}

static void expect(const char *text, enum err wanted, const char *says)
{
	struct buf errors;
	struct conf *c;
	enum err e = load(text, &c, &errors);

	assert_string_equal(text_of(&errors), says);
	assert_int_equal(e, wanted);
	conf_unref(c);
	buf_release(&errors);
}

static void test_defaults(void **state)
{
	struct conf *c = load_good(PROVIDER_LINE);

	(void)state;
	assert_int_equal(c->listen.count, 1);
	assert_string_equal(c->listen.at[0].address.text, "127.0.0.1:8080");
	assert_int_equal(c->listen.at[0].address.port, 8080);
	assert_null(c->listen.at[0].cert);
	assert_int_equal(c->workers, 0);
	assert_string_equal(c->state_dir, "data");
	assert_int_equal(c->prices.count, 0);
	assert_int_equal(c->unpriced, CHOICE_unpriced_refuse);
	assert_int_equal(c->ledger.backend, CHOICE_ledger_backend_sqlite);
	assert_null(c->admin.listen.text);
	assert_int_equal(conf_secret(c->admin.token).len, 0);
	assert_int_equal(c->limits.head_bytes, 32768);
	assert_int_equal(c->deadlines.first_byte_us, 600000000);
	assert_true(c->tenant_defaults.llm_pusd == INT64_C(100000000000000));
	assert_int_equal(c->providers.count, 1);
	assert_string_equal(c->providers.at[0].base_url.host, "api.x.io");
	assert_string_equal(c->providers.at[0].base_url.prefix, "/v1");
	assert_int_equal(c->providers.at[0].unpriced, CHOICE_provider_unpriced_refuse);
	assert_false(c->providers.at[0].allow_private);
	conf_unref(c);
}

static void test_everything_given(void **state)
{
	struct conf *c = load_good(
	    "listen: [ ':8080', { address: '[::1]:81' } ]\n"
	    "workers: 3\n"
	    "unpriced: provisional\n"
	    "refusal: sse\n"
	    "client_gone: close\n"
	    "admin: { listen: '*:9090', token_env: WEIR_TEST_TOKEN }\n"
	    "quota: { backend: redis, url: 'redis://h/0', on_outage: closed }\n"
	    "provisional: { input_per_mtok: $1 }\n"
	    "tenant_defaults: { llm: none, e2b: 0usd }\n"
	    "limits: { body: 1.5m, head: 256k }\n"
	    "deadlines: { head: 250ms }\n"
	    "tls: { min_version: 1.3 }\n"
	    "providers:\n"
	    "  - name: a\n"
	    "    dialect: openai\n"
	    "    base_url: http://10.0.0.1:8000/\n"
	    "    allow_private: yes\n"
	    "    api_key_env: WEIR_TEST_TOKEN\n"
	    "    models: [ 'llama-*', b ]\n"
	    "    unpriced: refuse\n"
	    "  - { name: e2b, dialect: e2b, base_url: 'https://[2001:db8::1]:8443' }\n");
	const struct conf_provider *p = conf_find_provider(c, SPAN("a"));

	(void)state;
	assert_string_equal(c->listen.at[0].address.text, "0.0.0.0:8080");
	assert_string_equal(c->listen.at[1].address.text, "[::1]:81");
	assert_string_equal(c->listen.at[1].address.host, "::1");
	assert_int_equal(c->workers, 3);
	assert_int_equal(c->refusal, CHOICE_refusal_sse);
	assert_int_equal(c->client_gone, CHOICE_client_gone_close);
	assert_string_equal(c->admin.listen.text, "0.0.0.0:9090");
	assert_string_equal(conf_secret(c->admin.token).at, "s3cret");
	assert_string_equal(conf_secret(c->quota.url).at, "redis://h/0");
	assert_int_equal(c->quota.on_outage, CHOICE_on_outage_closed);
	assert_true(c->provisional.input_per_mtok_pusd == INT64_C(1000000000000));
	assert_true(c->tenant_defaults.llm_pusd == CONF_NONE);
	assert_true(c->tenant_defaults.e2b_pusd == 0);
	assert_int_equal(c->limits.body_bytes, 3u << 19);
	assert_int_equal(c->deadlines.head_us, 250000);
	assert_int_equal(c->tls.min_version, CHOICE_tls_version_1_3);
	assert_ptr_equal(p, &c->providers.at[0]);
	assert_false(p->base_url.tls);
	assert_true(p->base_url.host_is_ip);
	assert_int_equal(p->base_url.port, 8000);
	assert_string_equal(p->base_url.authority, "10.0.0.1:8000");
	assert_string_equal(p->base_url.prefix, "");
	assert_string_equal(p->models.at[0], "llama-*");
	assert_int_equal(p->models.count, 2);
	assert_int_equal(p->unpriced, CHOICE_provider_unpriced_refuse);
	p = conf_find_provider(c, SPAN("e2b"));
	assert_string_equal(p->base_url.authority, "[2001:db8::1]:8443");
	assert_int_equal(p->unpriced, CHOICE_provider_unpriced_provisional);
	assert_null(conf_find_provider(c, SPAN("nobody")));
	conf_unref(c);
}

/* The file that the handbook begins with; other programs write ones like it. */
static void test_smallest_useful_file(void **state)
{
	struct buf errors;
	struct conf *c;

	(void)state;
	assert_int_equal(
	    load(
		"listen: 127.0.0.1:8080\n"
		"admin: { socket: data/weir.sock, listen: 127.0.0.1:9090, token_env: WEIR_TEST_TOKEN }\n"
		"state_dir: data                       # journal, in-flight table\n"
		"ledger: { backend: sqlite }           # or: { backend: postgres }\n"
		"quota:  { backend: memory }           # or: { backend: redis }\n"
		"prices: [ /dev/null ]\n"
		"providers:\n"
		"  - { name: openai,    dialect: openai,    base_url: https://api.openai.com/v1,"
		"            api_key_env: WEIR_TEST_TOKEN }\n"
		"  - { name: gemini,    dialect: gemini,    base_url: "
		"https://generativelanguage.googleapis.com, api_key_env: WEIR_TEST_UNSET }\n",
		&c, &errors),
	    ERR_OK);
	assert_string_equal(text_of(&errors), "etc/w.yaml:9: warning: WEIR_TEST_UNSET is not set: "
					      "requests to 'gemini' will be refused\n");
	assert_string_equal(c->prices.at[0], "/dev/null");
	assert_string_equal(c->admin.socket, "data/weir.sock");
	assert_string_equal(c->providers.at[0].base_url.text, "https://api.openai.com/v1");
	assert_string_equal(c->providers.at[1].base_url.authority,
			    "generativelanguage.googleapis.com");
	conf_unref(c);
	buf_release(&errors);
}

/* The line of conf_print() for that option, without its origin; in `to`. */
static void printed(const struct conf *c, const char *title, char *to, size_t room)
{
	char wanted[128];
	struct buf out;
	const char *at, *end;

	buf_init(&out, 1u << 20);
	assert_true(buf_add(&out, SPAN("\n")));
	assert_true(conf_print(c, &out));
	snprintf(wanted, sizeof(wanted), "\n%s = ", title);
	at = strstr(text_of(&out), wanted);
	assert_non_null(at);
	end = strstr(at, "  # ");
	assert_non_null(end);
	span_copy((struct span){ at + strlen(wanted), (size_t)(end - at) - strlen(wanted) }, to,
		  room);
	buf_release(&out);
}

/* Every default, written into a file as it is shown, gives the same value again. */
static void test_defaults_round_trip(void **state)
{
	struct conf *defaults = load_good(PROVIDER_LINE), *c;
	int tried = 0;

	(void)state;
	for (int i = 0; i < OPTIONS; i++) {
		const struct option *o = &options[i];
		char title[OPTION_TITLE_ROOM], before[256], after[256], text[512];

		option_title(o, "", title);
		if (!o->def[0] || strchr(o->section, '[') || o->kind == KIND_LISTENERS)
			continue;
		printed(defaults, title, before, sizeof(before));
		snprintf(text, sizeof(text),
			 o->section[0] ? "%s: { %s: '%s' }\n%s" : "%s%s: '%s'\n%s", o->section,
			 o->name, before, PROVIDER_LINE);
		c = load_good(text);
		printed(c, title, after, sizeof(after));
		assert_string_equal(before, after);
		conf_unref(c);
		tried++;
	}
	assert_true(tried > 40);
	conf_unref(defaults);
}

/* Each least and most value is taken; what lies beyond it is not. */
static void test_ranges(void **state)
{
	(void)state;
	for (int i = 0; i < OPTIONS; i++) {
		const struct option *o = &options[i];
		const char *bounds[] = { o->least, o->most };

		for (int b = 0; b < 2; b++) {
			char text[512];
			struct buf errors;
			struct conf *c;

			if (!bounds[b][0] || o->kind == KIND_CHOICE)
				continue;
			snprintf(text, sizeof(text),
				 o->section[0] ? "%s: { %s: %s }\n%s" : "%s%s: %s\n%s", o->section,
				 o->name, bounds[b], PROVIDER_LINE);
			if (load(text, &c, &errors) != ERR_OK) /* alone it may not fit the rest */
				assert_null(strstr(text_of(&errors), ", the "));
			conf_unref(c);
			buf_release(&errors);
		}
	}
}

static void test_plans(void **state)
{
	struct conf *c = load_good(
	    "plans:\n"
	    "  - { name: free, quotas: [ 5usd llm month, 20 requests minute ] }\n"
	    "  - name: enterprise\n"
	    "    quotas: none\n" PROVIDER_LINE);
	const struct conf_plan *p = conf_find_plan(c, SPAN("free"));

	(void)state;
	assert_int_equal(c->plans.count, 2);
	assert_non_null(p);
	assert_int_equal(p->quotas.count, 2);
	assert_string_equal(p->quotas.at[1], "20 requests minute");
	assert_int_equal(conf_line(p->lines, "plans[]", "quotas"), 2);
	p = conf_find_plan(c, SPAN("enterprise"));
	assert_int_equal(conf_line(p->lines, "plans[]", "quotas"), 4);
	assert_string_equal(p->quotas.at[0], "none");
	assert_null(conf_find_plan(c, SPAN("pro")));
	assert_int_equal(conf_line(c->lines, "plans[]", "nonsense"), 1);
	conf_unref(c);
	c = load_good("plans: []\n" PROVIDER_LINE);
	assert_int_equal(c->plans.count, 0);
	conf_unref(c);
	expect("plans: free\n" PROVIDER_LINE, ERR_GARBLED,
	       "etc/w.yaml:1: plans: give a list of at most 64: [ { name, quotas } ]\n");
	expect("plans: [ { quotas: none } ]\n" PROVIDER_LINE, ERR_GARBLED,
	       "etc/w.yaml:1: a plan without a name\n");
	expect(
	    "plans: [ { name: free } ]\n" PROVIDER_LINE, ERR_GARBLED,
	    "etc/w.yaml:1: a plan without quotas; if there is to be no limit, say so: quotas: none\n");
	expect(
	    "plans: [ { name: A, quotas: none } ]\n" PROVIDER_LINE, ERR_GARBLED,
	    "etc/w.yaml:1: 'A' is no name for a plan: use a-z, 0-9, - and _, at most 31, and not "
	    "'default'\n");
	expect(
	    "plans: [ { name: default, quotas: none } ]\n" PROVIDER_LINE, ERR_GARBLED,
	    "etc/w.yaml:1: 'default' is no name for a plan: use a-z, 0-9, - and _, at most 31, and "
	    "not 'default'\n");
	expect("plans: [ { name: a, quotas: none },\n { name: a, quotas: none } ]\n" PROVIDER_LINE,
	       ERR_GARBLED, "etc/w.yaml:2: a plan 'a' stands in line 1 already\n");
	expect(
	    "plans: [ { name: a, quota: none } ]\n" PROVIDER_LINE, ERR_GARBLED,
	    "etc/w.yaml:1: unknown option 'quota' in section 'plans[]'; did you mean 'quotas'?\n"
	    "etc/w.yaml:1: a plan without quotas; if there is to be no limit, say so: quotas: none\n");
}

static void test_bad_values(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "workers: many", "workers: 'many' is not a whole number" },
		{ "workers: -1", "workers: '-1' is not a whole number" },
		{ "workers: 257", "workers: '257' is more than 256, the most" },
		{ "workers:", "workers has no value" },
		{ "workers: [ 1 ]", "workers wants one value" },
		{ "workers: { a: 1 }", "workers wants one value" },
		{ "limits: { head: 64q }", "limits.head: '64q' is not a size (512, 64k, 32m, 1g)" },
		{ "limits: { head: 1k }", "limits.head: '1k' is less than 4k, the least" },
		{ "limits: { head: 99999999999t }",
		  "limits.head: '99999999999t' is too large or too finely divided" },
		{ "limits: { body: 1g }",
		  "limits.body is more than limits.bodies: none would fit" },
		{ "limits: 3", "'limits' must be a section: { option: value, ... }" },
		{ "deadlines: { idle: 30 }",
		  "deadlines.idle: '30' is not a duration (250ms, 30s, 5m, 1h)" },
		{ "unpriced: free", "unpriced: 'free' is none of refuse, provisional" },
		{ "tenant_defaults: { llm: 100 }",
		  "tenant_defaults.llm: '100' is not an amount (0.15usd, 100usd)" },
		{ "tenant_defaults: { llm: 1000001usd }",
		  "tenant_defaults.llm: '1000001usd' is more than 1000000usd, the most" },
		{ "state_dir: ''", "state_dir must not be empty" },
		{ "state_dir: \"a\\x01\"", "state_dir holds a control character" },
		{ "prices: [ [ a ] ]", "prices wants plain values, not a list or a section" },
		{ "prices: { a: b }", "prices wants a list" },
		{ "prices: none.yaml", "cannot read etc/none.yaml: No such file or directory" },
		{ "listen: 8080", "listen[].address: '8080' is not an address: write "
				  "127.0.0.1:8080, [::1]:8080 or :8080" },
		{ "listen: 1.2.3.4:70000",
		  "listen[].address: '1.2.3.4:70000' the port must be a number from 0 to 65535" },
		{ "listen: name.org:80",
		  "listen[].address: 'name.org:80' the host must be an IP address, localhost or *" },
		{ "listen: []", "listen: give 1 to 64 addresses" },
		{ "listen: { tls: {} }", "listen: an entry without an address" },
		{ "listen: { address: ':1', tls: { cert: /etc/passwd } }",
		  "listen: tls wants both cert and key" },
		{ "ledger: { backend: postgres }", "backend: postgres wants url_env or url_file" },
		{ "ledger: { backend: postgres, url_env: WEIR_TEST_UNSET }",
		  "WEIR_TEST_UNSET is not set" },
		{ "quota: { backend: redis }", "backend: redis wants url, url_env or url_file" },
		{ "journal: { max: 32m }",
		  "journal.max is too small for limits.inflight: 2m, and 8k for each, at least" },
		{ "journal: { max: 4m }\nlimits: { inflight: 257 }",
		  "journal.max is too small for limits.inflight: 2m, and 8k for each, at least" },
		{ "journal: { max: 3m }\nlimits: { inflight: 64 }",
		  "journal.max: '3m' is less than 4m, the least" },
		{ "admin: { token_env: sk-abc-def }",
		  "admin.token_env wants the name of an environment variable, not the secret itself" },
		{ "admin: { token_env: WEIR_TEST_SPACE }",
		  "admin.token_env names a variable with a space or a control character in it" },
		{ "admin: { token_file: none }",
		  "admin.token_file names a file that cannot be read" },
		{ "admin: { token_file: /dev/null }",
		  "admin.token_file names a file that cannot be read" },
		{ "admin: { token_env: WEIR_TEST_TOKEN, token_file: /dev/null }",
		  "'token_file' says what line 1 has said already\n"
		  "etc/w.yaml:1: admin.token_file names a file that cannot be read" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], says[512];

		snprintf(text, sizeof(text), "%s\n%s", cases[i].text, PROVIDER_LINE);
		snprintf(says, sizeof(says), "etc/w.yaml:1: %s\n", cases[i].says);
		expect(text, ERR_GARBLED, says);
	}
}

static void test_bad_providers(void **state)
{
	static const struct {
		const char *entry, *says;
	} cases[] = {
		{ "dialect: openai, base_url: 'https://x'", "a provider without a name" },
		{ "name: x, base_url: 'https://x'", "a provider without a dialect" },
		{ "name: x, dialect: openai", "a provider without a base_url" },
		{ "name: Big, dialect: openai, base_url: 'https://x'",
		  "'Big' is no name for a provider: use a-z, 0-9, - and _, at most 31" },
		{ "name: v1, dialect: openai, base_url: 'https://x'",
		  "no provider may be called 'v1': paths begin with that" },
		{ "name: e2b, dialect: openai, base_url: 'https://x'",
		  "only a provider of dialect e2b may be called 'e2b'" },
		{ "name: p, dialect: openai, base_url: 'https://x'",
		  "a provider 'p' stands in line 1 already" },
		{ "name: x, dialect: antropic, base_url: 'https://x'",
		  "unknown dialect 'antropic'; did you mean 'anthropic'?" },
		{ "name: x, dialect: soap, base_url: 'https://x'", "unknown dialect 'soap'" },
		{ "name: x, dialect: openai, base_url: 'ftp://x'",
		  "providers[].base_url: must begin with https:// or http://" },
		{ "name: x, dialect: openai, base_url: 'https://u:pass@x'",
		  "providers[].base_url: no user, query or fragment may stand here" },
		{ "name: x, dialect: openai, base_url: 'https://x/a?b'",
		  "providers[].base_url: no user, query or fragment may stand here" },
		{ "name: x, dialect: openai, base_url: 'https://x/../y'",
		  "providers[].base_url: the path has an empty or a dot segment" },
		{ "name: x, dialect: openai, base_url: 'https://x//y'",
		  "providers[].base_url: the path has an empty or a dot segment" },
		{ "name: x, dialect: openai, base_url: 'https://x/%2e'",
		  "providers[].base_url: the path may hold letters, digits and - . _ ~ : only" },
		{ "name: x, dialect: openai, base_url: 'https://x:0'",
		  "providers[].base_url: the port must be a number from 1 to 65535" },
		{ "name: x, dialect: openai, base_url: 'https://a b'",
		  "providers[].base_url: the host is neither a name nor an IP address" },
		{ "name: x, dialect: openai, base_url: 'https://[1.2.3.4]'",
		  "providers[].base_url: the host is neither a name nor an IP address" },
		{ "name: x, dialect: openai, base_url: 'https://x', tls_verify: no",
		  "unknown option 'tls_verify' in section 'providers[]'" },
		{ "name: x, dialect: openai, base_url: 'https://x', api_key: sk-123",
		  "unknown option 'api_key' in section 'providers[]'; did you mean 'api_key_env'?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], says[512];

		snprintf(
		    text, sizeof(text),
		    "providers: [ { name: p, dialect: openai, base_url: 'https://x' },\n { %s } ]\n",
		    cases[i].entry);
		snprintf(says, sizeof(says), "etc/w.yaml:2: %s\n", cases[i].says);
		expect(text, ERR_GARBLED, says);
	}
	expect("providers: []\n", ERR_GARBLED,
	       "etc/w.yaml:1: providers: give a list of 1 to 256: "
	       "[ { name, dialect, base_url, ... } ]\n");
	expect("", ERR_GARBLED,
	       "etc/w.yaml:1: providers: give a list of 1 to 256: "
	       "[ { name, dialect, base_url, ... } ]\n");
	expect("just text\n", ERR_GARBLED,
	       "etc/w.yaml:1: this is no configuration: write option: value\n");
}

static void test_unknown_keys(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "lisen: a", "unknown option 'lisen'; did you mean 'listen'?" },
		{ "limit: {}", "unknown option 'limit'; did you mean 'limits'?" },
		{ "limits: { hed: 3 }",
		  "unknown option 'hed' in section 'limits'; did you mean 'head'?" },
		{ "ledger: { url_evn: X }",
		  "unknown option 'url_evn' in section 'ledger'; did you mean 'url_env'?" },
		{ "listen: { adress: ':1', address: ':2' }",
		  "unknown option 'adress' in section 'listen[]'; did you mean 'address'?" },
		{ "listen: { address: ':2', tls: { crt: a } }",
		  "unknown option 'crt' in section 'listen[].tls'; did you mean 'cert'?" },
		{ "body_rate: 4k", "unknown option 'body_rate'; did you mean 'limits.body_rate'?" },
		{ "zzz: 1", "unknown option 'zzz'" },
		{ "'': 1", "unknown option ''" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], says[512];

		snprintf(text, sizeof(text), "%s\n%s", cases[i].text, PROVIDER_LINE);
		snprintf(says, sizeof(says), "etc/w.yaml:1: %s\n", cases[i].says);
		expect(text, ERR_GARBLED, says);
	}
}

static void test_all_errors(void **state)
{
	(void)state;
	expect("workers: x\nlimits:\n  head: y\n  zzz: 1\n", ERR_GARBLED,
	       "etc/w.yaml:1: workers: 'x' is not a whole number\n"
	       "etc/w.yaml:3: limits.head: 'y' is not a size (512, 64k, 32m, 1g)\n"
	       "etc/w.yaml:4: unknown option 'zzz' in section 'limits'\n"
	       "etc/w.yaml:1: providers: give a list of 1 to 256: "
	       "[ { name, dialect, base_url, ... } ]\n");
}

static void test_warnings(void **state)
{
	(void)state;
	expect(
	    "providers:\n  - { name: p, dialect: openai, base_url: 'http://x.io',\n"
	    "      api_key_env: WEIR_TEST_UNSET }\n",
	    ERR_OK,
	    "etc/w.yaml:2: warning: http: keys and prompts go to x.io in the clear\n"
	    "etc/w.yaml:3: warning: WEIR_TEST_UNSET is not set: requests to 'p' will be refused\n");
	expect("admin: { listen: ':9090' }\n" PROVIDER_LINE, ERR_OK,
	       "etc/w.yaml:1: warning: no token_env: the admin API answers on its socket only\n");
	/* what may be the secret itself is not repeated */
	expect("admin: { token_env: AIzaSyA1b2C3 }\n" PROVIDER_LINE, ERR_OK,
	       "etc/w.yaml:1: warning: the variable named here is not set: "
	       "the admin API answers on its socket only\n");
}

static void test_secrets(void **state)
{
	char dir[] = "/tmp/weir-conf-XXXXXX", path[64], text[512];
	struct conf *c;
	struct buf out;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("hunter2\n", f);
	fclose(f);
	snprintf(
	    text, sizeof(text),
	    "admin: { token_env: WEIR_TEST_TOKEN }\n"
	    "quota: { url: 'redis://:hunter2@h/0' }\n"
	    "providers: [ { name: p, dialect: openai, base_url: 'https://x', api_key_file: %s } ]\n",
	    path);
	c = load_good(text);
	assert_string_equal(conf_secret(c->providers.at[0].api_key).at, "hunter2");
	assert_int_equal(conf_secret(c->providers.at[0].api_key).len, 7);
	buf_init(&out, 1u << 20);
	assert_true(conf_print(c, &out));
	assert_null(strstr(text_of(&out), "hunter2"));
	assert_null(strstr(text_of(&out), "s3cret"));
	assert_non_null(strstr(text_of(&out), "admin.token = (WEIR_TEST_TOKEN)  # etc/w.yaml:1\n"));
	assert_non_null(strstr(text_of(&out), "quota.url = (given in the file)  # etc/w.yaml:2\n"));
	buf_release(&out);
	conf_unref(c);
	unlink(path);
	rmdir(dir);
}

static void test_print(void **state)
{
	struct conf *c = load_good(
	    "listen: [ ':1', ':2' ]\nlimits:\n  head: 65536\n" PROVIDER_LINE);
	struct buf out;

	(void)state;
	buf_init(&out, 1u << 20);
	assert_true(conf_print(c, &out));
	assert_non_null(strstr(text_of(&out), "listen[1].address = 0.0.0.0:2  # etc/w.yaml:1\n"));
	assert_non_null(strstr(text_of(&out), "limits.head = 64k  # etc/w.yaml:3\n"));
	assert_non_null(strstr(text_of(&out), "limits.body = 32m  # default\n"));
	assert_non_null(strstr(text_of(&out), "providers[0].name = p  # etc/w.yaml:4\n"));
	out.len = 0;
	out.cap_bytes = 10;
	assert_false(conf_print(c, &out));
	buf_release(&out);
	conf_unref(c);
}

static void test_compare(void **state)
{
	struct conf *a = load_good("workers: 1\ntenant_defaults: { llm: 8usd }\n" PROVIDER_LINE);
	struct conf *b = load_good(
	    "workers: 2\nlimits: { inflight: 64 }\ntenant_defaults: { llm: 9usd }\n"
	    "listen: ':9'\nquota: { url: 'redis://x' }\n" PROVIDER_LINE);
	struct buf names;

	(void)state;
	buf_init(&names, 4096);
	assert_true(conf_compare(a, a, &names));
	assert_string_equal(text_of(&names), "");
	assert_true(conf_compare(a, b, &names));
	assert_string_equal(text_of(&names), "listen\nworkers\nquota.url\nlimits.inflight\n");
	conf_unref(b);
	b = load_good("workers: 1\ntenant_defaults: { llm: 9usd }\nproviders:\n  - { name: p, "
		      "dialect: openai, base_url: 'https://another.example' }\n");
	buf_release(&names);
	assert_true(conf_compare(a, b, &names));
	assert_string_equal(text_of(&names), "providers\n");
	buf_release(&names);
	conf_unref(a);
	conf_unref(b);
}

static void test_references(void **state)
{
	struct conf *c = load_good(PROVIDER_LINE);

	(void)state;
	assert_ptr_equal(conf_ref(c), c);
	conf_unref(c);
	assert_string_equal(c->providers.at[0].name, "p");
	conf_unref(c);
	conf_unref(NULL);
}

static void test_shipped_files(void **state)
{
	static const char *const files[] = { "conf/weir.yaml" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf errors;
		struct conf *c = NULL;

		buf_init(&errors, 1u << 16);
		if (conf_load(files[i], dialects, &c, &errors) != ERR_OK)
			fail_msg("%s", text_of(&errors));
		assert_int_equal(c->providers.count, 4);
		conf_unref(c);
		buf_release(&errors);
	}
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(option_distance(SPAN("kitten"), SPAN("sitting")), 3);
	assert_int_equal(option_distance(SPAN("evn"), SPAN("env")), 1);
	assert_int_equal(option_distance(SPAN(""), SPAN("abc")), 3);
	assert_int_equal(option_distance(SPAN("same"), SPAN("same")), 0);
	assert_true(option_near(SPAN("tot"), SPAN("total")));
	assert_false(option_near(SPAN("head"), SPAN("total")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_given),
		cmocka_unit_test(test_smallest_useful_file),
		cmocka_unit_test(test_defaults_round_trip),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_bad_providers),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_all_errors),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_shipped_files),
		cmocka_unit_test(test_distance),
	};

	setenv("WEIR_TEST_TOKEN", "s3cret", 1);
	setenv("WEIR_TEST_SPACE", "a b", 1);
	unsetenv("WEIR_TEST_UNSET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
