#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clk.h"

#define LINE_MAX_BYTES 1024

static enum log_level lowest = LOG_LEVEL_INFO;

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR" };

void log_set_level(enum log_level level)
{
	lowest = level;
}

/* Copies text so that one event stays one line of printable bytes. */
static size_t add_printable(char *to, size_t room, const char *text)
{
	size_t len = 0;

	for (; *text && len + 4 < room; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			len += (size_t)snprintf(to + len, room - len, "\\x%02x", c);
		else
			to[len++] = (char)c;
	}
	return len;
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 128], now[CLK_TEXT_ROOM];
	va_list args;
	size_t len;

	if (level < lowest)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clk_text(clk_wall(), now);
	len = (size_t)snprintf(line, sizeof(line), "%s %s %s ", now, level_names[level], event);
	len += add_printable(line + len, sizeof(line) - len - 1, text);
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere left to say so */
}
