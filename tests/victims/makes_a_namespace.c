/* SPDX-License-Identifier: MIT */
/* Puts its children into a PID namespace of their own and asks for a look before the first of them is there, which must
 * be able to start and to be number 1. argv[1] "exec": becomes a shell that starts a child instead. 77: no rights. */
#include "victim.h"
#include <sched.h>

int main(int argc, char **argv)
{
	int status = 1;

	keep(malloc(100));
	if (unshare(CLONE_NEWPID))
		return 77;
	if (argc > 1 && !strcmp(argv[1], "exec"))
		execl("/bin/sh", "sh", "-c", "/bin/true; exit $?", (char *)0);
	raise(SIGUSR1);
	usleep(300000);
	pid_t child = fork();
	if (!child)
		_exit(getpid() != 1);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	return WEXITSTATUS(status);
}
