/* Rows: there and back in the compact form, whatever is cut or flipped; and their JSON. */
#include "tests/unit/store/scratch.h"

static void fill_to_the_brim(struct row *r)
{
	for (int i = 0; i < ROW_FIELDS; i++) {
		char *place = (char *)r + row_fields[i].offset;

		if (row_fields[i].kind == ROW_TEXT) {
			memset(place, 'x', row_fields[i].room - 1u);
			place[row_fields[i].room - 1] = '\0';
		} else {
			memset(place, 0xff, row_fields[i].kind == ROW_ID ? ID_BYTES : 8);
		}
	}
	memset(r->quantity, 0xff, sizeof(r->quantity));
	memset(r->aux_quantity, 0xff, sizeof(r->aux_quantity));
}

static void check_round_trip(const struct row *r)
{
	struct row back;
	struct buf b;

	buf_init(&b, ROW_FRAME_MAX);
	assert_true(row_encode(r, &b));
	assert_in_range(b.len, 1, ROW_FRAME_MAX);
	assert_int_equal(row_decode(buf_span(&b), &back), ERR_OK);
	assert_memory_equal(r, &back, sizeof(back));
	buf_release(&b);
}

static void rows_come_back(void **state)
{
	struct row full = { 0 }, sample = sample_row(7), empty = { 0 };

	(void)state;
	fill_to_the_brim(&full);
	check_round_trip(&full);
	check_round_trip(&sample);
	check_round_trip(&empty);
	sample.cost_pusd = INT64_MIN;
	sample.held_pusd = INT64_MAX;
	sample.input_tok = UINT64_MAX;
	check_round_trip(&sample);
}

static void a_small_row_is_small(void **state)
{
	struct row r = sample_row(1);
	struct buf b;

	(void)state;
	buf_init(&b, ROW_FRAME_MAX);
	assert_true(row_encode(&r, &b));
	assert_in_range(b.len, 100, 300);
	buf_release(&b);
}

/* Decodes from memory of exactly that size, so that a sanitizer sees one byte too many. */
static enum err decode_exactly(struct span bytes, struct row *r)
{
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, bytes.at, bytes.len);
	e = row_decode((struct span){ copy, bytes.len }, r);
	free(copy);
	return e;
}

static void damage_never_crashes(void **state)
{
	struct row r = sample_row(3), back;
	struct buf b;

	(void)state;
	fill_to_the_brim(&r);
	buf_init(&b, ROW_FRAME_MAX);
	assert_true(row_encode(&r, &b));
	for (size_t len = 0; len < b.len; len++)
		(void)decode_exactly((struct span){ b.at, len }, &back);
	for (size_t i = 0; i < b.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			b.at[i] ^= (char)(1 << bit);
			(void)decode_exactly(buf_span(&b), &back);
			b.at[i] ^= (char)(1 << bit);
		}
	}
	buf_release(&b);
}

static void what_is_no_row_is_refused(void **state)
{
	struct row back;

	(void)state;
	assert_int_equal(row_decode(SPAN(""), &back), ERR_GARBLED);
	assert_int_equal(row_decode(SPAN("\x02"), &back), ERR_GARBLED);      /* other version */
	assert_int_equal(row_decode(SPAN("\x01z\x01"), &back), ERR_GARBLED); /* no such kind */
	assert_int_equal(row_decode(SPAN("\x01u"), &back), ERR_GARBLED);
	assert_int_equal(row_decode(SPAN("\x01t\x02\x05"
					 "abcd"),
				    &back),
			 ERR_GARBLED);
	assert_int_equal(
	    row_decode(SPAN("\x01u\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &back),
	    ERR_GARBLED); /* 65 bits */
}

/* A journal written by a version with more fields, and one with fewer. */
static void unknown_fields_are_passed_over(void **state)
{
	struct row back;

	(void)state;
	assert_int_equal(row_decode(SPAN("\x01"
					 "t\xfe\x03"
					 "new"
					 "u\xfd\x07"
					 "q\xff\x01"
					 "t\x02\x04"
					 "acme"),
				    &back),
			 ERR_OK);
	assert_string_equal(back.tenant, "acme");
	assert_int_equal(back.status, 0);
}

static void the_journal_reads_what_was_written_first(void **state)
{
	static const char first[] = "\x01i\x00"
				    "0123456789abcdef"
				    "u\x01\x80\x01t\x02\x04"
				    "acmes\x18\x0aq\x00\x05";
	struct row back;

	(void)state;
	assert_int_equal(row_decode((struct span){ first, sizeof(first) - 1 }, &back), ERR_OK);
	assert_int_equal(back.started_us, 128);
	assert_string_equal(back.tenant, "acme");
	assert_int_equal(back.cost_pusd, 5);
	assert_int_equal(back.quantity[Q_input], 5);
}

static void text_is_made_clean(void **state)
{
	struct row r = { 0 };

	(void)state;
	strcpy(r.tenant, "caf\xc3\xa9");
	memset(r.model, 'm', sizeof(r.model)); /* no NUL at all */
	memcpy(r.user, "a\xff\xfe z\xe2\x82", 8);
	row_clean(&r);
	assert_string_equal(r.tenant, "caf\xc3\xa9");
	assert_int_equal(strlen(r.model), sizeof(r.model) - 1);
	assert_string_equal(r.user, "a?? z??");
}

static void json_is_the_contract(void **state)
{
	struct row r = sample_row(0);
	struct buf b;

	(void)state;
	strcpy(r.user, "o\"neil\n");
	r.cost_pusd = 146625000;
	r.quantity[Q_web_search] = 2;
	strcpy(r.aux_model, "advisor");
	r.aux_quantity[Q_output] = 9;
	buf_init(&b, 8192);
	assert_true(row_json(&r, &b));
	assert_true(buf_add(&b, (struct span){ "", 1 }));
	assert_string_equal(
	    b.at,
	    "{\"id\":\"00000000-0000-0000-0000-000000000001\",\"started_us\":1767225600000000,"
	    "\"tenant\":\"tenant-0\",\"team\":null,\"user\":\"o\\\"neil\\n\",\"key\":\"key-0\","
	    "\"provider\":\"openai\",\"dialect\":\"openai\",\"shape\":\"openai-chat\","
	    "\"model\":\"gpt-large\",\"model_served\":null,\"response_id\":null,"
	    "\"streamed\":1,\"status\":200,\"ended_by\":\"complete\","
	    "\"usage_source\":\"reported\",\"error\":null,\"tier\":null,\"input_tok\":1000,"
	    "\"cached_read_tok\":200,\"cache_write_tok\":0,\"tool_input_tok\":0,"
	    "\"output_tok\":50,\"reasoning_tok\":10,\"cost_pusd\":146625000,"
	    "\"price_version\":\"0123456789abcdef\",\"provider_cost_pusd\":null,"
	    "\"held_pusd\":999999999,\"gate_us\":0,\"dial_us\":0,\"first_byte_us\":250000,"
	    "\"took_us\":1250000,\"bytes_in\":4000,\"bytes_out\":9000,"
	    "\"tags\":[\"batch\",\"nightly\"],\"usage_method\":null,\"started_at\":\"2026-01-01T00:00:00.000Z\","
	    "\"cost_usd\":0.000146625,\"quantities\":{\"input\":800,\"cache_read\":200,"
	    "\"output\":40,\"reasoning\":10,\"web_search\":2},\"fees\":{\"web_search\":2},"
	    "\"aux\":{\"model\":\"advisor\",\"quantities\":{\"output\":9}}}");
	buf_release(&b);
}

static void json_is_whole_or_nothing(void **state)
{
	struct row r = sample_row(0);
	struct buf b;

	(void)state;
	for (size_t cap = 1; cap < 800; cap += 13) {
		buf_init(&b, cap);
		assert_false(row_json(&r, &b));
		assert_int_equal(b.len, 0);
		buf_release(&b);
	}
}

static void quantities_are_found_by_name(void **state)
{
	(void)state;
	assert_int_equal(quantity_find(SPAN("web_search")), Q_web_search);
	assert_int_equal(quantity_find(SPAN("input")), Q_input);
	assert_int_equal(quantity_find(SPAN("inpu")), Q_COUNT);
	assert_int_equal(quantity_infos[Q_page].group, QG_FEE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back),
		cmocka_unit_test(a_small_row_is_small),
		cmocka_unit_test(damage_never_crashes),
		cmocka_unit_test(what_is_no_row_is_refused),
		cmocka_unit_test(unknown_fields_are_passed_over),
		cmocka_unit_test(the_journal_reads_what_was_written_first),
		cmocka_unit_test(text_is_made_clean),
		cmocka_unit_test(json_is_the_contract),
		cmocka_unit_test(json_is_whole_or_nothing),
		cmocka_unit_test(quantities_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
