/* The journal: damage of every byte, tails of every length, disks that fail or are full. */
#include "tests/unit/store/scratch.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/crc32.h"
#include "base/log.h"
#include "store/frame.h"
#include "store/journal.h"

#define ROOMY (UINT64_C(1) << 30)
#define SMALL (UINT64_C(256) * FRAME_MAX) /* the smallest segment there is */

/* These stand in for libc's in this program: they fail when a test wants it. Nothing is
 * really synced, as no test here pulls the plug. */
static int failing_syncs, failing_writes;

int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	if (failing_syncs > 0) {
		failing_syncs--;
		errno = EIO;
		return -1;
	}
	(void)fd;
	return 0;
}

/* A failing write first leaves some of its bytes in the file, as a full disk would. */
ssize_t write(int fd, const void *from, size_t len)
{
	if (failing_writes > 0 && len > 100) {
		failing_writes--;
		syscall(SYS_write, fd, from, len / 2);
		errno = EIO;
		return -1;
	}
	return syscall(SYS_write, fd, from, len);
}

static char dir[PATH_ROOM];

static int setup(void **state)
{
	char top[PATH_ROOM];

	scratch_make(top);
	scratch_path(dir, top, "journal");
	*state = strdup(top);
	failing_syncs = failing_writes = 0;
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static struct journal *open_sized(uint64_t segment_bytes, uint64_t max_bytes)
{
	struct journal_options o = { .dir = dir,
				     .segment_bytes = segment_bytes,
				     .max_bytes = max_bytes };
	struct journal *j;
	const char *why;

	assert_int_equal(journal_open(&o, &j, &why), ERR_OK);
	assert_null(why);
	return j;
}

static enum err append(struct journal *j, unsigned from, unsigned n)
{
	struct row rows[JOURNAL_APPEND_MAX];
	const struct row *at[JOURNAL_APPEND_MAX];

	for (unsigned i = 0; i < n; i++) {
		rows[i] = sample_row(from + i);
		at[i] = &rows[i];
	}
	return journal_append(j, at, n);
}

/* The number that sample_row() was called with. */
static unsigned number_of(const struct row *r)
{
	unsigned n = (unsigned)(r->input_tok - 1000);
	struct row same = sample_row(n);

	assert_memory_equal(r, &same, sizeof(same)); /* what is read is never half a row */
	return n;
}

/* Reads all there is; marks seen[number] and returns how many rows came. */
static size_t read_all(struct journal *j, unsigned *seen, unsigned limit)
{
	struct row rows[64];
	size_t n, total = 0;

	while ((n = journal_read(j, rows, 64)) > 0) {
		for (size_t i = 0; i < n; i++) {
			unsigned number = number_of(&rows[i]);

			assert_in_range(number, 0, limit - 1);
			seen[number]++;
		}
		total += n;
	}
	return total;
}

/* How many files in the directory end in `suffix`; *path is the last of them. */
static unsigned files(const char *suffix, char path[PATH_ROOM])
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, suffix) != 0)
			continue;
		count++;
		if (path)
			scratch_path(path, dir, entry->d_name);
	}
	closedir(d);
	return count;
}

static size_t load(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = read(fd, to, room);

	assert_in_range(len, 0, room);
	close(fd);
	return (size_t)len;
}

static void save(const char *path, const char *from, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(syscall(SYS_write, fd, from, len), len);
	close(fd);
}

static void rows_come_back_in_order(void **state)
{
	struct journal *j = open_sized(0, ROOMY);
	struct row rows[8];

	(void)state;
	assert_true(journal_ready(j));
	assert_int_equal(journal_read(j, rows, 8), 0);
	assert_int_equal(append(j, 0, 3), ERR_OK);
	assert_int_equal(journal_read(j, rows, 2), 2);
	assert_int_equal(number_of(&rows[1]), 1);
	assert_int_equal(append(j, 3, 2), ERR_OK);
	assert_int_equal(journal_read(j, rows, 8), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(number_of(&rows[i]), 2 + i);
	assert_int_equal(journal_counts(j).last_sequence, 5);
	assert_int_equal(journal_counts(j).forgotten, 0);
	journal_forget(j);
	assert_int_equal(journal_counts(j).forgotten, 5);
	assert_int_equal(journal_sync(j), ERR_OK);
	journal_close(j);
	assert_int_equal(files(".journal", NULL), 0);
}

static void what_is_not_forgotten_stays(void **state)
{
	struct journal *j = open_sized(0, ROOMY);
	unsigned seen[5] = { 0 };

	(void)state;
	assert_int_equal(append(j, 0, 5), ERR_OK);
	assert_int_equal(read_all(j, seen, 5), 5);
	journal_close(j); /* read, not forgotten */
	j = open_sized(0, ROOMY);
	assert_int_equal(journal_counts(j).last_sequence, 5);
	assert_int_equal(read_all(j, seen, 5), 5);
	assert_int_equal(journal_counts(j).rows_recovered, 5);
	assert_int_equal(journal_counts(j).frames_damaged, 0);
	assert_int_equal(journal_counts(j).tails_torn, 0);
	journal_forget(j);
	journal_close(j);
	for (int i = 0; i < 5; i++)
		assert_int_equal(seen[i], 2);
	assert_int_equal(files(".journal", NULL), 0);
}

#define MANY 20000

static void segments_come_and_go(void **state)
{
	struct journal *j = open_sized(SMALL, ROOMY);
	static unsigned seen[MANY];
	unsigned most = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < MANY; i += 200) {
		assert_int_equal(append(j, i, 200), ERR_OK);
		assert_int_equal(journal_sync(j), ERR_OK);
		if (i % 4000 == 0) {
			read_all(j, seen, MANY);
			journal_forget(j);
		}
		if (files(".journal", NULL) > most)
			most = files(".journal", NULL);
	}
	assert_in_range(most, 3, 12);
	assert_in_range(journal_counts(j).bytes, SMALL, 13 * SMALL);
	journal_close(j);
	j = open_sized(SMALL, ROOMY);
	read_all(j, seen, MANY);
	assert_int_equal(journal_counts(j).frames_damaged, 0);
	journal_forget(j);
	journal_close(j);
	for (unsigned i = 0; i < MANY; i++)
		assert_in_range(seen[i], 1, 2);
	assert_int_equal(files(".journal", NULL), 0);
}

#define FEW 6

/* A segment of FEW rows as an earlier process left it; returns its length. */
static size_t make_segment(char path[PATH_ROOM], char *bytes, size_t room)
{
	struct journal *j = open_sized(0, ROOMY);

	assert_int_equal(append(j, 0, FEW), ERR_OK);
	journal_close(j);
	assert_int_equal(files(".journal", path), 1);
	return load(path, bytes, room);
}

static void forget_all(struct journal *j)
{
	char path[PATH_ROOM];

	journal_forget(j);
	journal_close(j);
	while (files(".damaged", path) > 0)
		unlink(path);
	while (files(".journal", path) > 0)
		unlink(path);
}

/* F23: whatever byte is flipped, the other rows come, and the loss is counted. */
static void every_flipped_byte_costs_one_row(void **state)
{
	char path[PATH_ROOM], bytes[4096];
	size_t len = make_segment(path, bytes, sizeof(bytes));

	(void)state;
	assert_in_range(len, FEW * 100, sizeof(bytes) - 1);
	for (size_t i = 0; i < len; i++) {
		unsigned seen[FEW] = { 0 };
		struct journal_counts c;
		struct journal *j;

		bytes[i] ^= (char)(1 << i % 8);
		save(path, bytes, len);
		bytes[i] ^= (char)(1 << i % 8);
		j = open_sized(0, ROOMY);
		assert_int_equal(read_all(j, seen, FEW), FEW - 1);
		c = journal_counts(j);
		assert_int_equal(c.frames_damaged + c.tails_torn, 1);
		journal_forget(j);
		assert_int_equal(append(j, 0, 1), ERR_OK); /* and life goes on */
		assert_int_equal(read_all(j, seen, FEW), 1);
		journal_forget(j);
		journal_close(j);
		assert_int_equal(files(".journal", NULL), 0);
		assert_int_equal(files(".damaged", NULL), 1);
		j = open_sized(0, ROOMY);
		forget_all(j);
	}
}

static void every_torn_tail_is_survived(void **state)
{
	char path[PATH_ROOM], bytes[4096];
	size_t len = make_segment(path, bytes, sizeof(bytes)), whole = 0;

	(void)state;
	for (size_t cut = 1; cut <= len; cut++) {
		unsigned seen[FEW] = { 0 };
		struct journal *j;
		size_t n;

		save(path, bytes, cut);
		j = open_sized(0, ROOMY);
		n = read_all(j, seen, FEW);
		assert_in_range(n, whole, whole + 1); /* never fewer than with a byte less */
		if (n > whole)
			assert_int_equal(journal_counts(j).tails_torn, 0);
		else
			assert_int_equal(journal_counts(j).tails_torn, 1);
		assert_int_equal(journal_counts(j).frames_damaged, 0);
		whole = n;
		forget_all(j);
	}
	assert_int_equal(whole, FEW);
}

/* A block of zeros over the middle, and a tail of zeros as a power cut may leave it. */
static void zeroed_blocks_are_passed_over(void **state)
{
	char path[PATH_ROOM], bytes[16384] = { 0 };
	size_t len = make_segment(path, bytes, 4096), one = len / FEW;
	unsigned seen[FEW] = { 0 };
	struct journal *j;

	(void)state;
	memset(bytes + 30, 0, len - 30 - one);
	save(path, bytes, len + 8192);
	j = open_sized(0, ROOMY);
	assert_int_equal(read_all(j, seen, FEW), 1);
	assert_int_equal(seen[FEW - 1], 1);
	assert_in_range(journal_counts(j).frames_damaged, 1, FEW);
	assert_int_equal(journal_counts(j).tails_torn, 1);
	forget_all(j);
}

/* Lost frames between two good ones are counted by their sequence. */
static void lost_frames_are_counted(void **state)
{
	char path[PATH_ROOM], bytes[4096];
	size_t len = make_segment(path, bytes, sizeof(bytes)), one = len / FEW;
	unsigned seen[FEW] = { 0 };
	struct journal *j;

	(void)state;
	memset(bytes + one + one / 2, 0x55, 2 * one);
	save(path, bytes, len);
	j = open_sized(0, ROOMY);
	assert_int_equal(read_all(j, seen, FEW), FEW - 3);
	assert_int_equal(journal_counts(j).frames_damaged, 3);
	forget_all(j);
}

/* Frames of another segment, or made up inside a text, are no frames here. */
static void frames_of_another_salt_are_none(void **state)
{
	struct row forged = sample_row(1), host = sample_row(0);
	char path[PATH_ROOM], bytes[4096];
	unsigned seen[FEW] = { 0 };
	struct journal *j;
	struct buf b;
	size_t len;

	(void)state;
	buf_init(&b, 2 * FRAME_MAX);
	memset(&forged, 0, sizeof(forged));
	forged.id.byte[0] = 1;
	assert_true(frame_add(&b, 0x12345678, 2, &forged));
	assert_in_range(b.len, 1, sizeof(host.tags));
	j = open_sized(0, ROOMY);
	memcpy(host.response_id, b.at, b.len);
	assert_int_equal(journal_append(j, (const struct row *[]){ &host }, 1), ERR_OK);
	assert_int_equal(append(j, 1, 1), ERR_OK);
	journal_close(j);
	assert_int_equal(files(".journal", path), 1);
	len = load(path, bytes, sizeof(bytes));
	bytes[5] ^= 1;                    /* so that the reader looks inside the first frame */
	memcpy(bytes + len, b.at, b.len); /* and at an old block behind the last */
	save(path, bytes, len + b.len);
	j = open_sized(0, ROOMY);
	assert_int_equal(read_all(j, seen, FEW), 1);
	assert_int_equal(seen[1], 1);
	assert_int_equal(journal_counts(j).tails_torn, 1);
	forget_all(j);
	buf_release(&b);
}

static void a_file_of_garbage_is_kept(void **state)
{
	char path[PATH_ROOM], bytes[5000];
	struct journal *j = open_sized(0, ROOMY);

	(void)state;
	journal_close(j);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 31 + i / 7);
	scratch_path(path, dir, "0000000000000007-00abcdef.journal");
	save(path, bytes, sizeof(bytes));
	scratch_path(path, dir, "notes.txt");
	save(path, bytes, 10);
	j = open_sized(0, ROOMY);
	assert_int_equal(journal_counts(j).tails_torn, 1);
	assert_int_equal(append(j, 0, 1), ERR_OK);
	assert_int_equal(read_all(j, (unsigned[1]){ 0 }, 1), 1);
	journal_forget(j);
	journal_close(j);
	assert_int_equal(files(".damaged", NULL), 1);
	assert_int_equal(files(".txt", NULL), 1);
}

/* A frame that is whole but no row of this version: kept aside, and nothing waits for it. */
static void a_frame_of_a_later_version_is_kept(void **state)
{
	char path[PATH_ROOM], bytes[4096], salt[9] = "";
	size_t len = make_segment(path, bytes, sizeof(bytes)), one = len / FEW;
	unsigned seen[FEW] = { 0 };
	struct journal *j;
	uint32_t crc, le;

	(void)state;
	memcpy(salt, strrchr(path, '-') + 1, 8);
	le = (uint32_t)strtoul(salt, NULL, 16);
	bytes[len - one + FRAME_HEAD_BYTES] = 99; /* the last row's version */
	crc = crc32_castagnoli(0, (struct span){ (char *)&le, 4 });
	crc = crc32_castagnoli(crc, (struct span){ bytes + len - one + 8, one - 8 });
	memcpy(bytes + len - one + 4, &crc, 4);
	save(path, bytes, len);
	j = open_sized(0, ROOMY);
	assert_int_equal(read_all(j, seen, FEW), FEW - 1);
	assert_int_equal(journal_counts(j).frames_damaged, 1);
	journal_forget(j);
	assert_int_equal(journal_counts(j).forgotten, journal_counts(j).last_sequence);
	journal_close(j);
	assert_int_equal(files(".damaged", NULL), 1);
	assert_int_equal(files(".journal", NULL), 0);
}

/* F22: after a failed sync nothing since the last good one is believed, and written anew. */
static void a_failed_sync_is_never_trusted(void **state)
{
	struct journal *j = open_sized(0, ROOMY);
	unsigned seen[20] = { 0 };
	struct row rows[4];

	(void)state;
	assert_int_equal(append(j, 0, 5), ERR_OK);
	assert_int_equal(journal_sync(j), ERR_OK);
	assert_int_equal(append(j, 5, 5), ERR_OK);
	assert_int_equal(journal_read(j, rows, 2), 2);
	failing_syncs = 1;
	assert_int_equal(journal_sync(j), ERR_OK);
	assert_int_equal(journal_counts(j).segments_failed, 1);
	assert_true(journal_ready(j));
	assert_int_equal(append(j, 10, 5), ERR_OK);
	assert_int_equal(read_all(j, seen, 20), 8 + 5 + 5); /* 5 to 9 come twice */
	for (int i = 2; i < 15; i++)
		assert_int_equal(seen[i], i >= 5 && i < 10 ? 2 : 1);
	assert_int_equal(journal_counts(j).frames_damaged, 0);
	journal_forget(j);
	assert_int_equal(journal_counts(j).forgotten, 15);
	journal_close(j);
	assert_int_equal(files(".journal", NULL), 0);
}

/* The file with the lowest number: the active segment, while there is no older one. */
static void lowest_file(char path[PATH_ROOM])
{
	char lowest[PATH_ROOM] = "~";
	DIR *d = opendir(dir);
	const struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)))
		if (entry->d_name[0] == '0' && strcmp(entry->d_name, lowest) < 0)
			snprintf(lowest, sizeof(lowest), "%s", entry->d_name);
	closedir(d);
	scratch_path(path, dir, lowest);
}

/* The unsynced rows are in the new segment even if the old one loses them. */
static void a_failed_segment_may_lose_its_pages(void **state)
{
	struct journal *j = open_sized(0, ROOMY);
	unsigned seen[10] = { 0 };
	char path[PATH_ROOM];

	(void)state;
	assert_int_equal(append(j, 0, 5), ERR_OK);
	failing_syncs = 1;
	assert_int_equal(journal_sync(j), ERR_OK);
	lowest_file(path);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(read_all(j, seen, 10), 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(seen[i], 1);
	forget_all(j);
}

static void a_failed_write_goes_to_a_new_segment(void **state)
{
	struct journal *j = open_sized(0, ROOMY);
	unsigned seen[20] = { 0 };

	(void)state;
	assert_int_equal(append(j, 0, 5), ERR_OK);
	failing_writes = 1;
	assert_int_equal(append(j, 5, 5), ERR_OK);
	assert_int_equal(append(j, 10, 5), ERR_OK);
	assert_int_equal(journal_counts(j).segments_failed, 1);
	assert_int_equal(read_all(j, seen, 20), 20);
	for (int i = 0; i < 15; i++)
		assert_int_equal(seen[i], i < 5 ? 2 : 1);
	assert_int_equal(journal_counts(j).frames_damaged, 0);
	forget_all(j);
}

/* The second failure: no new work, nothing forgotten, and back again when it can be. */
static void a_second_failure_stops_admission(void **state)
{
	struct journal *j = open_sized(0, ROOMY);
	unsigned seen[20] = { 0 };

	(void)state;
	assert_int_equal(append(j, 0, 5), ERR_OK);
	failing_syncs = 2;
	assert_int_equal(journal_sync(j), ERR_AWAY);
	assert_false(journal_ready(j));
	failing_writes = 1;
	assert_int_equal(append(j, 5, 5), ERR_AWAY);
	assert_false(journal_ready(j));
	assert_int_equal(journal_counts(j).last_sequence, 5);
	assert_int_equal(append(j, 5, 5), ERR_OK);
	assert_true(journal_ready(j));
	assert_int_equal(read_all(j, seen, 20), 15);
	for (int i = 0; i < 10; i++)
		assert_int_equal(seen[i], i < 5 ? 2 : 1);
	journal_forget(j);
	journal_close(j);
	assert_int_equal(files(".journal", NULL), 0);
}

static void above_its_limit_it_takes_but_is_not_ready(void **state)
{
	struct journal *j = open_sized(SMALL, 3 * SMALL);
	static unsigned seen[MANY];
	unsigned n = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	while (journal_ready(j) && n < MANY) {
		assert_int_equal(append(j, n, 200), ERR_OK);
		assert_int_equal(journal_sync(j), ERR_OK);
		n += 200;
	}
	assert_in_range(n, 2000, MANY - 1);
	assert_int_equal(append(j, n, 200), ERR_OK);
	n += 200;
	assert_int_equal(read_all(j, seen, MANY), n);
	journal_forget(j);
	assert_int_equal(journal_sync(j), ERR_OK);
	assert_true(journal_ready(j));
	journal_close(j);
}

/* F19: a disk of its own, full. Needs to be root to mount one. */
static void a_full_disk_loses_nothing(void **state)
{
	struct journal *j;
	static unsigned seen[MANY];
	unsigned n = 0, admitted;

	(void)state;
	memset(seen, 0, sizeof(seen));
	assert_int_equal(mkdir(dir, 0700), 0);
	if (mount("weir-test", dir, "tmpfs", 0, "size=1800k,mode=0700") != 0) {
		print_message("skipped: cannot mount a small tmpfs: %s\n", strerror(errno));
		return;
	}
	j = open_sized(SMALL, ROOMY);
	while (journal_ready(j) && n < MANY) {
		assert_int_equal(append(j, n, 100), ERR_OK);
		assert_int_equal(journal_sync(j), ERR_OK);
		n += 100;
	}
	assert_in_range(n, 2000, MANY - 1);
	/* what was admitted before it said no still fits: a row for each of 256 slots */
	for (admitted = 0; admitted < 2; admitted++, n += 128)
		assert_int_equal(append(j, n, 128), ERR_OK);
	while (append(j, n, 100) == ERR_OK)
		n += 100;
	assert_false(journal_ready(j));
	assert_int_equal(read_all(j, seen, MANY), n);
	journal_forget(j);
	assert_int_equal(append(j, n, 100), ERR_OK);
	assert_int_equal(journal_sync(j), ERR_OK);
	assert_true(journal_ready(j));
	assert_int_equal(read_all(j, seen, MANY), 100);
	for (unsigned i = 0; i < n + 100; i++)
		assert_int_equal(seen[i], 1);
	journal_close(j);
	assert_int_equal(umount(dir), 0);
}

static void strangers_are_refused(void **state)
{
	struct journal_options o = { .dir = dir, .max_bytes = ROOMY };
	struct journal *j = open_sized(0, ROOMY), *other;
	char link[PATH_ROOM + 8];
	const char *why;

	(void)state;
	assert_int_equal(journal_open(&o, &other, &why), ERR_REFUSED);
	assert_non_null(strstr(why, "another process"));
	journal_close(j);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(journal_open(&o, &other, &why), ERR_REFUSED);
	assert_non_null(strstr(why, "0700"));
	assert_int_equal(chmod(dir, 0700), 0);
	snprintf(link, sizeof(link), "%s.link", dir);
	assert_int_equal(symlink(dir, link), 0);
	o.dir = link;
	assert_int_equal(journal_open(&o, &other, &why), ERR_REFUSED);
	o.dir = dir;
	o.max_bytes = 1 << 20;
	assert_int_equal(journal_open(&o, &other, &why), ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(rows_come_back_in_order),
		TEST(what_is_not_forgotten_stays),
		TEST(segments_come_and_go),
		TEST(every_flipped_byte_costs_one_row),
		TEST(every_torn_tail_is_survived),
		TEST(zeroed_blocks_are_passed_over),
		TEST(lost_frames_are_counted),
		TEST(frames_of_another_salt_are_none),
		TEST(a_file_of_garbage_is_kept),
		TEST(a_frame_of_a_later_version_is_kept),
		TEST(a_failed_sync_is_never_trusted),
		TEST(a_failed_segment_may_lose_its_pages),
		TEST(a_failed_write_goes_to_a_new_segment),
		TEST(a_second_failure_stops_admission),
		TEST(above_its_limit_it_takes_but_is_not_ready),
		TEST(a_full_disk_loses_nothing),
		TEST(strangers_are_refused),
	};

	log_set_level(LOG_LEVEL_ERROR + 1); /* failures are the point here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
