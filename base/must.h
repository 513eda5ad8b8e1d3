/* must.h - assertions that stay in release builds.
 *
 * MUST(e)      our own bug if false: says where and aborts. Never for something
 *              that a peer, a file or the kernel can cause; that is enum err.
 * MUST_USE     the caller may not drop the result.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

/* Prints the failed expression to stderr and aborts. */
_Noreturn void must_fail(const char *file, int line, const char *func, const char *expr);

#define MUST(e)  ((e) ? (void)0 : must_fail(__FILE__, __LINE__, __func__, #e))
#define MUST_USE __attribute__((warn_unused_result))

#endif
