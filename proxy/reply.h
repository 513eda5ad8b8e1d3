/* reply.h - sends an answer of our own, worded in the caller's dialect (metering/refusal.h). */
#ifndef PROXY_REPLY_H
#define PROXY_REPLY_H

struct exchange;

/* Writes x's refusal to its client, who must still be there. A request whose body was not read
 * to its end closes the connection after it. */
void reply_send(struct exchange *x);

#endif
