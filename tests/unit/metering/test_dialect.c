/* test_dialect.c - which paths lead where, and that no other path leads anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "metering/shape.h"

static const struct {
	const char *dialect, *method, *path; /* dialect NULL: the client port */
	const char *shape, *model, *upstream;
	int stream;
} good[] = {
	{ NULL, "POST", "/v1/chat/completions", "openai-chat", "", "/v1/chat/completions", -1 },
	{ NULL, "POST", "/v1/responses", "openai-responses", "", "/v1/responses", -1 },
	{ NULL, "POST", "/v1/messages", "anthropic", "", "/v1/messages", -1 },
	{ NULL, "POST", "/v1/messages/count_tokens", "free", "", "/v1/messages/count_tokens", 0 },
	{ NULL, "GET", "/v1/models", "free", "", "/v1/models", 0 },
	{ NULL, "GET", "/v1/responses/resp_1", "free", "", "/v1/responses/resp_1", -1 },
	{ NULL, "POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent", "gemini",
	  "gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:streamGenerateContent", 1 },
	{ NULL, "POST", "/v1/models/gemini-2.5-pro:generateContent", "gemini", "gemini-2.5-pro",
	  "/v1/models/gemini-2.5-pro:generateContent", 0 },
	{ "openai", "POST", "/v1/chat/completions", "openai-chat", "", "/chat/completions", -1 },
	{ "openai", "POST", "/chat/completions", "openai-chat", "", "/chat/completions", -1 },
	{ "openai", "POST", "/v1/responses/compact", "openai-responses", "", "/responses/compact",
	  0 },
	{ "openai", "DELETE", "/v1/responses/resp_1", "free", "", "/responses/resp_1", 0 },
	{ "groq", "POST", "/openai/v1/chat/completions", "openai-chat", "", "/chat/completions",
	  -1 },
	{ "openrouter", "POST", "/api/v1/chat/completions", "openai-chat", "", "/chat/completions",
	  -1 },
	{ "openrouter", "POST", "/v1/messages", "anthropic", "", "/messages", -1 },
	{ "deepseek", "POST", "/anthropic/v1/messages", "anthropic", "", "/anthropic/v1/messages",
	  -1 },
	{ "anthropic", "POST", "/v1/messages", "anthropic", "", "/v1/messages", -1 },
	{ "azure", "POST", "/openai/deployments/my-gpt/chat/completions", "openai-chat", "my-gpt",
	  "/deployments/my-gpt/chat/completions", -1 },
	{ "azure", "POST", "/openai/v1/responses", "openai-responses", "", "/v1/responses", -1 },
	{ "azure", "POST", "/v1/embeddings", "openai-embeddings", "", "/v1/embeddings", 0 },
	{ "gemini", "POST", "/v1/chat/completions", "openai-chat", "",
	  "/v1beta/openai/chat/completions", -1 },
	{ "gemini", "POST", "/v1beta/openai/chat/completions", "openai-chat", "",
	  "/v1beta/openai/chat/completions", -1 },
	{ "gemini", "POST", "/v1beta/models/m:countTokens", "free", "m",
	  "/v1beta/models/m:countTokens", 0 },
	{ "gemini", "POST", "/v1beta/interactions", "gemini-interactions", "",
	  "/v1beta/interactions", -1 },
	{ "vertex", "POST",
	  "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent",
	  "gemini", "gemini-2.5-pro",
	  "/v1/projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent",
	  0 },
	{ "vertex", "POST",
	  "/v1/projects/p-1/locations/global/publishers/anthropic/models/claude-x@20250101:streamRawPredict",
	  "anthropic", "claude-x@20250101",
	  "/v1/projects/p-1/locations/global/publishers/anthropic/models/claude-x@20250101:streamRawPredict",
	  -1 },
	{ "bedrock", "POST", "/model/anthropic.claude-v1:0/converse-stream", "bedrock-converse",
	  "anthropic.claude-v1:0", "/model/anthropic.claude-v1:0/converse-stream", 1 },
	{ "bedrock", "POST", "/model/anthropic.claude-v1%3A0/invoke", "bedrock-invoke",
	  "anthropic.claude-v1%3A0", "/model/anthropic.claude-v1%3A0/invoke", 0 },
	{ "bedrock", "POST",
	  "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.claude-v1%3A0/converse",
	  "bedrock-converse",
	  "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.claude-v1%3A0",
	  "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.claude-v1%3A0/converse",
	  0 },
	{ "bedrock", "POST", "/model/arn:aws:bedrock:us-east-1:1:custom-model%2fa%2Fb/invoke",
	  "bedrock-invoke", "arn:aws:bedrock:us-east-1:1:custom-model%2fa%2Fb",
	  "/model/arn:aws:bedrock:us-east-1:1:custom-model%2fa%2Fb/invoke", 0 },
	{ "cohere", "POST", "/v2/chat", "cohere", "", "/v2/chat", -1 },
	{ "ollama", "POST", "/api/generate", "ollama", "", "/api/generate", -1 },
	{ "ollama", "POST", "/v1/chat/completions", "openai-chat", "", "/v1/chat/completions", -1 },
};

static bool match(const char *dialect, const char *method, struct span path, struct path_match *m)
{
	if (dialect)
		return dialect_match_path(dialect_find(span_of(dialect)), span_of(method), path, m);
	return dialect_match_public(span_of(method), path, m);
}

static void knows_its_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct path_match m;
		char model[DIALECT_MODEL_ROOM], upstream[512];

		if (!match(good[i].dialect, good[i].method, span_of(good[i].path), &m))
			fail_msg("%s: no route", good[i].path);
		assert_string_equal(shape_name(m.shape), good[i].shape);
		assert_int_equal(m.stream, good[i].stream);
		snprintf(model, sizeof(model), "%.*s", SPAN_ARG(m.model));
		assert_string_equal(model, good[i].model);
		snprintf(upstream, sizeof(upstream), "%.*s%.*s", SPAN_ARG(m.upstream_prefix),
			 SPAN_ARG(m.upstream_path));
		assert_string_equal(upstream, good[i].upstream);
		assert_int_equal(m.get_only, m.shape == SHAPE_free && good[i].method[0] == 'G');
	}
}

/* A byte more or less, another method, another dialect: no route, or one that says so. */
static void knows_no_others(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/v1",
		"/v1/",
		"/v1/chat",
		"/v1/chat/completions/",
		"//v1/chat/completions",
		"/V1/chat/completions",
		"/v1/./chat/completions",
		"/v1/chat/completions/x",
		"/v1/batches",
		"/v1/files",
		"/v1/threads/t/runs",
		"/v1/realtime",
		"/v1/images/generations",
		"/v1beta/models/:generateContent",
		"/v1beta/models/a/b:generateContent",
		"/v1beta/models/..:generateContent",
		"/v1beta/models/a%2fb:generateContent",
		"/v1beta/models/a%2Fb:generateContent",
		"/v1beta/models/a%00:generateContent",
		"/v1beta/models/m:generateContent/x",
		"/v1beta/models/m:generateContentX",
		"/v1beta/models/m:batchGenerateContent",
		"/v1beta/models/m a:generateContent",
		"/v1beta/models/m?:generateContent",
		"/v1beta/models/m%3:generateContent",
		"/v1beta/models/\xc3\xa9:generateContent",
		"/v1/responses/..",
		"/v1/responses/a/b",
		"/openai/deployments/x/chat/completions",
		"/model/x/converse",
		"/v2/chat",
		"/api/chat",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct path_match m;

		if (match(NULL, "POST", span_of(bad[i]), &m) ||
		    (match(NULL, "GET", span_of(bad[i]), &m) && m.shape != SHAPE_free))
			fail_msg("%s leads somewhere", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct path_match m;
		struct span path = span_of(good[i].path);

		assert_false(match(good[i].dialect, "PUT", path, &m));
		assert_false(match(NULL, "GET", SPAN("/v1/responses/.."), &m));
		assert_false(match("e2b", good[i].method, path, &m));
		path.len--;
		if (match(good[i].dialect, good[i].method, path, &m))
			assert_true(m.shape == SHAPE_free); /* GET of a shorter id */
	}
}

static void free_routes_know_their_style(void **state)
{
	struct path_match m;

	(void)state;
	assert_true(match(NULL, "POST", SPAN("/v1/messages/count_tokens"), &m));
	assert_int_equal(m.style, STYLE_anthropic);
	assert_true(match("gemini", "POST", SPAN("/v1beta/models/m:countTokens"), &m));
	assert_int_equal(m.style, STYLE_gemini);
	assert_true(match(NULL, "GET", SPAN("/v1/models"), &m));
	assert_int_equal(m.style, STYLE_openai);
}

static void finds_dialects_by_name(void **state)
{
	unsigned count = 0;

	(void)state;
	for (const struct dialect *d; (d = dialect_at(count)) != NULL; count++)
		assert_ptr_equal(dialect_find(span_of(d->name)), d);
	assert_int_equal(count, 16);
	assert_null(dialect_find(SPAN("public")));
	assert_null(dialect_find(SPAN("OpenAI")));
	assert_null(dialect_find(SPAN("")));
	assert_int_equal(dialect_find(SPAN("xai"))->reasoning, REASONING_on_top);
}

static void reads_escaped_models(void **state)
{
	char to[DIALECT_MODEL_ROOM];

	(void)state;
	assert_true(dialect_model_text(SPAN("a.b-v1%3A0%3a"), to, sizeof(to)));
	assert_string_equal(to, "a.b-v1:0:");
	assert_true(dialect_model_text(SPAN("arn:aws:b:r:1:inference-profile%2Fus.c-v1%3A0"), to,
				       sizeof(to)));
	assert_string_equal(to, "us.c-v1:0");
	assert_true(dialect_model_text(SPAN("arn%3aaws:custom-model%2fc%2Fd"), to, sizeof(to)));
	assert_string_equal(to, "d");
	assert_true(dialect_model_text(SPAN("abc"), to, 4));
	assert_false(dialect_model_text(SPAN("abcd"), to, 4));
}

static void every_shape_can_be_made(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHAPE_COUNT; i++) {
		assert_non_null(shape_get(i));
		assert_true(strlen(shape_name(i)) < 20);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(shape_name(i), shape_name(j));
	}
	assert_int_equal(shape_error_style(SHAPE_bedrock_invoke), STYLE_bedrock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_paths),
		cmocka_unit_test(knows_no_others),
		cmocka_unit_test(free_routes_know_their_style),
		cmocka_unit_test(finds_dialects_by_name),
		cmocka_unit_test(reads_escaped_models),
		cmocka_unit_test(every_shape_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
