#include "proxy/access_log.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/decimal.h"
#include "metering/refusal.h"
#include "proxy/exchange.h"
#include "proxy/worker_internal.h"
#include "store/row.h"

enum err access_log_open(struct access_log *l, const char *where)
{
	buf_init(&l->lines, ACCESS_LOG_BYTES);
	l->fd = -1;
	if (!where || strcmp(where, "off") == 0)
		return ERR_OK;
	if (strcmp(where, "stderr") == 0)
		l->fd = dup(STDERR_FILENO);
	else
		l->fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return l->fd >= 0 ? ERR_OK : ERR_AWAY;
}

static double ms(uint64_t us)
{
	return (double)us / US_PER_MS; /* for people's eyes only */
}

static bool add_row(struct buf *to, const struct row *r)
{
	char usd[DECIMAL_TEXT_ROOM];

	decimal_pusd_text(r->cost_pusd, usd);
	return buf_addf(to, "%s %s ", r->tenant, r->key) && buf_add_json(to, span_of(r->model)) &&
	       buf_addf(to,
			" %s %u %s in=%llu out=%llu %s usd=%s bytes=%llu/%llu gate=%.1f dial=%.1f "
			"first=%.1f took=%.1f\n",
			r->provider, (unsigned)r->status, r->ended_by,
			(unsigned long long)r->input_tok, (unsigned long long)r->output_tok,
			r->usage_source, usd, (unsigned long long)r->bytes_in,
			(unsigned long long)r->bytes_out, ms(r->gate_us), ms(r->dial_us),
			ms(r->first_byte_us), ms(r->took_us));
}

static bool add_refused(struct buf *to, const struct exchange *x)
{
	return buf_addf(
	    to, "- - - - %d %s %s took=%.1f\n", x->replied ? refusal_status(x->refusal) : 0,
	    exchange_ending_name(x->ending), x->replied ? refusal_name(x->refusal) : "-",
	    ms(clk_since_us(x->entered[XS_HEAD])));
}

void access_log_write(struct access_log *l, const struct exchange *x, const struct row *row)
{
	char now[CLK_TEXT_ROOM];
	size_t before = l->lines.len;

	if (l->fd < 0)
		return;
	clk_text(x->started, now);
	if (!buf_addf(&l->lines, "%s %s %c%c ", now, x->id_text, exchange_ending_who(x->ending),
		      exchange_state_letter(x->ended_in)) ||
	    !(row ? add_row(&l->lines, row) : add_refused(&l->lines, x))) {
		l->lines.len = before;
		metric_add(&x->worker->metrics.access_lines_lost_total, 1);
	}
	if (l->lines.len > ACCESS_LOG_BYTES / 2)
		access_log_flush(l);
}

void access_log_flush(struct access_log *l)
{
	ssize_t n;

	if (l->fd < 0 || l->lines.len == 0)
		return;
	n = write(l->fd, l->lines.at, l->lines.len);
	if (n > 0)
		buf_drop(&l->lines, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		buf_drop(&l->lines, l->lines.len);
}

void access_log_close(struct access_log *l)
{
	access_log_flush(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_release(&l->lines);
}
