/* wire.h - one socket as a stream of bytes, plain or TLS, with bounded buffers.
 *
 * The cheap path holds nothing: bytes are read into the loop's scratch, shown to the owner, and
 * what the owner writes goes to the socket at once. Only what an owner does not take, or a
 * peer does not accept, is kept, each up to a ceiling. An idle wire owns no buffer.
 *
 * Owner      the struct that embeds it (client or upstream). Callbacks come from the event loop,
 *            or from wire_again(), never from within another wire_ call of the same wire; an
 *            owner may not close a wire inside its own callback (it records a fact instead).
 * Limit      in_cap_bytes of unread input (then reading pauses), out_cap_bytes of unsent output.
 * Errors     on_gone() once; after that the wire only waits to be closed.
 * Threads    none; one worker.
 */
#ifndef PROXY_WIRE_H
#define PROXY_WIRE_H
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/uio.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"

#define WIRE_SCRATCH_BYTES 65536

struct event_base;
struct sockaddr;
struct tls;
struct wire;

struct wire_loop { /* what the wires of one worker share */
	struct event_base *base;
	char *scratch; /* WIRE_SCRATCH_BYTES, for reading */
	char *gather;  /* WIRE_SCRATCH_BYTES, for one TLS record out of many pieces */
};

struct wire_ops {
	/* New bytes, together with those not taken before. Returns how many are taken; they may be
	 * changed in place up to there. The rest comes again with more, or by wire_again(). */
	size_t (*on_bytes)(struct wire *w, char *bytes, size_t len);
	/* Connected, and the handshake is done. Only for wire_connect() and TLS listeners. */
	void (*on_ready)(struct wire *w);
	/* Some of the kept output has left; all of it when wire_waiting_bytes() is 0. */
	void (*on_room)(struct wire *w);
	/* Nothing will come any more: ERR_GONE closed by the peer, ERR_REFUSED not connected,
	 * ERR_GARBLED TLS failed, ERR_TOO_BIG more unread input than its ceiling. */
	void (*on_gone)(struct wire *w, enum err why);
};

enum wire_state {
	WIRE_CLOSED,
	WIRE_CONNECTING,
	WIRE_HANDSHAKE,
	WIRE_OPEN,
	WIRE_GONE
};

struct wire {
	const struct wire_ops *ops;
	struct wire_loop *loop;
	struct tls *tls; /* owned; NULL: plain */
	int fd;
	enum wire_state state;
	bool wants_bytes;                 /* the owner has not paused reading */
	bool full;                        /* reading pauses because `in` is at its ceiling */
	bool shaking_writes;              /* the handshake waits for room to write */
	bool watches_read, watches_write; /* what the loop has been told */
	struct buf in, out;
	size_t out_done; /* bytes of `out` already sent */
	struct event readable, writable;
};

/* Takes over an accepted socket (non-blocking). tls: taken over too, NULL for plain. */
void wire_accept(struct wire *w, struct wire_loop *loop, const struct wire_ops *ops, int fd,
		 struct tls *tls, size_t in_cap_bytes, size_t out_cap_bytes);

/* Starts connecting; on_ready() or on_gone() follows, never from inside this call. Plain until
 * wire_start_tls(). ERR_REFUSED when it fails at once. */
enum err wire_connect(struct wire *w, struct wire_loop *loop, const struct wire_ops *ops,
		      const struct sockaddr *to, unsigned to_len, size_t in_cap_bytes,
		      size_t out_cap_bytes) MUST_USE;

/* On a wire that just became ready: takes over tls and shakes hands; on_ready() comes again. */
void wire_start_tls(struct wire *w, struct tls *tls);

/* Tells the peer that nothing more will be written; reading goes on. What still waits is lost. */
void wire_finish(struct wire *w);

/* Frees all and closes the socket; fine on a closed one. reset: the peer sees RST. */
void wire_close(struct wire *w, bool reset);

/* Sends the pieces in order; keeps what the peer does not take now. ERR_GONE: the connection is
 * broken; ERR_TOO_BIG: more than out_cap_bytes would wait. */
enum err wire_write(struct wire *w, const struct iovec *pieces, int count) MUST_USE;

/* Bytes written but not yet taken by the kernel. */
static inline size_t wire_waiting_bytes(const struct wire *w)
{
	return w->out.len - w->out_done;
}

/* Has the peer said nothing, its close included, that was not shown yet? Asks the kernel. */
bool wire_is_quiet(const struct wire *w);

/* Stops and resumes the stream of on_bytes(). While paused a peer's close goes unseen. */
void wire_pause(struct wire *w);
void wire_resume(struct wire *w);

/* Shows the kept input again, e.g. when the owner is ready for the next request. */
void wire_again(struct wire *w);

#endif
