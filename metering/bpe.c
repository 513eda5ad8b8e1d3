/* bpe.c - merging, backtracking, and the ring. */
#include "metering/bpe.h"

/* What a step costs, in about nanoseconds, where the tables are out of the nearer caches. */
#define COST_JOIN 48
#define COST_STEP 48

/* Do two tokens stay apart, side by side, when each is the encoding of its bytes? Undoes their
 * merges, the latest first: they do not if, at any time, the two parts at the border would have
 * been joined before the merge that was undone last. Among equal ones the left is joined first. */
static bool look_apart(struct bpe *b, uint32_t left, uint32_t right)
{
	const struct vocab *v = b->vocab;
	uint32_t limit = VOCAB_NONE;

	for (;;) {
		b->work += COST_JOIN;
		if (vocab_join(v, left, right) < limit)
			return false;
		if (left > right) {
			if (left < 256)
				return true;
			limit = left;
			left = (uint32_t)v->tokens[left].right;
		} else {
			if (right < 256)
				return true;
			limit = right + 1;
			right = (uint32_t)v->tokens[right].left;
		}
	}
}

/* The same, from memory if it can. A memo is the pair, that there is one, and what came out. */
static bool stay_apart(struct bpe *b, uint32_t left, uint32_t right)
{
	uint64_t pair = (uint64_t)right << VOCAB_ID_BITS | left, *memo;
	uint64_t looked = pair << 2 | 2;

	if (!b->memo)
		return look_apart(b, left, right);
	memo = b->memo + vocab_place(pair, BPE_MEMO);
	if ((*memo & ~UINT64_C(1)) != looked)
		*memo = looked | look_apart(b, left, right);
	return *memo & 1;
}

size_t bpe_merge(struct bpe *b, struct span piece, uint32_t *ids)
{
	const struct vocab *v = b->vocab;
	const unsigned char *p = (const unsigned char *)piece.at;
	uint32_t part[BPE_MERGE_BYTES], join[BPE_MERGE_BYTES]; /* join[i]: part i with the next */
	size_t n = piece.len;

	for (size_t i = 0; i < n; i++)
		part[i] = v->bytes[p[i]];
	for (size_t i = 0; i + 1 < n; i++)
		join[i] = v->first[p[i] << 8 | p[i + 1]];
	while (n > 1) {
		size_t best = 0;

		for (size_t i = 1; i + 1 < n; i++)
			if (join[i] < join[best])
				best = i;
		if (join[best] == VOCAB_NONE)
			break;
		b->work += n + 2 * COST_JOIN;
		part[best] = join[best];
		n--;
		for (size_t i = best + 1; i < n; i++) {
			part[i] = part[i + 1];
			join[i - 1] = join[i];
		}
		if (best + 1 < n)
			join[best] = vocab_join(v, part[best], part[best + 1]);
		if (best > 0)
			join[best - 1] = vocab_join(v, part[best - 1], part[best]);
	}
	if (ids)
		memcpy(ids, part, n * sizeof(*ids));
	return n;
}

/* The longest token that text begins with, and its length; text.len at least 1. */
static uint32_t longest(struct bpe *b, struct span text, size_t *len)
{
	const struct vocab *v = b->vocab;
	const unsigned char *p = (const unsigned char *)text.at;
	uint32_t token = v->bytes[p[0]];
	uint32_t node = text.len > 1 ? v->second[p[0] << 8 | p[1]] : 0;

	*len = 1;
	for (size_t i = 2; node != 0; i++) {
		uint32_t here = vocab_node_token(v, node);

		b->work += COST_STEP;
		if (here != VOCAB_NONE) {
			token = here;
			*len = i;
		}
		node = i < text.len ? vocab_child(v, node, p[i]) : 0;
	}
	return token;
}

size_t bpe_backtrack(struct bpe *b, struct span piece, uint32_t *ids)
{
	const struct vocab_token *tokens = b->vocab->tokens;
	uint32_t taken[BPE_BACKTRACK_BYTES];
	uint64_t dead[BPE_BACKTRACK_BYTES / 64 + 1] = { 0 }; /* ends that lead nowhere */
	size_t n = 0, at = 0, len;
	uint32_t token = longest(b, piece, &len);

	while (at < piece.len) {
		size_t end = at + len;

		if (!(dead[end / 64] >> end % 64 & 1) &&
		    (n == 0 || stay_apart(b, taken[n - 1], token))) {
			taken[n++] = token;
			at = end;
			if (at < piece.len)
				token = longest(b, span_skip(piece, at), &len);
			continue;
		}
		if (tokens[token].prefix != VOCAB_NONE) {
			token = (uint32_t)tokens[token].prefix;
		} else {
			MUST(n > 0);
			dead[at / 64] |= UINT64_C(1) << at % 64;
			token = taken[--n];
			at -= tokens[token].len;
		}
		len = tokens[token].len;
	}
	if (ids)
		memcpy(ids, taken, n * sizeof(*ids));
	return n;
}

#define COUNT_BITS (32 - VOCAB_ID_BITS)
#define COUNT_MASK ((1u << COUNT_BITS) - 1)

void bpe_ring_init(struct bpe_ring *r)
{
	r->node = 0;
	r->bytes = r->count = 0;
}

/* The count of an earlier beginning, from its lowest bits. */
static uint64_t whole_count(const struct bpe_ring *r, uint32_t low)
{
	uint32_t behind = ((uint32_t)r->count - low) & COUNT_MASK;

	/* a beginning may also have more tokens than a longer one */
	return behind <= COUNT_MASK / 2 ? r->count - behind : r->count + (COUNT_MASK + 1 - behind);
}

/* Can the token, which ends here, be the last one? *count is then how many there are. */
static bool is_last(const struct bpe_ring *r, struct bpe *b, uint32_t token, uint64_t *count)
{
	size_t len = b->vocab->tokens[token].len;
	uint32_t before;

	b->work += COST_STEP;
	if (len > r->bytes) {
		*count = 1;
		return true;
	}
	before = r->at[(r->bytes - len) % VOCAB_TOKEN_BYTES];
	*count = whole_count(r, before >> VOCAB_ID_BITS) + 1;
	return stay_apart(b, before & VOCAB_NONE, token);
}

/* The last token before, longer by this byte; VOCAB_NONE if that is none. */
static uint32_t grown(const struct bpe_ring *r, const struct vocab *v, uint8_t byte)
{
	uint32_t last, node;

	if (r->bytes == 0)
		return VOCAB_NONE;
	last = r->at[(r->bytes - 1) % VOCAB_TOKEN_BYTES] & VOCAB_NONE;
	node = vocab_child(v, v->homes[last], byte);
	return node != 0 ? vocab_node_token(v, node) : VOCAB_NONE;
}

/* Of the tokens that end here exactly one stays apart from the last one before it: that is the
 * last token of the piece as it stands. Most often it is the last one before, grown; else they
 * are tried from the longest on. */
static void take_byte(struct bpe_ring *r, struct bpe *b, uint8_t byte)
{
	const struct vocab *v = b->vocab;
	uint32_t token = grown(r, v, byte);
	uint64_t count;

	r->node = vocab_step(v, r->node, byte);
	if (token == VOCAB_NONE || !is_last(r, b, token, &count)) {
		token = vocab_node_last(v, r->node);
		while (!is_last(r, b, token, &count))
			token = v->suffix[token];
	}
	r->count = count;
	r->at[r->bytes % VOCAB_TOKEN_BYTES] = token | (uint32_t)count << VOCAB_ID_BITS;
	r->bytes++;
}

void bpe_ring_take(struct bpe_ring *r, struct bpe *b, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		take_byte(r, b, (uint8_t)bytes.at[i]);
}

uint64_t bpe_count(struct bpe *b, struct span piece)
{
	struct bpe_ring ring;

	if (piece.len <= BPE_MERGE_BYTES && (signed char)piece.at[piece.len - 1] >= 0)
		return bpe_merge(b, piece, NULL);
	if (piece.len <= BPE_BACKTRACK_BYTES)
		return bpe_backtrack(b, piece, NULL);
	bpe_ring_init(&ring);
	bpe_ring_take(&ring, b, piece);
	return ring.count;
}
