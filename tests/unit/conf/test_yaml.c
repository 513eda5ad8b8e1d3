/* test_yaml.c - the tree says what the file says; everything clever is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "conf/yaml.h"

static struct yaml_doc *load(const char *text)
{
	struct yaml_doc *doc = NULL;
	struct buf errors;
	enum err e;

	buf_init(&errors, 4096);
	e = yaml_load_text("t.yaml", span_of(text), &doc, &errors);
	if (e != ERR_OK)
		print_error("%.*s", (int)errors.len, errors.at);
	assert_int_equal(e, ERR_OK);
	assert_int_equal(errors.len, 0);
	buf_release(&errors);
	return doc;
}

static void refused(const char *text, enum err wanted, const char *line)
{
	struct yaml_doc *doc = NULL;
	struct buf errors;

	buf_init(&errors, 4096);
	assert_int_equal(yaml_load_text("t.yaml", span_of(text), &doc, &errors), wanted);
	assert_null(doc);
	assert_true(buf_add(&errors, (struct span){ "", 1 }));
	assert_string_equal(errors.at, line);
	buf_release(&errors);
}

static void test_tree(void **state)
{
	struct yaml_doc *doc = load("# a comment\n"
				    "listen: 127.0.0.1:8080\n"
				    "providers:\n"
				    "  - { name: openai, url: 'https://x/y' }\n"
				    "  - name: e2b\n"
				    "empty:\n"
				    "block: |\n"
				    "  a\n"
				    "  b\n");
	const struct yaml_node *n, *item;

	(void)state;
	assert_int_equal(doc->root->kind, YAML_MAP);
	assert_int_equal(doc->root->children, 4);
	n = yaml_get(doc->root, "listen");
	assert_string_equal(n->text.at, "127.0.0.1:8080");
	assert_int_equal(n->line, 2);
	assert_false(n->quoted);
	n = yaml_get(doc->root, "providers");
	assert_int_equal(n->kind, YAML_LIST);
	assert_int_equal(n->key_line, 3);
	assert_int_equal(n->line, 4);
	item = n->first;
	assert_string_equal(yaml_get(item, "url")->text.at, "https://x/y");
	assert_true(yaml_get(item, "url")->quoted);
	assert_string_equal(yaml_get(item->next, "name")->text.at, "e2b");
	assert_null(item->next->next);
	assert_true(yaml_is_null(yaml_get(doc->root, "empty")));
	assert_string_equal(yaml_get(doc->root, "block")->text.at, "a\nb\n");
	assert_null(yaml_get(doc->root, "nothing"));
	assert_null(yaml_get(NULL, "x"));
	assert_null(yaml_get(item->first, "x"));
	yaml_unload(doc);
}

static void test_null(void **state)
{
	struct yaml_doc *doc = load("a: ~\nb: null\nc: 'null'\nd: ''\ne: 0\nf: []\n");

	(void)state;
	assert_true(yaml_is_null(yaml_get(doc->root, "a")));
	assert_true(yaml_is_null(yaml_get(doc->root, "b")));
	assert_false(yaml_is_null(yaml_get(doc->root, "c")));
	assert_false(yaml_is_null(yaml_get(doc->root, "d")));
	assert_false(yaml_is_null(yaml_get(doc->root, "e")));
	assert_false(yaml_is_null(yaml_get(doc->root, "f")));
	yaml_unload(doc);
}

static void test_empty(void **state)
{
	struct yaml_doc *doc = load("# nothing\n");

	(void)state;
	assert_null(doc->root);
	yaml_unload(doc);
	yaml_unload(NULL);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "a: 1\nb: 2\na: 3\n", "t.yaml:3: 'a' stands here twice (first in line 1)\n" },
		{ "x: { a: 1, b: 2,\n a: 3 }\n",
		  "t.yaml:2: 'a' stands here twice (first in line 1)\n" },
		{ "a: &x 1\n", "t.yaml:1: anchors (&name) are not allowed here\n" },
		{ "a: &x [ 1 ]\n", "t.yaml:1: anchors (&name) are not allowed here\n" },
		{ "a:\n  - *x\n", "t.yaml:2: aliases (*name) are not allowed here\n" },
		{ "a: !!str 1\n", "t.yaml:1: tags (!name) are not allowed here\n" },
		{ "a: !!map { b: c }\n", "t.yaml:1: tags (!name) are not allowed here\n" },
		{ "---\na: 1\n---\nb: 1\n", "t.yaml:3: a second document in one file\n" },
		{ "? [ a ]\n: b\n", "t.yaml:1: a key must be plain text\n" },
		{ "a: \"x\\0y\"\n", "t.yaml:1: a NUL byte inside a value\n" },
		{ "a: b\n  c: d\n", "t.yaml:2: mapping values are not allowed in this context\n" },
		{ "a: [ 1, 2\nb: 3\n",
		  "t.yaml:2: while parsing a flow sequence: did not find expected ',' or ']'\n" },
		{ "a: \xff\n", "t.yaml:1: invalid leading UTF-8 octet at byte 3\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, ERR_GARBLED, cases[i].line);
}

static void test_limits(void **state)
{
	struct yaml_doc *doc;
	struct buf text;

	(void)state;
	buf_init(&text, YAML_BYTES_MAX + 64);
	for (int i = 0; i < YAML_DEPTH_MAX; i++)
		assert_true(buf_add(&text, SPAN("[")));
	for (int i = 0; i < YAML_DEPTH_MAX; i++)
		assert_true(buf_add(&text, SPAN("]")));
	assert_true(buf_add(&text, (struct span){ "", 1 }));
	doc = load(text.at);
	yaml_unload(doc);
	text.at[YAML_DEPTH_MAX] = '[';
	refused(text.at, ERR_TOO_BIG, "t.yaml:1: nested too deeply\n");

	text.len = 0;
	assert_true(buf_add(&text, SPAN("[")));
	for (int i = 0; i < YAML_NODES_MAX; i++)
		assert_true(buf_add(&text, SPAN("1,")));
	assert_true(buf_add(&text, (struct span){ "]", 2 }));
	refused(text.at, ERR_TOO_BIG, "t.yaml:1: too many values in one file\n");

	text.len = 0;
	while (text.len <= YAML_BYTES_MAX)
		assert_true(buf_add(&text, SPAN("#")));
	assert_true(buf_add(&text, (struct span){ "", 1 }));
	refused(text.at, ERR_TOO_BIG, "t.yaml:1: the file is larger than 8 MB\n");
	buf_release(&text);
}

static void test_file(void **state)
{
	char path[] = "/tmp/weir-yaml-XXXXXX";
	struct yaml_doc *doc = NULL;
	struct buf errors;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: 1\n", 5), 5);
	close(fd);
	buf_init(&errors, 4096);
	assert_int_equal(yaml_load_file(path, &doc, &errors), ERR_OK);
	assert_string_equal(doc->name, path);
	assert_string_equal(yaml_get(doc->root, "a")->text.at, "1");
	yaml_complain(doc, yaml_get(doc->root, "a"), &errors, "%s is %d", "a", 1);
	assert_int_equal(errors.len, strlen(path) + strlen(":1: a is 1\n"));
	yaml_unload(doc);
	unlink(path);
	errors.len = 0;
	assert_int_equal(yaml_load_file("/nowhere/x.yaml", &doc, &errors), ERR_MISSING);
	assert_true(
	    span_eq(buf_span(&errors),
		    SPAN("/nowhere/x.yaml:1: cannot be read: No such file or directory\n")));
	errors.len = 0;
	assert_int_equal(yaml_load_file("/tmp", &doc, &errors), ERR_MISSING);
	assert_true(span_eq(buf_span(&errors), SPAN("/tmp:1: cannot be read: Is a directory\n")));
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),   cmocka_unit_test(test_null),
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
