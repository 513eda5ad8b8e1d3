#include "proxy/listener.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clk.h"
#include "base/log.h"
#include "conf/conf.h"
#include "proxy/tls.h"
#include "proxy/worker_internal.h"

#define BACKLOG         4096
#define ACCEPTS_AT_ONCE 32
#define COMPLAIN_US     (10 * US_PER_SEC)

static bool has_room(const struct worker *w)
{
	return atomic_load_explicit(&w->metrics.client_connections_current, memory_order_relaxed) <
	       (int64_t)w->clients_most;
}

static void pause_accepting(struct listener *l, const char *why)
{
	if (l->complained.us == 0 || clk_since_us(l->complained) > COMPLAIN_US) {
		log_event(LOG_LEVEL_WARN, "accept_paused", "worker=%u \"%s\"", l->worker->index,
			  why);
		l->complained = clk_mono();
	}
	event_del(l->event);
	l->paused = true;
	l->worker->crowded = true;
}

static void serve(struct listener *l, int fd)
{
	struct tls *tls = NULL;

	metric_add(&l->worker->metrics.client_accepts_total, 1);
	if (l->tls) {
		tls = tls_new(l->tls, fd, NULL, NULL);
		if (!tls) {
			close(fd);
			return;
		}
	}
	client_new(l->worker, fd, tls);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	clk_refresh();
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int accepted;

		if (!has_room(l->worker)) {
			pause_accepting(l, "no room; see limits.clients and the file limit");
			return;
		}
		accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (accepted >= 0) {
			serve(l, accepted);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(l, strerror(errno));
		return;
	}
}

static socklen_t fill_address(const struct conf_address *a, uint16_t port,
			      struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, a->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, a->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	return 0;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

static int bind_socket(const struct sockaddr_storage *a, socklen_t len)
{
	int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
	    bind(fd, (const struct sockaddr *)a, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

enum err listener_open(struct listener *l, struct worker *w, const struct conf_address *a,
		       struct tls_context *tls, uint16_t port, char *why, size_t room)
{
	struct sockaddr_storage at;
	socklen_t len = fill_address(a, a->port ? a->port : port, &at);

	*l = (struct listener){ .worker = w, .tls = tls, .fd = -1 };
	if (len > 0)
		l->fd = bind_socket(&at, len);
	if (l->fd < 0) {
		snprintf(why, room, "cannot listen on %s: %s", a->text, strerror(errno));
		return ERR_AWAY;
	}
	l->port = bound_port(l->fd);
	l->event = event_new(w->base, l->fd, EV_READ | EV_PERSIST, on_connection, l);
	if (!l->event || event_add(l->event, NULL) != 0) {
		snprintf(why, room, "out of memory");
		return ERR_NOMEM;
	}
	return ERR_OK;
}

void listener_resume(struct listener *l)
{
	if (!l->paused)
		return;
	worker_close_idle(l->worker);
	if (!has_room(l->worker))
		return;
	l->paused = false;
	l->worker->crowded = false;
	event_add(l->event, NULL);
}

void listener_close(struct listener *l)
{
	if (l->event)
		event_free(l->event);
	if (l->fd >= 0)
		close(l->fd);
	l->event = NULL;
	l->fd = -1;
}
