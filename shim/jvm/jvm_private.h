/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JVM_PRIVATE_H
#define LEAKSHIM_JVM_PRIVATE_H
/* Shared by the rooms of this floor, nobody else. */
#include <jni.h>
#include <jvmti.h>
#include <stdint.h>

#include "area.h"
#include "java_probes.h"
#include "resource.h"
#include "state.h"

#define JVM_CLASSES 512u /* of types, with all copies by other loaders */
#define JVM_EXIT 0x4000	 /* in the number of a call: it is the end of an `inside` */

enum jvm_phase { JVM_NONE, JVM_CREATED, JVM_FOLLOWED, JVM_DEAD };

extern struct jvm {
	JavaVM *vm;
	jvmtiEnv *ti;
	uint32_t phase; /* enum jvm_phase */
	uint32_t specification; /* 17 */
	uint32_t live; /* the VM is initialised: Java code may be called */
} jvm __attribute__((visibility("hidden")));

AREA_ELEMENT(java_object_at, trace_java_object, JAVA_OBJECT)
AREA_ELEMENT(java_frame_at, trace_java_frame, JAVA_FRAME)
AREA_ELEMENT(java_hold_at, trace_java_hold, JAVA_HOLD)
AREA_ELEMENT(java_vm_at, trace_java_vm, JAVA_VM)
AREA_ELEMENT(java_resource_at, trace_resource, RESOURCE)
AREA_ELEMENT(scan_at, trace_scan, SCAN)

/* The fork child of a virtual machine has none: its trace is another one. */
struct trace_java_vm *jvm_entry(void);

void jvm_problem(const char *what, const char *name, const char *why);

/* --- jvm_words.c: texts of the trace, each once --- */
uint32_t words_text(const char *text, size_t size);
const char *words_at(uint32_t text);

/* --- jvm_sources.c: what the probe files say --- */
struct jvm_type {
	const struct java_type *declared;
	const char *file;
};
struct jvm_probe {
	const struct java_probe *declared;
	const char *file;
	uint32_t type; /* index of jvm_types */
	int is_users;
};
extern struct jvm_type jvm_types[RESOURCE_JAVA_TYPES] __attribute__((visibility("hidden")));
extern struct jvm_probe jvm_probes[RESOURCE_JAVA_PROBES] __attribute__((visibility("hidden")));
extern uint32_t jvm_types_used, jvm_probes_used __attribute__((visibility("hidden")));
void sources_java(const char *files);

/* --- jvm_classes.c: classes with our calls in them --- */

/* A class that has the field of a type, as one loader has it. */
struct jvm_class {
	jweak class;
	jfieldID id;
	uint32_t type;
	jmethodID count, size; /* 0: not asked for yet, or there is none */
	uint32_t is_asked;
};
extern struct jvm_class jvm_classes[JVM_CLASSES] __attribute__((visibility("hidden")));
extern uint32_t jvm_classes_used __attribute__((visibility("hidden")));

void JNICALL classes_loaded(jvmtiEnv *ti, JNIEnv *env, jclass redefined, jobject loader, const char *name, jobject domain,
			    jint size, const unsigned char *data, jint *new_size, unsigned char **new_data);
void JNICALL classes_prepared(jvmtiEnv *ti, JNIEnv *env, jthread thread, jclass class);

/* What a class has in its tag, for walks; 0: nothing to say. Objects have their numbers, which are larger. */
enum class_tag {
	CLASS_IS_WEAK = 1, /* its objects do not hold what `referent` leads to; its number is in the bits above */
	CLASS_IS_LEAF = 2, /* nothing that is followed lies behind its objects */
	CLASS_IS_BARE = 4, /* nor behind its own statics */
	CLASS_IS_CLASS = 8 /* its objects are classes */
};
#define CLASS_WEAK_SHIFT 8
jlong classes_tag(JNIEnv *env, jclass class, const char *signature);

/* Fields of the interfaces of a class, its superclasses' included: they are numbered first. */
jint classes_interface_fields(JNIEnv *env, jclass class);

/* All methods there are get their names in the virtual machine, without which a stack has none. */
void classes_name_all(JNIEnv *env);

/* The class of a type that an object belongs to; 0: it is of another kind. */
struct jvm_class *classes_of(JNIEnv *env, uint32_t type, jobject object);

/* `class` has a countdown to the next object: sets it. */
void classes_set_turn(JNIEnv *env, jclass class, jint turn);

/* --- jvm_events.c: the native methods that are put in --- */
void JNICALL events_op(JNIEnv *env, jclass class, jobject object, jlong id, jint number, jint amount);
void JNICALL events_make(JNIEnv *env, jclass class, jobject object, jint number);
void JNICALL events_on(JNIEnv *env, jclass class, jobject object, jint number);

/* The collector took an object that has this number. Nothing of the virtual machine may be called. */
void JNICALL events_collected(jvmtiEnv *ti, jlong object);

/* --- jvm_objects.c: what is told about one object --- */
struct trace_java_object *objects_at(uint32_t resource, uint64_t address);
uint32_t objects_title(JNIEnv *env, const struct probe_word *path, jobject object);
/* To whom an object goes that is touched with this hint. Returns the size of the text, 0: nothing is known. */
#define OBJECTS_TEXT (3 * 255 + 1)
size_t objects_hint(JNIEnv *env, jobject hint, char text[OBJECTS_TEXT]);
jobject objects_follow(JNIEnv *env, const struct probe_word *path, jobject object);

/* --- jvm_stacks.c --- */

/* Learns how stacks are to be had. */
void stacks_start(void);

/* The stack of the running thread, which is in a native method of ours, without its `skip` innermost frames, and no more than
 * `most` of them. NODE index, 0: it could not be had. */
uint32_t stacks_here(JNIEnv *env, uint32_t skip, uint32_t most);
#define STACKS_ALL 512u
#define STACKS_RECORD 16u /* what a record keeps: each frame has its price, and the outer ones are those of the creation */

/* Learns by which calls Java code takes memory, so that such blocks have Java stacks. In the thread that starts the machine. */
void stacks_learn(JNIEnv *env);

/* Names the places that were met where nothing could be asked. 1: there were some. */
int stacks_name_pending(JNIEnv *env);
int stacks_has_pending(void);

/* The virtual machine works for us in the running thread: what it allocates is left out until it is given back, and nothing of
 * ours can be entered. 0: that cannot be told. */
struct thread *jvm_lend(void);
void jvm_give_back(struct thread *t);

/* Wakes the thread of ours that attaches itself for a while. Async-signal-safe. */
void jvm_wake(void);

/* A class's name as in Java source from its signature: as text, and as a TEXT index. Returns its length. */
size_t stacks_class_name(char *to, size_t room, const char *signature);
uint32_t stacks_class_text(const char *signature);

/* 1: one of the four innermost frames of a stack is of that class, or of one that lies in it. */
int stacks_is_by(uint32_t node, const struct probe_word *class);

/* Gives the running thread the name that it has in Java. */
void stacks_name_thread(JNIEnv *env);

/* --- jvm_walk.c --- */

/* Looks which objects can be reached, and by whom. `budget_us` is for how long. The last look has no need to clean up. */
void walk_heap(JNIEnv *env, uint64_t budget_us, int is_last);
#endif
