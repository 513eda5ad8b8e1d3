/* provider.c - the stand-in provider: says what the script of a request asks for, in the
 * dialect of its path, and keeps an exact account of what it sent. See README.md. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "bench/peer.h"

#define THREADS_MAX 64

struct options {
	const char *listen, *port_file, *log, *cert, *key;
	uint64_t threads, events, gap_ms;
	const char *fixtures;
	bool log_requests;
};

static const char usage_text[] =
    "provider [--listen 127.0.0.1:0] [--port-file FILE] [--log FILE [--log-requests]]\n"
    "         [--fixtures DIR] [--tls-cert FILE --tls-key FILE] [--threads 1]\n"
    "         [--default-events 64] [--default-gap-ms 0]\n";

static void wrong_usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static uint64_t number_of(const char *text)
{
	uint64_t number;

	if (!http_number(span_of(text), 10, &number))
		wrong_usage();
	return number;
}

static struct options read_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "listen", 1, NULL, 'l' },
		{ "port-file", 1, NULL, 'p' },
		{ "log", 1, NULL, 'o' },
		{ "log-requests", 0, NULL, 'r' },
		{ "fixtures", 1, NULL, 'f' },
		{ "tls-cert", 1, NULL, 'c' },
		{ "tls-key", 1, NULL, 'k' },
		{ "threads", 1, NULL, 't' },
		{ "default-events", 1, NULL, 'e' },
		{ "default-gap-ms", 1, NULL, 'g' },
		{ 0 },
	};
	struct options o = { .listen = "127.0.0.1:0", .threads = 1, .events = 64 };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (c) {
		case 'l': o.listen = optarg; break;
		case 'p': o.port_file = optarg; break;
		case 'o': o.log = optarg; break;
		case 'r': o.log_requests = true; break;
		case 'f': o.fixtures = optarg; break;
		case 'c': o.cert = optarg; break;
		case 'k': o.key = optarg; break;
		case 't': o.threads = number_of(optarg); break;
		case 'e': o.events = number_of(optarg); break;
		case 'g': o.gap_ms = number_of(optarg); break;
		default: wrong_usage();
		}
	if (optind != argc || o.threads < 1 || o.threads > THREADS_MAX || !o.cert != !o.key)
		wrong_usage();
	return o;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "provider: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Written beside and renamed, so that who waits for the file never reads half a number.
 * Without a file the port is told on stdout. */
static void write_port(const char *path, int port)
{
	char beside[4096];
	FILE *f;

	if (!path) {
		printf("%d\n", port);
		fflush(stdout);
		return;
	}
	snprintf(beside, sizeof(beside), "%s.new", path);
	f = fopen(beside, "w");
	if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 || rename(beside, path) != 0)
		die(path);
}

static void set_up(struct house *house, const struct options *o)
{
	struct rlimit files;
	sigset_t stop;

	*house = (struct house){ .habits = { o->events, o->gap_ms, o->fixtures },
				 .truth = { -1, o->log_requests } };
	if (o->log)
		house->truth.fd = open(o->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (o->log && house->truth.fd < 0)
		die(o->log);
	if (o->cert && !(house->tls = link_server_tls(o->cert, o->key)))
		exit(1);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	MUST(sigprocmask(SIG_BLOCK, &stop, NULL) == 0);
	house->stop_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	MUST(house->stop_fd >= 0);
}

struct job {
	struct house *house;
	int listen_fd;
};

static void *run_thread(void *arg)
{
	struct job *job = arg;

	server_run(job->house, job->listen_fd);
	return NULL;
}

static int listen_or_die(struct address *at)
{
	int fd = link_listen(at);

	if (fd < 0)
		die("listen");
	return fd;
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	pthread_t thread[THREADS_MAX];
	struct job job[THREADS_MAX];
	struct house house;
	struct address at;

	if (!address_parse(span_of(o.listen), &at))
		wrong_usage();
	set_up(&house, &o);
	for (uint64_t i = 0; i < o.threads; i++) {
		job[i] = (struct job){ &house, listen_or_die(&at) };
		address_set_port(&at, link_port(job[i].listen_fd));
	}
	for (uint64_t i = 1; i < o.threads; i++)
		MUST(pthread_create(&thread[i], NULL, run_thread, &job[i]) == 0);
	write_port(o.port_file, at.port);
	run_thread(&job[0]);
	for (uint64_t i = 1; i < o.threads; i++)
		pthread_join(thread[i], NULL);
	SSL_CTX_free(house.tls);
	return 0;
}
