/* SPDX-License-Identifier: MIT */
/*
 * Stacks of Java frames, as nodes of the stack tree: a frame's name is in the trace before any stack leads to it.
 *
 * AsyncGetCallTrace is asked at the boundary of a native method only, where the virtual machine itself has anchored the
 * frames; where it is not exported, or has no answer, JVMTI is asked, which costs twice as much.
 */
#include <dlfcn.h>
#include <string.h>

#include "jvm_private.h"
#include "loaded.h"
#include "real.h"
#include "stack.h"
#include "sys.h"
#include "thread.h"
#include "tree.h"
#include "rules.h"

#define FRAMES_MOST (STACKS_ALL)
#define PLACES (1u << 18)
#define STACKS (1u << 14)
#define LATER 8192u
#define HIDDEN 0xffffffffu /* a frame that Java does not show either */

/* As the virtual machine has it. */
struct call_frame {
	jint bci;
	jmethodID method;
};
struct call_trace {
	JNIEnv *env;
	jint count;
	struct call_frame *frames;
};

/* Zeroed in a fork child. */
static struct tables {
	uint32_t lock, used, module;
	struct place {
		uint64_t method; /* jmethodID, 0: free */
		int32_t bci;	 /* LINE_KEY | line: the frame of a line */
		uint32_t frame;	 /* JAVA_FRAME index, HIDDEN; 0: not yet */
	} place[PLACES];
	struct whole {
		uint64_t check, node; /* hash ^ node, node */
	} memo[STACKS];
	uint32_t waiting, named; /* places that were met and named later */
	struct later {
		jmethodID method; /* written last */
		int32_t bci;
		uint32_t frame;
	} later[LATER];
} *tables;

static void (*get_call_trace)(struct call_trace *, jint, void *);

void stacks_start(void)
{
	void *symbol = real.dlsym ? real.dlsym(RTLD_DEFAULT, "AsyncGetCallTrace") : 0;

	if (!symbol) { /* libjvm was loaded for itself */
		const char *path = loaded_path((void *)(*jvm.ti)->GetStackTrace);

		for (struct link_map *m = loaded_list()->r_map; m && path && !symbol && real.dlsym; m = m->l_next)
			if (!strcmp(m->l_name, path))
				symbol = real.dlsym(m, "AsyncGetCallTrace");
	}
	get_call_trace = (void (*)(struct call_trace *, jint, void *))symbol;
	if (!get_call_trace)
		jvm_problem("AsyncGetCallTrace", "", "this virtual machine does not export it; stacks cost more");
}

/* The module of all Java frames. The caller holds the lock and has entered its thread's state. */
static uint32_t module_of_java(void)
{
	if (!tables->module) {
		uint32_t i = area_take(TRACE_AREA_MODULE, 1);
		struct trace_module *m;

		if (!i || i > UINT16_MAX)
			return 0;
		m = state_module(i);
		m->start = m->bias = TRACE_JAVA_CODE;
		m->kind = TRACE_MODULE_JAVA;
		m->path = area_text("Java", 4);
		m->loaded_us = state_now();
		__atomic_store_n(&m->end, TRACE_JAVA_OBJECTS, __ATOMIC_RELEASE);
		__atomic_store_n(&tables->module, i, __ATOMIC_RELEASE);
	}
	return tables->module;
}

static int prepare(void)
{
	static uint32_t lock;

	if (!tables) {
		state_lock(&lock);
		if (!tables)
			tables = area_private(sizeof *tables, 1);
		state_unlock(&lock);
	}
	return tables != 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;

	return h ^ h >> 32;
}

static struct place *place_of(uint64_t method, int32_t bci)
{
	for (uint64_t i = mix(method, (uint32_t)bci);; i++) {
		struct place *p = &tables->place[i & (PLACES - 1)];
		uint64_t there = __atomic_load_n(&p->method, __ATOMIC_ACQUIRE);

		if (!there || (there == method && p->bci == bci))
			return p;
	}
}

/* --- names --- */

struct names {
	char class_name[512], method[256], file[256];
	int32_t line;
	int is_hidden;
};

static void copy_text(char *to, size_t room, const char *from)
{
	size_t size = from ? strnlen(from, room - 1) : 0;

	memcpy(to, from ? from : "", size);
	to[size] = 0;
}

/* "Lorg/some/Name;" -> "org.some.Name". What a run of the program numbers as it likes goes: hidden classes are the
 * same in the next run. */
size_t stacks_class_name(char *to, size_t room, const char *signature)
{
	static const char *const primitive[] = {"Zboolean", "Bbyte", "Cchar", "Sshort", "Iint", "Jlong", "Ffloat", "Ddouble"};
	size_t used = 0, arrays = 0;
	char *made;

	for (; *signature == '['; signature++)
		arrays++;
	for (size_t i = 0; *signature != 'L' && i < sizeof primitive / sizeof *primitive; i++)
		if (arrays && primitive[i][0] == *signature)
			signature = primitive[i];
	for (signature += *signature != 0; *signature && *signature != ';' && used < room - 8; signature++)
		to[used++] = *signature == '/' ? '.' : *signature;
	to[used] = 0;
	for (; arrays && used < room - 3; arrays--)
		memcpy(to + used, "[]", 3), used += 2;
	if ((made = strstr(to, ".0x")) != 0)
		*made = 0;
	if ((made = strstr(to, "$$Lambda")) != 0)
		made[8] = 0;
	if ((made = strstr(to, "GeneratedMethodAccessor")) || (made = strstr(to, "GeneratedConstructorAccessor")))
		*(strstr(made, "Accessor") + 8) = 0;
	return strlen(to);
}

uint32_t stacks_class_text(const char *signature)
{
	char text[512];
	size_t size = stacks_class_name(text, sizeof text, signature);

	return words_text(text, size);
}

static int32_t line_of(jmethodID method, int32_t bci)
{
	jvmtiEnv *ti = jvm.ti;
	jvmtiLineNumberEntry *lines = 0;
	jint count = 0, line = 0;

	jvmtiError r = (*ti)->GetLineNumberTable(ti, method, &count, &lines);
	if (r != JVMTI_ERROR_NONE)
		return r == JVMTI_ERROR_NATIVE_METHOD ? -2 : 0;
	for (jint i = 0, best = -1; i < count; i++)
		if (lines[i].start_location <= bci && lines[i].start_location >= best) {
			best = (jint)lines[i].start_location;
			line = lines[i].line_number;
		}
	(*ti)->Deallocate(ti, (unsigned char *)lines);
	return line;
}

static void read_names(JNIEnv *env, jmethodID method, int32_t bci, struct names *n)
{
	jvmtiEnv *ti = jvm.ti;
	char *name = 0, *signature = 0, *file = 0;
	jclass class = 0;

	memset(n, 0, sizeof *n);
	if (!method || (*ti)->GetMethodName(ti, method, &name, 0, 0) != JVMTI_ERROR_NONE ||
	    (*ti)->GetMethodDeclaringClass(ti, method, &class) != JVMTI_ERROR_NONE) {
		copy_text(n->method, sizeof n->method, "(method that was unloaded)");
		return;
	}
	copy_text(n->method, sizeof n->method, name);
	if ((*ti)->GetClassSignature(ti, class, &signature, 0) == JVMTI_ERROR_NONE)
		stacks_class_name(n->class_name, sizeof n->class_name, signature);
	if ((*ti)->GetSourceFileName(ti, class, &file) == JVMTI_ERROR_NONE)
		copy_text(n->file, sizeof n->file, file);
	n->line = line_of(method, bci);
	n->is_hidden = strstr(n->class_name, "$$Lambda") || !strncmp(n->class_name, "java.lang.invoke.LambdaForm", 27) ||
		       !strncmp(n->class_name, "java.lang.invoke.DirectMethodHandle", 35) ||
		       !strncmp(n->class_name, "java.lang.invoke.Invokers", 25);
	(*ti)->Deallocate(ti, (unsigned char *)name);
	(*ti)->Deallocate(ti, (unsigned char *)signature);
	(*ti)->Deallocate(ti, (unsigned char *)file);
	(*env)->DeleteLocalRef(env, class);
}

/* The element of a line; those of other places in it are the same. The caller holds the lock. */
static uint32_t frame_of_line(const uint32_t *texts, int32_t line)
{
	struct place *p = place_of(mix(mix(texts[0], texts[1]), texts[2]) | 1, (int32_t)(0x80000000u | (uint32_t)line));

	if (!p->method && tables->used < PLACES / 4 * 3) {
		uint32_t i = area_take(TRACE_AREA_JAVA_FRAME, 1);
		struct trace_java_frame *f;

		if (!i)
			return 0;
		f = java_frame_at(i);
		f->class_name = texts[0];
		f->file = texts[2];
		f->line = line;
		__atomic_store_n(&f->method, texts[1], __ATOMIC_RELEASE);
		tables->used++;
		p->bci = (int32_t)(0x80000000u | (uint32_t)line);
		p->frame = i;
		__atomic_store_n(&p->method, mix(mix(texts[0], texts[1]), texts[2]) | 1, __ATOMIC_RELEASE);
	}
	return p->frame;
}

/* Names a place that was met for the first time. Foreign code runs: the thread's state is not entered yet. */
static uint32_t name_place(JNIEnv *env, jmethodID method, int32_t bci)
{
	uint64_t key = (uint64_t)(uintptr_t)method << 1 | 1;
	uint32_t texts[3], frame = 0;
	struct names n;

	read_names(env, method, bci, &n);
	texts[0] = words_text(n.class_name, strlen(n.class_name));
	texts[1] = words_text(n.method, strlen(n.method));
	texts[2] = words_text(n.file, strlen(n.file));
	struct thread *t = texts[1] ? thread_enter((uintptr_t)__builtin_frame_address(0), 0) : 0;
	if (!t)
		return 0;
	state_lock(&tables->lock);
	frame = n.is_hidden ? HIDDEN : frame_of_line(texts, n.line);
	struct place *p = place_of(key, bci);
	if (!p->method && frame && tables->used < PLACES / 4 * 3) {
		tables->used++;
		p->bci = bci;
		p->frame = frame;
		__atomic_store_n(&p->method, key, __ATOMIC_RELEASE);
	}
	module_of_java();
	state_unlock(&tables->lock);
	thread_leave(t);
	return frame;
}

/* --- stacks --- */

static int by_call_trace(JNIEnv *env, struct call_frame *frames, jint most)
{
	struct call_trace trace = {.env = env, .frames = frames};

	if (!get_call_trace)
		return 0;
	get_call_trace(&trace, most, 0);
	return trace.count;
}

static int by_jvmti(struct call_frame *frames, jint most)
{
	jvmtiFrameInfo infos[FRAMES_MOST];
	jint count = 0;

	if ((*jvm.ti)->GetStackTrace(jvm.ti, 0, 0, most, infos, &count) != JVMTI_ERROR_NONE)
		return 0;
	for (jint i = 0; i < count; i++)
		frames[i] = (struct call_frame){(jint)infos[i].location, infos[i].method};
	return count;
}

/* The frame in which a virtual thread is run; those outside it are its carrier's. 0: there are none. */
static jmethodID virtual_entry;

/* Of a virtual thread only the frames that were copied back already can be walked: JVMTI knows the rest. */
static int is_virtual(const struct call_frame *frames, int count)
{
	for (int i = 0; virtual_entry && i < count; i++)
		if (frames[i].method == virtual_entry)
			return 1;
	return 0;
}

static void find_virtual_entry(JNIEnv *env)
{
	jclass class = jvm.specification >= 21 ? (*env)->FindClass(env, "jdk/internal/vm/Continuation") : 0;
	jmethodID *methods = 0;
	jint count = 0;

	if ((*env)->ExceptionCheck(env))
		(*env)->ExceptionClear(env);
	if (!class || (*jvm.ti)->GetClassMethods(jvm.ti, class, &count, &methods) != JVMTI_ERROR_NONE)
		return;
	for (jint i = 0; i < count && !virtual_entry; i++) {
		char *name = 0;

		if ((*jvm.ti)->GetMethodName(jvm.ti, methods[i], &name, 0, 0) == JVMTI_ERROR_NONE && !strcmp(name, "enterSpecial"))
			virtual_entry = methods[i];
		(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)name);
	}
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)methods);
}

/* Two frames of one method at one place are one key. */
static uint64_t hash_frames(const struct call_frame *frames, int count)
{
	uint64_t a = 0x243f6a8885a308d3ull, b = 0x13198a2e03707344ull;

	for (int i = 0; i < count; i++) {
		uint64_t key = (uint64_t)(uintptr_t)frames[i].method + ((uint64_t)(uint32_t)frames[i].bci << 32);

		a = (a ^ key) * 0x9e3779b97f4a7c15ull;
		b = (b + (a ^ a >> 29)) * 0xd6e8feb86659fd93ull;
	}
	return mix(a, b);
}

static uint32_t remembered(uint64_t hash)
{
	struct whole *m = &tables->memo[hash & (STACKS - 1)];
	uint64_t node = __atomic_load_n(&m->node, __ATOMIC_RELAXED);

	return node && (__atomic_load_n(&m->check, __ATOMIC_RELAXED) ^ node) == hash ? (uint32_t)node : 0;
}

static void remember(uint64_t hash, uint32_t node)
{
	struct whole *m = &tables->memo[hash & (STACKS - 1)];

	__atomic_store_n(&m->node, node, __ATOMIC_RELAXED);
	__atomic_store_n(&m->check, hash ^ node, __ATOMIC_RELAXED);
}

static uint64_t where_of(uint32_t frame)
{
	return (TRACE_JAVA_CODE + 2 * (uint64_t)frame + 1) | (uint64_t)tables->module << TRACE_PC_BITS;
}

/* Puts a stack into the tree, outermost frame first. */
static uint32_t intern(const uint32_t *frame, int count, int is_cut)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);
	uint32_t node;

	if (!t)
		return 0;
	node = t->stack.scope ? t->stack.scope : state.header->root;
	for (int i = count - 1; i >= 0 && node; i--) {
		if (frame[i] == HIDDEN || !frame[i])
			continue;
		node = tree_child(node, where_of(frame[i]), is_cut ? TRACE_NODE_CUT : 0);
		is_cut = 0;
	}
	if (node == state.header->root)
		node = 0;
	thread_leave(t);
	return node;
}

static uint32_t known_frame(JNIEnv *env, const struct call_frame *f)
{
	const struct place *p = place_of((uint64_t)(uintptr_t)f->method << 1 | 1, f->bci);

	return __atomic_load_n(&p->method, __ATOMIC_ACQUIRE) ? p->frame : name_place(env, f->method, f->bci);
}

uint32_t stacks_here(JNIEnv *env, uint32_t skip, uint32_t most)
{
	struct call_frame frames[FRAMES_MOST];
	uint32_t numbers[FRAMES_MOST], node;
	int count, room = (int)(most < FRAMES_MOST - skip ? most + skip : FRAMES_MOST);

	if (!prepare())
		return 0;
	count = by_call_trace(env, frames, room);
	if (count <= 0 || is_virtual(frames, count))
		count = by_jvmti(frames, room);
	if (count <= (int)skip) {
		struct trace_java_vm *vm = count > 0 ? 0 : jvm_entry();

		if (vm)
			__atomic_fetch_add(&vm->stackless, 1, __ATOMIC_RELAXED);
		return 0;
	}
	uint64_t hash = hash_frames(frames + skip, count - (int)skip) ^ (uint64_t)(count == room);
	node = remembered(hash);
	if (node)
		return node;
	for (int i = (int)skip; i < count; i++)
		numbers[i] = known_frame(env, &frames[i]);
	node = intern(numbers + skip, count - (int)skip, count == room);
	if (node)
		remember(hash, node);
	return node;
}

int stacks_is_by(uint32_t node, const struct probe_word *class)
{
	for (int i = 0; i < 4 && class->size && node && node != state.header->root; i++, node = state_node(node)->parent) {
		uint32_t frame = trace_java_frame_of(trace_node_pc(state_node(node)));
		const char *name = frame ? words_at(java_frame_at(frame)->class_name) : "";

		if (!strncmp(name, class->at, class->size) && (!name[class->size] || name[class->size] == '$'))
			return 1;
	}
	return 0;
}

/* --- stacks of what takes memory below Java code --- */

/* Where the virtual machine's own functions that do that are called, and its module. */
static struct {
	uint32_t tid; /* learning */
	uint32_t count, module;
	uintptr_t entry[4];
} taking;

/* A place whose name nobody can be asked for here. The caller has entered its thread's state. */
static uint32_t place_later(const struct call_frame *f)
{
	uint64_t key = (uint64_t)(uintptr_t)f->method << 1 | 1;
	uint32_t frame = 0;

	state_lock(&tables->lock);
	struct place *p = place_of(key, f->bci);
	if (p->method) {
		frame = p->frame;
	} else if (tables->used < PLACES / 4 * 3 && tables->waiting < LATER && module_of_java() &&
		   (frame = area_take(TRACE_AREA_JAVA_FRAME, 1)) != 0) {
		tables->used++;
		p->bci = f->bci;
		p->frame = frame;
		__atomic_store_n(&p->method, key, __ATOMIC_RELEASE);
		tables->later[tables->waiting].bci = f->bci;
		tables->later[tables->waiting].frame = frame;
		__atomic_store_n(&tables->later[tables->waiting].method, f->method, __ATOMIC_RELEASE);
		tables->waiting++;
	}
	state_unlock(&tables->lock);
	return frame;
}

static int is_taking(uintptr_t pc, uint32_t module)
{
	for (uint32_t i = 0; i < taking.count; i++)
		if (taking.entry[i] == pc)
			return 1;
	return taking.count && module != taking.module;
}

/* For stack_managed: in any call that takes memory. The thread's state is entered. */
static uint32_t below_java(uintptr_t pc, uint32_t module)
{
	struct call_frame frames[FRAMES_MOST / 2];
	struct call_trace trace = {.frames = frames};
	uint32_t waiting = tables->waiting, node;

	if (taking.tid) {
		if (taking.tid == (uint32_t)sys_call3(SYS_gettid, 0, 0, 0) && taking.count < 4 && !is_taking(pc, module)) {
			taking.module = module;
			taking.entry[taking.count++] = pc;
		}
		return 0;
	}
	if (!is_taking(pc, module) || jvm.phase != JVM_FOLLOWED ||
	    (*jvm.vm)->GetEnv(jvm.vm, (void **)&trace.env, JNI_VERSION_1_6) != JNI_OK)
		return 0;
	get_call_trace(&trace, FRAMES_MOST / 2, 0);
	if (trace.count <= 0)
		return 0;
	uint64_t hash = hash_frames(frames, trace.count);
	node = remembered(hash);
	if (node)
		return node;
	node = state.header->root;
	for (int i = trace.count - 1; i >= 0 && node; i--) {
		const struct place *p = place_of((uint64_t)(uintptr_t)frames[i].method << 1 | 1, frames[i].bci);
		uint32_t frame = __atomic_load_n(&p->method, __ATOMIC_ACQUIRE) ? p->frame : place_later(&frames[i]);

		if (frame && frame != HIDDEN)
			node = tree_child(node, where_of(frame), i == FRAMES_MOST / 2 - 1 ? TRACE_NODE_CUT : 0);
	}
	if (tables->waiting != waiting)
		jvm_wake();
	if (!node || node == state.header->root)
		return 0;
	remember(hash, node);
	return node;
}

void stacks_learn(JNIEnv *env)
{
	find_virtual_entry(env);
	jclass class = (*env)->FindClass(env, "jdk/internal/misc/Unsafe");
	jmethodID get = class ? (*env)->GetStaticMethodID(env, class, "getUnsafe", "()Ljdk/internal/misc/Unsafe;") : 0;
	jmethodID take = get ? (*env)->GetMethodID(env, class, "allocateMemory", "(J)J") : 0;
	jmethodID again = take ? (*env)->GetMethodID(env, class, "reallocateMemory", "(JJ)J") : 0;
	jmethodID release = again ? (*env)->GetMethodID(env, class, "freeMemory", "(J)V") : 0;
	jobject object = release ? (*env)->CallStaticObjectMethod(env, class, get) : 0;

	if (!(*env)->ExceptionCheck(env) && object && get_call_trace && prepare()) {
		taking.tid = (uint32_t)sys_call3(SYS_gettid, 0, 0, 0);
		stack_managed = below_java;
		jlong at = (*env)->CallLongMethod(env, object, take, (jlong)40);
		if (at && !(*env)->ExceptionCheck(env))
			at = (*env)->CallLongMethod(env, object, again, at, (jlong)4000);
		if (at && !(*env)->ExceptionCheck(env))
			(*env)->CallVoidMethod(env, object, release, at);
		if ((*env)->ExceptionCheck(env))
			(*env)->ExceptionClear(env);
		taking.tid = 0;
	}
	if ((*env)->ExceptionCheck(env))
		(*env)->ExceptionClear(env);
}

int stacks_has_pending(void)
{
	return tables && __atomic_load_n(&tables->waiting, __ATOMIC_ACQUIRE) != tables->named;
}

int stacks_name_pending(JNIEnv *env)
{
	uint32_t i = tables ? tables->named : 0, any = 0;

	for (; tables && i < __atomic_load_n(&tables->waiting, __ATOMIC_ACQUIRE); i++, any = 1) {
		const struct later *l = &tables->later[i];
		struct names n;
		struct trace_java_frame *f = java_frame_at(l->frame);

		read_names(env, l->method, l->bci, &n);
		f->class_name = words_text(n.class_name, strlen(n.class_name));
		f->file = words_text(n.file, strlen(n.file));
		f->line = n.line;
		__atomic_store_n(&f->method, words_text(n.method, strlen(n.method)), __ATOMIC_RELEASE);
	}
	if (tables)
		tables->named = i;
	return (int)any;
}

void stacks_name_thread(JNIEnv *env)
{
	struct thread *t = thread_current;
	jvmtiThreadInfo info;

	if ((uintptr_t)t <= 1 || !t->attached || !t->identity) {
		t = thread_enter((uintptr_t)__builtin_frame_address(0), 0); /* it is known from now on */
		if (!t)
			return;
		thread_leave(t);
	}
	if (!t->identity || state_thread(t->identity)->long_name)
		return;
	memset(&info, 0, sizeof info);
	if ((*jvm.ti)->GetThreadInfo(jvm.ti, 0, &info) != JVMTI_ERROR_NONE)
		return;
	uint32_t text = info.name && *info.name ? words_text(info.name, strlen(info.name)) : 0;
	if (text)
		__atomic_store_n(&state_thread(t->identity)->long_name, text, __ATOMIC_RELEASE);
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)info.name);
	if (info.thread_group)
		(*env)->DeleteLocalRef(env, info.thread_group);
	if (info.context_class_loader)
		(*env)->DeleteLocalRef(env, info.context_class_loader);
}
