/* picture.c - see picture.h.
 *
 * The reader gathers `want` bytes, hands them to its step, and the step says what it wants
 * next; what lies between a JPEG's markers is skipped. All sizes are whole pixels, all
 * arithmetic is in integers: where a rule shrinks by the root of an area, the root is only
 * ever needed rounded down. */
#include "metering/picture.h"
#include "base/must.h"

/* --- reading the size --- */

static uint32_t big16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t big32(const uint8_t *at)
{
	return big16(at) << 16 | big16(at + 2);
}

static uint32_t little16(const uint8_t *at)
{
	return (uint32_t)at[1] << 8 | at[0];
}

static void want(struct picture_probe *p, enum picture_step step, unsigned bytes)
{
	MUST(bytes <= sizeof(p->head));
	p->step = (uint8_t)step;
	p->want = (uint8_t)bytes;
}

static void found(struct picture_probe *p, uint32_t width, uint32_t height)
{
	bool sane = width > 0 && height > 0 && width <= PICTURE_SIDE_MAX &&
		    height <= PICTURE_SIDE_MAX;

	p->width = width;
	p->height = height;
	p->step = sane ? PICTURE_DONE : PICTURE_NONE;
}

static bool begins(const struct picture_probe *p, unsigned at, struct span text)
{
	return memcmp(p->head + at, text.at, text.len) == 0;
}

/* The first two bytes; they stay in head but for a JPEG's. */
static void step_magic(struct picture_probe *p)
{
	if (begins(p, 0, SPAN("\xff\xd8"))) {
		p->have = 0;
		want(p, PICTURE_MARKER, 1);
	} else if (begins(p, 0, SPAN("\x89P"))) {
		want(p, PICTURE_HEADER, 24);
	} else if (begins(p, 0, SPAN("GI"))) {
		want(p, PICTURE_HEADER, 10);
	} else if (begins(p, 0, SPAN("RI"))) {
		want(p, PICTURE_HEADER, 30);
	} else {
		p->step = PICTURE_NONE;
	}
}

static void read_webp(struct picture_probe *p)
{
	const uint8_t *h = p->head;

	if (begins(p, 12, SPAN("VP8 ")) && begins(p, 23, SPAN("\x9d\x01\x2a")))
		found(p, little16(h + 26) & 0x3fff, little16(h + 28) & 0x3fff);
	else if (begins(p, 12, SPAN("VP8L\x00")) || begins(p, 12, SPAN("VP8L")))
		found(p, (little16(h + 21) & 0x3fff) + 1,
		      ((uint32_t)h[22] >> 6 | (uint32_t)h[23] << 2 | (h[24] & 0xfu) << 10) + 1);
	else if (begins(p, 12, SPAN("VP8X")))
		found(p, (little16(h + 24) | (uint32_t)h[26] << 16) + 1,
		      (little16(h + 27) | (uint32_t)h[29] << 16) + 1);
	else
		p->step = PICTURE_NONE;
}

static void step_header(struct picture_probe *p)
{
	if (begins(p, 0, SPAN("\x89PNG\r\n\x1a\n")) && begins(p, 12, SPAN("IHDR")))
		found(p, big32(p->head + 16), big32(p->head + 20));
	else if (begins(p, 0, SPAN("GIF8")))
		found(p, little16(p->head + 6), little16(p->head + 8));
	else if (begins(p, 0, SPAN("RIFF")) && begins(p, 8, SPAN("WEBP")))
		read_webp(p);
	else
		p->step = PICTURE_NONE;
}

/* A JPEG's segment begins with its code: is it one that says the size? */
static bool is_frame(uint8_t code)
{
	return code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
}

static void step_code(struct picture_probe *p)
{
	uint8_t code = p->head[0];

	if (is_frame(code))
		want(p, PICTURE_FRAME, 7);
	else if (code == 0xff) /* padding */
		want(p, PICTURE_CODE, 1);
	else if (code == 0x01 || (code >= 0xd0 && code <= 0xd7)) /* these stand alone */
		want(p, PICTURE_MARKER, 1);
	else if (code < 0xc0 || (code >= 0xd8 && code <= 0xda)) /* too late for a size */
		p->step = PICTURE_NONE;
	else
		want(p, PICTURE_SEGMENT, 2);
}

static void step_segment(struct picture_probe *p)
{
	uint32_t bytes = big16(p->head);

	if (bytes < 2) {
		p->step = PICTURE_NONE;
		return;
	}
	p->skip = bytes - 2;
	want(p, PICTURE_MARKER, 1);
}

static void take_step(struct picture_probe *p)
{
	enum picture_step step = p->step;

	switch (step) {
	case PICTURE_MAGIC: step_magic(p); return;
	case PICTURE_HEADER: step_header(p); return;
	case PICTURE_MARKER:
		if (p->head[0] == 0xff)
			want(p, PICTURE_CODE, 1);
		else
			p->step = PICTURE_NONE;
		break;
	case PICTURE_CODE: step_code(p); break;
	case PICTURE_SEGMENT: step_segment(p); break;
	case PICTURE_FRAME: found(p, big16(p->head + 5), big16(p->head + 3)); break;
	case PICTURE_DONE:
	case PICTURE_NONE: break;
	}
	p->have = 0;
}

static void take_byte(struct picture_probe *p, uint8_t byte)
{
	if (p->skip > 0) {
		p->skip--;
		return;
	}
	p->head[p->have++] = byte;
	if (p->have == p->want)
		take_step(p);
}

void picture_probe_init(struct picture_probe *p)
{
	*p = (struct picture_probe){ .step = PICTURE_MAGIC, .want = 2 };
	base64_init(&p->base64);
}

/* Decodes some letters; returns how many. */
static size_t feed_some(struct picture_probe *p, struct span letters)
{
	char plain[64], bytes[BASE64_ROOM(sizeof(plain))];
	size_t len = letters.len < sizeof(plain) ? letters.len : sizeof(plain), got;

	for (size_t i = 0; i < len; i++)
		plain[i] = letters.at[i] == '-' ? '+' : letters.at[i] == '_' ? '/' : letters.at[i];
	got = base64_feed(&p->base64, (struct span){ plain, len }, bytes);
	for (size_t i = 0; i < got && p->step < PICTURE_DONE; i++)
		take_byte(p, (uint8_t)bytes[i]);
	p->looked += (uint32_t)got;
	if (p->step < PICTURE_DONE && (p->base64.broken || p->looked >= PICTURE_LOOK_MAX))
		p->step = PICTURE_NONE;
	return len;
}

bool picture_probe_feed(struct picture_probe *p, struct span letters)
{
	while (p->step < PICTURE_DONE && letters.len > 0)
		letters = span_skip(letters, feed_some(p, letters));
	return p->step < PICTURE_DONE;
}

/* --- what it costs --- */

#define TILE_PX  512
#define PATCH_PX 32
#define TILES_PX 2048 /* the square that a picture is first fitted in */
#define LOW_PX   512  /* and the one for little detail */

static uint64_t ceil_div(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* The root of n, rounded down. */
static uint64_t root(uint64_t n)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1)
		if ((r | bit) * (r | bit) <= n)
			r |= bit;
	return r;
}

struct size {
	uint64_t width, height;
};

/* Shrinks so that `measure`, one of the sides, becomes `side`; never to nothing. */
static struct size shrink(struct size s, uint64_t measure, uint64_t side)
{
	if (side > 0 && measure > side) {
		s.width = s.width * side / measure;
		s.height = s.height * side / measure;
	}
	s.width += s.width == 0;
	s.height += s.height == 0;
	return s;
}

static uint64_t long_side(struct size s)
{
	return s.width > s.height ? s.width : s.height;
}

static uint64_t short_side(struct size s)
{
	return s.width < s.height ? s.width : s.height;
}

static uint64_t cells(struct size s, uint64_t side)
{
	return ceil_div(s.width, side) * ceil_div(s.height, side);
}

static uint64_t multiplied(const struct tok_picture *rule, uint64_t tok)
{
	return ceil_div(tok * rule->multiplier, 1000);
}

static uint64_t tiles_tok(const struct tok_picture *rule, struct size s, enum picture_detail detail)
{
	if (detail == PICTURE_LOW)
		return rule->base;
	s = shrink(s, long_side(s), TILES_PX);
	s = shrink(s, short_side(s), rule->side);
	return rule->base + multiplied(rule, cells(s, TILE_PX) * rule->per);
}

/* At most cap patches: the picture shrinks until they cover it, and on until one of its
 * sides is a whole number of them. */
static uint64_t capped_patches(struct size s, uint64_t cap)
{
	uint64_t across, down;

	if (cells(s, PATCH_PX) <= cap)
		return cells(s, PATCH_PX);
	across = root(cap * s.width / s.height);
	down = root(cap * s.height / s.width);
	if (across == 0 || down == 0) /* a line */
		return cap;
	if (across * s.height < down * s.width)
		return across * ceil_div(across * s.height, s.width);
	return down * ceil_div(down * s.width, s.height);
}

static uint64_t patches_tok(const struct tok_picture *rule, struct size s,
			    enum picture_detail detail)
{
	s = shrink(s, long_side(s), detail == PICTURE_LOW ? LOW_PX : rule->side);
	return rule->base + multiplied(rule, capped_patches(s, rule->cap));
}

static uint64_t blocks_tok(const struct tok_picture *rule, struct size s)
{
	uint64_t tok;

	s = shrink(s, long_side(s), rule->side);
	tok = cells(s, rule->per);
	return rule->base + multiplied(rule, tok < rule->cap ? tok : rule->cap);
}

static uint64_t crops_tok(const struct tok_picture *rule, struct size s)
{
	return long_side(s) <= rule->side ? rule->base : rule->base * cells(s, rule->per);
}

uint64_t picture_tok(const struct tok_picture *rule, uint32_t width, uint32_t height,
		     enum picture_detail detail)
{
	struct size s = { width, height };

	MUST(width > 0 && width <= PICTURE_SIDE_MAX && height > 0 && height <= PICTURE_SIDE_MAX);
	switch (rule->kind) {
	case PICTURE_flat: return rule->base;
	case PICTURE_tiles: return tiles_tok(rule, s, detail);
	case PICTURE_patches: return patches_tok(rule, s, detail);
	case PICTURE_blocks: return blocks_tok(rule, s);
	case PICTURE_crops: return crops_tok(rule, s);
	}
	return rule->base;
}
