/* test_tok_model.c - which model counts how, found by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "metering/tok_model.h"

static struct tok_model m;

static void find(const char *dialect, const char *name)
{
	tok_model_find(dialect ? dialect_find(span_of(dialect)) : NULL, span_of(name), &m);
}

static void test_openai(void **state)
{
	static const struct {
		const char *name;
		enum vocab_id vocab;
		const char *family;
	} known[] = {
		{ "gpt-4o", VOCAB_O200K, "gpt-4o" },
		{ "gpt-4o-2024-08-06", VOCAB_O200K, "gpt-4o" },
		{ "chatgpt-4o-latest", VOCAB_O200K, "gpt-4o" },
		{ "gpt-4.1-nano", VOCAB_O200K, "gpt-4.1" },
		{ "gpt-4.5-preview", VOCAB_O200K, "gpt-4.5" },
		{ "gpt-5", VOCAB_O200K, "gpt-5" },
		{ "gpt-5.1-codex-mini", VOCAB_O200K, "gpt-5" },
		{ "gpt-5.6-sol", VOCAB_O200K, "gpt-5.6" },
		{ "o1", VOCAB_O200K, "o-series" },
		{ "o3-mini-2025-01-31", VOCAB_O200K, "o-series" },
		{ "o4-mini", VOCAB_O200K, "o-series" },
		{ "gpt-oss-120b", VOCAB_O200K, "gpt-oss" },
		{ "gpt-4", VOCAB_CL100K, "gpt-4" },
		{ "gpt-4-0613", VOCAB_CL100K, "gpt-4" },
		{ "gpt-4-turbo", VOCAB_CL100K, "gpt-4" },
		{ "gpt-3.5-turbo-16k", VOCAB_CL100K, "gpt-3.5" },
		{ "gpt-35-turbo", VOCAB_CL100K, "gpt-3.5" },
		{ "text-embedding-3-small", VOCAB_CL100K, "embedding" },
		{ "text-embedding-ada-002", VOCAB_CL100K, "embedding" },
		{ "davinci-002", VOCAB_CL100K, "gpt-3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		find("openai", known[i].name);
		if (!m.exact || m.vocab != known[i].vocab)
			fail_msg("%s: %s, exact %d", known[i].name, tok_model_encoding(&m),
				 m.exact);
		assert_string_equal(m.family, known[i].family);
	}
}

static void test_prefixes(void **state)
{
	static const char *const same[] = { "openai/gpt-4o",
					    "azure/gpt-4o",
					    "ft:gpt-4o:acme::1",
					    "openrouter/openai/gpt-4o:free",
					    "GPT-4o",
					    "accounts/x/models/gpt-4o",
					    "us.openai.gpt-4o-v1:0",
					    "ft:gpt-4o-2024-08-06:a:b:c" };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		find(NULL, same[i]);
		assert_true(m.exact);
		assert_string_equal(m.family, "gpt-4o");
	}
	find("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0");
	assert_string_equal(m.family, "claude-4");
	find("bedrock", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku");
	assert_string_equal(m.family, "claude-3");
	find("vllm", "meta-llama/Llama-3.1-8B-Instruct");
	assert_string_equal(m.family, "llama");
	find("ollama", "qwen3:8b");
	assert_string_equal(m.family, "qwen");
}

static void test_longest(void **state)
{
	const struct tok_picture *plain;

	(void)state;
	find("openai", "gpt-4o");
	plain = m.picture;
	find("openai", "gpt-4o-mini-2024-07-18");
	assert_ptr_not_equal(m.picture, plain);
	find("anthropic", "claude-opus-4-6");
	assert_string_equal(m.family, "claude-4");
	find("anthropic", "claude-opus-4-7-20260401");
	assert_string_equal(m.family, "claude-4.7");
	find("openai", "gpt-4x"); /* not "gpt-4" */
	assert_string_equal(m.family, "gpt");
	assert_false(m.exact);
}

static void test_unknown(void **state)
{
	static const char *const names[] = { "", "/", "ft:", "us.", "nobody-knows-1", "o", "g" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		find("vllm", names[i]);
		assert_false(m.exact);
		assert_string_equal(m.family, "vllm");
		assert_int_equal(m.vocab, VOCAB_O200K);
	}
	find("azure", "our-deployment");
	assert_string_equal(m.family, "azure");
	assert_false(m.exact);
	find("gemini", "next-thing");
	assert_true(m.ratio->permille[TOK_ASCII] > 1000);
	find(NULL, "nobody-knows-1");
	assert_string_equal(m.family, "unknown");
	find("openai", "gpt-9");
	assert_int_equal(m.vocab, VOCAB_O200K);
	assert_false(m.exact);
}

/* What is exact stays what was counted; the rest is rounded up, once. */
static void test_text(void **state)
{
	struct tok_count c = { { [TOK_ASCII] = 1001, [TOK_CJK] = 20, [TOK_OTHER] = 3 } };

	(void)state;
	find("openai", "gpt-4o");
	assert_int_equal(tok_model_text(&m, c), 1024);
	find("anthropic", "claude-sonnet-4-5");
	assert_int_equal(tok_model_text(&m, c),
			 (1001 * m.ratio->permille[TOK_ASCII] + 20 * m.ratio->permille[TOK_CJK] +
			  3 * m.ratio->permille[TOK_OTHER] + 999) /
			     1000);
	assert_int_equal(tok_model_text(&m, (struct tok_count){ { 0 } }), 0);
}

/* Every row has a name that the ledger has room for, and weights that make sense. */
static void test_rows(void **state)
{
	static const char *const names[] = {
#define TOK_MODEL(pattern, vocab, ratio, family, chat, tools, picture) pattern, family,
#include "metering/tok_model.tbl.h"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i += 2) {
		find(NULL, names[i]);
		assert_string_equal(m.family, names[i + 1]);
		assert_true(strlen(m.family) < TOK_FAMILY_ROOM);
		for (unsigned s = 0; s < TOK_SCRIPTS; s++)
			assert_in_range(m.ratio->permille[s], 500, 4000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openai),  cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_longest), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_text),    cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
