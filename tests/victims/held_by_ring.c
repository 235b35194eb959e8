/* SPDX-License-Identifier: MIT */
/* A block that only a request under way holds (argv[1]: "io_uring" or "aio"), which waits for a pipe that nobody writes to, or
 * "lost" (argv[2]). After it many others are made and done ("few" as argv[3]: none), so that no queue has it any more.
 * "idle" in place of held: no request is under way. 77: the kernel has no such thing, or does not let us. */
#include "holder.h"
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/syscall.h>

#define ENTRIES 8u

static struct {
	int fd;
	unsigned *head, *tail, *array, mask;
	struct io_uring_sqe *requests;
	unsigned *done_head, *done_tail;
} ring;

static void open_ring(void)
{
	struct io_uring_params p = {0};

	ring.fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring.fd < 0)
		exit(77);
	size_t size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *at = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);

	ring.requests = mmap(0, p.sq_entries * sizeof *ring.requests, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
			     IORING_OFF_SQES);
	ring.head = (unsigned *)(at + p.sq_off.head);
	ring.tail = (unsigned *)(at + p.sq_off.tail);
	ring.array = (unsigned *)(at + p.sq_off.array);
	ring.mask = p.sq_entries - 1;
	ring.done_head = (unsigned *)(at + p.cq_off.head);
	ring.done_tail = (unsigned *)(at + p.cq_off.tail);
}

static struct io_uring_sqe *next_request(void)
{
	unsigned at = *ring.tail & ring.mask;

	memset(&ring.requests[at], 0, sizeof ring.requests[at]);
	ring.array[at] = at;
	return &ring.requests[at];
}

static void submit(unsigned wait)
{
	__atomic_store_n(ring.tail, *ring.tail + 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring.fd, 1, wait, wait ? IORING_ENTER_GETEVENTS : 0, 0, 0);
	__atomic_store_n(ring.done_head, __atomic_load_n(ring.done_tail, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

static void by_ring(int pipe_end, int is_idle, int more)
{
	open_ring();
	struct io_uring_sqe *request = next_request();

	request->opcode = IORING_OP_POLL_ADD;
	request->fd = pipe_end;
	request->poll32_events = POLLIN;
	hold(&request->user_data, 0);
	if (is_idle)
		request->opcode = IORING_OP_NOP;
	submit(is_idle);
	for (int i = 0; i < more; i++) {
		next_request()->opcode = IORING_OP_NOP;
		submit(1);
	}
}

static void by_aio(int pipe_end, int is_idle)
{
	static struct iocb request, *list = &request;
	aio_context_t context = 0;

	if (is_idle)
		hold(&request.aio_data, 0);
	else if (syscall(SYS_io_setup, 8, &context))
		exit(77);
	request.aio_lio_opcode = IOCB_CMD_POLL;
	request.aio_fildes = (unsigned)pipe_end;
	request.aio_buf = POLLIN;
	hold(&request.aio_data, 0);
	if (!is_idle && syscall(SYS_io_submit, context, 1, &list) != 1)
		exit(77);
	memset(&request, 0, sizeof request);
}

int main(int argc, char **argv)
{
	int ends[2], is_idle = argc > 2 && !strcmp(argv[2], "idle");

	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	if (argc < 2 || pipe(ends))
		return 1;
	if (!strcmp(argv[1], "aio"))
		by_aio(ends[0], is_idle);
	else
		by_ring(ends[0], is_idle, argc > 3 ? 0 : 3 * ENTRIES);
	scrub();
	if (getenv("SHOW")) { char c[64]; sprintf(c, "cat /proc/%d/fdinfo/%d >&2; cat /proc/%d/maps >&2", getpid(), ring.fd, getpid()); system(c); }
	return 0;
}
