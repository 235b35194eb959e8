/* SPDX-License-Identifier: MIT */
/*
 * A preload library that compares the shim's stacks with libunwind's, frame by frame.
 *
 * It links the shim's own stack rooms and wraps malloc, calloc and realloc; every call captures
 * (so that the cache lives as in the shim), every STACK_CHECKER-th one (default 1) also walks with
 * unw_step and compares all return addresses. Frames without unwind information are guessed by rbp;
 * libunwind 1.6 then does not take the outer sp from there. Where its sp is wrong for that reason, what
 * differs further out is counted apart. At exit it says how many stacks differed; with
 * STACK_CHECKER_FILE in a line appended to that file, else on stderr.
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libunwind.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "modules.h"
#include "area.h"
#include "stack.h"
#include "state.h"

#define SHOWN 3
#define EXPORTED __attribute__((visibility("default")))
#define INITIAL __attribute__((tls_model("initial-exec")))

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static unsigned long compared, different, lost, shown, captured;
static unsigned long every = 1;
static __thread INITIAL struct stack_cache *cache;
static __thread INITIAL int is_busy;
static __thread INITIAL volatile unsigned ours_count; /* read by a debugger */
static __thread INITIAL uintptr_t theirs[TRACE_STACK_MAX + 1], ours[TRACE_STACK_MAX + 1];

static void say(const char *text, size_t size)
{
	const char *file = getenv("STACK_CHECKER_FILE");
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : 2;

	if (fd < 0 || write(fd, text, size) < 0)
		return;
	if (file)
		close(fd);
}

static void show(const char *name, const uintptr_t *pc, unsigned count, unsigned from)
{
	char line[512];
	Dl_info info;

	for (unsigned i = from; i < count && i < from + 6; i++) {
		int found = dladdr((void *)pc[i], &info);
		int size = snprintf(line, sizeof(line), "  %s %u: %#lx %s+%#lx (%s)\n", name, i,
				    (unsigned long)pc[i], found ? info.dli_fname : "?",
				    found ? (unsigned long)(pc[i] - (uintptr_t)info.dli_fbase) : 0,
				    found && info.dli_sname ? info.dli_sname : "");

		say(line, (size_t)size);
	}
}

/* Will unw_step guess from here, and get another sp than rbp tells? */
static int loses_sp(unw_cursor_t *cursor, unw_word_t sp)
{
	unw_proc_info_t info;
	unw_word_t rbp = 0;

	/* for unknown code it makes up a procedure of one byte */
	return !unw_get_proc_info(cursor, &info) && info.end_ip - info.start_ip <= 1 &&
	       !unw_get_reg(cursor, UNW_X86_64_RBP, &rbp) && rbp != sp;
}

/* libunwind's frames from (pc, sp) outward; 0 if it never came there. *sure: so many of them were
 * reached with a right sp. */
static unsigned walk_theirs(uintptr_t pc, uintptr_t sp, unsigned *sure)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unsigned count = 0;

	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	do {
		unw_word_t at = 0, stack = 0;

		unw_get_reg(&cursor, UNW_REG_IP, &at);
		unw_get_reg(&cursor, UNW_REG_SP, &stack);
		if (!at)
			break;
		if (count || (at == pc && stack == sp))
			theirs[count++] = at;
		if (count && *sure > count && loses_sp(&cursor, stack))
			*sure = count + 1;
	} while (count <= TRACE_STACK_MAX && unw_step(&cursor) > 0);
	return count;
}

static unsigned read_ours(uint32_t node)
{
	unsigned count = 0;

	for (; node && node != state.header->root; node = state_node(node)->parent)
		ours[count++] = trace_node_pc(state_node(node));
	return count;
}

static __attribute__((noinline)) void compare_walks(uint32_t node, uintptr_t pc, uintptr_t sp)
{
	unsigned sure = UINT32_MAX, their_count = walk_theirs(pc, sp, &sure), our_count = read_ours(node), i = 0;

	ours_count = our_count;
	__atomic_fetch_add(&compared, 1, __ATOMIC_RELAXED);
	if (their_count > TRACE_STACK_MAX)
		their_count = TRACE_STACK_MAX;
	while (i < their_count && i < our_count && theirs[i] == ours[i])
		i++;
	if (i == their_count && i == our_count)
		return;
	if (i >= sure) {
		__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_fetch_add(&different, 1, __ATOMIC_RELAXED);
	if (__atomic_fetch_add(&shown, 1, __ATOMIC_RELAXED) < SHOWN) {
		char line[128];
		int size = snprintf(line, sizeof(line),
				    "stack differs: libunwind has %u frames, ours %u, equal %u\n",
				    their_count, our_count, i);

		say(line, (size_t)size);
		show("libunwind", theirs, their_count, i ? i - 1 : 0);
		show("ours", ours, our_count, i ? i - 1 : 0);
	}
}

static void bounds(struct stack_cache *new)
{
	pthread_attr_t attributes;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attributes))
		return;
	pthread_attr_getstack(&attributes, &low, &size);
	pthread_attr_destroy(&attributes);
	/* as the shim does: the lower end is learnt */
	stack_bounds(new, (uintptr_t)__builtin_frame_address(0), (uintptr_t)low + size);
}

static __attribute__((noinline)) void look(uintptr_t pc, uintptr_t sp, uintptr_t rbp)
{
	uint32_t node;

	if (!state.tracing || is_busy)
		return;
	is_busy = 1;
	if (!cache)
		cache = area_private(sizeof(*cache), 1); /* no bounds: as a stack nobody knows */
	node = stack_capture(cache, pc, sp, rbp);
	if (__atomic_add_fetch(&captured, 1, __ATOMIC_RELAXED) % every == 0)
		compare_walks(node, pc, sp);
	is_busy = 0;
}

#define LOOK()                                                                                     \
	look((uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_dwarf_cfa(),             \
	     *(uintptr_t *)__builtin_frame_address(0))

EXPORTED void *malloc(size_t size)
{
	LOOK();
	return __libc_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
	LOOK();
	return __libc_calloc(count, size);
}

EXPORTED void *realloc(void *block, size_t size)
{
	LOOK();
	return __libc_realloc(block, size);
}

struct beginning {
	void *(*function)(void *);
	void *argument;
};

/* A thread whose stack is known before its first allocation. */
static void *begin(void *raw)
{
	struct beginning b = *(struct beginning *)raw;

	is_busy = 1;
	cache = area_private(sizeof(*cache), 1);
	bounds(cache);
	is_busy = 0;
	free(raw);
	return b.function(b.argument);
}

EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			    void *(*function)(void *), void *argument)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	static int count;
	struct beginning *b = __libc_malloc(sizeof(*b));

	*b = (struct beginning){function, argument};
	if (!real)
		real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
				void *))dlsym(RTLD_NEXT, "pthread_create");
	if (!state.tracing || __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) % 4 == 3)
		return real(thread, attributes, function, argument);
	return real(thread, attributes, begin, b);
}

EXPORTED int dlclose(void *handle)
{
	static int (*real)(void *);
	int result;

	if (!real)
		real = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
	result = real(handle);
	modules_changed();
	unw_flush_cache(unw_local_addr_space, 0, 0); /* libunwind does not see it by itself */
	return result;
}

static __attribute__((destructor)) void finish(void)
{
	char line[256];
	int size;

	state.tracing = 0;
	size = snprintf(line, sizeof(line), "stack_checker: %lu stacks compared, %lu different, libunwind lost %lu (%s)\n",
			compared, different, lost, program_invocation_short_name);
	say(line, (size_t)size);
}

static __attribute__((constructor)) void start(void)
{
	if (getenv("STACK_CHECKER"))
		every = strtoul(getenv("STACK_CHECKER"), NULL, 10);
	if (!every || area_open("none"))
		return;
	if (stack_start())
		return;
	cache = area_private(sizeof(*cache), 1);
	bounds(cache);
	state.tracing = 1;
}
