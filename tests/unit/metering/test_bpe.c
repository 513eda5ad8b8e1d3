/* test_bpe.c - the tables of the vocabularies, and that all ways to encode a piece agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "metering/bpe.h"

static int set_up(void **state)
{
	return vocabs_new((struct vocabs **)state) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	vocabs_free(*state);
	return 0;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static uint64_t count_by_ring(struct bpe *b, struct span piece)
{
	struct bpe_ring ring;

	bpe_ring_init(&ring);
	bpe_ring_take(&ring, b, piece);
	return ring.count;
}

static void has_all_tokens(void **state)
{
	static const uint32_t counts[VOCAB_COUNT] = { 100256, 199998 };
	struct vocabs *vocabs = *state;

	for (int id = 0; id < VOCAB_COUNT; id++) {
		const struct vocab *v = &vocabs->of[id];

		assert_int_equal(v->count, counts[id]);
		for (uint32_t token = 256; token < v->count; token++)
			assert_int_equal(vocab_join(v, (uint32_t)v->tokens[token].left,
						    (uint32_t)v->tokens[token].right),
					 token);
		for (int byte = 0; byte < 256; byte++) {
			char text = (char)byte;

			assert_true(v->bytes[byte] < 256);
			assert_true(vocab_has(v, word_of((struct span){ &text, 1 })));
		}
	}
}

/* The bytes of a token, from the trie; their length. */
static size_t spell(const struct vocab *v, uint32_t token, char *to)
{
	size_t len = v->tokens[token].len;
	uint32_t node = v->homes[token];

	for (size_t i = len; i > 0; i--) {
		to[i - 1] = (char)(node <= 256 ? node - 1 : v->nodes[node] >> VOCAB_NODE_BITS);
		node = v->nodes[node] & ((UINT32_C(1) << VOCAB_NODE_BITS) - 1);
	}
	assert_int_equal(node, 0);
	return len;
}

/* Each token's bytes are encoded as that token; with a byte more they are no token unless the
 * trie says so. */
static void encodes_tokens_as_themselves(void **state)
{
	struct vocabs *vocabs = *state;

	for (int id = 0; id < VOCAB_COUNT; id++)
		for (uint32_t token = 0; token < vocabs->of[id].count; token += 1 + token % 5) {
			const struct vocab *v = &vocabs->of[id];
			char text[VOCAB_TOKEN_BYTES];
			struct span piece = { text, spell(v, token, text) };
			uint32_t ids[VOCAB_TOKEN_BYTES];
			struct bpe b = { .vocab = v };

			assert_int_equal(bpe_backtrack(&b, piece, ids), 1);
			assert_int_equal(ids[0], token);
			if (piece.len <= BPE_MERGE_BYTES) {
				assert_int_equal(bpe_merge(&b, piece, ids), 1);
				assert_int_equal(ids[0], token);
			}
			if (piece.len <= WORD_BYTES)
				assert_true(vocab_has(v, word_of(piece)));
			assert_int_equal(count_by_ring(&b, piece), 1);
		}
}

static const struct span alphabets[] = {
	SPAN("ab"), SPAN("-="), SPAN(" \n"), SPAN("etaoin"), SPAN("\x80\xe4\xb8\xa0\x9f\xf0"),
	SPAN(" "),
};

#define ALPHABETS (sizeof(alphabets) / sizeof(*alphabets))

static struct span random_piece(char *text, size_t bytes_max, int round, uint64_t *random)
{
	struct span alphabet = alphabets[(size_t)round % ALPHABETS];
	size_t len = 1 + next_random(random) % bytes_max;

	for (size_t i = 0; i < len; i++)
		text[i] = alphabet.at[next_random(random) % alphabet.len];
	return (struct span){ text, len };
}

static void encodes_short_pieces_three_ways(void **state)
{
	struct vocabs *vocabs = *state;
	static uint64_t memos[VOCAB_COUNT][BPE_MEMO];
	uint64_t random = 521288629;

	for (int round = 0; round < 6000; round++) {
		int id = round / 6 % VOCAB_COUNT;
		/* with a memo and without */
		struct bpe b = { .vocab = &vocabs->of[id], .memo = round % 5 ? memos[id] : NULL };
		char text[BPE_MERGE_BYTES];
		struct span piece = random_piece(text, sizeof(text), round, &random);
		uint32_t merged[BPE_MERGE_BYTES], backtracked[BPE_MERGE_BYTES];
		size_t n = bpe_merge(&b, piece, merged);

		assert_int_equal(bpe_backtrack(&b, piece, backtracked), n);
		assert_memory_equal(merged, backtracked, n * sizeof(*merged));
		assert_int_equal(count_by_ring(&b, piece), n);
		assert_int_equal(bpe_count(&b, piece), n);
	}
}

/* The ring is right after every byte, also far beyond its own length. */
static void counts_every_beginning(void **state)
{
	struct vocabs *vocabs = *state;
	uint64_t random = 88675123;

	for (int round = 0; round < 120; round++) {
		struct bpe b = { .vocab = &vocabs->of[round / 6 % VOCAB_COUNT] };
		char text[BPE_BACKTRACK_BYTES];
		struct span piece = random_piece(text, sizeof(text), round, &random);
		struct bpe_ring ring;

		bpe_ring_init(&ring);
		for (size_t n = 1; n <= piece.len; n++) {
			struct span beginning = { text, n };

			bpe_ring_take(&ring, &b, (struct span){ text + n - 1, 1 });
			if (n % 7 == 0 || n == piece.len)
				assert_int_equal(ring.count, bpe_backtrack(&b, beginning, NULL));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_all_tokens),
		cmocka_unit_test(encodes_tokens_as_themselves),
		cmocka_unit_test(encodes_short_pieces_three_ways),
		cmocka_unit_test(counts_every_beginning),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
