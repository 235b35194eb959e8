/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JAVA_PROBES_H
#define LEAKSHIM_JAVA_PROBES_H
/*
 * Java probe files (NAME.jprobes): which methods of which classes make, retain, release and touch which objects. Compiled
 * into the shim and into the analyzer, as probe_file.h.
 *
 *   file = { line } ;  '#' starts a comment ;  fields are separated by blanks
 *   line = "type" NAME class=CLASS [ name=FIELD{.FIELD} ] [ count=METHOD() ] [ size=METHOD() ] [ unless=CLASS ]
 *          [ stays | free ]
 *        | VERB [ CLASS ].METHOD [ "(" TYPES ")" ] [ OBJECT ] [ by=argN ]     of the type above it
 *   VERB = create | retain | release | final | touch | inside | work | abandon | excuse | hint
 *   OBJECT = ( this | ret | arg0..arg9 ) { .FIELD }       default: this
 *   CLASS  = package.Class$Inner, or *.package.Class: with anything before it, as in relocated copies
 *   TYPES  = as in Java source, "int,java.lang.Object[]"; without "(": all methods of that name
 *   METHOD = a name, <init>, or * for all that have an object and are no constructors
 *
 *   type    NAME is for people. class= is the class that gets a hidden field for the number of the object: that of
 *           the object or a superclass of it. name= leads to a string that tells one from another. count= and
 *           size= are called without arguments, count= only to make sure that an object is at its end. What is
 *           made by the code of unless= (four frames are looked at) is not followed. What `stays` is mostly held until
 *           the program ends: when it does, nobody looks whether these are. What is `free` needs no
 *           end: the collector may take it.
 *   create  with `this` or ret: before the method returns; with argN: at its entry.
 *   release takes one reference back, or as many as the int parameter by= says, as retain adds them; the last one ends
 *           the object. final ends it at once, and may come again.
 *   abandon others end it: if its owner did not say the last word, it is a leak, unless an `excuse` came before (the
 *           owner asked to hear of such ends) and nobody holds it: then it is forgotten when the collector takes it.
 *   inside  only one thread may be in that method of the object at a time; when two are, that is a finding.
 *   work    from here on the thread works for the object: what it makes meanwhile belongs to it.
 *   hint    a parameter of the touch below it that tells to whom the object goes: text, or the class of it or its `handler`.
 *
 * A mistake costs its line and nothing else. Nothing is allocated; names point into the text.
 */
#include "probe_file.h"

#define JAVA_TYPES_MAX 64u   /* of one file */
#define JAVA_PROBES_MAX 256u /* of one file */

enum java_verb {
	JAVA_INSIDE = PROBE_VERBS,
	JAVA_WORK,
	JAVA_ABANDON,
	JAVA_EXCUSE,
	JAVA_HINT
};

enum java_base {
	JAVA_THIS = -1,
	JAVA_RET = -2 /* else number of a parameter */
};

struct java_type {
	struct probe_word name, class_name;
	struct probe_word unless;
	struct probe_word title; /* name=: fields with dots, size 0: none */
	struct probe_word count, size; /* names of methods, size 0: none */
	uint32_t line, stays, free;
};

struct java_probe {
	struct probe_word class_name; /* as in the file, or its type's */
	struct probe_word method;
	struct probe_word parameters; /* without the brackets; at 0: any */
	struct probe_word path;	      /* fields from the base to the object, with dots; size 0: the base itself */
	int base;		      /* enum java_base or 0..9 */
	int by;			      /* parameter, -1: one */
	uint32_t verb;		      /* enum probe_verb or java_verb */
	uint32_t type;		      /* index into types */
	uint32_t line;
};

struct java_set {
	struct java_type *types;
	struct java_probe *probes;
	uint32_t types_max, probes_max;
	uint32_t types_used, probes_used;
	uint32_t errors, warnings;
};

/* As probe_file_parse. */
void java_probes_parse(const char *text, size_t size, struct java_set *set, probe_reporter *report, void *context);

/* 1 if a class, whose name has slashes or dots, is the one that a file names. */
int java_class_matches(const struct probe_word *wanted, const char *name, size_t size);

/* The verb as a file has it. */
const char *java_verb_word(uint32_t verb);

/* The file is one of Java probes, by its name. */
int java_probes_is(const char *file);
#endif
