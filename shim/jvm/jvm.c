/* SPDX-License-Identifier: MIT */
/* How this library becomes an agent of a virtual machine, and what it asks of it. Laws in jvm.h. */
#include "jvm.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "imports.h"
#include "jvm_private.h"
#include "loaded.h"
#include "note.h"
#include "path.h"
#include "real.h"
#include "settings.h"
#include "sys.h"
#include "thread.h"
#include "rules.h"

#define PATH_MAX_BYTES 4096u
#define LOCALS 32768 /* references to all classes there are */
#define END_BUDGET_US 35000u	/* of a walk while the virtual machine ends */
#define LIVE_BUDGET_US 2000000u /* of one that was asked for */

struct jvm jvm;
struct jvm_upper jvm_upper;

__attribute__((visibility("default"))) jint JNICALL Agent_OnLoad(JavaVM *vm, char *options, void *reserved);

static jint (*real_create)(JavaVM **, void **, void *);
static char own_path[PATH_MAX_BYTES];
static int32_t asked; /* futex: how often it was woken */
static uint32_t requests;
static uint32_t with_report;

/* --- the trace --- */

struct trace_java_vm *jvm_entry(void)
{
	if (!state.header || state.header->areas[TRACE_AREA_JAVA_VM].used < 2)
		return 0;
	return java_vm_at(1);
}

void jvm_problem(const char *what, const char *name, const char *why)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);
	char text[1024];
	char *at = note_put(text, text + sizeof text, what);

	if (!t)
		return;
	at = note_put(at, text + sizeof text, name);
	at = note_put(at, text + sizeof text, " is left as it is: ");
	at = note_put(at, text + sizeof text, why);
	uint32_t where = area_text(text, (size_t)(at - text)), i = where ? area_take(TRACE_AREA_PROBLEM, 1) : 0;
	if (i) {
		state_problem(i)->gravity = PROBE_WARNING;
		__atomic_store_n(&state_problem(i)->text, where, __ATOMIC_RELEASE);
	}
	thread_leave(t);
}

static void say_vm(uint32_t status, const char *version, const char *why)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);

	if (!t)
		return;
	uint32_t i = area_take(TRACE_AREA_JAVA_VM, 1);
	if (i == 1) {
		struct trace_java_vm *vm = jvm_entry();

		vm->version = version && *version ? area_text(version, strlen(version)) : 0;
		vm->reason = why ? area_text(why, strlen(why)) : 0;
		vm->time = state_now();
		__atomic_store_n(&vm->status, status, __ATOMIC_RELEASE);
	}
	thread_leave(t);
}

struct thread *jvm_lend(void)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);

	if (t)
		thread_lend(t);
	return t;
}

void jvm_give_back(struct thread *t)
{
	if (t)
		thread_leave(t);
}

/* --- the thread that waits for requests --- */

/* For as long as `work` takes, the thread is one of the virtual machine's. */
static void attached(void (*work)(JNIEnv *env))
{
	JavaVMAttachArgs args = {JNI_VERSION_1_6, (char *)"leakshim", 0};
	JNIEnv *env;

	if (jvm.phase == JVM_FOLLOWED && jvm.live &&
	    (*jvm.vm)->AttachCurrentThreadAsDaemon(jvm.vm, (void **)&env, &args) == JNI_OK) {
		work(env);
		(*jvm.vm)->DetachCurrentThread(jvm.vm);
	}
}

static void look(JNIEnv *env)
{
	stacks_name_pending(env);
	walk_heap(env, LIVE_BUDGET_US, 0);
}

static void name_pending(JNIEnv *env)
{
	stacks_name_pending(env);
}

static void answer_request(void)
{
	int report = __atomic_exchange_n(&with_report, 0, __ATOMIC_ACQ_REL) != 0;

	attached(look);
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);
	if (t) {
		uint32_t i = area_take(TRACE_AREA_SCAN, 1);

		if (i) {
			struct trace_scan *scan = scan_at(i);

			scan->occasion = TRACE_OCCASION_SIGNAL;
			scan->status = TRACE_SCAN_JAVA;
			scan->time = state_now();
			__atomic_store_n(&scan->number, i, __ATOMIC_RELEASE);
		}
		thread_leave(t);
	}
	if (report && jvm_upper.report)
		jvm_upper.report();
}

static void *wait_for_requests(void *unused)
{
	int32_t done = 0;
	uint32_t answered = 0;

	(void)unused;
	while (jvm.phase != JVM_DEAD) {
		int32_t now = __atomic_load_n(&asked, __ATOMIC_ACQUIRE);
		uint32_t wanted = __atomic_load_n(&requests, __ATOMIC_ACQUIRE);

		if (now == done) {
			sys_call6(SYS_futex, (long)&asked, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, now, 0, 0, 0);
			continue;
		}
		done = now;
		if (wanted != answered)
			answer_request();
		else if (stacks_has_pending())
			attached(name_pending);
		answered = wanted;
	}
	return 0;
}

static void start_waiter(void)
{
	/* looked up: their versions are newer than the oldest libc we load into */
	int (*begin)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		(int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))real_next("pthread_create");
	int (*detach)(pthread_t) = (int (*)(pthread_t))real_next("pthread_detach");
	uint64_t all = ~0ull, old = 0;
	pthread_t thread;

	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old, 8, 0, 0);
	if (!begin || !detach || begin(&thread, 0, wait_for_requests, 0))
		jvm_problem("a thread for snapshots", "", "the system refused it; there are none");
	else
		detach(thread);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
}

void jvm_wake(void)
{
	__atomic_fetch_add(&asked, 1, __ATOMIC_RELEASE);
	sys_call6(SYS_futex, (long)&asked, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}

int jvm_is_there(void)
{
	return jvm.phase >= JVM_CREATED;
}

int jvm_request(int report)
{
	if (jvm.phase != JVM_FOLLOWED || !jvm.live)
		return 0;
	if (report)
		__atomic_store_n(&with_report, 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&requests, 1, __ATOMIC_RELEASE);
	jvm_wake();
	return 1;
}

void jvm_at_end(void)
{
	uint32_t i;

	if (!state_lock_within(&state.lock_area, 1000))
		return;
	state_unlock(&state.lock_area);
	i = area_take(TRACE_AREA_SCAN, 1);
	if (!i)
		return;
	scan_at(i)->occasion = TRACE_OCCASION_END;
	scan_at(i)->status = TRACE_SCAN_JAVA;
	scan_at(i)->time = state_now();
	__atomic_store_n(&scan_at(i)->number, i, __ATOMIC_RELEASE);
}

/* --- what the virtual machine tells --- */

static void JNICALL vm_started(jvmtiEnv *ti, JNIEnv *env, jthread thread)
{
	(void)ti, (void)thread;
	if ((*env)->PushLocalFrame(env, LOCALS) == 0) {
		classes_name_all(env);
		stacks_learn(env);
		(*env)->PopLocalFrame(env, 0);
	}
	jvm.live = 1;
	start_waiter();
}

static void JNICALL vm_dies(jvmtiEnv *ti, JNIEnv *env)
{
	struct trace_java_vm *vm = jvm_entry();

	(void)ti;
	if (vm)
		vm->ended = state_now() | 1;
	if (jvm.phase == JVM_FOLLOWED && jvm.live) {
		stacks_name_pending(env);
		walk_heap(env, END_BUDGET_US, 1);
	}
	__atomic_store_n(&jvm.phase, JVM_DEAD, __ATOMIC_RELEASE);
}

/* Must be listened to, or methods of new classes have no names in stacks. */
static void JNICALL class_comes(jvmtiEnv *ti, JNIEnv *env, jthread thread, jclass class)
{
	(void)ti, (void)env, (void)thread, (void)class;
}

/* --- becoming its agent --- */

/* Returns why this virtual machine is to be left alone, 0: it is not. */
static const char *examine(jvmtiEnv *ti, char *version, size_t room)
{
	static const char *const known[] = {"17", "21", "25"};
	char *name = 0, *number = 0, *specification = 0;
	const char *why = "it is none of the versions 17, 21 and 25";

	(*ti)->GetSystemProperty(ti, "java.vm.name", &name);
	(*ti)->GetSystemProperty(ti, "java.vm.version", &number);
	(*ti)->GetSystemProperty(ti, "java.vm.specification.version", &specification);
	char *at = note_put(version, version + room, name);
	at = note_put(at, version + room, " ");
	note_put(at, version + room, number);
	for (size_t i = 0; specification && i < sizeof known / sizeof *known; i++)
		if (!strcmp(specification, known[i]))
			why = 0;
	if (!why && (!name || (!strstr(name, "OpenJDK") && !strstr(name, "HotSpot"))))
		why = "it is not HotSpot";
	for (const char *digit = specification; digit && *digit >= '0' && *digit <= '9'; digit++)
		jvm.specification = jvm.specification * 10 + (uint32_t)(*digit - '0');
	(*ti)->Deallocate(ti, (unsigned char *)name);
	(*ti)->Deallocate(ti, (unsigned char *)number);
	(*ti)->Deallocate(ti, (unsigned char *)specification);
	return why;
}

static const char *equip(jvmtiEnv *ti)
{
	jvmtiCapabilities wanted;
	jvmtiEventCallbacks calls;
	static const jvmtiEvent events[] = {JVMTI_EVENT_VM_INIT,	     JVMTI_EVENT_VM_DEATH,    JVMTI_EVENT_CLASS_LOAD,
					    JVMTI_EVENT_CLASS_PREPARE, JVMTI_EVENT_CLASS_FILE_LOAD_HOOK, JVMTI_EVENT_OBJECT_FREE};

	memset(&wanted, 0, sizeof wanted);
	wanted.can_generate_all_class_hook_events = 1;
	wanted.can_tag_objects = 1;
	wanted.can_generate_object_free_events = 1;
	wanted.can_get_source_file_name = 1;
	wanted.can_get_line_numbers = 1;
	if ((*ti)->AddCapabilities(ti, &wanted) != JVMTI_ERROR_NONE)
		return "it does not grant what following objects needs";
	memset(&calls, 0, sizeof calls);
	calls.VMInit = vm_started;
	calls.VMDeath = vm_dies;
	calls.ClassLoad = class_comes;
	calls.ClassPrepare = classes_prepared;
	calls.ClassFileLoadHook = classes_loaded;
	calls.ObjectFree = events_collected;
	if ((*ti)->SetEventCallbacks(ti, &calls, sizeof calls) != JVMTI_ERROR_NONE)
		return "it does not tell what happens in it";
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if ((*ti)->SetEventNotificationMode(ti, JVMTI_ENABLE, events[i], 0) != JVMTI_ERROR_NONE)
			return "it does not tell what happens in it";
	return 0;
}

static void publish_all(void)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);

	if (!t)
		return;
	for (uint32_t i = 0; i < jvm_probes_used; i++)
		resource_publish_one(RESOURCE_JAVA_PROBE + i);
	thread_leave(t);
}

jint JNICALL Agent_OnLoad(JavaVM *vm, char *options, void *reserved)
{
	char version[256] = "";
	jvmtiEnv *ti = 0;
	const char *why;

	(void)options, (void)reserved;
	if (!state.tracing || jvm.phase >= JVM_FOLLOWED || settings.jvm == 0)
		return JNI_OK;
	jvm.phase = JVM_CREATED;
	if ((*vm)->GetEnv(vm, (void **)&ti, JVMTI_VERSION_11) != JNI_OK || !ti) {
		say_vm(TRACE_JAVA_DECLINED, 0, "it has no tool interface");
		return JNI_OK;
	}
	jvm.vm = vm;
	jvm.ti = ti;
	why = examine(ti, version, sizeof version);
	if (!why) {
		stacks_start();
		why = equip(ti);
	}
	say_vm(why ? TRACE_JAVA_DECLINED : TRACE_JAVA_FOLLOWED, version, why);
	if (why) {
		(*ti)->DisposeEnvironment(ti);
		return JNI_OK;
	}
	publish_all();
	jvm.phase = JVM_FOLLOWED;
	return JNI_OK;
}

/* A virtual machine that writes an archive of its classes, or was told to start from linked ones, does not start with an agent. */
static int has_archive(const JavaVMOption *options, uint32_t count)
{
	static const char *const dumping[] = {"-XX:ArchiveClassesAtExit", "-Xshare:dump", "-XX:+AutoCreateSharedArchive",
					      "-XX:+RecordDynamicDumpInfo", "-XX:+DumpSharedSpaces", "-XX:AOT"};

	for (uint32_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof dumping / sizeof *dumping; k++)
			if (options[i].optionString && !strncmp(options[i].optionString, dumping[k], strlen(dumping[k])))
				return 1;
	return 0;
}

/* The options with ours behind them. */
static jint create(JavaVM **vm, void **env, void *given)
{
	const JavaVMInitArgs *args = given;
	uint32_t count = args && args->nOptions >= 0 && args->nOptions < 65536 ? (uint32_t)args->nOptions : 65536;

	if (!state.tracing || count == 65536 || !own_path[0])
		return real_create(vm, env, given);
	if (has_archive(args->options, count)) {
		say_vm(TRACE_JAVA_DECLINED, 0, "it writes an archive of its classes, or starts from one by -XX:AOTCache, which it refuses with an agent");
		return real_create(vm, env, given);
	}
	JavaVMOption *options = calloc(count + 1, sizeof *options);
	JavaVMInitArgs more = *args;
	char agent[PATH_MAX_BYTES + 16];

	if (!options)
		return real_create(vm, env, given);
	note_put(note_put(agent, agent + sizeof agent, "-agentpath:"), agent + sizeof agent, own_path);
	memcpy(options, args->options, count * sizeof *options);
	options[count].optionString = agent;
	more.options = options;
	more.nOptions = (jint)count + 1;
	if (jvm.phase == JVM_NONE)
		jvm.phase = JVM_CREATED;
	jint r = real_create(vm, env, &more);
	free(options);
	return r;
}

/* Our methods in classes of the platform, which others may not bind without a warning: they are looked up like any. */
static void *native_answer(const char *name)
{
	static const struct {
		const char *end;
		void *to;
	} natives[] = {{"_leakshim_00024op", (void *)events_op},
		       {"_leakshim_00024make", (void *)events_make},
		       {"_leakshim_00024on", (void *)events_on}};
	size_t size = strlen(name), length;

	if (jvm.phase != JVM_FOLLOWED || strncmp(name, "Java_", 5) != 0)
		return 0;
	for (size_t i = 0; i < sizeof natives / sizeof *natives; i++) {
		length = strlen(natives[i].end);
		if (size > length && !strcmp(name + size - length, natives[i].end))
			return natives[i].to;
	}
	return 0;
}

void *jvm_answer(const char *name, void *found)
{
	if (!found)
		return native_answer(name);
	if ( !state.tracing || settings.jvm == 0 || strcmp(name, "JNI_CreateJavaVM") != 0)
		return 0;
	real_create = (jint (*)(JavaVM **, void **, void *))found;
	return (void *)create;
}

/* No name if the option could not carry it. */
static void find_own_path(void)
{
	if (!loaded_file((void *)jvm_start, own_path, sizeof own_path) || strchr(own_path, '='))
		own_path[0] = 0;
}

/* A program that has a virtual machine linked in calls it without looking it up: its words lead to us then. */
static void lead_linked(void)
{
	struct imports_lead lead = {.name = "JNI_CreateJavaVM", .length = 16};
	struct link_map *machine = 0;

	for (struct link_map *m = loaded_list()->r_map; m; m = m->l_next)
		if (!strcmp(path_file(m->l_name), "libjvm.so"))
			machine = m;
	void *found = machine && real.dlsym ? real.dlsym(machine, lead.name) : 0;
	if (!found)
		return;
	lead.from = (uintptr_t)found;
	lead.to = (uintptr_t)jvm_answer(lead.name, found);
	for (struct link_map *m = loaded_list()->r_map; m && lead.to; m = m->l_next)
		imports_lead(m, &lead);
}

void jvm_start(const char *files)
{
	if (settings.jvm == 0)
		return;
	find_own_path();
	sources_java(files);
	lead_linked();
}
