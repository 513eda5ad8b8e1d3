/* test_peek.c - what is read from a request body, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "metering/peek.h"

static struct peek p;
static char why[256];

static enum err look(enum shape_id shape, const char *body)
{
	why[0] = '\0';
	return peek_body(shape, span_of(body), &p, why, sizeof(why));
}

static void accept(enum shape_id shape, const char *body)
{
	if (look(shape, body) != ERR_OK)
		fail_msg("refused (%s): %s", why, body);
}

#define CHAT SHAPE_openai_chat

static void test_chat(void **state)
{
	(void)state;
	accept(CHAT, "{\"model\":\"gpt-4o\",\"stream\":true,\"n\":3,\"max_tokens\":10,"
		     "\"max_completion_tokens\":70,\"service_tier\":\"flex\",\"user\":\"u1\","
		     "\"messages\":[{\"role\":\"user\",\"content\":\"12345\"}]}");
	assert_string_equal(p.model, "gpt-4o");
	assert_true(p.stream && p.has_stream && p.has_cap && !p.wants_usage);
	assert_int_equal(p.max_output_tok, 70);
	assert_int_equal(p.n, 3);
	assert_string_equal(p.tier, "flex");
	assert_string_equal(p.user, "u1");
	assert_int_equal(p.text_bytes, 5);
	assert_string_equal(p.priced_option, "");
	assert_false(p.background || p.remote_input);
}

static void test_defaults(void **state)
{
	(void)state;
	accept(CHAT, " {} ");
	assert_string_equal(p.model, "");
	assert_false(p.stream || p.has_stream || p.has_cap);
	assert_int_equal(p.n, 1);
	accept(SHAPE_ollama, "{}");
	assert_true(p.stream && !p.has_stream);
	accept(SHAPE_ollama, "{\"stream\":false}");
	assert_true(!p.stream && p.has_stream);
	accept(SHAPE_free, "no JSON at all");
	assert_int_equal(p.n, 1);
	accept(CHAT, "{\"stream\":null,\"n\":null,\"max_tokens\":null,\"stream_options\":null,"
		     "\"user\":null,\"tools\":null,\"background\":null,\"service_tier\":null}");
	assert_false(p.has_stream || p.has_cap);
}

static void test_caps(void **state)
{
	(void)state;
	accept(SHAPE_openai_responses, "{\"max_output_tokens\":9007199254740992}");
	assert_int_equal(p.max_output_tok, PEEK_CAP_MAX);
	accept(SHAPE_anthropic, "{\"max_tokens\":0}");
	assert_true(p.has_cap && p.max_output_tok == 0);
	accept(SHAPE_gemini, "{\"generationConfig\":{\"maxOutputTokens\":5,\"candidateCount\":2}}");
	assert_true(p.max_output_tok == 5 && p.n == 2);
	accept(SHAPE_gemini, "{\"generation_config\":{\"max_output_tokens\":6}}");
	assert_int_equal(p.max_output_tok, 6);
	accept(SHAPE_gemini_interactions, "{\"generation_config\":{\"max_output_tokens\":7}}");
	assert_int_equal(p.max_output_tok, 7);
	accept(SHAPE_bedrock_converse, "{\"inferenceConfig\":{\"maxTokens\":8}}");
	assert_int_equal(p.max_output_tok, 8);
	accept(SHAPE_bedrock_invoke, "{\"textGenerationConfig\":{\"maxTokenCount\":9}}");
	assert_int_equal(p.max_output_tok, 9);
	accept(SHAPE_cohere, "{\"max_tokens\":10}");
	assert_int_equal(p.max_output_tok, 10);
	accept(SHAPE_ollama, "{\"options\":{\"num_predict\":11}}");
	assert_int_equal(p.max_output_tok, 11);
	accept(SHAPE_ollama, "{\"options\":{\"num_predict\":-1}}");
	assert_false(p.has_cap);
	accept(SHAPE_openai_completions, "{\"best_of\":5,\"n\":2,\"prompt\":[\"a\",\"b\",[1,2]]}");
	assert_int_equal(p.n, 15);
	accept(SHAPE_openai_completions, "{\"n\":2,\"prompt\":[1,2,3]}");
	assert_int_equal(p.n, 2);
}

static void test_attribution_and_tier(void **state)
{
	(void)state;
	accept(CHAT, "{\"safety_identifier\":\"safe\",\"user\":\"u\"}");
	assert_string_equal(p.user, "safe");
	accept(CHAT, "{\"user\":\"u\",\"safety_identifier\":\"safe\"}");
	assert_string_equal(p.user, "safe");
	accept(CHAT, "{\"user\":\"a\\u0000b\\n\"}");
	assert_string_equal(p.user, "a?b?");
	accept(CHAT, "{\"metadata\":{\"User_ID\":\"no\",\"user_id\":\"yes\"}}");
	assert_string_equal(p.user, "yes");
	accept(SHAPE_anthropic, "{\"speed\":\"fast\",\"service_tier\":\"auto\"}");
	assert_string_equal(p.tier, "fast");
	accept(SHAPE_anthropic, "{\"service_tier\":\"auto\",\"speed\":\"fast\"}");
	assert_string_equal(p.tier, "fast");
	accept(SHAPE_anthropic, "{\"service_tier\":\"auto\",\"speed\":\"standard\"}");
	assert_string_equal(p.tier, "auto");
	accept(SHAPE_anthropic, "{\"service_tier\":\"standard_only\"}");
	assert_string_equal(p.tier, "");
	accept(SHAPE_anthropic, "{\"inference_geo\":\"us\",\"service_tier\":\"auto\"}");
	assert_string_equal(p.tier, "us");
	accept(SHAPE_anthropic, "{\"inference_geo\":\"us\",\"speed\":\"fast\"}");
	assert_string_equal(p.tier, "fast+us");
	accept(SHAPE_anthropic, "{\"inference_geo\":\"global\"}");
	assert_string_equal(p.tier, "");
	accept(SHAPE_bedrock_converse, "{\"serviceTier\":{\"type\":\"flex\"},"
				       "\"requestMetadata\":{\"user\":\"bob\"}}");
	assert_string_equal(p.tier, "flex");
	assert_string_equal(p.user, "bob");
}

struct priced_case {
	enum shape_id shape;
	const char *body, *option;
};

static const struct priced_case priced_cases[] = {
	{ CHAT, "{\"web_search_options\":{}}", "web_search_options" },
	{ CHAT, "{\"models\":[\"a\"]}", "models" },
	{ CHAT, "{\"web_search_options\":null}", "" },
	{ CHAT, "{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"x\"}}]}", "" },
	{ CHAT, "{\"tools\":[{\"type\":\"function\"},{\"type\":\"browser_search\"}]}",
	  "browser_search" },
	{ CHAT, "{\"tools\":[{\"ty\":1},{\"type\":\"a\\nb\"}]}", "a?b" },
	{ SHAPE_openai_responses, "{\"tools\":[{\"type\":\"web_search_preview\"}]}", "" },
	{ SHAPE_openai_responses, "{\"tools\":[{\"type\":\"image_generation\"}]}",
	  "image_generation" },
	{ SHAPE_anthropic, "{\"tools\":[{\"name\":\"x\"},{\"type\":\"web_search_20250305\"}]}",
	  "" },
	{ SHAPE_anthropic, "{\"tools\":[{\"type\":\"code_execution_20250522\"}]}",
	  "code_execution_20250522" },
	{ SHAPE_gemini, "{\"tools\":[{\"functionDeclarations\":[]},{\"url_context\":{}}]}", "" },
	{ SHAPE_gemini, "{\"tools\":[{\"googleSearch\":{}},{\"google_search\":{}}]}", "" },
	{ SHAPE_gemini, "{\"tools\":[{\"googleSearch\":{},\"googleMaps\":{}}]}", "googleMaps" },
	{ SHAPE_gemini, "{\"tools\":[{\"googleSearchRetrieval\":{}}]}", "googleSearchRetrieval" },
	{ SHAPE_gemini, "{\"tools\":[{\"enterpriseWebSearch\":{}}]}", "enterpriseWebSearch" },
	{ SHAPE_bedrock_converse, "{\"toolConfig\":{\"tools\":[{\"toolSpec\":{}}]}}", "" },
	{ SHAPE_bedrock_converse, "{\"toolConfig\":{\"tools\":[{\"systemTool\":{}}]}}",
	  "systemTool" },
	{ SHAPE_bedrock_converse, "{\"performanceConfig\":{\"latency\":\"optimized\"}}",
	  "latency" },
	{ SHAPE_gemini_interactions, "{\"agent\":\"deep-research\"}", "agent" },
};

static void test_priced(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(priced_cases) / sizeof(priced_cases[0]); i++) {
		accept(priced_cases[i].shape, priced_cases[i].body);
		assert_string_equal(p.priced_option, priced_cases[i].option);
	}
	accept(SHAPE_openai_responses, "{\"background\":true}");
	assert_true(p.background);
	accept(CHAT, "{\"deferred\":true,\"background\":false}");
	assert_true(p.background);
}

static void test_parts(void **state)
{
	(void)state;
	accept(CHAT, "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"1234\"},"
		     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x;base64,AAAA\"}},"
		     "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BBBB\"}},"
		     "{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}]}");
	assert_true(p.text_bytes == 4 && p.data_bytes == 18 + 4 + 1);
	assert_true(p.image_parts == 1 && p.audio_parts == 1 && p.file_parts == 1);
	accept(SHAPE_anthropic,
	       "{\"system\":\"sys\",\"messages\":[{\"content\":[{\"source\":{\"type\":\"base64\","
	       "\"data\":\"AAAAAAAA\"},\"type\":\"image\"},{\"type\":\"tool_result\",\"content\":["
	       "{\"type\":\"document\",\"source\":{\"data\":\"BB\"}},{\"text\":\"t\"}]}]}]}");
	assert_true(p.text_bytes == 4 && p.data_bytes == 10);
	assert_true(p.image_parts == 1 && p.file_parts == 1);
	accept(SHAPE_gemini, "{\"contents\":[{\"parts\":[{\"text\":\"hey\"},{\"inlineData\":"
			     "{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}},{\"inline_data\":"
			     "{\"mime_type\":\"audio/wav\",\"data\":\"AA\"}},{\"file_data\":"
			     "{\"file_uri\":\"gs://x\"}}]}]}");
	assert_true(p.text_bytes == 3 && p.data_bytes == 4 + 2 + 6);
	assert_true(p.image_parts == 1 && p.audio_parts == 1 && p.file_parts == 1);
	accept(SHAPE_ollama, "{\"messages\":[{\"content\":\"c\",\"images\":[\"AAAA\",\"BB\"]}]}");
	assert_true(p.image_parts == 2 && p.data_bytes == 6 && p.text_bytes == 1);
	accept(SHAPE_openai_responses, "{\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]}");
	assert_true(p.remote_input);
	accept(SHAPE_openai_responses, "{\"previous_response_id\":\"r\",\"input\":\"hello\"}");
	assert_true(p.remote_input && p.text_bytes == 5);
	accept(CHAT, "{\"tools\":[{\"type\":\"function\"}]}");
	assert_int_equal(p.text_bytes, strlen("[{\"type\":\"function\"}]"));
}

/* Whose answer a prompt goes on from is asked elsewhere, by the whole id. */
static void test_previous_answers(void **state)
{
	char body[300];

	(void)state;
	accept(SHAPE_openai_responses, "{\"previous_response_id\":\"resp_1\"}");
	assert_string_equal(p.previous, "resp_1");
	assert_false(p.shared_input);
	accept(SHAPE_gemini_interactions, "{\"previous_interaction_id\":\"v1_x\"}");
	assert_string_equal(p.previous, "v1_x");
	accept(SHAPE_openai_responses, "{\"previous_response_id\":null,\"conversation\":null}");
	assert_true(p.previous[0] == '\0' && !p.shared_input && !p.remote_input);
	accept(SHAPE_openai_responses, "{\"conversation\":{\"id\":\"conv_1\"}}");
	assert_true(p.shared_input && p.remote_input);
	snprintf(body, sizeof(body), "{\"previous_response_id\":\"%0*d\"}", 96, 0);
	assert_int_equal(look(SHAPE_openai_responses, body), ERR_GARBLED);
	assert_int_equal(look(SHAPE_openai_responses, "{\"previous_response_id\":\"a\\u0000\"}"),
			 ERR_GARBLED);
	assert_int_equal(look(SHAPE_openai_responses, "{\"previous_response_id\":1}"), ERR_GARBLED);
	assert_int_equal(look(SHAPE_openai_responses,
			      "{\"previous_response_id\":\"a\",\"previous_response_id\":\"b\"}"),
			 ERR_GARBLED);
}

/* Long strings are not kept, only measured. */
static void test_long_strings(void **state)
{
	static char body[5000];
	char text[4001];

	(void)state;
	memset(text, 'x', 4000);
	text[4000] = '\0';
	snprintf(body, sizeof(body), "{\"messages\":[{\"content\":\"%s\"}],\"model\":\"m\"}", text);
	accept(CHAT, body);
	assert_int_equal(p.text_bytes, 4000);
	text[95] = '\0';
	snprintf(body, sizeof(body), "{\"model\":\"%s\"}", text);
	accept(CHAT, body);
	snprintf(body, sizeof(body), "{\"model\":\"%sx\"}", text);
	assert_int_equal(look(CHAT, body), ERR_GARBLED);
}

struct bad_case {
	enum shape_id shape;
	const char *body;
	const char *why; /* must be in what the caller is told */
};

static const struct bad_case bad_cases[] = {
	/* not JSON */
	{ CHAT, "", "not finished" },
	{ CHAT, "{\"a\":1,}", "byte" },
	{ CHAT, "{\"a\":01}", "byte" },
	{ CHAT, "{\"a\":NaN}", "byte" },
	{ CHAT, "{/**/}", "byte" },
	{ CHAT, "{} {}", "byte" },
	{ CHAT, "\xef\xbb\xbf{}", "byte order mark" },
	{ CHAT, "{\"a\":\"\xff\"}", "UTF-8" },
	{ CHAT, "{\"a\":\"\x01\"}", "control" },
	/* not an object */
	{ CHAT, "[]", "must be a JSON object" },
	{ CHAT, "null", "must be a JSON object" },
	{ CHAT, "7", "must be a JSON object" },
	/* twice */
	{ CHAT, "{\"model\":\"a\",\"model\":\"b\"}", "\"model\" at byte 13 comes a second" },
	{ CHAT, "{\"max_tokens\":1,\"max_tokens\":2}", "second" },
	{ CHAT, "{\"n\":1,\"n\":1}", "second" },
	{ CHAT, "{\"stream\":true,\"stream\":null}", "second" },
	{ CHAT, "{\"stream_options\":{},\"stream_options\":{}}", "second" },
	{ CHAT, "{\"stream_options\":{\"include_usage\":true,\"include_usage\":false}}", "second" },
	{ CHAT, "{\"service_tier\":\"flex\",\"service_tier\":\"priority\"}", "second" },
	{ CHAT, "{\"messages\":[],\"messages\":[]}", "second" },
	{ CHAT, "{\"tools\":[{\"type\":\"function\",\"type\":\"web\"}]}", "second" },
	{ SHAPE_gemini, "{\"generationConfig\":{},\"generation_config\":{}}", "second" },
	{ SHAPE_gemini, "{\"generationConfig\":{\"maxOutputTokens\":1,\"max_output_tokens\":2}}",
	  "second" },
	/* escaped */
	{ CHAT, "{\"mod\\u0065l\":\"a\"}", "escapes" },
	{ CHAT, "{\"n\\u0000\":1}", "control" },
	{ CHAT, "{\"model\\ud800\":\"a\"}", "half a character" },
	{ CHAT, "{\"stream_options\":{\"include_us\\u0061ge\":true}}", "escapes" },
	/* spelled in another way */
	{ CHAT, "{\"Model\":\"a\"}", "\"model\" at byte 1 is spelled in another way" },
	{ CHAT, "{\"max_Tokens\":1}", "spelled" },
	{ CHAT, "{\"maxTokens\":1}", "spelled" },
	{ CHAT, "{\"STREAM\":true}", "spelled" },
	{ CHAT, "{\"stream_options\":{\"Include_Usage\":true}}", "spelled" },
	{ CHAT, "{\"tools\":[{\"Type\":\"web\"}]}", "spelled" },
	{ SHAPE_gemini, "{\"generationconfig\":{}}", "spelled" },
	{ SHAPE_ollama, "{\"Options\":{}}", "spelled" },
	{ SHAPE_ollama, "{\"options\":{\"Num_Predict\":4}}", "spelled" },
	{ SHAPE_ollama, "{\"Messages\":[]}", "spelled" },
	/* wrong types */
	{ CHAT, "{\"model\":null}", "\"model\" at byte 9 must be a string" },
	{ CHAT, "{\"model\":[\"a\"]}", "string" },
	{ CHAT, "{\"model\":\"\"}", "name of a model" },
	{ CHAT, "{\"model\":\"gpt-4o\\u0000x\"}", "name of a model" },
	{ CHAT, "{\"model\":\"a\\ud800\"}", "name of a model" },
	{ CHAT, "{\"stream\":\"true\"}", "true or false" },
	{ CHAT, "{\"stream\":1}", "true or false" },
	{ CHAT, "{\"stream_options\":true}", "must be an object" },
	{ CHAT, "{\"stream_options\":{\"include_usage\":1}}", "true or false" },
	{ CHAT, "{\"user\":7}", "string" },
	{ CHAT, "{\"service_tier\":\"a-tier-with-a-long-name\"}", "service tier" },
	{ CHAT, "{\"tools\":[7]}", "must be an object" },
	{ CHAT, "{\"tools\":[{\"type\":null,\"type\":\"x\"}]}", "second" },
	{ SHAPE_gemini, "{\"generationConfig\":[]}", "must be an object" },
	/* numbers */
	{ CHAT, "{\"max_tokens\":-1}", "whole number" },
	{ CHAT, "{\"max_tokens\":1.0}", "whole number" },
	{ CHAT, "{\"max_tokens\":1e3}", "whole number" },
	{ CHAT, "{\"max_tokens\":\"10\"}", "whole number" },
	{ CHAT, "{\"max_tokens\":9007199254740993}", "whole number" },
	{ CHAT, "{\"max_tokens\":99999999999999999999}", "whole number" },
	{ CHAT, "{\"n\":0}", "from 1 to 128" },
	{ CHAT, "{\"n\":129}", "from 1 to 128" },
	{ CHAT, "{\"n\":1.5}", "from 1 to 128" },
	{ CHAT, "{\"n\":true}", "from 1 to 128" },
	{ SHAPE_anthropic, "{\"inference_geo\":\"a-far-away-place\"}", "region" },
	{ SHAPE_anthropic, "{\"inference_geo\":\"eu-west-1\",\"speed\":\"ultrafast\"}",
	  "too long" },
	{ SHAPE_ollama, "{\"options\":{\"num_predict\":-}}", "malformed" },
	{ SHAPE_ollama, "{\"options\":{\"num_predict\":-1.5}}", "whole number" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
		const struct bad_case *c = &bad_cases[i];

		if (look(c->shape, c->body) != ERR_GARBLED)
			fail_msg("accepted: %s", c->body);
		if (!strstr(why, c->why))
			fail_msg("\"%s\" does not say \"%s\": %s", why, c->why, c->body);
	}
}

/* Keys that only look alike, or stand elsewhere, are nobody's business. */
static void test_not_refused(void **state)
{
	static const char *const bodies[] = {
		"{\"mode\":1,\"mode\":2,\"Mode\":3}",
		"{\"metadata\":{\"model\":1,\"Model\":2,\"model\":3}}",
		"{\"messages\":[{\"model\":1,\"model\":2,\"stream\":7,\"Max_Tokens\":-1}]}",
		"{\"tools\":[{\"type\":\"function\"},{\"type\":\"function\"}]}",
		"{\"logit_bias\":{\"50256\":-100.5e-3},\"temperature\":1e0}",
		"{\"stream_options\":{\"include_obfuscation\":false}}",
		"{\"a\":\"\\ud83d\\ude00\",\"b\":\"\\ud83d\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		accept(CHAT, bodies[i]);
}

struct usage_case {
	const char *body, *with;
};

static const struct usage_case usage_cases[] = {
	{ "{}", "{\"stream_options\":{\"include_usage\":true}}" },
	{ " {\"a\":1}", " {\"stream_options\":{\"include_usage\":true},\"a\":1}" },
	{ "{ \"a\":1 }\n", "{\"stream_options\":{\"include_usage\":true}, \"a\":1 }\n" },
	{ "{\"stream_options\":null}", "{\"stream_options\":{\"include_usage\":true}}" },
	{ "{\"stream_options\":{}}", "{\"stream_options\":{\"include_usage\":true}}" },
	{ "{\"stream_options\":{\"x\":[1]}}",
	  "{\"stream_options\":{\"include_usage\":true,\"x\":[1]}}" },
	{ "{\"stream_options\":{\"include_usage\":false,\"x\":1},\"n\":1}",
	  "{\"stream_options\":{\"include_usage\":true,\"x\":1},\"n\":1}" },
	{ "{\"stream_options\":{\"include_usage\": null}}",
	  "{\"stream_options\":{\"include_usage\": true}}" },
	{ "{\"stream_options\":{\"include_usage\":true}}",
	  "{\"stream_options\":{\"include_usage\":true}}" },
};

static void test_with_usage(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(usage_cases) / sizeof(usage_cases[0]); i++) {
		const struct usage_case *c = &usage_cases[i];
		struct buf to;

		accept(CHAT, c->body);
		buf_init(&to, 1000);
		assert_true(peek_with_usage(&p, span_of(c->body), &to));
		assert_int_equal(to.len, strlen(c->with));
		assert_memory_equal(to.at, c->with, to.len);
		assert_int_equal(peek_body(CHAT, buf_span(&to), &p, why, sizeof(why)), ERR_OK);
		assert_true(p.wants_usage);
		buf_release(&to);
	}
	accept(CHAT, "{}");
	struct buf small;
	buf_init(&small, 10);
	assert_false(peek_with_usage(&p, SPAN("{}"), &small));
	buf_release(&small);
}

static const char long_body[] =
    "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"system\",\"content\":\"You are a helpful "
    "assistant that answers questions about the weather, politely and in one sentence.\"},"
    "{\"role\":\"user\",\"content\":\"What will the weather be like in Z\\u00fcrich tomorrow? \"},"
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
    "\"function\",\"function\":{\"name\":\"forecast\",\"arguments\":\"{\\\"city\\\":\\\"Z\\\"}\"}}]},"
    "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"Rain in the morning, then sun; "
    "eighteen degrees at noon, wind from the west.\"}],\"tools\":[{\"type\":\"function\","
    "\"function\":{\"name\":\"forecast\",\"description\":\"The forecast of a city\",\"parameters\":"
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}"
    "],\"stream\":true,\"stream_options\":{\"include_usage\":false},\"temperature\":0.7,"
    "\"max_completion_tokens\":500,\"user\":\"end-user-17\",\"metadata\":{\"purpose\":\"demo\"}}";

static void test_many_prompts(void **state)
{
	static char body[4 * PEEK_PROMPTS_MAX + 100];
	size_t len = (size_t)sprintf(body, "{\"n\":128,\"prompt\":[[]");

	(void)state;
	for (unsigned i = 1; i < PEEK_PROMPTS_MAX; i++)
		len += (size_t)sprintf(body + len, ",[]");
	strcpy(body + len, "]}");
	accept(SHAPE_openai_completions, body);
	assert_int_equal(p.n, PEEK_CHOICES_MAX * PEEK_PROMPTS_MAX);
	strcpy(body + len, ",[]]}");
	assert_int_equal(look(SHAPE_openai_completions, body), ERR_GARBLED);
	assert_non_null(strstr(why, "too many prompts"));
}

/* A body cut short is refused, wherever it was cut; and nothing is read behind its end. */
static void test_every_prefix(void **state)
{
	(void)state;
	accept(CHAT, long_body);
	for (size_t len = 0; len < sizeof(long_body) - 1; len++) {
		char *copy = malloc(len + 1);

		memcpy(copy, long_body, len);
		for (unsigned shape = 0; shape < SHAPE_free; shape++)
			assert_int_equal(peek_body((enum shape_id)shape, (struct span){ copy, len },
						   &p, why, sizeof(why)),
					 ERR_GARBLED);
		free(copy);
	}
}

static void test_depth(void **state)
{
	char body[200] = "{\"a\":";

	(void)state;
	memset(body + 5, '[', 64);
	assert_int_equal(look(CHAT, body), ERR_GARBLED);
	assert_non_null(strstr(why, "64 levels"));
}

static void test_cost(void **state)
{
	struct timespec from, to;
	const size_t len = sizeof(long_body) - 1;
	const int rounds = 20000;
	double ns;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < rounds; i++)
		assert_int_equal(
		    peek_body(CHAT, (struct span){ long_body, len }, &p, why, sizeof(why)), ERR_OK);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
	print_message("%zu bytes: %.0f ns, %.2f ns/byte\n", len, ns / rounds,
		      ns / rounds / (double)len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chat),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_attribution_and_tier),
		cmocka_unit_test(test_priced),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_previous_answers),
		cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_refused),
		cmocka_unit_test(test_with_usage),
		cmocka_unit_test(test_many_prompts),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
