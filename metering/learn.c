/* learn.c - see learn.h. The models by name, their locks and their lines of text; how one
 * learns: fit.c.
 *
 * A model is added and never removed. Whoever looks one up needs no lock: the slot that leads
 * to it is filled after it, once. */
#include "metering/learn.h"
#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "metering/fit.h"
#include "metering/usage.h"

#define MAGIC     "weir-learn/1"
#define SLOTS     (2 * LEARN_MODELS_MAX) /* never full */
#define NAME_ROOM (LEARN_PROVIDER_ROOM + LEARN_FAMILY_ROOM + 16)

/* clang-format off */
const uint32_t learn_edge_permil[LEARN_BUCKETS - 1] = {
	250, 500, 600, 700, 750, 800, 850, 880, 900, 920, 940, 950, 960, 970, 980, 985, 990, 995, 998,
	1002, 1005, 1010, 1015, 1020, 1030, 1040, 1050, 1060, 1080, 1100, 1130, 1160, 1200, 1250,
	1350, 1500, 2000, 4000,
};
/* clang-format on */

static const char *const kind_names[] = {
#define KIND(name, help) #name,
	LEARN_KINDS(KIND)
#undef KIND
};

static const char *const coefficient_names[] = {
#define COEFFICIENT(name, least, most, reference, help) #name,
	LEARN_COEFFICIENTS(COEFFICIENT)
#undef COEFFICIENT
};

struct learner {
	pthread_mutex_t lock;
	struct fit fit;
	uint64_t revision; /* 0: nothing was ever learned */
	uint64_t kept;     /* the revision last shown as changed */
	bool told_drift;
};

struct learn_model {
	char provider[LEARN_PROVIDER_ROOM], family[LEARN_FAMILY_ROOM];
	struct learner of[LEARN_KIND_COUNT];
};

struct learn {
	pthread_mutex_t adding;
	_Atomic uint16_t slot[SLOTS]; /* a model's place in the list + 1 */
	_Atomic unsigned count;
	struct learn_model model[LEARN_MODELS_MAX];
};

const char *learn_kind_name(enum learn_kind kind)
{
	return kind_names[kind];
}

const char *learn_coefficient_name(enum learn_coefficient c)
{
	return coefficient_names[c];
}

/* ---- what a kind is made of ---- */

#define SET(name) (1u << LEARN_COEFFICIENT_##name)
#define TEXT_SET  (SET(ascii) | SET(cjk) | SET(other))
#define ALL_SET   ((1u << LEARN_COEFFICIENT_COUNT) - 1)

static unsigned made_of(enum learn_kind kind)
{
	return kind == LEARN_completion ? TEXT_SET | SET(frame) | SET(base) : ALL_SET;
}

/* What of it is learned; the rest stays as the prior says. */
static unsigned learned(const struct learn_prior *p, enum learn_kind kind)
{
	unsigned known = SET(frame);

	if (p->exact && kind != LEARN_prompt_bytes)
		known |= TEXT_SET | SET(picture_tok);
	return made_of(kind) & ~known;
}

/* The features as the fit takes them; false: there is nothing to estimate. */
static bool spread(const struct learn_features *f, enum learn_kind kind,
		   uint64_t x[LEARN_COEFFICIENT_COUNT])
{
	const uint64_t value[LEARN_COEFFICIENT_COUNT] = {
		[LEARN_COEFFICIENT_ascii] = f->ascii_tok,
		[LEARN_COEFFICIENT_cjk] = f->cjk_tok,
		[LEARN_COEFFICIENT_other] = f->other_tok,
		[LEARN_COEFFICIENT_frame] = f->frame_tok,
		[LEARN_COEFFICIENT_message] = f->messages,
		[LEARN_COEFFICIENT_tools] = f->tool_tok > 0,
		[LEARN_COEFFICIENT_tool_tok] = f->tool_tok,
		[LEARN_COEFFICIENT_picture_tok] = f->picture_tok,
		[LEARN_COEFFICIENT_base] = 1,
	};
	bool any = false;

	for (unsigned i = 0; i < LEARN_COEFFICIENT_COUNT; i++) {
		x[i] = made_of(kind) >> i & 1 ? value[i] : 0;
		if (x[i] > USAGE_TOK_MAX)
			x[i] = USAGE_TOK_MAX;
		any = any || (x[i] > 0 && i != LEARN_COEFFICIENT_base);
	}
	return any;
}

/* What four bytes of text are, in thousandths of o200k's tokens: English, code and JSON; and
 * the scripts of two and three bytes to a letter. */
#define ASCII_NOMINAL_PERMIL 1050
#define OTHER_NOMINAL_PERMIL 1150

/* How far off nearly all estimates are that nothing was learned for. */
#define EXACT_SPREAD_PERMIL 150
#define PRIOR_SPREAD_PERMIL 400
#define BYTES_SPREAD_PERMIL 500

static void begin(struct fit *f, const struct learn_prior *p, enum learn_kind kind)
{
	int32_t permil[LEARN_COEFFICIENT_COUNT] = {
		[LEARN_COEFFICIENT_ascii] = p->ascii_permil,
		[LEARN_COEFFICIENT_cjk] = p->cjk_permil,
		[LEARN_COEFFICIENT_other] = p->other_permil,
		[LEARN_COEFFICIENT_frame] = 1000,
		[LEARN_COEFFICIENT_tool_tok] = 1000,
		[LEARN_COEFFICIENT_picture_tok] = 1000,
	};
	int32_t spread_permil = p->exact ? EXACT_SPREAD_PERMIL : PRIOR_SPREAD_PERMIL;

	if (kind == LEARN_prompt_bytes) {
		permil[LEARN_COEFFICIENT_ascii] = p->ascii_permil * ASCII_NOMINAL_PERMIL / 1000;
		permil[LEARN_COEFFICIENT_other] = p->other_permil * OTHER_NOMINAL_PERMIL / 1000;
		spread_permil = BYTES_SPREAD_PERMIL;
	}
	fit_begin(f, learned(p, kind), permil, spread_permil);
}

/* ---- names ---- */

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

static void copy_name(struct span s, char *to, size_t room)
{
	span_copy(s, to, room);
	for (; *to; to++)
		*to = is_name_byte(*to) ? (char)tolower((unsigned char)*to) : '_';
}

/* ---- the table ---- */

static unsigned hash_of(const char *provider, const char *family)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *provider; provider++)
		h = (h ^ (unsigned char)*provider) * 16777619u;
	for (; *family; family++)
		h = (h ^ (unsigned char)*family) * 16777619u;
	return (h ^ h >> 15) % SLOTS;
}

/* The model of that name; NULL: there is none, and *slot is where it would be. */
static struct learn_model *look_up(struct learn *l, const char *provider, const char *family,
				   unsigned *slot)
{
	for (*slot = hash_of(provider, family);; *slot = (*slot + 1) % SLOTS) {
		unsigned place = atomic_load_explicit(&l->slot[*slot], memory_order_acquire);
		struct learn_model *m = place > 0 ? &l->model[place - 1] : NULL;

		if (!m || (strcmp(m->provider, provider) == 0 && strcmp(m->family, family) == 0))
			return m;
	}
}

/* The same, added when it is new; NULL: no room. */
static struct learn_model *look_up_or_add(struct learn *l, const char *provider, const char *family)
{
	struct learn_model *m;
	unsigned slot, count;

	m = look_up(l, provider, family, &slot);
	if (m)
		return m;
	pthread_mutex_lock(&l->adding);
	m = look_up(l, provider, family, &slot);
	count = atomic_load_explicit(&l->count, memory_order_relaxed);
	if (!m && count < LEARN_MODELS_MAX) {
		m = &l->model[count];
		span_copy(span_of(provider), m->provider, sizeof(m->provider));
		span_copy(span_of(family), m->family, sizeof(m->family));
		for (unsigned kind = 0; kind < LEARN_KIND_COUNT; kind++)
			pthread_mutex_init(&m->of[kind].lock, NULL);
		atomic_store_explicit(&l->slot[slot], (uint16_t)(count + 1), memory_order_release);
		atomic_store_explicit(&l->count, count + 1, memory_order_release);
	}
	pthread_mutex_unlock(&l->adding);
	return m;
}

struct learn *learn_new(void)
{
	struct learn *l = calloc(1, sizeof(*l));

	if (l)
		pthread_mutex_init(&l->adding, NULL);
	return l;
}

void learn_free(struct learn *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->count * LEARN_KIND_COUNT; i++)
		pthread_mutex_destroy(
		    &l->model[i / LEARN_KIND_COUNT].of[i % LEARN_KIND_COUNT].lock);
	pthread_mutex_destroy(&l->adding);
	free(l);
}

struct learn_model *learn_find(struct learn *l, struct span provider, struct span family)
{
	char provider_name[LEARN_PROVIDER_ROOM], family_name[LEARN_FAMILY_ROOM];
	unsigned slot;

	copy_name(provider, provider_name, sizeof(provider_name));
	copy_name(family, family_name, sizeof(family_name));
	return look_up(l, provider_name, family_name, &slot);
}

void learn_estimate(struct learn_model *m, const struct learn_prior *p, enum learn_kind kind,
		    const struct learn_features *f, struct learn_estimate *out)
{
	struct learner *r = m ? &m->of[kind] : NULL;
	uint64_t x[LEARN_COEFFICIENT_COUNT];
	struct fit fresh;
	bool known = false;

	*out = (struct learn_estimate){ 0 };
	if (!spread(f, kind, x))
		return;
	if (r) {
		pthread_mutex_lock(&r->lock);
		known = r->fit.learned != 0;
		if (known)
			fit_estimate(&r->fit, x, out);
		pthread_mutex_unlock(&r->lock);
	}
	if (!known) {
		begin(&fresh, p, kind);
		fit_estimate(&fresh, x, out);
	}
}

bool learn_sample(struct learn *l, struct span provider, const struct learn_prior *p,
		  enum learn_kind kind, const struct learn_features *f, uint64_t reported_tok)
{
	char provider_name[LEARN_PROVIDER_ROOM], family_name[LEARN_FAMILY_ROOM];
	uint64_t x[LEARN_COEFFICIENT_COUNT];
	struct learn_model *m;
	struct learner *r;

	if (reported_tok == 0 || reported_tok > USAGE_TOK_MAX || !spread(f, kind, x))
		return false;
	copy_name(provider, provider_name, sizeof(provider_name));
	copy_name(span_of(p->family), family_name, sizeof(family_name));
	m = look_up_or_add(l, provider_name, family_name);
	if (!m)
		return false;
	r = &m->of[kind];
	pthread_mutex_lock(&r->lock);
	/* New; or learned when less or more was public. */
	if (r->fit.learned != learned(p, kind) && !r->fit.frozen)
		begin(&r->fit, p, kind);
	fit_teach(&r->fit, x, reported_tok);
	r->revision++;
	pthread_mutex_unlock(&r->lock);
	return true;
}

/* ---- going through all ---- */

/* The i-th of all kinds of all models, NULL past the last. */
static struct learn_model *nth(struct learn *l, unsigned i, enum learn_kind *kind)
{
	unsigned place = i / LEARN_KIND_COUNT;

	*kind = i % LEARN_KIND_COUNT;
	return place < atomic_load_explicit(&l->count, memory_order_acquire) ? &l->model[place]
									     : NULL;
}

/* A copy for people. Under the learner's lock. */
static void view(const struct learn_model *m, enum learn_kind kind, struct learn_view *v)
{
	*v = (struct learn_view){ .provider = m->provider, .family = m->family, .kind = kind };
	fit_view(&m->of[kind].fit, v);
}

void learn_each(struct learn *l, bool (*each)(void *arg, const struct learn_view *v), void *arg)
{
	struct learn_model *m;
	struct learn_view v;
	enum learn_kind kind;
	bool known, go_on = true;

	for (unsigned i = 0; go_on && (m = nth(l, i, &kind)) != NULL; i++) {
		pthread_mutex_lock(&m->of[kind].lock);
		known = m->of[kind].revision > 0;
		view(m, kind, &v);
		pthread_mutex_unlock(&m->of[kind].lock);
		go_on = !known || each(arg, &v);
	}
}

void learn_each_news(struct learn *l, void (*each)(void *arg, const struct learn_view *v),
		     void *arg)
{
	struct learn_model *m;
	struct learn_view v;
	enum learn_kind kind;
	bool news;

	for (unsigned i = 0; (m = nth(l, i, &kind)) != NULL; i++) {
		struct learner *r = &m->of[kind];

		pthread_mutex_lock(&r->lock);
		view(m, kind, &v);
		news = r->told_drift != v.drift;
		r->told_drift = v.drift;
		pthread_mutex_unlock(&r->lock);
		if (news)
			each(arg, &v);
	}
}

unsigned learn_freeze(struct learn *l, struct span provider, struct span family, bool frozen)
{
	char provider_name[LEARN_PROVIDER_ROOM], family_name[LEARN_FAMILY_ROOM];
	struct learn_model *m;
	enum learn_kind kind;
	unsigned n = 0;

	copy_name(provider, provider_name, sizeof(provider_name));
	copy_name(family, family_name, sizeof(family_name));
	for (unsigned i = 0; (m = nth(l, i, &kind)) != NULL; i++) {
		struct learner *r = &m->of[kind];

		if ((provider.len > 0 && strcmp(provider_name, m->provider) != 0) ||
		    (family.len > 0 && strcmp(family_name, m->family) != 0))
			continue;
		pthread_mutex_lock(&r->lock);
		if (r->fit.learned != 0) {
			r->fit.frozen = frozen;
			r->revision++;
			n++;
		}
		pthread_mutex_unlock(&r->lock);
	}
	return n;
}

/* ---- text ---- */

/* Copies what is to be written; false: that one is not meant. */
static bool take_copy(struct learner *r, bool changed, struct fit *copy)
{
	bool meant;

	pthread_mutex_lock(&r->lock);
	meant = r->revision > 0 && (!changed || r->revision != r->kept);
	*copy = r->fit;
	if (changed)
		r->kept = r->revision;
	pthread_mutex_unlock(&r->lock);
	return meant;
}

void learn_each_line(struct learn *l, bool changed,
		     bool (*each)(void *arg, const char *name, struct span line), void *arg)
{
	struct learn_model *m;
	enum learn_kind kind;
	bool go_on = true;
	struct buf line;
	struct fit fit;

	buf_init(&line, LEARN_LINE_MAX);
	for (unsigned i = 0; go_on && (m = nth(l, i, &kind)) != NULL; i++) {
		char name[NAME_ROOM];

		if (!take_copy(&m->of[kind], changed, &fit))
			continue;
		snprintf(name, sizeof(name), "%s %s %s", m->provider, m->family, kind_names[kind]);
		buf_drop(&line, line.len);
		if (buf_addf(&line, MAGIC " %s ", name) && fit_write(&fit, &line) &&
		    buf_add(&line, (struct span){ "", 1 }))
			go_on = each(arg, name, (struct span){ line.at, line.len - 1 });
	}
	buf_release(&line);
}

void learn_unkept(struct learn *l)
{
	struct learn_model *m;
	enum learn_kind kind;

	for (unsigned i = 0; (m = nth(l, i, &kind)) != NULL; i++) {
		pthread_mutex_lock(&m->of[kind].lock);
		m->of[kind].kept = 0;
		pthread_mutex_unlock(&m->of[kind].lock);
	}
}

struct line {
	char provider[LEARN_PROVIDER_ROOM], family[LEARN_FAMILY_ROOM];
	enum learn_kind kind;
	struct fit fit;
};

/* Reads a name that copy_name() leaves as it is. */
static bool read_name(struct span *text, char *to, size_t room)
{
	struct span name = span_take(text, ' ');

	if (name.len == 0 || name.len >= room)
		return false;
	copy_name(name, to, room);
	return span_eq(name, span_of(to));
}

static enum err read_line(struct span text, struct line *out, char *why, size_t room)
{
	struct span kind;

	if (!span_eq(span_take(&text, ' '), SPAN(MAGIC))) {
		snprintf(why, room, "the line does not begin with " MAGIC);
		return ERR_GARBLED;
	}
	if (!read_name(&text, out->provider, sizeof(out->provider)) ||
	    !read_name(&text, out->family, sizeof(out->family))) {
		snprintf(why, room, "the provider or the model family is missing or no name");
		return ERR_GARBLED;
	}
	kind = span_take(&text, ' ');
	for (out->kind = 0; out->kind < LEARN_KIND_COUNT; out->kind++)
		if (span_eq(kind, span_of(kind_names[out->kind])))
			return fit_read(&out->fit, text, why, room);
	snprintf(why, room, "nothing is learned of this kind: \"%.*s\"",
		 (int)(kind.len < 40 ? kind.len : 40), kind.at);
	return ERR_GARBLED;
}

enum err learn_check(struct span line, char *why, size_t room)
{
	struct line read;

	return read_line(line, &read, why, room);
}

enum err learn_read(struct learn *l, struct span line, char *why, size_t room)
{
	struct learn_model *m;
	struct line read;
	struct learner *r;
	enum err e = read_line(line, &read, why, room);

	if (e != ERR_OK)
		return e;
	m = look_up_or_add(l, read.provider, read.family);
	if (!m) {
		snprintf(why, room, "%u models are known; there is no room for another",
			 LEARN_MODELS_MAX);
		return ERR_NOMEM;
	}
	r = &m->of[read.kind];
	pthread_mutex_lock(&r->lock);
	r->fit = read.fit;
	r->revision++;
	pthread_mutex_unlock(&r->lock);
	return ERR_OK;
}
