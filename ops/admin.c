/* admin.c - see admin.h. Two servers of libevent, one for each way in. */
#include "ops/admin.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ops/api.h"
#include "ops/health.h"
#include "ops/house.h"
#include "ops/sharing.h"

#define PREFIX          "/admin/v1/"
#define HEAD_MAX_BYTES  16384
#define TIMEOUT_S       30
#define BACKLOG         64
#define TOKEN_MIN_CHARS 16 /* a shorter one can be guessed */

/* One way in. */
struct door {
	struct admin *admin;
	struct evhttp *http;
	bool trusted; /* who comes this way is admin */
};

struct admin {
	struct house *house;
	struct door socket, tcp;
	char socket_path[108];
	char places[256];
};

static const char *method_name(enum evhttp_cmd_type type)
{
	switch (type) {
	case EVHTTP_REQ_GET: return "GET";
	case EVHTTP_REQ_POST: return "POST";
	case EVHTTP_REQ_PUT: return "PUT";
	case EVHTTP_REQ_DELETE: return "DELETE";
	default: return "other";
	}
}

static bool is_method(enum api_method method, enum evhttp_cmd_type type)
{
	static const enum evhttp_cmd_type types[] = {
		[API_GET] = EVHTTP_REQ_GET,
		[API_POST] = EVHTTP_REQ_POST,
		[API_PUT] = EVHTTP_REQ_PUT,
		[API_DELETE] = EVHTTP_REQ_DELETE,
	};

	return types[method] == type;
}

/* ---- answers ---- */

static void send_bytes(struct evhttp_request *req, int status, const char *type, struct span body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct evbuffer *out = evbuffer_new();

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (out && body.len > 0)
		evbuffer_add(out, body.at, body.len);
	evhttp_send_reply(req, status, NULL, out);
	if (out)
		evbuffer_free(out);
}

static void send_json(struct evhttp_request *req, int status, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);

	send_bytes(req, text ? status : 503, "application/json", span_of(text));
	free(text);
}

static void send_error(struct evhttp_request *req, int status, const char *code, const char *why)
{
	json_t *message = json_string(why); /* NULL when a client's text in it is no UTF-8 */
	json_t *answer = json_pack("{s:{s:s,s:o}}", "error", "code", code, "message",
				   message ? message : json_string(code));

	send_json(req, status, answer);
	json_decref(answer);
}

/* ---- who may ask ---- */

/* Equal, in a time that does not depend on where they differ. */
static bool same_token(struct span given, struct span token)
{
	uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
	volatile uint8_t differ = 0;

	digest_sha256(given, a);
	digest_sha256(token, b);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* Who it is, for the log. */
static void name_actor(const struct door *d, struct evhttp_request *req, char *to, size_t room)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(req);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(conn));
	struct ucred who;
	socklen_t len = sizeof(who);
	ev_uint16_t port;
	char *address;

	if (d->trusted && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
		snprintf(to, room, "uid %u pid %d", who.uid, (int)who.pid);
		return;
	}
	evhttp_connection_get_peer(conn, &address, &port);
	snprintf(to, room, "%s port %u", address, port);
}

/* Says whether the request may reach the API; if not, it is answered. */
static bool may_pass(const struct door *d, struct evhttp_request *req)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	struct span token = conf_secret(d->admin->house->conf->admin.token);
	struct span given = span_of(evhttp_find_header(headers, "Authorization"));
	char actor[128];

	if (evhttp_find_header(headers, "Origin")) {
		send_error(req, 403, "origin", "the admin API takes no requests from web pages");
		return false;
	}
	if (d->trusted)
		return true;
	if (token.len == 0) {
		send_error(req, 403, "no_token",
			   "the admin API is open on its unix socket only: no admin token is "
			   "configured (admin.token_env)");
		return false;
	}
	if (span_starts(given, SPAN("Bearer ")) && same_token(span_skip(given, 7), token))
		return true;
	name_actor(d, req, actor, sizeof(actor));
	log_event(LOG_LEVEL_WARN, "admin_refused", "%s came without the right token", actor);
	evhttp_add_header(evhttp_request_get_output_headers(req), "WWW-Authenticate", "Bearer");
	send_error(req, 401, "unauthorized",
		   "the admin API wants its token, as Authorization: Bearer TOKEN");
	return false;
}

/* ---- the API ---- */

/* Does the path match the route's? param becomes what stands for '*'. */
static bool matches(const char *route, const char *path, struct span *param)
{
	*param = (struct span){ 0 };
	while (*route && *route != '*')
		if (*route++ != *path++)
			return false;
	if (*route == '*') {
		*param = (struct span){ path, strcspn(path, "/") };
		path += param->len;
		route++;
		if (param->len == 0)
			return false;
	}
	return strcmp(route, path) == 0;
}

/* The route for it; *known: the path is one, whatever the method. */
static const struct api_route *find_route(enum evhttp_cmd_type type, const char *path,
					  struct span *param, bool *known)
{
	*known = false;
	for (const struct api_route *r = api_routes; r->path; r++) {
		if (!matches(r->path, path, param))
			continue;
		*known = true;
		if (is_method(r->method, type))
			return r;
	}
	return NULL;
}

/* Integers in a body are as good as texts. */
static void integers_to_texts(json_t *body)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(body, next, name, value) if (json_is_integer(value))
	    json_object_set_new(body, name,
				json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value)));
}

/* Reads the body, if there is one, as an object. */
static enum err read_body(struct evhttp_request *req, struct api_call *c)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	json_error_t problem;

	if (len == 0)
		return ERR_OK;
	c->raw = (struct span){ (const char *)evbuffer_pullup(in, -1), len };
	c->body = json_loadb(c->raw.at, len, JSON_REJECT_DUPLICATES, &problem);
	if (!c->body)
		return api_refuse(c, ERR_GARBLED, "the body is no JSON: %s", problem.text);
	if (!json_is_object(c->body))
		return api_refuse(c, ERR_GARBLED, "the body is no JSON object");
	integers_to_texts(c->body);
	return ERR_OK;
}

static void answer(struct evhttp_request *req, const struct api_call *c, enum err e)
{
	static const char *const codes[] = {
#define ERR(name, text) #name,
#include "base/err.tbl.h"
	};

	if (e != ERR_OK)
		send_error(req, api_status(e), codes[e], c->why[0] ? c->why : err_text(e));
	else if (c->answer)
		send_json(req, 200, c->answer);
	else
		send_bytes(req, 200, "application/x-ndjson", buf_span(&c->text));
}

/* Logs a change: what was done to what, by whom, and whether it was. */
static void log_change(const struct door *d, struct evhttp_request *req,
		       const struct api_route *route, const struct api_call *c, enum err e)
{
	const char *id = json_string_value(json_object_get(c->answer, "id"));
	char actor[128];

	if (!id)
		id = json_string_value(json_object_get(c->answer, "scope_id"));
	name_actor(d, req, actor, sizeof(actor));
	log_event(LOG_LEVEL_INFO, "admin_change", "%s %s%s%s%s%s by %s: %s",
		  method_name(evhttp_request_get_command(req)), route->path, c->param ? " " : "",
		  c->param ? c->param : "", id ? " " : "", id ? id : "", actor,
		  e == ERR_OK ? "done"
		  : c->why[0] ? c->why
			      : err_text(e));
}

/* Makes the call that the route is for. */
static void run_route(const struct door *d, struct evhttp_request *req,
		      const struct api_route *route, struct span param, const char *query)
{
	struct api_call c = { .house = d->admin->house };
	struct evkeyvalq values = { 0 };
	char *encoded = strndup(param.at ? param.at : "", param.len);
	char *decoded = encoded ? evhttp_uridecode(encoded, 0, NULL) : NULL;
	enum err e = ERR_NOMEM;

	buf_init(&c.text, API_TEXT_MAX);
	c.query = &values;
	c.param = param.at ? decoded : NULL;
	if (decoded && evhttp_parse_query_str(query ? query : "", &values) == 0)
		e = read_body(req, &c);
	if (e == ERR_OK)
		e = route->handler(&c);
	if (route->method != API_GET)
		log_change(d, req, route, &c, e);
	answer(req, &c, e);
	evhttp_clear_headers(&values);
	buf_release(&c.text);
	json_decref(c.answer);
	json_decref(c.body);
	free(decoded);
	free(encoded);
}

static void serve_api(const struct door *d, struct evhttp_request *req, const char *path,
		      const char *query)
{
	const struct api_route *route;
	struct span param;
	bool known;

	if (!may_pass(d, req))
		return;
	route = find_route(evhttp_request_get_command(req), path, &param, &known);
	if (route)
		run_route(d, req, route, param, query);
	else if (known)
		send_error(req, 405, "method", "the path is right, the method is not");
	else
		send_error(req, 404, "path", "the admin API has no such path");
}

/* ---- what may be asked without a token ---- */

static void serve_health(struct house *h, struct evhttp_request *req, const char *path)
{
	struct buf text;
	const char *problem;

	if (evhttp_request_get_command(req) != EVHTTP_REQ_GET) {
		send_error(req, 405, "method", "only GET");
		return;
	}
	buf_init(&text, API_TEXT_MAX);
	if (strcmp(path, "/healthz") == 0) {
		send_bytes(req, 200, "text/plain", SPAN("ok\n"));
	} else if (strcmp(path, "/readyz") == 0) {
		problem = health_problem(h);
		if (buf_addf(&text, "%s\n%s", problem ? problem : "ready", sharing_state(h)))
			send_bytes(req, problem ? 503 : 200, "text/plain", buf_span(&text));
	} else if (strcmp(path, "/metrics") == 0) {
		if (health_metrics(h, &text))
			send_bytes(req, 200, "text/plain; version=0.0.4", buf_span(&text));
		else
			send_error(req, 503, "memory", "out of memory");
	} else {
		send_error(req, 404, "path",
			   "there is nothing here; the admin API is below " PREFIX);
	}
	buf_release(&text);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct door *d = arg;

	clk_refresh();
	if (!path)
		send_error(req, 400, "path", "the request names no path");
	else if (strncmp(path, PREFIX, sizeof(PREFIX) - 1) == 0)
		serve_api(d, req, path + sizeof(PREFIX) - 1, evhttp_uri_get_query(uri));
	else
		serve_health(d->admin->house, req, path);
}

/* ---- listening ---- */

static enum err open_door(struct door *d, struct event_base *loop, bool trusted)
{
	d->trusted = trusted;
	d->http = evhttp_new(loop);
	if (!d->http)
		return ERR_NOMEM;
	evhttp_set_max_headers_size(d->http, HEAD_MAX_BYTES);
	evhttp_set_max_body_size(d->http, trusted ? ADMIN_BODY_MAX : ADMIN_TCP_BODY_MAX);
	evhttp_set_timeout(d->http, TIMEOUT_S);
	evhttp_set_allowed_methods(d->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
						EVHTTP_REQ_DELETE);
	evhttp_set_gencb(d->http, on_request, d);
	return ERR_OK;
}

/* A socket that nobody answers on is what a killed process left. */
static bool is_in_use(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;

	if (fd >= 0)
		close(fd);
	return answered;
}

/* Binds and listens; the file is created with mode 0600 by the process's umask. */
static int listen_at(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return -1;
	if (lstat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(at->sun_path);
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 &&
	    chmod(at->sun_path, 0600) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static enum err open_socket(struct admin *a, struct event_base *loop, char *why, size_t room)
{
	const char *path = a->house->conf->admin.socket;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct evconnlistener *listener;
	enum err e;
	int fd;

	if (!span_copy(span_of(path), at.sun_path, sizeof(at.sun_path))) {
		snprintf(why, room, "admin.socket: the path is longer than %zu bytes",
			 sizeof(at.sun_path) - 1);
		return ERR_TOO_BIG;
	}
	if (is_in_use(&at)) {
		snprintf(why, room, "admin.socket %s: another weir answers there", path);
		return ERR_EXISTS;
	}
	fd = listen_at(&at);
	if (fd < 0) {
		snprintf(why, room, "admin.socket %s: %s", path, strerror(errno));
		return ERR_AWAY;
	}
	span_copy(span_of(path), a->socket_path, sizeof(a->socket_path));
	e = open_door(&a->socket, loop, true);
	listener = e == ERR_OK ? evconnlistener_new(loop, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 0, fd)
			       : NULL;
	if (listener && evhttp_bind_listener(a->socket.http, listener))
		return ERR_OK;
	snprintf(why, room, "admin.socket %s: out of memory", path);
	if (!listener)
		close(fd);
	return ERR_NOMEM;
}

/* The port that was really bound, for "127.0.0.1:0". */
static uint16_t bound_port(struct evhttp_bound_socket *bound)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof(at);

	if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &len) < 0)
		return 0;
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static enum err open_tcp(struct admin *a, struct event_base *loop, char *why, size_t room)
{
	const struct conf_address *at = &a->house->conf->admin.listen;
	struct span token = conf_secret(a->house->conf->admin.token);
	struct evhttp_bound_socket *bound;
	size_t len = strlen(a->places);

	if (!at->text)
		return ERR_OK;
	if (open_door(&a->tcp, loop, false) != ERR_OK) {
		snprintf(why, room, "admin.listen: out of memory");
		return ERR_NOMEM;
	}
	bound = evhttp_bind_socket_with_handle(a->tcp.http, at->host, at->port);
	if (!bound) {
		snprintf(why, room, "admin.listen %s: %s", at->text, strerror(errno));
		return ERR_AWAY;
	}
	snprintf(a->places + len, sizeof(a->places) - len,
		 strchr(at->host, ':') ? " and http://[%s]:%u" : " and http://%s:%u", at->host,
		 bound_port(bound));
	if (token.len == 0)
		log_event(LOG_LEVEL_INFO, "admin_token",
			  "none is configured: on %s only health and metrics are served", at->text);
	else if (token.len < TOKEN_MIN_CHARS)
		log_event(LOG_LEVEL_WARN, "admin_token",
			  "shorter than %d characters: too easy to guess", TOKEN_MIN_CHARS);
	return ERR_OK;
}

enum err admin_new(struct house *house, struct event_base *loop, struct admin **out, char *why,
		   size_t room)
{
	struct admin *a = calloc(1, sizeof(*a));
	enum err e;

	snprintf(why, room, "out of memory");
	if (!a)
		return ERR_NOMEM;
	a->house = house;
	a->socket.admin = a->tcp.admin = a;
	e = open_socket(a, loop, why, room);
	if (e == ERR_OK) {
		span_copy(span_of(a->socket_path), a->places, sizeof(a->places));
		e = open_tcp(a, loop, why, room);
	}
	if (e == ERR_OK)
		*out = a;
	else
		admin_free(a);
	return e;
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	if (a->socket.http)
		evhttp_free(a->socket.http);
	if (a->tcp.http)
		evhttp_free(a->tcp.http);
	if (a->socket_path[0])
		unlink(a->socket_path);
	free(a);
}

const char *admin_places(const struct admin *a)
{
	return a->places;
}
