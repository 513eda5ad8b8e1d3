/* peer.h - one client connection of the stand-in, and the loop that serves many.
 *
 * Threads  each thread has its own struct server; they share only struct house.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H
#include <stdatomic.h>
#include "bench/link.h"
#include "bench/reply.h"
#include "bench/timer.h"

/* What all threads share. */
struct house {
	struct habits habits;
	struct truth truth;
	SSL_CTX *tls; /* NULL: plain */
	int stop_fd;  /* readable when it is time to go */
	atomic_uint_fast64_t requests;
};

struct peer;

struct server {
	struct house *house;
	int epoll_fd, listen_fd;
	struct timer_heap timers;
	struct peer *peers; /* all of them, a list */
	bool stopping;
};

/* Serves until house->stop_fd is readable. listen_fd is closed at the end. */
void server_run(struct house *house, int listen_fd);

#endif
