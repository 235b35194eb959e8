/* SPDX-License-Identifier: MIT */
/* The frames of the calling thread as CPython keeps them. */
#include "python_private.h"

#include <pthread.h>
#include <string.h>
#include <sys/uio.h>

#include "own.h"
#include "sys.h"
#include "rules.h"

struct python_runtime python_runtime;

#define FRAME_SIZE 80u /* of a frame and of a code object: what is read of them */
#define CODE_SIZE 120u /* less than what python_code reads: most often these lines of the cache are enough */
#define STATE_SIZE 280u /* of a thread state, less than any version's */
#define LINK_MOST 352u  /* where in a thread state 3.11 and 3.12 have what it points at first */
#define OWNED_BY_C 3u /* no frame, but where C code called the interpreter */
#define SKIPPED_MOST 64u
#define PROOFS 16u /* stacks with nothing odd about them */

int python_copy(void *to, uintptr_t from, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)from, size};

	if (__atomic_load_n(&python_runtime.proofs, __ATOMIC_RELAXED) < PROOFS)
		return sys_call6(SYS_process_vm_readv, (long)own_pid(), (long)&here, 1, (long)&there, 1, 0) == (long)size ? 0 : -1;
	memcpy(to, (const void *)from, size);
	return 0;
}

static uintptr_t word_at(const void *from, uint32_t offset)
{
	uintptr_t word;

	memcpy(&word, (const unsigned char *)from + offset, sizeof word);
	return word;
}

/* May a thread state be read? It was once. */
static int is_state(uintptr_t state)
{
	static uintptr_t known; /* also another thread's */
	unsigned char copy[STATE_SIZE];

	if (__atomic_load_n(&known, __ATOMIC_RELAXED) == state)
		return 1;
	if (python_copy(copy, state, sizeof copy))
		return 0;
	__atomic_store_n(&known, state, __ATOMIC_RELAXED);
	return 1;
}

/* From what the thread state points at to the frame that this points at. Before any code runs it is in the state itself. */
static int follow(uintptr_t state, uintptr_t *frame)
{
	uintptr_t from = *frame + python_runtime.layout.link_frame;

	if (from - state > LINK_MOST)
		return python_copy(frame, from, sizeof *frame);
	*frame = word_at((const void *)from, 0);
	return 0;
}

/* The thread state of the calling thread, with what leads to its innermost frame. 0: it has none. */
static uintptr_t thread_of(void *(*which)(void), uintptr_t self, uintptr_t *frame)
{
	const struct python_layout *l = &python_runtime.layout;
	uintptr_t state = which ? (uintptr_t)which() : 0;
	const unsigned char *at = (const unsigned char *)state;

	if (!state || !is_state(state) || word_at(at, l->thread_number) != self)
		return 0;
	*frame = word_at(at, l->thread_frame);
	if (*frame && l->link_frame != PYTHON_NONE && follow(state, frame))
		return 0;
	return state;
}

/* Returns 0: there is none. */
static uintptr_t innermost(void)
{
	uintptr_t self = (uintptr_t)pthread_self(), frame = 0;

	/* the first one is thread-local in some versions, and there once the thread is known to the interpreter */
	if (!thread_of(python_runtime.own, self, &frame))
		return 0;
	thread_of(python_runtime.current, self, &frame);
	return frame;
}

/* Fills `to` but for is_entry. Returns -1 if there is no code. */
static int read_code(struct python_frame *to, uintptr_t code, uintptr_t at)
{
	const struct python_layout *l = &python_runtime.layout;
	unsigned char copy[CODE_SIZE];

	if (python_copy(copy, code, sizeof copy) || word_at(copy, 8) != python_runtime.code_type)
		return -1;
	to->code = code;
	to->file = word_at(copy, l->code_file);
	memcpy(&to->first, copy + l->code_first, sizeof to->first);
	intptr_t bytes = (intptr_t)(at - code - l->code_body);
	if (bytes < -2 || bytes > 1 << 28)
		return -1;
	to->at = (int32_t)(bytes / 2);
	return 0;
}

int python_code(struct python_frame *frame)
{
	return python_copy(&frame->name, frame->code + python_runtime.layout.code_name, sizeof frame->name) ||
	       python_copy(&frame->lines, frame->code + python_runtime.layout.code_lines, sizeof frame->lines) ? -1 : 0;
}

int python_frames(struct python_frame *to, uint32_t most)
{
	const struct python_layout *l = &python_runtime.layout;
	uintptr_t frame = innermost();
	uint32_t count = 0;

	for (uint32_t steps = 0; frame && count < most && steps < most + SKIPPED_MOST; steps++) {
		unsigned char copy[FRAME_SIZE];

		if (frame % 8 || python_copy(copy, frame, sizeof copy))
			return -1;
		if (copy[l->frame_owner] > OWNED_BY_C)
			return -1;
		if (copy[l->frame_owner] == OWNED_BY_C) {
			if (count)
				to[count - 1].is_entry = 1;
		} else {
			if (read_code(&to[count], word_at(copy, l->frame_code), word_at(copy, l->frame_at)))
				return -1;
			to[count++].is_entry = l->frame_entry != PYTHON_NONE && copy[l->frame_entry];
		}
		frame = word_at(copy, l->frame_previous);
	}
	if (count && python_runtime.proofs < PROOFS)
		python_runtime.proofs++; /* behind the caller's lock */
	return (int)count;
}
