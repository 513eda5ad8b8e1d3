/* log.h - one line per event on stderr, for people first, steady enough to grep.
 *
 *   2026-11-22T12:04:31.882Z WARN upstream_cut x=0193.. tenant=acme "closed inside the body"
 *
 * An event's name is stable: operators alert on it. Never logged: bodies, keys.
 * Threads  any; a line is one write().
 * Errors   none; a line that cannot be written is lost. A line is cut at 1 kB.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

/* Lines below this level are dropped; the default is INFO. Set before threads start. */
void log_set_level(enum log_level level);

/* Writes one line: time, level, event name, then the text. Control characters
 * in the text are shown as \xNN. */
void log_event(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
