/* journal.h - rows on their way to the ledger, in append-only files.
 *
 *   journal_append() -> [segment] [segment] [active] [spare]  -> journal_read(), journal_forget()
 *
 * Promise  what journal_append() took survives the death of the process, and a power cut
 *          after the next journal_sync(). A segment is deleted when all its rows were
 *          forgotten, and not before. Reading goes around damage, and says so; a segment
 *          with damage is kept under another name (".damaged").
 * Space    the next segment is always reserved on disk before it is needed, and holds at
 *          least reserve_rows rows: while journal_ready(), as many as are admitted fit.
 * Threads  a writer (append, sync) and a reader (read, forget); ready and counts: any.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/must.h"
#include "store/row.h"

struct journal;

struct journal_options {
	const char *dir;        /* made with mode 0700 if need be; must be ours alone */
	uint64_t segment_bytes; /* 0: 16 MiB or a quarter of max_bytes; more for reserve_rows */
	uint64_t max_bytes;     /* of all segments, at least two; above it, not ready */
	uint32_t reserve_rows;
};

/* Opens the directory, locks it, finds what an earlier process left (it is read first).
 * On error *why (static text) says what to do. */
enum err journal_open(const struct journal_options *o, struct journal **out,
		      const char **why) MUST_USE;

/* Closes; what was not forgotten stays for the next start. */
void journal_close(struct journal *j);

#define JOURNAL_APPEND_MAX 256

/* Writes n rows (at most JOURNAL_APPEND_MAX), all or none. ERR_AWAY: neither this segment
 * nor a new one can be written; call again in a while. */
enum err journal_append(struct journal *j, const struct row *const *rows, size_t n) MUST_USE;

/* Makes all that was appended safe from a power cut, unless the ledger has it already, and
 * sees to the reserve; call it at least every few seconds. A segment that failed to sync is
 * never trusted again: its unsynced rows are written to a new one. ERR_AWAY as above. */
enum err journal_sync(struct journal *j) MUST_USE;

/* Reads the next rows, the oldest first, at most `room`; returns how many. A row may come
 * twice, after a segment failed. */
size_t journal_read(struct journal *j, struct row *rows, size_t room);

/* All that was read so far is kept elsewhere. */
void journal_forget(struct journal *j);

/* May rows be admitted that will have to be written here? */
bool journal_ready(const struct journal *j);

struct journal_counts {
	uint64_t last_sequence;  /* of the newest row appended */
	uint64_t forgotten;      /* sequence up to which all is forgotten */
	uint64_t rows_recovered; /* read from segments of an earlier process */
	uint64_t frames_damaged; /* frames that were lost, as far as that can be told; 1 at least */
	uint64_t tails_torn;     /* last segments that ended in something else than a frame */
	uint64_t segments_failed; /* segments given up because writing or syncing failed */
	uint64_t bytes;           /* of all segments, with what is reserved */
};

/* A consistent-enough copy. */
struct journal_counts journal_counts(const struct journal *j);

#endif
