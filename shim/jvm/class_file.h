/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CLASS_FILE_H
#define LEAKSHIM_CLASS_FILE_H
/*
 * Puts calls into methods of a Java class file: at their entry or before they return.
 *
 * 1. Whatever is not understood to the last byte leaves the class as it was, with a reason.
 * 2. Inserted code is a multiple of four bytes long, so that the padding of switches stays right, and all other
 *    instructions keep their size. A branch that no longer reaches its target is a reason to refuse.
 * 3. A stack map entry is added for each place behind a skipped call; the others move with their instructions.
 * 4. What is added to the class is private: a field `leakshim$id` (long, transient), static native methods, and a static
 *    field `leakshim$turn`. None of it counts for a serialVersionUID.
 *
 * Context: any thread, no lock, no allocation of its own: the caller gives room for the result.
 */
#include <stddef.h>
#include <stdint.h>

enum class_call {
	CLASS_CALL_OP,	  /* leakshim$op(this, id, hook, amount): of `this` with an id, at the entry */
	CLASS_CALL_MAKE,  /* leakshim$make(object, hook): when leakshim$turn has come down to 0, at the entry */
	CLASS_CALL_ON,	  /* leakshim$on(object, hook): any other object, at the entry */
	CLASS_CALL_MADE,  /* leakshim$on(object, hook): of `this` or the result, before it returns */
};

#define CLASS_THIS (-1)
#define CLASS_RESULT (-2)

/* One call to put in. The hooks of a class are all put in or none. */
struct class_hook {
	const char *method; /* its name; "*": any that has an object and is no constructor */
	uint32_t method_size;
	const char *parameters; /* as in Java source, "int,java.lang.Object"; 0: any */
	uint32_t parameters_size;
	enum class_call call;
	int object; /* CLASS_THIS, CLASS_RESULT or number of a parameter */
	int amount; /* number of an int parameter that tells how many; -1: one */
	uint16_t number; /* given to the call, below 32768 */
	uint16_t found;  /* [out] methods that it was put into */
};

/* What a class file says of itself. Valid while its bytes are. */
struct class_file {
	const uint8_t *at, *end;
	uint16_t major, flags, this_class, constants, utf8_code, utf8_map;
	const uint8_t *constants_end;
	const uint8_t *fields, *methods, *attributes; /* at their counts */
	const char *why; /* reason of a refusal */
};

/* The newest class file version whose layout is known. */
#define CLASS_NEWEST 69u

/* Room that class_patch may need for the result. */
#define CLASS_ROOM(size, hooks) ((size) * 2 + 4096 + (size_t)(hooks) * 4096)

/*
 * Reads `from` and writes the patched class to `to`. `places` is scratch room for CLASS_PLACES words. Returns its size;
 * 0: nothing was changed, and *why tells the reason, which is a constant string, or 0 if no method matched.
 */
size_t class_patch(const uint8_t *from, size_t size, struct class_hook *hooks, uint32_t count, uint8_t *to, size_t room,
		   uint32_t *places, const char **why);
#define CLASS_PLACES (2u * 65536u + 8)

#define CLASS_ID "leakshim$id"
#define CLASS_TURN "leakshim$turn"
#define CLASS_OP "leakshim$op"
#define CLASS_MAKE "leakshim$make"
#define CLASS_ON "leakshim$on"
#endif
