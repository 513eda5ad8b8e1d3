/* LiteLLM's list: what is taken, under which name, and why the rest is not. That the amounts
 * are right too is for the twin to say (tests/twin). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "metering/litellm.h"

struct taken {
	unsigned members, taken, left_out;
	char text[4096]; /* of the last price */
	char remark[256];
	bool stop;
};

static bool on_member(void *arg, struct span name, struct price *p, const char *remark)
{
	struct taken *t = arg;

	assert_true(name.len > 0);
	t->members++;
	t->taken += p != NULL;
	t->left_out += p == NULL;
	snprintf(t->text, sizeof(t->text), "%s", p ? price_text(p) : "");
	snprintf(t->remark, sizeof(t->remark), "%s", remark);
	price_free(p);
	return !t->stop;
}

static struct yaml_doc *load(const char *json)
{
	struct yaml_doc *doc;
	struct buf errors;

	buf_init(&errors, 4096);
	if (yaml_load_text("list.json", span_of(json), &doc, &errors) != ERR_OK)
		fail_msg("%.*s", SPAN_ARG(buf_span(&errors)));
	buf_release(&errors);
	return doc;
}

static enum err read_with(const char *json, struct litellm_how how, struct taken *t)
{
	struct yaml_doc *doc = load(json);
	enum err e;

	*t = (struct taken){ .stop = t->stop };
	e = litellm_read(doc, &how, on_member, t);
	yaml_unload(doc);
	return e;
}

/* Of the one entry "name": {litellm_provider, members}. */
static void assert_entry(const char *name, const char *members, const char *text,
			 const char *remark)
{
	struct taken t = { 0 };
	char json[2048];

	snprintf(json, sizeof(json), "{\"%s\": {\"litellm_provider\": %s}}", name, members);
	assert_int_equal(read_with(json, (struct litellm_how){ .source = "list" }, &t), ERR_OK);
	assert_int_equal(t.members, 1);
	assert_string_equal(t.text, text);
	assert_string_equal(t.remark, remark);
}

static void takes_prices_as_they_are_written(void **state)
{
	(void)state;
	assert_entry(
	    "gpt-x",
	    "\"openai\", \"mode\": \"chat\", \"input_cost_per_token\": 2.9999900000000002e-06, "
	    "\"output_cost_per_token\": 1e-05, \"output_cost_per_reasoning_token\": 0.00001, "
	    "\"cache_read_input_token_cost\": 5e-8, \"max_input_tokens\": 1000000.0, "
	    "\"max_tokens\": 9, \"max_output_tokens\": 8, \"supports_vision\": true",
	    "{\"provider\":\"openai\",\"model\":\"gpt-x\",\"source\":\"list\","
	    "\"max_input\":1000000,\"max_output\":8,\"input\":2.9999900000000002,"
	    "\"cache_read\":0.05,\"output\":10}",
	    "");
	assert_entry(
	    "x",
	    "\"mistral\", \"input_cost_per_token\": 1e-6, \"input_cost_per_token_flex\": 5e-7, "
	    "\"input_cost_per_token_above_200k_tokens\": 2e-6, "
	    "\"input_cost_per_token_above_200k_tokens_priority\": 4e-6, "
	    "\"input_cost_per_token_batches\": 3e-7, "
	    "\"cache_creation_input_token_cost_above_1hr_above_200k_tokens\": 6e-6",
	    "{\"provider\":\"mistral\",\"model\":\"x\",\"source\":\"list\",\"input\":1,"
	    "\"context\":[{\"at_least\":200001,\"input\":2,\"cache_write_1h\":6}],"
	    "\"tiers\":{\"flex\":{\"input\":0.5},"
	    "\"priority\":{\"context\":[{\"at_least\":200001,\"input\":4}]},"
	    "\"batch\":{\"input\":0.3}}}",
	    "");
}

static void gives_models_our_names(void **state)
{
	static const char *const names[][4] = {
		{ "azure/eu/gpt-x", "azure", "azure", "eu/gpt-x" },
		{ "vertex_ai/claude", "vertex_ai-anthropic_models", "vertex", "claude" },
		{ "gemini-x", "vertex_ai-language-models", "vertex", "gemini-x" },
		{ "bedrock/us/claude", "bedrock_converse", "bedrock", "us/claude" },
		{ "openrouter/openai/gpt-x", "openrouter", "openrouter", "openai/gpt-x" },
		{ "fireworks_ai/a/b", "fireworks_ai", "fireworks_ai", "a/b" },
		{ "openaix/y", "openai", "openai", "openaix/y" },
		{ "groq/", "groq", "groq", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char members[256], text[256];

		snprintf(members, sizeof(members), "\"%s\", \"input_cost_per_token\": 1e-6",
			 names[i][1]);
		snprintf(text, sizeof(text),
			 "{\"provider\":\"%s\",\"model\":\"%s\",\"source\":\"list\",\"input\":1}",
			 names[i][2], names[i][3]);
		bool empty = names[i][3][0] == '\0';
		assert_entry(names[i][0], members, empty ? "" : text,
			     empty ? "its name is empty or longer than 95 bytes" : "");
	}
}

static void takes_what_has_a_shape_of_its_own(void **state)
{
	(void)state;
	assert_entry("gemini/gemini-2",
		     "\"gemini\", \"input_cost_per_token\": 1e-6, "
		     "\"search_context_cost_per_query\": {\"search_context_size_low\": 0.035}",
		     "{\"provider\":\"gemini\",\"model\":\"gemini-2\",\"source\":\"list\","
		     "\"input\":1,\"web_search\":0,\"grounded_prompt\":0.035}",
		     "");
	assert_entry("gemini-3",
		     "\"vertex_ai-language-models\", \"input_cost_per_token\": 1e-6, "
		     "\"web_search_billing_unit\": \"per_query\", "
		     "\"search_context_cost_per_query\": {\"search_context_size_low\": 0.014}",
		     "{\"provider\":\"vertex\",\"model\":\"gemini-3\",\"source\":\"list\","
		     "\"input\":1,\"web_search\":0.014}",
		     "");
	assert_entry(
	    "x",
	    "\"p\", \"input_cost_per_token\": 1e-6, \"search_context_cost_per_query\": "
	    "{\"search_context_size_low\": 0.005, \"search_context_size_high\": 0.012}",
	    "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"input\":1,\"web_search\":0.012}",
	    "a web search costs what one with the largest context does");
	assert_entry(
	    "x",
	    "\"p\", \"tiered_pricing\": [{\"range\": [0, 32000.0], \"input_cost_per_token\": 1e-6}, "
	    "{\"range\": [32000.0, 64000], \"input_cost_per_token\": 2e-6}]",
	    "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"input\":1,"
	    "\"context\":[{\"at_least\":32001,\"input\":2}]}",
	    "");
	assert_entry(
	    "x",
	    "\"p\", \"input_cost_per_token\": 1e-6, \"provider_specific_entry\": {\"us\": 1.1, "
	    "\"fast\": 6.0, \"schema\": \"v2\"}",
	    "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"input\":1,"
	    "\"tiers\":{\"fast\":{\"multiplier\":6}},\"geo\":{\"us\":1.1}}",
	    "");
	assert_entry(
	    "x",
	    "\"p\", \"input_cost_per_token\": 1e-6, \"regional_processing_uplift_multiplier_eu\": 1.1",
	    "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"input\":1,\"geo\":{\"eu\":1.1}}",
	    "");
	assert_entry(
	    "x",
	    "\"p\", \"mode\": \"rerank\", \"input_cost_per_query\": 0.002, \"input_cost_per_token\": 0.0",
	    "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"input\":0,\"search_unit\":0.002}",
	    "");
	assert_entry("x", "\"p\", \"mode\": \"search\", \"input_cost_per_query\": 0.002",
		     "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"request\":0.002}",
		     "");
	assert_entry("x",
		     "\"p\", \"mode\": \"audio_transcription\", \"input_cost_per_second\": 1e-4, "
		     "\"output_cost_per_second\": 0.0",
		     "{\"provider\":\"p\",\"model\":\"x\",\"source\":\"list\",\"second\":0.0001}",
		     "");
}

static void says_why_it_leaves_one_out(void **state)
{
	static const char *const left[][2] = {
		{ "\"p\"", "no price" },
		{ "\"p\", \"input_cost_per_token\": 0.0", "every price is 0: free, or not known" },
		{ "\"p\", \"input_cost_per_token\": -1e-6",
		  "input_cost_per_token is negative, above 10,000 USD or finer than 1e-24 USD" },
		{ "\"p\", \"input_cost_per_token\": 1e-25",
		  "input_cost_per_token is negative, above 10,000 USD or finer than 1e-24 USD" },
		{ "\"p\", \"input_cost_per_token\": 1e400",
		  "input_cost_per_token is negative, above 10,000 USD or finer than 1e-24 USD" },
		{ "\"p\", \"input_cost_per_token\": \"1e-6\"",
		  "input_cost_per_token is no number" },
		{ "\"p\", \"input_cost_per_token\": null", "input_cost_per_token is no number" },
		{ "\"p\", \"input_cost_per_token\": {}", "input_cost_per_token is no number" },
		{ "\"p\", \"input_cost_per_token\": 1, \"cost_of_living\": 1",
		  "priced by cost_of_living" },
		{ "\"p\", \"input_cost_per_token\": 1, \"new_multiplier\": 2",
		  "priced by new_multiplier" },
		{ "\"p\", \"input_cost_per_token_above_k_tokens\": 1",
		  "priced by input_cost_per_token_above_k_tokens" },
		{ "\"p\", \"input_cost_per_token_above_99999999k_tokens\": 1",
		  "priced by input_cost_per_token_above_99999999k_tokens" },
		{ "\"p\", \"mode\": \"chat\", \"input_cost_per_second\": 1",
		  "priced per second of reserved capacity" },
		{ "\"p\", \"input_cost_per_second\": 1, \"output_cost_per_second\": 2",
		  "two prices for one second" },
		{ "\"p\", \"tiered_pricing\": [{\"max_results_range\": [0, 25], \"input_cost_per_query\": 1}]",
		  "tiered_pricing is not by the length of the prompt" },
		{ "\"p\", \"tiered_pricing\": 1", "tiered_pricing is no list" },
		{ "\"p\", \"search_context_cost_per_query\": 1",
		  "search_context_cost_per_query is no list of prices" },
		{ "\"p\", \"input_cost_per_token\": 1, \"provider_specific_entry\": {\"slow\": 2}",
		  "priced by provider_specific_entry slow" },
		{ "\"p\", \"input_cost_per_token\": 1, \"provider_specific_entry\": {\"us\": 0}",
		  "us is no multiplier" },
		{ "\"p\", \"input_cost_per_token\": 1e-24, \"provider_specific_entry\": {\"us\": 1.1}",
		  "a multiplier gives a price finer than 1e-24 USD" },
		{ "\"0123456789012345678901234567890123\", \"input_cost_per_token\": 1",
		  "its provider's name is empty or longer than 31 bytes" },
		{ "[]", "not a model" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_entry("x", left[i][0], "", left[i][1]);
	assert_entry("sample_spec", "\"p\", \"input_cost_per_token\": 1", "", "not a model");
	assert_entry("na\\u00efve", "\"p\", \"input_cost_per_token\": 1", "",
		     "its name is not plain ASCII");
}

static void reads_a_list(void **state)
{
	static const char list[] =
	    "{\"last_updated\": \"2026-07-24T18:23:43+00:00\", \"rules\": {\"x\": []},\n"
	    " \"gpt-x\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": 1e-6},\n"
	    " \"openai/gpt-x\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": 2e-6},\n"
	    " \"free\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": 0}}";
	struct litellm_how how = { .source = "list", .fill = true };
	struct taken t = { 0 };

	(void)state;
	assert_int_equal(read_with(list, how, &t), ERR_OK);
	assert_int_equal(t.members, 5);
	assert_int_equal(t.taken, 1);

	how.free_too = true;
	assert_int_equal(read_with(list, how, &t), ERR_OK);
	assert_int_equal(t.taken, 2);
	assert_string_equal(t.text,
			    "{\"provider\":\"openai\",\"model\":\"free\",\"source\":\"list\","
			    "\"retrieved\":\"2026-07-24\",\"fill\":true,\"input\":0}");
	t.stop = true;
	assert_int_equal(read_with(list, how, &t), ERR_OK);
	assert_int_equal(t.members, 1);
	t.stop = false;
	how.retrieved = "2026-11-22";
	assert_int_equal(read_with(list, how, &t), ERR_OK);
	assert_non_null(strstr(t.text, "\"retrieved\":\"2026-11-22\""));

	assert_int_equal(read_with("[]", how, &t), ERR_GARBLED);
	assert_int_equal(read_with("", how, &t), ERR_GARBLED);
	assert_int_equal(read_with("{}", how, &t), ERR_OK);
	assert_int_equal(t.members, 0);
}

/* The whole list: every member is taken or has its reason. */
static void reads_the_whole_list(void **state)
{
	const char *fixtures = getenv("WEIR_FIXTURES");
	struct litellm_how how = { .source = "LiteLLM" };
	struct taken t = { 0 };
	struct yaml_doc *doc;
	struct buf errors;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/prices/litellm-model-prices.json",
		 fixtures ? fixtures : "");
	buf_init(&errors, 4096);
	enum err e = yaml_load_file(path, &doc, &errors);
	buf_release(&errors);
	if (e == ERR_MISSING) {
		print_message("WEIR_FIXTURES has no prices/litellm-model-prices.json\n");
		skip();
	}
	assert_int_equal(e, ERR_OK);
	assert_int_equal(litellm_read(doc, &how, on_member, &t), ERR_OK);
	assert_int_equal(t.members, doc->root->children);
	assert_int_equal(t.taken + t.left_out, t.members);
	assert_true(t.taken > 2500);
	yaml_unload(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_prices_as_they_are_written),
		cmocka_unit_test(gives_models_our_names),
		cmocka_unit_test(takes_what_has_a_shape_of_its_own),
		cmocka_unit_test(says_why_it_leaves_one_out),
		cmocka_unit_test(reads_a_list),
		cmocka_unit_test(reads_the_whole_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
