/* main.c - where the process begins; everything else is in cli.c. */
#include "ops/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
