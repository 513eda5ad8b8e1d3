/* secret.c - from the environment, a file, or (for addresses with a password in them) the text. */
#include "conf/secret.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct conf_secret *secret_new(struct arena *a, struct conf_secret **all)
{
	struct conf_secret *s = arena_take(a, sizeof(*s));

	if (!s)
		return NULL;
	s->older = *all;
	*all = s;
	return s;
}

static const char *keep(struct conf_secret *s, struct span text)
{
	while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
		text.len--;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f)
			return "holds a space or a control character";
	if (text.len == 0)
		return "is empty";
	s->bytes = malloc(text.len + 1);
	if (!s->bytes)
		return "no memory";
	memcpy(s->bytes, text.at, text.len);
	s->bytes[text.len] = '\0';
	s->len = text.len;
	return NULL;
}

const char *secret_from_env(struct conf_secret *s, const char *variable)
{
	const char *value;

	for (const char *c = variable; *c; c++)
		if (*c != '_' && !isalpha((unsigned char)*c) &&
		    (c == variable || !isdigit((unsigned char)*c)))
			return "wants the name of an environment variable, not the secret itself";
	s->suffix = "_env";
	s->from = variable;
	value = getenv(variable);
	if (!value || !value[0])
		return NULL;
	return keep(s, span_of(value))
		   ? "names a variable with a space or a control character in it"
		   : NULL;
}

/* Reads at most room bytes of a regular file; negative on failure. */
static ssize_t read_file(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t len = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		len = read(fd, to, room);
	close(fd);
	return len;
}

const char *secret_from_file(struct conf_secret *s, const char *path)
{
	char *bytes = malloc(SECRET_BYTES_MAX + 1);
	const char *why = NULL;
	ssize_t len;

	if (!bytes)
		return "no memory";
	s->suffix = "_file";
	s->from = path;
	len = read_file(path, bytes, SECRET_BYTES_MAX + 1);
	if (len < 0)
		why = "names a file that cannot be read";
	else if (len > SECRET_BYTES_MAX)
		why = "names a file that is too large for a secret";
	else if (keep(s, (struct span){ bytes, (size_t)len }))
		why = "names a file that is empty or has a space or a control character in it";
	explicit_bzero(bytes, SECRET_BYTES_MAX + 1);
	free(bytes);
	return why;
}

const char *secret_from_text(struct conf_secret *s, struct span text)
{
	s->suffix = "";
	s->from = "";
	return keep(s, text);
}

const char *secret_source(const struct conf_secret *s)
{
	if (strcmp(s->suffix, "_env") == 0)
		for (const char *c = s->from; *c; c++)
			if (islower((unsigned char)*c))
				return "the variable named here";
	return s->from;
}

void secret_wipe(struct conf_secret *all)
{
	for (struct conf_secret *s = all; s; s = s->older) {
		if (!s->bytes)
			continue;
		explicit_bzero(s->bytes, s->len);
		free(s->bytes);
		s->bytes = NULL;
		s->len = 0;
	}
}
