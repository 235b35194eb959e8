/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PLACES_H
#define LEAKSHIM_PLACES_H
/*
 * What lies where in a process that is followed: whose code, which functions of libraries matter, bytes and instructions.
 *
 * Memory is read while the thread concerned is stopped; others may go on, so whatever is read may be old.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum owner_of_code {
	OWNER_PROGRAM,
	OWNER_STUB,    /* between a call and a function of another module */
	OWNER_LIBRARY, /* others' */
	OWNER_SYSTEM,  /* of the language, the loader, the kernel */
	OWNER_NONE
};

/* What a function does, as far as it matters here. */
enum deed {
	DEED_NONE,
	DEED_MAKE,    /* gives a new block */
	DEED_FREE,    /* rdi */
	DEED_RESIZE,  /* rdi */
	DEED_COPY,    /* rdx bytes from rsi to rdi */
	DEED_JUMP,    /* does not come back to where it was called */
	DEED_CALLBACK, /* calls what it is given */
	DEED_EXIT,    /* ends the process */
	DEED_KEEP,    /* holds rsi until the thread ends */
	DEED_SHARE,   /* begins a thread */
	DEED_MASK,    /* rdi: how, rsi: signals that are blocked or not */
	DEED_HANDLER, /* rdi: a signal whose handling changes */
	DEED_CONTEXT, /* goes on in the context at rdi */
	DEED_SWAP,    /* at rsi */
	DEED_KERNEL   /* rdi: a call of the kernel, what follows are its arguments */
};

struct places;
struct insn; /* decode.h */

struct places *places_open(pid_t pid);
void places_close(struct places *p);

/* The program became another one, or a module came: what is known is asked again when it is needed. */
void places_forget(struct places *p);

enum owner_of_code places_owner(struct places *p, uint64_t pc);
/* pc: of a function, or the slot that will lead there once it is bound. */
enum deed places_deed(struct places *p, uint64_t pc);

/* Returns 0, or -1 where that cannot be read. */
int places_read(const struct places *p, uint64_t address, void *to, size_t size);

/* The instruction at an address; 0: there is none. It stays valid. */
const struct insn *places_insn(struct places *p, uint64_t pc);

/* Does an instruction call, or jump without a condition? */
bool places_is_call(const struct insn *i);
bool places_is_jump(const struct insn *i);

/* May an instruction of the program be executed alone? One that shows the flags to the program would show that too. */
bool places_may_step(struct places *p, const struct insn *i);
bool places_is_system_call(const struct insn *i);

/* Where a jump reads from where it leads; 0. */
uint64_t places_slot(const struct insn *i);
#endif
