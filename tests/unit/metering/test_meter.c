/* What was said but not reported is counted, exactly where that can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "metering/account.h"
#include "metering/meter.h"
#include "metering/price_book.h"
#include "metering/usage.h"

static struct vocabs *vocabs;
static struct meter_kit kit;

static int open_kit(void **state)
{
	(void)state;
	assert_int_equal(vocabs_new(&vocabs), ERR_OK);
	kit = (struct meter_kit){ .tok = tok_new(vocabs), .learn = learn_new() };
	return kit.tok && kit.learn ? 0 : -1;
}

static int close_kit(void **state)
{
	(void)state;
	tok_free(kit.tok);
	learn_free(kit.learn);
	vocabs_free(vocabs);
	return 0;
}

#define BODY(model, more)                                                                          \
	"{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":"                   \
	"\"The quick brown fox jumps over the lazy dog.\"}]" more "}"

/* m has seen the request, and counted none of it. */
static void begin(struct meter *m, struct peek *p, const char *model, const char *body)
{
	char why[128];
	struct meter_subject s = { .dialect = dialect_find(SPAN("openai")),
				   .provider = SPAN("openai"),
				   .model = span_of(model),
				   .peek = p,
				   .body = span_of(body) };

	assert_int_equal(peek_body(SHAPE_openai_chat, span_of(body), p, why, sizeof(why)), ERR_OK);
	meter_begin(m, &kit, &s);
}

static void count(struct meter *m, const char *body, int64_t slice_ns)
{
	assert_true(meter_prompt(m, SHAPE_openai_chat, span_of(body)));
	for (int i = 0; !meter_step(m, slice_ns); i++)
		assert_true(i < 10000);
}

static void a_prompt_is_estimated_then_counted(void **state)
{
	static const char body[] = BODY("gpt-4o", "");
	struct meter_input before, after;
	struct meter m;
	struct peek p;

	(void)state;
	for (int64_t slice_ns = 1; slice_ns <= 1000000; slice_ns *= 1000) {
		begin(&m, &p, "gpt-4o", body);
		before = meter_input_tok(&m);
		assert_in_range(before.mean_tok, 5, 40);
		assert_in_range(before.high_tok, before.mean_tok, sizeof(body));
		assert_false(meter_is_exact(&m, 0));
		count(&m, body, slice_ns);
		after = meter_input_tok(&m);
		assert_int_equal(after.mean_tok,
				 10 + 4 + 3); /* its text, its message, the answer */
		assert_true(after.high_tok <= before.high_tok);
		assert_true(meter_is_exact(&m, 0));
		meter_release(&m);
	}
}

static void say(struct meter *m, uint32_t part, const char *text)
{
	meter_text(m, part, span_of(text));
}

static void texts_count_apart(void **state)
{
	struct meter m;
	struct peek p;

	(void)state;
	begin(&m, &p, "gpt-4o", BODY("gpt-4o", ""));
	say(&m, 1, "Hel");
	say(&m, 1, "lo wor");
	say(&m, 1, "ld");
	assert_int_equal(meter_output_tok(&m, 11, true), 2);
	say(&m, 2, "Hello");
	say(&m, 3, " world");
	assert_int_equal(meter_output_tok(&m, 22, true), 4);
	assert_false(m.mixed);
	assert_int_equal(meter_output_tok(&m, 22 + 8, true), 6); /* 8 bytes that were not shown */
	say(&m, 1, "!");
	assert_true(m.mixed); /* of a text that was taken for ended */
	meter_release(&m);
}

static void choices_may_speak_at_once(void **state)
{
	struct meter m;
	struct peek p;

	(void)state;
	begin(&m, &p, "gpt-4o", BODY("gpt-4o", ",\"n\":2"));
	for (int i = 0; i < 3; i++) {
		static const char *const pieces[] = { "Hel", "lo wor", "ld" };

		say(&m, 1, pieces[i]);
		say(&m, 2, pieces[i]);
	}
	assert_int_equal(meter_output_tok(&m, 22, true), 4);
	assert_false(m.mixed);
	meter_release(&m);
}

static void nobody_is_forgotten_while_others_begin(void **state)
{
	struct meter m;
	struct peek p;

	(void)state;
	begin(&m, &p, "gpt-4o", BODY("gpt-4o", ",\"n\":2"));
	say(&m, 0, "Hel");
	for (uint32_t part = 1; part <= 6; part++)
		say(&m, part, "Hello");
	say(&m, 0, "lo");
	assert_int_equal(meter_output_tok(&m, 35, true), 7);
	assert_false(m.mixed);
	meter_release(&m);
}

static void many_texts_are_none_again(void **state)
{
	struct meter m;
	struct peek p;

	(void)state;
	begin(&m, &p, "gpt-4o", BODY("gpt-4o", ""));
	for (uint32_t part = 0; part < 200; part++)
		say(&m, part * 64, "Hello");
	assert_int_equal(meter_output_tok(&m, 1000, true), 200);
	assert_false(m.mixed);
	say(&m, 150 * 64, "Hello");
	assert_true(m.mixed);
	meter_release(&m);
}

#define CHUNK(text, index)                                                                         \
	"data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"},\"index\":" index "}]}\n\n"

/* The row of an answer that ended there. */
static struct row cut_off(const char *answer)
{
	static const char body[] = BODY("gpt-4o", "");
	struct price_book_builder *b = price_book_begin();
	struct price_book *empty;
	struct row r = { 0 };
	struct meter m;
	struct peek p;
	struct tap *t = tap_new(dialect_find(SPAN("azure")), SHAPE_openai_chat, TAP_SSE);

	assert_true(b && t);
	assert_int_equal(price_book_finish(b, &empty), ERR_OK);
	begin(&m, &p, "gpt-4o", body);
	count(&m, body, 1000000);
	account_open(&r, 0);
	account_input(&r, &m);
	tap_set_text(t, meter_text, &m);
	tap_show(t, span_of(answer));
	account_close(&r, t, &m, empty, true);
	price_book_unref(empty);
	tap_free(t);
	meter_release(&m);
	return r;
}

static void what_was_cut_off_is_counted(void **state)
{
	struct row r = cut_off(CHUNK("Hello", "0")
				   CHUNK(" world", "0") "data: {\"choices\":[{\"de");

	(void)state;
	assert_string_equal(r.usage_source, "counted");
	assert_string_equal(r.usage_method, "o200k_base");
	assert_int_equal(r.output_tok, 2);
	assert_int_equal(r.input_tok, 10 + 4 + 3);
	r = cut_off(CHUNK("Hello", "0") CHUNK(" world", "1"));
	assert_string_equal(r.usage_source, "estimated"); /* two may be speaking */
	assert_int_equal(r.output_tok, 2);
}

static void a_running_count_is_near(void **state)
{
	struct meter m;
	struct peek p;

	(void)state;
	begin(&m, &p, "gpt-4o", BODY("gpt-4o", ""));
	for (uint64_t i = 1; i <= 1000; i++) {
		uint64_t now, exact;

		say(&m, 1, i % 7 == 0 ? ".\n" : " word");
		now = meter_output_tok(&m, m.said_bytes, false);
		if (i % 50 > 0)
			continue;
		exact = meter_output_tok(&m, m.said_bytes, true);
		assert_in_range(now, exact - exact / 5 - 2, exact + TOK_TAIL_BYTES / 2);
	}
	meter_release(&m);
}

static void only_public_vocabularies_are_exact(void **state)
{
	static const char body[] = BODY("claude-sonnet-4-5", "");
	struct meter m;
	struct peek p;
	char method[32];

	(void)state;
	begin(&m, &p, "claude-sonnet-4-5", body);
	meter_method(&m, method, sizeof(method));
	assert_string_equal(method, "bytes");
	count(&m, body, 1000000);
	say(&m, 1, "Hello world");
	assert_false(meter_is_exact(&m, 11));
	assert_in_range(meter_output_tok(&m, 11, true), 2, 4);
	meter_method(&m, method, sizeof(method));
	assert_string_equal(method, "o200k_base, learned");
	meter_release(&m);
}

static void reports_teach(void **state)
{
	static const char body[] = BODY("llama-3.3-70b", "");
	struct row r = { .input_tok = 500, .output_tok = 4 };
	struct meter_input prior, taught;
	struct meter m;
	struct peek p;

	(void)state;
	(void)span_copy(SPAN("groq"), r.provider, sizeof(r.provider));
	(void)span_copy(span_of(usage_source_name(USAGE_reported)), r.usage_source,
			sizeof(r.usage_source));
	begin(&m, &p, "llama-3.3-70b", body);
	count(&m, body, 1000000);
	prior = meter_input_tok(&m);
	meter_release(&m);
	for (int i = 0; i < 200; i++) {
		begin(&m, &p, "llama-3.3-70b", body);
		count(&m, body, 1000000);
		say(&m, 1, "Hello world");
		meter_learn(&m, &r, 11);
		meter_release(&m);
	}
	begin(&m, &p, "llama-3.3-70b", body);
	count(&m, body, 1000000);
	m.learned = learn_find(kit.learn, SPAN("groq"), span_of(m.prior.family));
	taught = meter_input_tok(&m);
	assert_true(taught.mean_tok > prior.mean_tok);
	meter_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prompt_is_estimated_then_counted),
		cmocka_unit_test(texts_count_apart),
		cmocka_unit_test(choices_may_speak_at_once),
		cmocka_unit_test(nobody_is_forgotten_while_others_begin),
		cmocka_unit_test(many_texts_are_none_again),
		cmocka_unit_test(what_was_cut_off_is_counted),
		cmocka_unit_test(a_running_count_is_near),
		cmocka_unit_test(only_public_vocabularies_are_exact),
		cmocka_unit_test(reports_teach),
	};
	return cmocka_run_group_tests(tests, open_kit, close_kit);
}
