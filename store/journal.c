/* journal.c - segments are named <number>-<salt>.journal, both in hex, and are only ever
 * appended to by the process that made them. An earlier process's are read and deleted.
 *
 * The writer keeps a copy of all frames that are not synced yet. After a failed write or
 * fdatasync the kernel may call the pages clean that it has just lost, so nothing of the
 * segment since its last good sync is believed: it is sealed, and the copies go to a new
 * segment. The reader may then see a row twice; the ledger knows it by its id. */
#include "store/journal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/log.h"
#include "store/frame.h"

#define SEGMENT_BYTES  (UINT64_C(16) << 20)
#define UNSYNCED_BYTES (UINT64_C(4) << 20)
#define NAME_ROOM      48

struct segment {
	struct segment *next; /* the one after it in time */
	uint64_t number;
	uint32_t salt;
	uint64_t bytes; /* whole frames that may be read */
	bool sealed;    /* no more will come */
	bool damaged;   /* keep the file, for people */
};

struct journal {
	int dir_fd;
	uint64_t segment_bytes, max_bytes;
	uint64_t first_own; /* sequence of this process's first row */
	uint32_t salt;

	pthread_mutex_t lock; /* for the list and its segments' bytes and sealed */
	struct segment *oldest, *newest;

	/* the writer's */
	struct segment *active, *spare;
	int active_fd, spare_fd;
	uint64_t next_number, next_sequence;
	struct buf unsynced; /* frames of the active segment since its last sync */

	/* the reader's */
	struct segment *reading;
	int reading_fd;
	uint64_t expected; /* the next sequence; 0: any */
	struct frame_scan scan;

	_Atomic bool ready;
	_Atomic uint64_t bytes;
	_Atomic uint64_t last_sequence, read_sequence, forgotten;
	_Atomic uint64_t rows_recovered, frames_damaged, tails_torn, segments_failed;
};

/* ---- files ---- */

static void name_of(const struct segment *s, const char *suffix, char to[NAME_ROOM])
{
	snprintf(to, NAME_ROOM, "%016" PRIx64 "-%08" PRIx32 ".%s", s->number, s->salt, suffix);
}

static bool parse_name(const char *name, struct segment *s)
{
	char again[NAME_ROOM];

	if (sscanf(name, "%16" SCNx64 "-%8" SCNx32, &s->number, &s->salt) != 2)
		return false;
	name_of(s, "journal", again);
	return strcmp(name, again) == 0;
}

static int open_segment(struct journal *j, const struct segment *s, int flags)
{
	char name[NAME_ROOM];

	name_of(s, "journal", name);
	return openat(j->dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Takes the file out of the journal and frees s. */
static void drop_segment(struct journal *j, struct segment *s)
{
	char name[NAME_ROOM], aside[NAME_ROOM];

	name_of(s, "journal", name);
	name_of(s, "damaged", aside);
	if (s->damaged)
		renameat(j->dir_fd, name, j->dir_fd, aside);
	else
		unlinkat(j->dir_fd, name, 0);
	free(s);
}

static bool write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t len = write(fd, s.at, s.len);

		if (len < 0 && errno != EINTR)
			return false;
		if (len > 0)
			s = span_skip(s, (size_t)len);
	}
	return true;
}

/* Reserves the whole segment. A file system that cannot is used as it is. */
static bool reserve(int fd, uint64_t bytes)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0 || errno == EOPNOTSUPP;
}

/* A new empty segment with its space reserved and its name safe; NULL when there is no
 * space or no permission. It is not in the list yet. */
static struct segment *make_segment(struct journal *j, int *fd)
{
	struct segment *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->number = j->next_number++;
	s->salt = j->salt;
	*fd = open_segment(j, s, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
	if (*fd >= 0 && reserve(*fd, j->segment_bytes) && fsync(j->dir_fd) == 0)
		return s;
	if (*fd >= 0)
		close(*fd);
	drop_segment(j, s);
	return NULL;
}

/* ---- the writer ---- */

static uint64_t bytes_held(struct journal *j)
{
	uint64_t sum = j->spare ? j->segment_bytes : 0;

	pthread_mutex_lock(&j->lock);
	for (const struct segment *s = j->oldest; s; s = s->next)
		sum += s->sealed ? s->bytes : j->segment_bytes;
	pthread_mutex_unlock(&j->lock);
	return sum;
}

/* Sees to it that a segment is in reserve and says whether it is. */
static bool tend_spare(struct journal *j)
{
	if (!j->spare)
		j->spare = make_segment(j, &j->spare_fd);
	return j->spare != NULL;
}

/* The limit only stops admission: rows already admitted are written beyond it. */
static void update_ready(struct journal *j)
{
	bool reserved = tend_spare(j);
	uint64_t bytes = bytes_held(j);

	atomic_store(&j->bytes, bytes);
	atomic_store(&j->ready, j->active && reserved && bytes <= j->max_bytes);
}

/* No more goes into the active segment. Gives back what was reserved and not used, and
 * with it a frame that was written in part. */
static void seal(struct journal *j)
{
	if (!j->active)
		return;
	if (ftruncate(j->active_fd, (off_t)j->active->bytes) != 0)
		log_event(LOG_LEVEL_WARN, "journal_seal", "cannot cut segment %" PRIu64 ": %s",
			  j->active->number, strerror(errno));
	close(j->active_fd);
	pthread_mutex_lock(&j->lock);
	j->active->sealed = true;
	pthread_mutex_unlock(&j->lock);
	j->active = NULL;
}

/* Goes on in the reserved segment, in which `bytes` stand already. */
static void activate_spare(struct journal *j, uint64_t bytes)
{
	struct segment *s = j->spare;

	seal(j);
	s->bytes = bytes;
	j->active = s;
	j->active_fd = j->spare_fd;
	j->spare = NULL;
	pthread_mutex_lock(&j->lock);
	if (j->newest)
		j->newest->next = s;
	else
		j->oldest = s;
	j->newest = s;
	pthread_mutex_unlock(&j->lock);
}

/* The active segment cannot be trusted: writes all that is not synced to a new one. When
 * that fails too, the journal is not ready until a later try succeeds. */
static enum err rescue(struct journal *j, const char *doing)
{
	int error = errno;

	if (j->active) {
		atomic_fetch_add(&j->segments_failed, 1);
		log_event(LOG_LEVEL_ERROR, "journal_failed", "while %s segment %" PRIu64 ": %s",
			  doing, j->active->number, strerror(error));
		seal(j);
	}
	if (tend_spare(j) && write_all(j->spare_fd, buf_span(&j->unsynced)) &&
	    fdatasync(j->spare_fd) == 0) {
		activate_spare(j, j->unsynced.len);
		j->unsynced.len = 0;
		update_ready(j);
		return ERR_OK;
	}
	atomic_store(&j->ready, false);
	if (j->spare) {
		close(j->spare_fd);
		drop_segment(j, j->spare);
		j->spare = NULL;
	}
	return ERR_AWAY;
}

/* Everything appended is in the ledger, which is as safe as a sync. */
static bool nothing_owed(const struct journal *j)
{
	return atomic_load(&j->forgotten) == atomic_load(&j->last_sequence);
}

enum err journal_sync(struct journal *j)
{
	if (!j->active)
		return rescue(j, "");
	if (j->unsynced.len > 0 && !nothing_owed(j) && fdatasync(j->active_fd) != 0)
		return rescue(j, "syncing");
	j->unsynced.len = 0;
	update_ready(j);
	return ERR_OK;
}

/* Room for n more frames in the active segment and in the copies. */
static enum err make_room(struct journal *j, size_t n)
{
	uint64_t bytes = n * FRAME_MAX;
	enum err e;

	if (!j->active)
		return rescue(j, "");
	if (j->active->bytes + bytes <= j->segment_bytes &&
	    j->unsynced.len + bytes <= UNSYNCED_BYTES)
		return ERR_OK;
	e = journal_sync(j);
	if (e != ERR_OK || j->active->bytes + bytes <= j->segment_bytes)
		return e;
	if (!tend_spare(j)) {
		atomic_store(&j->ready, false);
		return ERR_AWAY;
	}
	activate_spare(j, 0);
	update_ready(j);
	return ERR_OK;
}

enum err journal_append(struct journal *j, const struct row *const *rows, size_t n)
{
	size_t begin, len;
	enum err e;

	MUST(n <= JOURNAL_APPEND_MAX);
	e = make_room(j, n);
	if (e != ERR_OK)
		return e;
	begin = j->unsynced.len;
	for (size_t i = 0; i < n; i++) {
		if (!frame_add(&j->unsynced, j->salt, j->next_sequence + i, rows[i])) {
			j->unsynced.len = begin;
			return ERR_AWAY; /* out of memory */
		}
	}
	len = j->unsynced.len - begin;
	if (write_all(j->active_fd, (struct span){ j->unsynced.at + begin, len })) {
		pthread_mutex_lock(&j->lock);
		j->active->bytes += len;
		pthread_mutex_unlock(&j->lock);
	} else if (rescue(j, "writing") != ERR_OK) {
		j->unsynced.len = begin;
		return ERR_AWAY;
	}
	j->next_sequence += n;
	atomic_store(&j->last_sequence, j->next_sequence - 1);
	return ERR_OK;
}

/* ---- the reader ---- */

/* Goes to the segment after the one being read; false when there is none yet, or it cannot
 * be opened now. One that is gone altogether is passed over. At the first of our own, all
 * that came before was read, or is lost. */
static bool next_segment(struct journal *j)
{
	struct segment *next;
	int fd;

	do {
		pthread_mutex_lock(&j->lock);
		next = j->reading ? j->reading->next : j->oldest;
		pthread_mutex_unlock(&j->lock);
		if (!next)
			return false;
		fd = open_segment(j, next, O_RDONLY);
		if (fd < 0 && errno != ENOENT)
			return false;
		if (j->reading && j->scan.skipped > 0)
			j->reading->damaged = true;
		if (j->reading_fd >= 0)
			close(j->reading_fd);
		j->reading = next;
		j->reading_fd = fd;
		if (next->salt == j->salt && atomic_load(&j->read_sequence) < j->first_own)
			atomic_store(&j->read_sequence, j->first_own - 1);
		frame_scan_init(&j->scan, fd, next->salt);
	} while (fd < 0);
	return true;
}

/* Notices what is missing before the frame that was just read. */
static void check_gap(struct journal *j, uint64_t sequence)
{
	uint64_t lost = j->expected > 0 && sequence > j->expected ? sequence - j->expected : 0;

	if (j->scan.skipped > 0) {
		j->reading->damaged = true;
		j->scan.skipped = 0;
		if (lost == 0)
			lost = 1;
	}
	if (lost > 0) {
		atomic_fetch_add(&j->frames_damaged, lost);
		log_event(LOG_LEVEL_ERROR, "journal_damaged",
			  "%" PRIu64 " frames lost before sequence %" PRIu64 " in segment %" PRIu64,
			  lost, sequence, j->reading->number);
	}
	if (sequence >= j->expected)
		j->expected = sequence + 1;
}

/* The next row of the segment being read, before `end`. */
static bool next_row(struct journal *j, uint64_t end, struct row *out)
{
	struct span payload;
	uint64_t sequence;

	while (frame_scan_next(&j->scan, end, &sequence, &payload)) {
		check_gap(j, sequence);
		if (sequence > atomic_load(&j->read_sequence))
			atomic_store(&j->read_sequence, sequence);
		if (row_decode(payload, out) == ERR_OK) {
			if (sequence < j->first_own)
				atomic_fetch_add(&j->rows_recovered, 1);
			return true;
		}
		j->reading->damaged = true;
		atomic_fetch_add(&j->frames_damaged, 1);
		log_event(LOG_LEVEL_ERROR, "journal_damaged",
			  "sequence %" PRIu64 " is no row that this version can read", sequence);
	}
	return false;
}

size_t journal_read(struct journal *j, struct row *rows, size_t room)
{
	size_t n = 0;

	while (n < room) {
		uint64_t end = 0;
		bool sealed = true;

		if (j->reading) {
			pthread_mutex_lock(&j->lock);
			end = j->reading->bytes;
			sealed = j->reading->sealed;
			pthread_mutex_unlock(&j->lock);
		}
		if (j->reading && j->reading_fd >= 0 && next_row(j, end, &rows[n]))
			n++;
		else if (!sealed || !next_segment(j))
			break;
	}
	return n;
}

void journal_forget(struct journal *j)
{
	struct segment *s;

	while (j->reading) {
		pthread_mutex_lock(&j->lock);
		s = j->oldest;
		if (s != j->reading)
			j->oldest = s->next;
		pthread_mutex_unlock(&j->lock);
		if (s == j->reading)
			break;
		drop_segment(j, s);
	}
	atomic_store(&j->forgotten, atomic_load(&j->read_sequence));
}

/* ---- opening and closing ---- */

static enum err open_dir(struct journal *j, const char *dir, const char **why)
{
	struct stat st;

	*why = "cannot open the journal's directory: look at its path and its owner";
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return ERR_REFUSED;
	j->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (j->dir_fd < 0)
		return ERR_REFUSED;
	if (fstat(j->dir_fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		*why = "the journal's directory must be our own, of mode 0700";
		return ERR_REFUSED;
	}
	if (flock(j->dir_fd, LOCK_EX | LOCK_NB) != 0) {
		*why = "the journal is in use by another process";
		return ERR_REFUSED;
	}
	return ERR_OK;
}

/* Puts s into the list, which is in order of number. */
static void insert(struct journal *j, struct segment *s)
{
	struct segment **at = &j->oldest;

	while (*at && (*at)->number < s->number)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	if (!s->next)
		j->newest = s;
	if (s->number >= j->next_number)
		j->next_number = s->number + 1;
}

static enum err find_segment(struct journal *j, const char *name)
{
	struct segment found = { .sealed = true }, *s;
	struct stat st;

	if (!parse_name(name, &found))
		return ERR_OK;
	if (fstatat(j->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return ERR_REFUSED;
	s = malloc(sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	*s = found;
	s->bytes = (uint64_t)st.st_size;
	if (s->bytes > 0)
		insert(j, s);
	else
		drop_segment(j, s); /* reserved and never used */
	return ERR_OK;
}

static enum err find_segments(struct journal *j, const char **why)
{
	int fd = openat(j->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	enum err e = ERR_OK;

	*why = "cannot read the journal's directory";
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return ERR_AWAY;
	}
	while (e == ERR_OK && (entry = readdir(dir)))
		e = find_segment(j, entry->d_name);
	closedir(dir);
	return e;
}

/* The first and the last sequence in s, 0 when it has no valid frame; *tail says how many
 * bytes after the last are none. With first_only the rest is not looked at. */
static void look_into(struct journal *j, const struct segment *s, bool first_only, uint64_t *first,
		      uint64_t *last, uint64_t *tail)
{
	int fd = open_segment(j, s, O_RDONLY);
	struct span payload;
	uint64_t sequence;

	*first = *last = *tail = 0;
	frame_scan_init(&j->scan, fd, s->salt);
	while (frame_scan_next(&j->scan, s->bytes, &sequence, &payload)) {
		if (*first == 0)
			*first = sequence;
		if (sequence > *last)
			*last = sequence;
		j->scan.skipped = 0;
		if (first_only)
			break;
	}
	*tail = j->scan.skipped;
	if (fd >= 0)
		close(fd);
}

/* The last segment ends in something else than a frame. */
static void note_torn(struct journal *j, struct segment *s, uint64_t tail)
{
	s->damaged = true;
	atomic_fetch_add(&j->tails_torn, 1);
	log_event(LOG_LEVEL_WARN, "journal_torn",
		  "the last %" PRIu64 " bytes of segment %" PRIu64 " are no frame", tail,
		  s->number);
}

/* Finds out where the sequence goes on and from where it is not forgotten yet. Only the
 * last segment is read whole, unless there is nothing in it. */
static void find_sequences(struct journal *j)
{
	uint64_t first, last, tail, oldest = 0, newest = 0;

	for (struct segment *s = j->oldest; s; s = s->next) {
		if (s->next && oldest > 0)
			continue;
		look_into(j, s, s->next != NULL, &first, &last, &tail);
		if (oldest == 0)
			oldest = first;
		if (!s->next && tail > 0)
			note_torn(j, s, tail);
		if (!s->next)
			newest = last;
	}
	for (struct segment *s = newest == 0 ? j->oldest : NULL; s; s = s->next) {
		look_into(j, s, false, &first, &last, &tail);
		if (last > 0)
			newest = last;
	}
	j->first_own = j->next_sequence = newest + 1;
	j->last_sequence = newest;
	j->forgotten = j->read_sequence = oldest > 0 ? oldest - 1 : 0;
}

/* As asked, or a quarter of the limit, and enough for every row that may be admitted. */
static uint64_t segment_bytes(const struct journal_options *o)
{
	uint64_t needed = ((uint64_t)o->reserve_rows + JOURNAL_APPEND_MAX) * FRAME_MAX;
	uint64_t bytes = o->max_bytes / 4 < SEGMENT_BYTES ? o->max_bytes / 4 : SEGMENT_BYTES;

	if (o->segment_bytes > 0)
		bytes = o->segment_bytes;
	return bytes > needed ? bytes : needed;
}

enum err journal_open(const struct journal_options *o, struct journal **out, const char **why)
{
	struct journal *j = calloc(1, sizeof(*j));
	enum err e;

	*out = NULL;
	*why = "not enough memory for the journal";
	if (!j)
		return ERR_NOMEM;
	j->dir_fd = j->reading_fd = -1;
	j->segment_bytes = segment_bytes(o);
	j->max_bytes = o->max_bytes;
	j->next_number = 1;
	pthread_mutex_init(&j->lock, NULL);
	buf_init(&j->unsynced, UNSYNCED_BYTES);
	digest_random(&j->salt, sizeof(j->salt));
	e = open_dir(j, o->dir, why);
	if (e == ERR_OK)
		e = find_segments(j, why);
	if (e == ERR_OK && j->max_bytes < 2 * j->segment_bytes) {
		*why = "the journal's limit is too small: it must hold two segments, and each "
		       "of them a row for every slot (2 KiB a slot and 512 KiB)";
		e = ERR_RANGE;
	}
	if (e == ERR_OK) {
		find_sequences(j);
		*why = "no space for the journal on its disk";
		e = rescue(j, ""); /* with nothing to rescue: begins the first segment */
	}
	if (e != ERR_OK) {
		journal_close(j);
		return e;
	}
	*why = NULL;
	*out = j;
	return ERR_OK;
}

void journal_close(struct journal *j)
{
	bool nothing_left = nothing_owed(j) && j->reading == j->newest;

	seal(j);
	if (j->spare) {
		close(j->spare_fd);
		drop_segment(j, j->spare);
	}
	while (j->oldest) {
		struct segment *s = j->oldest;

		j->oldest = s->next;
		if (nothing_left || s->bytes == 0)
			drop_segment(j, s);
		else
			free(s);
	}
	if (j->reading_fd >= 0)
		close(j->reading_fd);
	if (j->dir_fd >= 0)
		close(j->dir_fd);
	buf_release(&j->unsynced);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

bool journal_ready(const struct journal *j)
{
	return atomic_load_explicit(&j->ready, memory_order_relaxed);
}

struct journal_counts journal_counts(const struct journal *j)
{
	return (struct journal_counts){
		.last_sequence = atomic_load(&j->last_sequence),
		.forgotten = atomic_load(&j->forgotten),
		.rows_recovered = atomic_load(&j->rows_recovered),
		.frames_damaged = atomic_load(&j->frames_damaged),
		.tails_torn = atomic_load(&j->tails_torn),
		.segments_failed = atomic_load(&j->segments_failed),
		.bytes = atomic_load(&j->bytes),
	};
}
