/* replay.c - runs a fuzz target over its committed corpus, where there is no libFuzzer.
 *
 * Each file of each folder given is one test; the target aborts when it finds a bug.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the whole file into a block of exactly its size, so that a sanitizer sees every byte
 * read past the end. NULL on failure. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rbe");
	uint8_t *whole = malloc(INPUT_BYTES_MAX), *exact = NULL;

	if (f && whole) {
		*size = fread(whole, 1, INPUT_BYTES_MAX, f);
		exact = ferror(f) ? NULL : malloc(*size > 0 ? *size : 1);
		if (exact)
			memcpy(exact, whole, *size);
	}
	if (f)
		fclose(f);
	free(whole);
	return exact;
}

/* How many files of the folder were run; -1 when one could not be read. */
static int replay_folder(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort), ran = 0;

	for (int i = 0; i < n; i++) {
		char path[4096];
		uint8_t *data;
		size_t size;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && ran >= 0) {
			data = read_file(path, &size);
			if (!data)
				fprintf(stderr, "cannot read %s\n", path);
			else
				LLVMFuzzerTestOneInput(data, size);
			ran = data ? ran + 1 : -1;
			free(data);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return n < 0 ? -1 : ran;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int ran = replay_folder(argv[i]);

		if (ran <= 0) {
			fprintf(stderr, "no corpus in %s\n", argv[i]);
			return 1;
		}
		total += ran;
	}
	printf("[  PASSED  ] %d test(s).\n", total);
	return total == 0;
}
