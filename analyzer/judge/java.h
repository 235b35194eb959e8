/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JAVA_H
#define LEAKSHIM_JAVA_H
/*
 * Objects of a Java virtual machine: whether nobody will ever release them, and why.
 *
 * What can be known differs from native memory. A walk of the heap is exact, of one moment, and tells who holds an
 * object; what the collector took is lost for certain; and the two libraries that such programs stand on, gRPC
 * and Netty, pass every buffer through known places, so that the place which it never reached tells what went wrong.
 */
#include "work.h"

enum java_kind {
	JAVA_OTHER,
	JAVA_BUFFER,	  /* a ByteBuf */
	JAVA_SERVER_CALL,
	JAVA_CLIENT_CALL,
	JAVA_PENDING_CALL, /* that a client call was made for later */
	JAVA_CHANNEL,	  /* of a client */
	JAVA_SERVER,
	JAVA_STREAM,	  /* a message without a copy */
	JAVA_NATIVE	  /* memory of the Java library, which its collector frees in the end */
};

enum java_kind java_kind(const struct model *m, const struct resource *r);

/* The class of one that is alive. */
enum leak_class java_class(struct work *w, const struct resource *r);

/* Causes and explanations of the groups and findings that are Java's. */
void java_explain(struct work *w, struct diagnosis *d);

/* Is native memory that Java code asked for its own to free? What the collector frees, and pools whose buffers are
 * followed, are not. nodes: of its stack. */
bool java_is_raw(const struct model *m, const uint32_t *nodes, unsigned count);

/* How full Netty's pools are, from blocks and buffers. */
struct java_pools java_pools_of(struct work *w);

/* For the parts of this room. */

/* The innermost node of a stack that is the program's own code; 0: none. */
uint32_t java_own(const struct model *m, uint32_t node);

/* The innermost node whose function has a text in its name; 0: none. */
uint32_t java_node_of(const struct model *m, uint32_t node, const char *part);

/* The latest step by a method of that name; 0: none is recorded. */
const struct step *java_step(const struct model *m, const struct resource *r, const char *method);

/* The program's own code on the path that holds it, 0: none; the root it ends in with *root. */
const struct java_hold *java_holder(const struct model *m, const struct resource *r, const struct java_hold **root);

/* Did the program end by itself, not by a signal? */
bool java_ended_by_itself(const struct model *m);

/* Did everything that was begun come to its end before the program did, so that nothing can be on its way? */
bool java_is_quiet(const struct model *m);

/* Made while the static part of a class was initialised. */
bool java_is_static(const struct model *m, const struct resource *r);
#endif
