/* test_zone.c - zones made by hand against what is known of them, and those of the system
 * against what the C library makes of the same files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/zone.h"

#define DAY_S INT64_C(86400)

struct file {
	char at[4096];
	size_t len;
};

static void put(struct file *f, const char *bytes, size_t len)
{
	memcpy(f->at + f->len, bytes, len);
	f->len += len;
}

static void put_number(struct file *f, int64_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		f->at[f->len++] = (char)((uint64_t)n >> (8 * (bytes - 1 - i)));
}

struct made {
	unsigned times, types;
	int64_t at[8];
	char type[8];
	int32_t offset[4];
	const char *rule; /* NULL: a file of version 1 */
	uint32_t leaps;
};

static void put_block(struct file *f, const struct made *m, char version, unsigned bytes)
{
	put(f, "TZif", 4);
	put(f, &version, 1);
	put(f, (char[15]){ 0 }, 15);
	put_number(f, 0, 4);
	put_number(f, 0, 4);
	put_number(f, m->leaps, 4);
	put_number(f, m->times, 4);
	put_number(f, m->types, 4);
	put_number(f, 4, 4);
	for (unsigned i = 0; i < m->times; i++)
		put_number(f, m->at[i], bytes);
	put(f, m->type, m->times);
	for (unsigned i = 0; i < m->types; i++) {
		put_number(f, m->offset[i], 4);
		put_number(f, 0, 2);
	}
	put(f, "ABC", 4);
	put(f, (char[64]){ 0 }, m->leaps * (bytes + 4));
}

static void make(const struct made *m, struct file *f)
{
	f->len = 0;
	put_block(f, m, m->rule ? '2' : '\0', 4);
	if (!m->rule)
		return;
	put_block(f, m, '2', 8);
	put(f, "\n", 1);
	put(f, m->rule, strlen(m->rule));
	put(f, "\n", 1);
}

static struct zone *parse(const struct made *m)
{
	struct zone *z = NULL;
	struct file f;

	make(m, &f);
	assert_int_equal(zone_parse(SPAN("Made/Up"), (struct span){ f.at, f.len }, &z), ERR_OK);
	assert_string_equal(zone_name(z), "Made/Up");
	return z;
}

static struct zone *of_rule(const char *rule)
{
	return parse(&(struct made){ .types = 1, .rule = rule });
}

static int64_t utc(int year, int month, int day, int hour, int minute)
{
	struct tm tm = { .tm_year = year - 1900,
			 .tm_mon = month - 1,
			 .tm_mday = day,
			 .tm_hour = hour,
			 .tm_min = minute };

	return timegm(&tm);
}

static void expect_stretch(const struct zone *z, int64_t at, int64_t starts, int64_t ends,
			   int32_t offset)
{
	struct zone_stretch s = zone_at(z, at);

	assert_int_equal(s.starts_s, starts);
	assert_int_equal(s.ends_s, ends);
	assert_int_equal(s.offset_s, offset);
}

static void test_utc(void **state)
{
	(void)state;
	expect_stretch(zone_utc(), 0, INT64_MIN, INT64_MAX, 0);
	assert_int_equal(zone_first_s(zone_utc(), 12345), 12345);
	assert_string_equal(zone_name(zone_utc()), "UTC");
}

static void test_central_europe(void **state)
{
	struct zone *z = of_rule("CET-1CEST,M3.5.0,M10.5.0/3");
	int64_t spring = utc(2026, 3, 29, 1, 0), autumn = utc(2026, 10, 25, 1, 0);

	(void)state;
	expect_stretch(z, spring - 1, utc(2025, 10, 26, 1, 0), spring, 3600);
	expect_stretch(z, spring, spring, autumn, 7200);
	expect_stretch(z, autumn - 1, spring, autumn, 7200);
	expect_stretch(z, autumn, autumn, utc(2027, 3, 28, 1, 0), 3600);
	assert_int_equal(zone_first_s(z, utc(2026, 3, 29, 0, 0)), utc(2026, 3, 28, 23, 0));
	assert_int_equal(zone_first_s(z, utc(2026, 3, 29, 2, 0)), spring);
	assert_int_equal(zone_first_s(z, utc(2026, 3, 29, 2, 30)), spring); /* shown by no clock */
	assert_int_equal(zone_first_s(z, utc(2026, 3, 29, 3, 0)), spring);
	assert_int_equal(zone_first_s(z, utc(2026, 3, 29, 3, 1)), spring + 60);
	assert_int_equal(zone_first_s(z, utc(2026, 10, 25, 2, 30)), autumn - 1800); /* twice */
	assert_int_equal(zone_first_s(z, utc(2026, 10, 25, 3, 0)), autumn + 3600);
	zone_free(z);
}

/* What else a rule can say. */
static void test_rules(void **state)
{
	struct zone *z = of_rule("<+0330>-3:30");

	(void)state;
	expect_stretch(z, 0, INT64_MIN, INT64_MAX, 12600);
	zone_free(z);
	z = of_rule("NZST-12NZDT,M9.5.0,M4.1.0/3"); /* summer over new year */
	expect_stretch(z, utc(2026, 1, 1, 0, 0), utc(2025, 9, 27, 14, 0), utc(2026, 4, 4, 14, 0),
		       13 * 3600);
	zone_free(z);
	z = of_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"); /* half an hour */
	expect_stretch(z, utc(2026, 7, 1, 0, 0), utc(2026, 4, 4, 15, 0), utc(2026, 10, 3, 15, 30),
		       37800);
	zone_free(z);
	z = of_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"); /* the change is the evening before */
	assert_int_equal(zone_at(z, utc(2026, 7, 1, 0, 0)).starts_s, utc(2026, 3, 29, 1, 0));
	zone_free(z);
	z = of_rule("XST1XDT,J60,J300/24:30:15");
	assert_int_equal(zone_at(z, utc(2024, 5, 1, 0, 0)).starts_s, utc(2024, 3, 1, 3, 0));
	assert_int_equal(zone_at(z, utc(2023, 5, 1, 0, 0)).starts_s, utc(2023, 3, 1, 3, 0));
	zone_free(z);
	z = of_rule("XST1XDT,59,300");
	assert_int_equal(zone_at(z, utc(2024, 5, 1, 0, 0)).starts_s, utc(2024, 2, 29, 3, 0));
	zone_free(z);
	z = of_rule("EST5EDT4,0/0,J365/25"); /* summer for ever */
	for (int64_t t = utc(2026, 1, 1, 0, 0); t < utc(2028, 1, 3, 0, 0); t += 1800)
		assert_int_equal(zone_at(z, t).offset_s, -4 * 3600);
	zone_free(z);
}

/* Recorded changes, then the rule; an old file has no rule; the clocks of Samoa leave out a
 * whole day. */
static void test_changes(void **state)
{
	const struct made samoa = { .times = 2,
				    .types = 2,
				    .at = { utc(2011, 12, 30, 10, 0), utc(2012, 3, 31, 14, 0) },
				    .type = { 1, 1 },
				    .offset = { -10 * 3600, 14 * 3600 },
				    .rule = "<+13>-13" };
	struct made old = { .times = 2,
			    .types = 3,
			    .at = { 1000, 2000 },
			    .type = { 1, 2 },
			    .offset = { 60, 120, 180 } };
	struct zone *z = parse(&samoa);
	int64_t leap = samoa.at[0];

	(void)state;
	expect_stretch(z, leap - 1, INT64_MIN, leap, -36000);
	assert_int_equal(zone_first_s(z, utc(2011, 12, 30, 0, 0)), leap);
	assert_int_equal(zone_first_s(z, utc(2011, 12, 31, 0, 0)), leap);
	assert_int_equal(zone_first_s(z, utc(2011, 12, 31, 0, 1)), leap + 60);
	assert_int_equal(zone_at(z, utc(2030, 1, 1, 0, 0)).offset_s, 13 * 3600);
	zone_free(z);
	z = parse(&old);
	expect_stretch(z, 999, INT64_MIN, 1000, 60);
	expect_stretch(z, 1000, 1000, 2000, 120);
	expect_stretch(z, 1 << 30, 2000, INT64_MAX, 180);
	zone_free(z);
}

static void test_garbled(void **state)
{
	static const char *const bad[] = { "CET",
					   "C-1",
					   "CET-25",
					   "CET-1CEST",
					   "CET-1CEST,M3.5.0",
					   "CET-1CEST,M3.5.0,M10.5.0/3x",
					   "CET-1CEST,M13.5.0,M10.5.0",
					   "CET-1CEST,M3.6.0,M10.5.0",
					   "CET-1CEST,M3.5.7,M10.5.0",
					   "CET-1CEST,J0,J5",
					   "CET-1CEST,366,5",
					   "CET-1CEST,1/168,5",
					   "<>-1",
					   "<CET-1" };
	const struct made good = { .times = 2,
				   .types = 1,
				   .at = { 1, 2 },
				   .offset = { 3600 },
				   .rule = "CET-1CEST,M3.5.0,M10.5.0/3" };
	struct made m = good;
	struct zone *z;
	struct file f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m.rule = bad[i];
		make(&m, &f);
		if (zone_parse(SPAN("x"), (struct span){ f.at, f.len }, &z) != ERR_GARBLED)
			fail_msg("\"%s\" is taken for a rule", bad[i]);
	}
	make(&good, &f);
	for (size_t len = 0; len < f.len; len++)
		assert_int_equal(zone_parse(SPAN("x"), (struct span){ f.at, len }, &z),
				 ERR_GARBLED);
	m = good;
	m.type[1] = 1; /* there is no such type */
	make(&m, &f);
	assert_int_equal(zone_parse(SPAN("x"), (struct span){ f.at, f.len }, &z), ERR_GARBLED);
	m = good;
	m.at[1] = 1; /* not later */
	make(&m, &f);
	assert_int_equal(zone_parse(SPAN("x"), (struct span){ f.at, f.len }, &z), ERR_GARBLED);
	m = good;
	m.offset[0] = 27 * 3600;
	make(&m, &f);
	assert_int_equal(zone_parse(SPAN("x"), (struct span){ f.at, f.len }, &z), ERR_GARBLED);
	m = good;
	m.leaps = 1;
	make(&m, &f);
	assert_int_equal(zone_parse(SPAN("x"), (struct span){ f.at, f.len }, &z), ERR_GARBLED);
	m = good;
	m.types = 0;
	make(&m, &f);
	assert_int_equal(zone_parse(SPAN("x"), (struct span){ f.at, f.len }, &z), ERR_GARBLED);
}

/* --- the system's own --- */

static const char *const places[] = {
	"Africa/Cairo",       "Africa/Casablanca", "America/Havana",      "America/New_York",
	"America/Nuuk",       "America/St_Johns",  "America/Sao_Paulo",   "America/Santiago",
	"Antarctica/Troll",   "Asia/Beirut",       "Asia/Gaza",           "Asia/Kathmandu",
	"Asia/Kolkata",       "Asia/Tehran",       "Australia/Lord_Howe", "Europe/Berlin",
	"Europe/Dublin",      "Europe/London",     "Pacific/Apia",        "Pacific/Chatham",
	"Pacific/Kiritimati",
};

/* Every 11 h and 1 s of 140 years, as the C library shows it. */
static void compare(const char *name, const struct zone *z)
{
	setenv("TZ", name, 1);
	tzset();
	for (time_t t = 0; t < utc(2110, 1, 1, 0, 0); t += 11 * 3600 + 1) {
		struct zone_stretch s = zone_at(z, t);
		struct tm tm;

		localtime_r(&t, &tm);
		if (s.offset_s != tm.tm_gmtoff || s.starts_s > t || s.ends_s <= t)
			fail_msg("%s at %lld: %d, not %ld", name, (long long)t, s.offset_s,
				 tm.tm_gmtoff);
	}
	unsetenv("TZ");
}

/* For every midnight: the instant shows it or later, no earlier one does. */
static void check_midnights(const char *name, const struct zone *z)
{
	for (int64_t day = 0; day < 365 * 70; day++) {
		int64_t first = zone_first_s(z, day * DAY_S);
		bool ok = first + zone_at(z, first).offset_s >= day * DAY_S;

		for (int64_t t = first - 1; ok && t > first - DAY_S; t -= 3 * 3600)
			ok = t + zone_at(z, t).offset_s < day * DAY_S;
		if (!ok)
			fail_msg("%s: day %lld does not start at %lld", name, (long long)day,
				 (long long)first);
	}
}

static void test_system(void **state)
{
	struct zones *t = zones_new(ZONES_DIR);
	unsigned seen = 0;

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct zone *z = zones_find(t, places[i]);

		if (!z)
			continue;
		assert_ptr_equal(zones_find(t, places[i]), z);
		compare(places[i], z);
		check_midnights(places[i], z);
		seen++;
	}
	if (seen == 0)
		print_message("%s has no zones: only those made by hand are tested\n", ZONES_DIR);
	zones_free(t);
}

static void test_names(void **state)
{
	static const char *const bad[] = {
		"/etc/passwd",   "../zoneinfo/UTC",
		"Europe/../UTC", "Europe/Nowhere",
		"Europe",        "a b",
		"x\n",           "0123456789012345678901234567890123456789012345678"
	};
	char dir[] = "/tmp/weir-zone-XXXXXX", path[64];
	struct zones *t;
	struct file f;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/Here", dir);
	make(&(struct made){ .types = 1, .rule = "HER-5" }, &f);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(f.at, 1, f.len, out), f.len);
	fclose(out);
	t = zones_new(dir);
	assert_ptr_equal(zones_find(t, ""), zone_utc());
	assert_ptr_equal(zones_find(t, "UTC"), zone_utc());
	assert_int_equal(zone_at(zones_find(t, "Here"), 0).offset_s, 5 * 3600);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(zones_find(t, bad[i]));
	zones_free(t);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utc),     cmocka_unit_test(test_central_europe),
		cmocka_unit_test(test_rules),   cmocka_unit_test(test_changes),
		cmocka_unit_test(test_garbled), cmocka_unit_test(test_system),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
