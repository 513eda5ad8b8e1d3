#include "base/clk.h"
#include <stdio.h>
#include <time.h>

static _Thread_local struct mono cached_mono;
static _Thread_local struct wall cached_wall;

static uint64_t read_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * US_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

/* The wall is asked for far less often, so it is read at the first question after a refresh. */
void clk_refresh(void)
{
	cached_mono.us = read_us(CLOCK_MONOTONIC);
	cached_wall.us = 0;
}

struct mono clk_mono(void)
{
	if (cached_mono.us == 0)
		clk_refresh();
	return cached_mono;
}

struct wall clk_wall(void)
{
	if (cached_wall.us == 0)
		cached_wall.us = read_us(CLOCK_REALTIME);
	return cached_wall;
}

void clk_text(struct wall w, char to[CLK_TEXT_ROOM])
{
	time_t seconds = (time_t)(w.us / US_PER_SEC);
	struct tm t;
	size_t len;

	gmtime_r(&seconds, &t);
	len = strftime(to, CLK_TEXT_ROOM, "%Y-%m-%dT%H:%M:%S", &t);
	snprintf(to + len, CLK_TEXT_ROOM - len, ".%03uZ",
		 (unsigned)(w.us % US_PER_SEC / US_PER_MS));
}
