/* SPDX-License-Identifier: MIT */
/* A block held in memory whose missing pages a thread of the program supplies (userfaultfd), or "lost" (argv[1]). argv[2]: "private",
 * or "shared" memory. argv[3]: "fork" lets that thread hear of forks too, which then wait for it. With "look" as argv[4] the
 * program asks for a look before it ends. Ends with 3 if anybody but the program itself asked for a page or forked, 77: no
 * such thing here. */
#include "holder.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define SIZE (1u << 20)
#define PAGE 4096u

static int faults = -1;
static volatile int served;

static void *serve(void *unused)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffd_msg message;

	while (read(faults, &message, sizeof message) == sizeof message) {
		struct uffdio_copy copy = {.dst = message.arg.pagefault.address & ~(PAGE - 1ull), .src = (uintptr_t)page, .len = PAGE};

		served++;
		if (message.event == UFFD_EVENT_PAGEFAULT)
			ioctl(faults, UFFDIO_COPY, &copy);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int hears = argc > 3 && !strcmp(argv[3], "fork"), is_shared = argc > 2 && !strcmp(argv[2], "shared");
	struct uffdio_api api = {.api = UFFD_API, .features = hears ? UFFD_FEATURE_EVENT_FORK : 0};
	int fd = is_shared ? (int)syscall(SYS_memfd_create, "served", 0) : -1;
	pthread_t thread;

	is_lost = argc > 1 && !strcmp(argv[1], "lost");
	if (is_shared && ftruncate(fd, SIZE))
		return 77;
	void **at = mmap(0, SIZE, PROT_READ | PROT_WRITE, is_shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	struct uffdio_register range = {.range = {(uintptr_t)at, SIZE}, .mode = UFFDIO_REGISTER_MODE_MISSING};

	faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (at == MAP_FAILED || faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
		return 77;
	pthread_create(&thread, 0, serve, 0);
	hold(&at[100], 0);
	at = 0;
	scrub();
	if (argc > 4) {
		usleep(50000); /* no longer in flight */
		raise(SIGUSR1);
		usleep(500000);
	}
	if (is_shared && served == 1) { /* a page that is there now would not be asked for any more */
		unsigned char there[SIZE / PAGE];

		for (unsigned i = 1; !mincore((void *)(uintptr_t)range.range.start, SIZE, there) && i < SIZE / PAGE; i++)
			served += there[i];
	}
	return served == 1 ? 0 : 3;
}
