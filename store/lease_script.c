/* lease_script.c - takes lease.lua into the program while it is assembled. The build says where
 * it is and makes this file anew when it changes. */
#include "store/lease_script.h"

__asm__(".pushsection .rodata\n"
	".hidden lease_lua\n"
	".hidden lease_lua_end\n"
	".globl lease_lua\n"
	".globl lease_lua_end\n"
	"lease_lua:\n"
	".incbin \"" WEIR_LEASE_LUA "\"\n"
	"lease_lua_end:\n"
	".popsection\n");
extern const char lease_lua[], lease_lua_end[];

struct span lease_script(void)
{
	return (struct span){ lease_lua, (size_t)(lease_lua_end - lease_lua) };
}
