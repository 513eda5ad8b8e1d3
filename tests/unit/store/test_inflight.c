/* The in-flight table: what a killed process leaves, who may open it, and four threads. */
#include "tests/unit/store/scratch.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "store/inflight.h"

#define SLOTS 64

static char dir[PATH_ROOM], path[PATH_ROOM];

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	scratch_path(path, dir, "table");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static struct inflight *open_table(uint32_t slots)
{
	struct inflight *t;
	const char *why;

	assert_int_equal(inflight_open(path, slots, &t, &why), ERR_OK);
	assert_null(why);
	return t;
}

static void slots_are_taken_and_put(void **state)
{
	struct inflight *t = open_table(SLOTS);
	struct slot *s[SLOTS];

	(void)state;
	assert_int_equal(inflight_slots(t), SLOTS);
	for (int i = 0; i < SLOTS; i++) {
		s[i] = inflight_take(t);
		assert_non_null(s[i]);
		s[i]->row.status = 200;
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(s[i], s[k]);
	}
	assert_null(inflight_take(t));
	assert_int_equal(inflight_used(t), SLOTS);
	inflight_put(t, s[17]);
	assert_ptr_equal(inflight_take(t), s[17]);
	assert_int_equal(s[17]->row.status, 0);
	for (int i = 0; i < SLOTS; i++)
		inflight_put(t, s[i]);
	assert_int_equal(inflight_used(t), 0);
	inflight_close(t);
}

struct orphans {
	struct inflight *table;
	unsigned open, closed;
	uint64_t out;
	bool put;
};

static void count_orphan(void *arg, struct slot *s)
{
	struct orphans *o = arg;

	if (atomic_load(&s->state) == SLOT_OPEN)
		o->open++;
	else
		o->closed++;
	o->out += s->row.output_tok;
	assert_string_equal(s->row.tenant, "acme");
	if (o->put)
		inflight_put(o->table, s);
}

/* A child takes slots, writes counts and is killed. F16 */
static void die_with_slots_open(void)
{
	struct inflight *t;
	const char *why;

	if (inflight_open(path, SLOTS, &t, &why) != ERR_OK)
		_exit(1);
	for (uint64_t i = 0; i < 10; i++) {
		struct slot *s = inflight_take(t);

		strcpy(s->row.tenant, "acme");
		if (i == 0)
			continue; /* taken, nothing promised */
		slot_open(s);
		for (uint64_t piece = 0; piece <= i; piece++)
			s->row.output_tok = piece;
		if (i % 3 == 0)
			slot_close(s);
	}
	kill(getpid(), SIGKILL);
}

static void leave_orphans(void)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		die_with_slots_open();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_killed_process_leaves_its_counts(void **state)
{
	struct orphans o = { .put = false };
	struct inflight *t;

	(void)state;
	leave_orphans();
	for (int again = 0; again < 2; again++) {
		t = open_table(SLOTS);
		o = (struct orphans){ .table = t, .put = again == 1 };
		assert_int_equal(inflight_used(t), 9);
		inflight_each_orphan(t, count_orphan, &o);
		assert_int_equal(o.open, 6);
		assert_int_equal(o.closed, 3);
		assert_int_equal(o.out, 45);
		inflight_close(t);
	}
	t = open_table(SLOTS);
	assert_int_equal(inflight_used(t), 0);
	inflight_close(t);
}

static void the_table_changes_size_around_orphans(void **state)
{
	struct orphans o = { .put = true };
	struct inflight *t;

	(void)state;
	leave_orphans();
	t = open_table(2 * SLOTS);
	assert_int_equal(inflight_slots(t), 2 * SLOTS);
	assert_int_equal(inflight_used(t), 9);
	inflight_close(t);
	t = open_table(1);
	assert_int_equal(inflight_slots(t), 2 * SLOTS);
	o.table = t;
	inflight_each_orphan(t, count_orphan, &o);
	inflight_close(t);
	t = open_table(1);
	assert_int_equal(inflight_slots(t), 1);
	inflight_close(t);
}

static void poke(off_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void another_layout_is_refused_only_with_orphans(void **state)
{
	struct inflight *t = open_table(SLOTS);
	uint32_t other = 12345;
	const char *why;

	(void)state;
	inflight_close(t);
	poke(8, &other, sizeof(other));
	t = open_table(SLOTS); /* it owed nothing */
	inflight_close(t);
	leave_orphans();
	poke(8, &other, sizeof(other));
	assert_int_equal(inflight_open(path, SLOTS, &t, &why), ERR_REFUSED);
	assert_non_null(strstr(why, "another version"));
	assert_null(t);
}

static void strangers_are_refused(void **state)
{
	struct inflight *t = open_table(SLOTS), *other;
	char link[PATH_ROOM];
	const char *why;

	(void)state;
	assert_int_equal(inflight_open(path, SLOTS, &other, &why), ERR_REFUSED);
	assert_non_null(strstr(why, "another process"));
	inflight_close(t);
	poke(0, "not a table", 11);
	assert_int_equal(inflight_open(path, SLOTS, &t, &why), ERR_GARBLED);
	assert_int_equal(unlink(path), 0);
	t = open_table(SLOTS);
	inflight_close(t);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(inflight_open(path, SLOTS, &t, &why), ERR_REFUSED);
	assert_int_equal(chmod(path, 0600), 0);
	scratch_path(link, dir, "link");
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(inflight_open(link, SLOTS, &t, &why), ERR_REFUSED);
	assert_int_equal(inflight_open(dir, SLOTS, &t, &why), ERR_REFUSED);
	assert_int_equal(inflight_open(path, 0, &t, &why), ERR_RANGE);
}

static void a_truncated_table_is_garbled(void **state)
{
	struct inflight *t;
	const char *why;

	(void)state;
	leave_orphans();
	assert_int_equal(truncate(path, 4096 + 1000), 0); /* inside slot 0, which is free */
	assert_int_equal(inflight_open(path, SLOTS, &t, &why), ERR_GARBLED);
}

static void its_disk_space_is_reserved(void **state)
{
	struct inflight *t = open_table(1000);
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4096 + 1000 * 2048);
	assert_true((uint64_t)st.st_blocks * 512 >= (uint64_t)st.st_size);
	assert_int_equal(st.st_mode & 0777, 0600);
	inflight_close(t);
}

#define THREADS 4
#define ROUNDS  50000

static void *churn(void *arg)
{
	struct inflight *t = arg;
	struct slot *mine[3] = { NULL };
	uint64_t self = (uint64_t)pthread_self();

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct slot **s = &mine[i % 3];

		if (*s) {
			if ((*s)->row.bytes_in != self)
				return arg; /* a slot had two owners */
			slot_close(*s);
			inflight_put(t, *s);
		}
		*s = inflight_take(t);
		if (*s) {
			(*s)->row.bytes_in = self;
			slot_open(*s);
		}
	}
	for (int i = 0; i < 3; i++)
		if (mine[i])
			inflight_put(t, mine[i]);
	return NULL;
}

/* Fewer slots than the threads want, so that the list is empty again and again. */
static void threads_share_the_slots(void **state)
{
	struct inflight *t = open_table(7);
	pthread_t thread[THREADS];
	void *wrong;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, churn, t), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &wrong);
		assert_null(wrong);
	}
	assert_int_equal(inflight_used(t), 0);
	for (int i = 0; i < 7; i++)
		assert_non_null(inflight_take(t));
	assert_null(inflight_take(t));
	inflight_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(slots_are_taken_and_put),
		TEST(a_killed_process_leaves_its_counts),
		TEST(the_table_changes_size_around_orphans),
		TEST(another_layout_is_refused_only_with_orphans),
		TEST(strangers_are_refused),
		TEST(a_truncated_table_is_garbled),
		TEST(its_disk_space_is_reserved),
		TEST(threads_share_the_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
