/* vocab.c - makes the tables of vocab.h from the merges.
 *
 * All tables of a vocabulary lie in one mapping that begins at a huge page's border and is
 * advised before it is first touched: in tables of this size half of a look-up's time is the
 * translation of addresses. */
#include "metering/vocab.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "metering/vocab_data.h"

#define HUGE_PAGE  ((size_t)2 << 20)
#define LINE       64  /* bytes; every table begins on one */
#define RUN_OVER   256 /* places after a table's last, so that no search turns round */
#define HEAD_BYTES 8   /* of a file of pairs: its magic and its count */

/* What is needed only while the tables are made, and the tables while they can be written. */
struct making {
	struct vocab *v;
	const unsigned char *bytes, *lefts, *rights; /* of the file of pairs */
	size_t merges;
	size_t text_bytes, right_bytes; /* of all tokens, of all right parts */
	struct vocab_token *tokens;
	struct vocab_bucket *buckets;
	uint64_t *pairs, *pair_filter, *nodes;
	uint32_t *fails, *homes, *suffix, *first, *second;
	char *text;        /* of all tokens, one after the other */
	uint32_t *text_at; /* per token */
	uint8_t *depth;    /* per node; 0: none there */
	uint32_t *order;   /* all nodes by depth */
};

static void open_data(struct making *m, enum vocab_id id)
{
	struct span data = vocab_data(id);
	const unsigned char *p = (const unsigned char *)data.at;

	MUST(data.len > HEAD_BYTES && memcmp(p, "WVP1", 4) == 0);
	m->v->count = p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24;
	MUST(m->v->count > 256 && m->v->count < VOCAB_NONE);
	m->merges = m->v->count - 256;
	MUST(data.len == HEAD_BYTES + 256 + 6 * m->merges);
	m->bytes = p + HEAD_BYTES;
	m->lefts = m->bytes + 256;
	m->rights = m->lefts + 3 * m->merges;
}

static uint32_t part(const struct making *m, const unsigned char *planes, uint32_t id)
{
	const unsigned char *p = planes + id - 256;

	return p[0] | (uint32_t)p[m->merges] << 8 | (uint32_t)p[2 * m->merges] << 16;
}

/* How large the tables must be. A token adds at most its right part's bytes to the trie, which
 * leaves a good third of the places free. */
static bool measure(struct making *m)
{
	struct vocab *v = m->v;
	uint8_t *len = malloc(v->count);

	if (!len)
		return false;
	memset(len, 1, 256);
	m->text_bytes = 256;
	for (uint32_t id = 256; id < v->count; id++) {
		uint32_t left = part(m, m->lefts, id), right = part(m, m->rights, id);

		MUST(left < id && right < id && len[left] + len[right] <= VOCAB_TOKEN_BYTES);
		len[id] = (uint8_t)(len[left] + len[right]);
		m->text_bytes += len[id];
		m->right_bytes += len[right];
	}
	free(len);
	v->node_count = (uint32_t)m->right_bytes;
	v->pair_count = v->count * 2;
	v->bucket_count = v->count / 3;
	MUST(VOCAB_HASHED + v->node_count + RUN_OVER < UINT32_C(1) << VOCAB_NODE_BITS);
	return true;
}

/* Cuts a table off what is left of the mapping; with no memory it only adds up. */
static void *cut(char *memory, size_t *used, size_t count, size_t size)
{
	void *at = memory ? memory + *used : NULL;

	*used += (count * size + LINE - 1) / LINE * LINE;
	return at;
}

static size_t lay_out(struct making *m, char *memory)
{
	struct vocab *v = m->v;
	size_t used = 0, nodes = VOCAB_HASHED + v->node_count + RUN_OVER;

	m->pairs = cut(memory, &used, v->pair_count + RUN_OVER, sizeof(*m->pairs));
	m->pair_filter = cut(memory, &used, 1 << (VOCAB_FILTER_BITS - 6), sizeof(*m->pair_filter));
	m->buckets = cut(memory, &used, v->bucket_count + RUN_OVER, sizeof(*m->buckets));
	m->tokens = cut(memory, &used, v->count, sizeof(*m->tokens));
	m->nodes = cut(memory, &used, nodes, sizeof(*m->nodes));
	m->fails = cut(memory, &used, nodes, sizeof(*m->fails));
	m->homes = cut(memory, &used, v->count, sizeof(*m->homes));
	m->suffix = cut(memory, &used, v->count, sizeof(*m->suffix));
	m->first = cut(memory, &used, 1 << 16, sizeof(*m->first));
	m->second = cut(memory, &used, 1 << 16, sizeof(*m->second));
	v->pairs = m->pairs;
	v->pair_filter = m->pair_filter;
	v->buckets = m->buckets;
	v->tokens = m->tokens;
	v->nodes = m->nodes;
	v->fails = m->fails;
	v->homes = m->homes;
	v->suffix = m->suffix;
	v->first = m->first;
	v->second = m->second;
	return used;
}

/* A mapping of whole huge pages on a huge page's border. */
static bool map_memory(struct vocab *v, size_t bytes)
{
	size_t whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	char *at = mmap(NULL, whole + HUGE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	size_t before = (HUGE_PAGE - (uintptr_t)at % HUGE_PAGE) % HUGE_PAGE;

	if (before > 0)
		munmap(at, before);
	munmap(at + before + whole, HUGE_PAGE - before);
	v->memory = at + before;
	v->memory_bytes = whole;
	(void)madvise(v->memory, whole, MADV_HUGEPAGE); /* without it only slower */
	return true;
}

static bool make_room(struct making *m)
{
	size_t nodes = VOCAB_HASHED + m->v->node_count + RUN_OVER;

	if (!map_memory(m->v, lay_out(m, NULL)))
		return false;
	lay_out(m, m->v->memory);
	m->text = malloc(m->text_bytes);
	m->text_at = malloc(m->v->count * sizeof(*m->text_at));
	m->depth = calloc(nodes, sizeof(*m->depth));
	m->order = malloc(nodes * sizeof(*m->order));
	return m->text && m->text_at && m->depth && m->order;
}

static void put_pair(struct making *m, uint32_t left, uint32_t right, uint32_t joined)
{
	uint64_t key = left | (uint64_t)right << VOCAB_ID_BITS;
	uint32_t at = vocab_place(key, m->v->pair_count), end = m->v->pair_count + RUN_OVER - 1;

	while (m->pairs[at] != 0)
		at++;
	MUST(at < end);
	m->pairs[at] = key | (uint64_t)joined << 2 * VOCAB_ID_BITS;
	m->pair_filter[vocab_filter_bit(key) / 64] |= UINT64_C(1) << vocab_filter_bit(key) % 64;
}

static void make_tokens(struct making *m)
{
	uint32_t end = 256;

	for (uint32_t id = 0; id < 256; id++) {
		m->tokens[id] = (struct vocab_token){ id, id, VOCAB_NONE, 1 };
		m->text[id] = (char)m->bytes[id];
		m->text_at[id] = id;
		m->v->bytes[m->bytes[id]] = id;
	}
	for (uint32_t id = 256; id < m->v->count; id++) {
		uint32_t left = part(m, m->lefts, id), right = part(m, m->rights, id);
		uint32_t left_len = m->tokens[left].len, right_len = m->tokens[right].len;

		m->tokens[id] = (struct vocab_token){ left, right, VOCAB_NONE,
						      (uint8_t)(left_len + right_len) };
		memcpy(m->text + end, m->text + m->text_at[left], left_len);
		memcpy(m->text + end + left_len, m->text + m->text_at[right], right_len);
		m->text_at[id] = end;
		end += left_len + right_len;
		put_pair(m, left, right, id);
	}
}

static void make_words(struct making *m)
{
	const struct vocab_bucket *end = m->buckets + m->v->bucket_count + RUN_OVER - 1;

	for (uint32_t id = 0; id < m->v->count; id++) {
		size_t len = m->tokens[id].len;

		if (len > WORD_BYTES)
			continue;
		struct word w = word_of((struct span){ m->text + m->text_at[id], len });
		struct vocab_bucket *b = m->buckets + vocab_place(word_key(w), m->v->bucket_count);
		int i = 0;

		while (b->words[i].high != 0) {
			b += ++i / 4;
			i %= 4;
		}
		MUST(b < end);
		b->words[i] = w;
	}
}

static uint32_t put_node(struct making *m, uint32_t parent, uint8_t byte)
{
	uint64_t key = parent | (uint64_t)byte << VOCAB_NODE_BITS;
	uint32_t end = VOCAB_HASHED + m->v->node_count + RUN_OVER - 1;
	uint32_t at = VOCAB_HASHED + vocab_place(key, m->v->node_count);

	while (m->depth[at] != 0 && (m->nodes[at] & VOCAB_NODE_KEY) != key)
		at++;
	MUST(at < end);
	if (m->depth[at] == 0) {
		m->nodes[at] = key;
		m->nodes[parent] |= UINT64_C(1) << (VOCAB_NODE_KIDS_SHIFT + byte % 16);
		m->depth[at] = (uint8_t)(m->depth[parent] + 1);
	}
	return at;
}

static void set_token(struct making *m, uint32_t node, uint32_t token)
{
	m->nodes[node] |= VOCAB_NODE_TOKEN | (uint64_t)token << VOCAB_NODE_LAST_SHIFT;
	m->homes[token] = node;
}

/* A token's way begins where that of its left part ends. */
static void make_nodes(struct making *m)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		m->nodes[1 + byte] = (uint64_t)byte << VOCAB_NODE_BITS;
		m->depth[1 + byte] = 1;
		set_token(m, 1 + byte, m->v->bytes[byte]);
	}
	for (uint32_t id = 256; id < m->v->count; id++) {
		uint32_t left = (uint32_t)m->tokens[id].left, node = m->homes[left];

		for (uint32_t i = (uint32_t)m->tokens[left].len; i < m->tokens[id].len; i++)
			node = put_node(m, node, (uint8_t)m->text[m->text_at[id] + i]);
		set_token(m, node, id);
	}
}

/* Sorts the nodes by depth. Returns how many there are. */
static uint32_t sort_nodes(struct making *m)
{
	uint32_t nodes = VOCAB_HASHED + m->v->node_count + RUN_OVER;
	uint32_t begin[VOCAB_TOKEN_BYTES + 2] = { 0 };

	for (uint32_t at = 1; at < nodes; at++)
		begin[m->depth[at] + 1]++;
	begin[1] = 0; /* of depth 0 are the free places */
	for (uint32_t d = 1; d <= VOCAB_TOKEN_BYTES + 1; d++)
		begin[d] += begin[d - 1];
	for (uint32_t at = 1; at < nodes; at++)
		if (m->depth[at] != 0)
			m->order[begin[m->depth[at]]++] = at;
	return begin[VOCAB_TOKEN_BYTES];
}

static uint32_t parent_of(const struct making *m, uint32_t node)
{
	return m->nodes[node] & ((UINT32_C(1) << VOCAB_NODE_BITS) - 1);
}

/* Where every node falls back to, and the longest token that ends there. */
static void link_nodes(struct making *m)
{
	uint32_t count = sort_nodes(m);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t node = m->order[i], fail = 0, last = VOCAB_NONE;
		uint32_t parent = parent_of(m, node), token = vocab_node_token(m->v, node);

		if (parent != 0) {
			fail = vocab_step(m->v, m->fails[parent],
					  (uint8_t)(m->nodes[node] >> VOCAB_NODE_BITS));
			last = vocab_node_last(m->v, fail);
		}
		m->fails[node] = fail;
		if (token != VOCAB_NONE)
			m->suffix[token] = last;
		else
			m->nodes[node] |= (uint64_t)last << VOCAB_NODE_LAST_SHIFT;
	}
}

static void find_prefixes(struct making *m)
{
	for (uint32_t id = 256; id < m->v->count; id++) {
		uint32_t node = m->homes[id], token = VOCAB_NONE;

		while (token == VOCAB_NONE) {
			node = parent_of(m, node);
			token = vocab_node_token(m->v, node);
		}
		m->tokens[id].prefix = token;
	}
}

/* The tables by two bytes save the first look-ups of every search. */
static void make_firsts(struct making *m)
{
	for (uint32_t i = 0; i < 1 << 16; i++) {
		uint8_t left = (uint8_t)(i >> 8), right = (uint8_t)i;

		m->first[i] = vocab_join(m->v, m->v->bytes[left], m->v->bytes[right]);
		m->second[i] = vocab_child(m->v, 1u + left, right);
	}
}

static bool make(struct vocab *v, enum vocab_id id)
{
	struct making m = { .v = v };
	bool made = false;

	open_data(&m, id);
	if (!measure(&m) || !make_room(&m))
		goto out;
	make_tokens(&m);
	make_words(&m);
	make_nodes(&m);
	link_nodes(&m);
	find_prefixes(&m);
	make_firsts(&m);
	made = mprotect(v->memory, v->memory_bytes, PROT_READ) == 0;
out:
	free(m.text);
	free(m.text_at);
	free(m.depth);
	free(m.order);
	return made;
}

static void *make_o200k(void *vocabs)
{
	return make(&((struct vocabs *)vocabs)->of[VOCAB_O200K], VOCAB_O200K) ? vocabs : NULL;
}

enum err vocabs_new(struct vocabs **out)
{
	struct vocabs *v = calloc(1, sizeof(*v));
	pthread_t thread;
	void *made = NULL;

	if (!v)
		return ERR_NOMEM;
	bool apart = pthread_create(&thread, NULL, make_o200k, v) == 0;
	bool cl100k_made = make(&v->of[VOCAB_CL100K], VOCAB_CL100K);

	if (apart)
		pthread_join(thread, &made);
	else
		made = make_o200k(v);
	if (!cl100k_made || !made) {
		vocabs_free(v);
		return ERR_NOMEM;
	}
	*out = v;
	return ERR_OK;
}

void vocabs_free(struct vocabs *v)
{
	if (!v)
		return;
	for (int id = 0; id < VOCAB_COUNT; id++)
		if (v->of[id].memory)
			munmap(v->of[id].memory, v->of[id].memory_bytes);
	free(v);
}
