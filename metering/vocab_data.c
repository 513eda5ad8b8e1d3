/* vocab_data.c - takes the files of pairs into the program while it is assembled. The build
 * names their folder and makes this file anew when one of them changes. */
#include "metering/vocab_data.h"

#define TAKE_IN(name)                                                                              \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden vocab_" #name "\n"                                                        \
		".hidden vocab_" #name "_end\n"                                                    \
		".globl vocab_" #name "\n"                                                         \
		".globl vocab_" #name "_end\n"                                                     \
		"vocab_" #name ":\n"                                                               \
		".incbin \"" WEIR_VOCAB_FOLDER "/" #name ".pairs\"\n"                              \
		"vocab_" #name "_end:\n"                                                           \
		".popsection\n");                                                                  \
	extern const char vocab_##name[], vocab_##name##_end[]

TAKE_IN(cl100k_base);
TAKE_IN(o200k_base);

struct span vocab_data(enum vocab_id id)
{
	return id == VOCAB_CL100K
		   ? (struct span){ vocab_cl100k_base,
				    (size_t)(vocab_cl100k_base_end - vocab_cl100k_base) }
		   : (struct span){ vocab_o200k_base,
				    (size_t)(vocab_o200k_base_end - vocab_o200k_base) };
}
