/* SPDX-License-Identifier: MIT */
/* Which classes get calls of ours, and what is known about them once they are there. */
#include <string.h>

#include "class_file.h"
#include "jvm_private.h"
#include "sources.h"
#include "thread.h"
#include "rules.h"

#define HOOKS 64u
#define NAMES 256u /* of patched classes */

struct jvm_class jvm_classes[JVM_CLASSES];
uint32_t jvm_classes_used;

static uint32_t lock;
static const char *names[NAMES]; /* with slashes */
static uint32_t names_used;

/* Classes that count down to the next object. */
static struct turn {
	jweak class;
	jfieldID field;
} turns[JVM_CLASSES];
static uint32_t turns_used;

/* --- patching --- */

static enum class_call call_of(const struct jvm_probe *p, const char *class, size_t size)
{
	const struct java_probe *j = p->declared;
	int is_plain = j->base == JAVA_THIS && !j->path.size &&
		       java_class_matches(&jvm_types[p->type].declared->class_name, class, size);

	if (j->base == JAVA_RET)
		return CLASS_CALL_MADE;
	if (j->method.size == 6 && !memcmp(j->method.at, "<init>", 6))
		return CLASS_CALL_MADE;
	if (j->verb == PROBE_CREATE)
		return CLASS_CALL_MAKE;
	return is_plain ? CLASS_CALL_OP : CLASS_CALL_ON;
}

static void add_hook(struct class_hook *hooks, uint32_t *used, const struct class_hook *h)
{
	if (*used < HOOKS)
		hooks[(*used)++] = *h;
}

/* The calls that the probes want in a class. */
static uint32_t gather(const char *class, size_t size, struct class_hook *hooks)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < jvm_probes_used; i++) {
		const struct java_probe *j = jvm_probes[i].declared;
		struct class_hook h = {.method = j->method.at,
				       .method_size = j->method.size,
				       .parameters = j->parameters.at,
				       .parameters_size = j->parameters.size,
				       .object = j->base,
				       .amount = j->by,
				       .number = (uint16_t)i};

		if (!java_class_matches(&j->class_name, class, size))
			continue;
		h.call = call_of(&jvm_probes[i], class, size);
		add_hook(hooks, &used, &h);
		if (j->verb != JAVA_INSIDE)
			continue;
		h.call = CLASS_CALL_MADE;
		h.number |= JVM_EXIT;
		add_hook(hooks, &used, &h);
	}
	return used;
}

/* "io/netty/X" -> "io.netty.X", a lasting copy. */
static const char *dotted(const char *name)
{
	char text[512];
	size_t i;

	for (i = 0; name[i] && i < sizeof text - 1; i++)
		text[i] = name[i] == '/' ? '.' : name[i];
	text[i] = 0;
	return sources_keep(text);
}

static void set_status(uint32_t i, uint32_t status, const char *class, const char *why)
{
	struct resource_probe *r = &resource_probes[RESOURCE_JAVA_PROBE + i];

	if (r->status == TRACE_PROBE_HOOKED)
		return; /* another copy of the class */
	r->status = status;
	r->library = class;
	r->reason = why;
}

/* Tells the trace what became of the probes of a class. */
static void publish(const struct class_hook *hooks, uint32_t count, const char *name, const char *why)
{
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);
	const char *class = dotted(name);

	if (!t)
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t probe = hooks[i].number & ~JVM_EXIT;

		if (why)
			set_status(probe, TRACE_PROBE_REFUSED, class, why);
		else if (hooks[i].found)
			set_status(probe, TRACE_PROBE_HOOKED, class, 0);
		else
			set_status(probe, jvm_probes[probe].is_users ? TRACE_PROBE_MISSING : TRACE_PROBE_ABSENT, class, 0);
		resource_publish_one(RESOURCE_JAVA_PROBE + probe);
	}
	struct trace_java_vm *vm = jvm_entry();
	if (vm && why)
		__atomic_fetch_add(&vm->untouched, 1, __ATOMIC_RELAXED);
	else if (vm)
		__atomic_fetch_add(&vm->classes, 1, __ATOMIC_RELAXED);
	thread_leave(t);
	if (why)
		jvm_problem("the class ", class, why);
}

static void remember(const char *name)
{
	const char *kept = sources_keep(name);

	state_lock(&lock);
	for (uint32_t i = 0; i < names_used && kept; i++)
		if (names[i] == kept)
			kept = 0;
	if (kept && names_used < NAMES)
		names[names_used++] = kept;
	state_unlock(&lock);
}

/* Patches a class into memory of the virtual machine's own. Returns why not, or 0. */
static const char *patch(jvmtiEnv *ti, struct class_hook *hooks, uint32_t count, const unsigned char *data, jint size,
			 jint *new_size, unsigned char **new_data)
{
	size_t room = CLASS_ROOM((size_t)size, count), scratch = CLASS_PLACES * sizeof(uint32_t), made;
	unsigned char *to = 0;
	uint32_t *places = area_private(scratch, 1);
	const char *why = "there was no memory";

	if (places && room < 64u << 20 && (*ti)->Allocate(ti, (jlong)room, &to) == JVMTI_ERROR_NONE) {
		made = class_patch(data, (size_t)size, hooks, count, to, room, places, &why);
		if (made) {
			*new_size = (jint)made;
			*new_data = to;
		} else {
			(*ti)->Deallocate(ti, to);
		}
	}
	if (places)
		area_private_free(places, scratch);
	return why;
}

void JNICALL classes_loaded(jvmtiEnv *ti, JNIEnv *env, jclass redefined, jobject loader, const char *name, jobject domain,
			    jint size, const unsigned char *data, jint *new_size, unsigned char **new_data)
{
	struct class_hook hooks[HOOKS];
	uint32_t count;
	const char *why;

	(void)env, (void)redefined, (void)loader, (void)domain; /* a class that is redefined must get the same members again */
	if (!name || size <= 0 || !state.tracing)
		return;
	count = gather(name, strlen(name), hooks);
	if (!count)
		return;
	why = patch(ti, hooks, count, data, size, new_size, new_data);
	if (*new_data)
		remember(name);
	publish(hooks, count, name, why);
}

/* --- what is there --- */

static int is_patched(const char *signature)
{
	size_t size = strlen(signature);

	if (size < 3)
		return 0;
	for (uint32_t i = 0; i < names_used; i++)
		if (strlen(names[i]) == size - 2 && !memcmp(names[i], signature + 1, size - 2))
			return 1;
	return 0;
}

static jfieldID field_of(jclass class, const char *wanted)
{
	jvmtiEnv *ti = jvm.ti;
	jfieldID *fields = 0, found = 0;
	jint count = 0;

	if ((*ti)->GetClassFields(ti, class, &count, &fields) != JVMTI_ERROR_NONE)
		return 0;
	for (jint i = 0; i < count && !found; i++) {
		char *name = 0;

		if ((*ti)->GetFieldName(ti, class, fields[i], &name, 0, 0) == JVMTI_ERROR_NONE && !strcmp(name, wanted))
			found = fields[i];
		(*ti)->Deallocate(ti, (unsigned char *)name);
	}
	(*ti)->Deallocate(ti, (unsigned char *)fields);
	return found;
}

static void add_class(JNIEnv *env, jclass class, uint32_t type, jfieldID id)
{
	uint32_t i = jvm_classes_used;

	if (i == JVM_CLASSES)
		return;
	jvm_classes[i].class = (*env)->NewWeakGlobalRef(env, class);
	jvm_classes[i].id = id;
	jvm_classes[i].type = type;
	__atomic_store_n(&jvm_classes_used, i + 1, __ATOMIC_RELEASE);
}

/* One of the virtual machine's own: it warns of whoever binds methods of such classes, and looks them up by itself. */
static int is_platform(jclass class)
{
	jvmtiEnv *ti = jvm.ti;
	JNIEnv *env;
	jobject loader = 0;
	char *signature = 0;
	int result;

	if ((*ti)->GetClassLoader(ti, class, &loader) != JVMTI_ERROR_NONE || !loader)
		return 1;
	if ((*jvm.vm)->GetEnv(jvm.vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK ||
	    (*ti)->GetClassSignature(ti, (*env)->GetObjectClass(env, loader), &signature, 0) != JVMTI_ERROR_NONE)
		return 0;
	result = !strcmp(signature, "Ljdk/internal/loader/ClassLoaders$PlatformClassLoader;");
	(*ti)->Deallocate(ti, (unsigned char *)signature);
	return result;
}

/* A patched class is complete: its native methods and fields are found, before any of its code runs. */
static void enter(JNIEnv *env, jclass class, const char *signature)
{
	JNINativeMethod natives[] = {
		{(char *)CLASS_OP, (char *)"(Ljava/lang/Object;JII)V", (void *)events_op},
		{(char *)CLASS_MAKE, (char *)"(Ljava/lang/Object;I)V", (void *)events_make},
		{(char *)CLASS_ON, (char *)"(Ljava/lang/Object;I)V", (void *)events_on},
	};
	jfieldID id = field_of(class, CLASS_ID), turn = field_of(class, CLASS_TURN);

	if (!id || !turn)
		return; /* not as we left it */
	if (!is_platform(class) && (*env)->RegisterNatives(env, class, natives, 3)) {
		(*env)->ExceptionClear(env);
		jvm_problem("the class ", signature, "its native methods could not be bound");
	}
	state_lock(&lock);
	if (turns_used < JVM_CLASSES) {
		turns[turns_used] = (struct turn){(*env)->NewWeakGlobalRef(env, class), turn};
		__atomic_store_n(&turns_used, turns_used + 1, __ATOMIC_RELEASE);
	}
	for (uint32_t i = 0; i < jvm_types_used; i++)
		if (java_class_matches(&jvm_types[i].declared->class_name, signature + 1, strlen(signature) - 2))
			add_class(env, class, i, id);
	state_unlock(&lock);
}

static void name_methods(jvmtiEnv *ti, jclass class)
{
	jmethodID *methods = 0;
	jint count;

	if ((*ti)->GetClassMethods(ti, class, &count, &methods) == JVMTI_ERROR_NONE)
		(*ti)->Deallocate(ti, (unsigned char *)methods);
}

static jint fields_of(jclass class)
{
	jfieldID *fields = 0;
	jint count = 0;

	if ((*jvm.ti)->GetClassFields(jvm.ti, class, &count, &fields) != JVMTI_ERROR_NONE)
		return 0;
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)fields);
	return count;
}

jint classes_interface_fields(JNIEnv *env, jclass class)
{
	jint total = 0, count;
	jclass *interfaces;

	for (jclass c = class; c && total < 1000; c = (*env)->GetSuperclass(env, c)) {
		interfaces = 0;
		count = 0;
		if ((*jvm.ti)->GetImplementedInterfaces(jvm.ti, c, &count, &interfaces) != JVMTI_ERROR_NONE)
			break;
		for (jint i = 0; i < count; i++)
			total += fields_of(interfaces[i]) + classes_interface_fields(env, interfaces[i]);
		(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)interfaces);
	}
	return total;
}

static jclass reference, soft; /* java.lang.ref.Reference, SoftReference, kept for ever */
static jint referent;

static jclass find_class(JNIEnv *env, const char *name)
{
	jclass class = (*env)->FindClass(env, name);

	if (!class)
		(*env)->ExceptionClear(env);
	return class ? (jclass)(*env)->NewGlobalRef(env, class) : 0;
}

static void find_references(JNIEnv *env)
{
	jclass class = find_class(env, "java/lang/ref/Reference");
	jfieldID *fields = 0, field = class ? field_of(class, "referent") : 0;
	jint count = 0;

	soft = find_class(env, "java/lang/ref/SoftReference");
	if (!field || !soft || (*jvm.ti)->GetClassFields(jvm.ti, class, &count, &fields) != JVMTI_ERROR_NONE)
		return;
	for (jint i = 0; i < count; i++)
		if (fields[i] == field) {
			referent = i;
			reference = class;
		}
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)fields);
}

jlong classes_tag(JNIEnv *env, jclass class, const char *signature)
{
	static const char *const leaves[] = {"Ljava/lang/String;",  "Ljava/lang/module/",   "Ljdk/internal/module/",
					     "Ljava/lang/Module;",  "Ljava/util/jar/",      "Ljava/util/zip/ZipFile",
					     "Ljava/lang/invoke/MethodType", "Ljava/lang/invoke/LambdaForm",
					     "Ljava/lang/invoke/MemberName", "Ljava/util/Locale", "Lsun/util/",
					     "Ljava/security/",     "Lsun/security/",       "Ljava/lang/reflect/Method;",
					     "Ljava/lang/Integer",  "Ljava/lang/Character", "Ljdk/internal/loader/URLClassPath",
					     "Ljava/lang/Object;",  "Ljava/lang/Long;",     "Ljava/lang/Short;",
					     "Ljava/lang/Byte;",    "Ljava/util/logging/LogManager$Log", "Ljava/net/URI;",
					     "[B", "[C", "[D", "[F", "[I", "[J", "[S", "[Z"};

	/* nothing of the program's is put into their statics; each would lead to all that its methods name */
	static const char *const bare[] = {
		"[",			"Ljava/io/",		 "Ljava/lang/annotation/",   "Ljava/lang/constant/",
		"Ljava/lang/invoke/",	"Ljava/lang/module/",	 "Ljava/lang/reflect/",	     "Ljava/math/",
		"Ljava/nio/",		"Ljava/security/",	 "Ljava/text/",		     "Ljava/time/",
		"Ljava/util/Collections", "Ljava/util/Formatter", "Ljava/util/Immutable",   "Ljava/util/Locale",
		"Ljava/util/function/", "Ljava/util/jar/",	 "Ljava/util/regex/",	     "Ljava/util/stream/",
		"Ljava/util/zip/",	"Ljdk/internal/access/", "Ljdk/internal/jimage/",    "Ljdk/internal/jrtfs/",
		"Ljdk/internal/math/",	"Ljdk/internal/module/", "Ljdk/internal/org/",	     "Ljdk/internal/perf/",
		"Ljdk/internal/reflect/", "Ljdk/internal/util/", "Lsun/invoke/",	     "Lsun/launcher/",
		"Lsun/net/",		"Lsun/nio/",		 "Lsun/reflect/",	     "Lsun/security/",
		"Lsun/util/"};
	jlong is_bare = 0;

	if (!strcmp(signature, "Ljava/lang/Class;"))
		return CLASS_IS_CLASS;
	for (size_t i = 0; i < sizeof bare / sizeof *bare && !is_bare; i++)
		if (!strncmp(signature, bare[i], strlen(bare[i])))
			is_bare = CLASS_IS_BARE;
	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
		if (!strncmp(signature, leaves[i], strlen(leaves[i])))
			return CLASS_IS_LEAF | is_bare;
	if (!reference || !(*env)->IsAssignableFrom(env, class, reference) || (*env)->IsAssignableFrom(env, class, soft) ||
	    (*env)->IsSameObject(env, class, reference))
		return is_bare;
	return CLASS_IS_WEAK | is_bare | (jlong)(referent + classes_interface_fields(env, class)) << CLASS_WEAK_SHIFT;
}

static void tag_class(jvmtiEnv *ti, JNIEnv *env, jclass class, const char *signature)
{
	jlong tag = classes_tag(env, class, signature);

	if (tag)
		(*ti)->SetTag(ti, class, tag);
}

void JNICALL classes_prepared(jvmtiEnv *ti, JNIEnv *env, jthread thread, jclass class)
{
	char *signature = 0;

	(void)thread;
	name_methods(ti, class);
	if ((*ti)->GetClassSignature(ti, class, &signature, 0) != JVMTI_ERROR_NONE)
		return;
	if (is_patched(signature))
		enter(env, class, signature);
	if (reference)
		tag_class(ti, env, class, signature);
	(*ti)->Deallocate(ti, (unsigned char *)signature);
}

void classes_name_all(JNIEnv *env)
{
	jvmtiEnv *ti = jvm.ti;
	jclass *all = 0;
	jint count = 0;

	if ((*ti)->GetLoadedClasses(ti, &count, &all) != JVMTI_ERROR_NONE)
		return;
	find_references(env);
	for (jint i = 0; i < count; i++) {
		char *signature = 0;

		name_methods(ti, all[i]);
		if ((*ti)->GetClassSignature(ti, all[i], &signature, 0) == JVMTI_ERROR_NONE)
			tag_class(ti, env, all[i], signature);
		(*ti)->Deallocate(ti, (unsigned char *)signature);
		(*env)->DeleteLocalRef(env, all[i]);
	}
	(*ti)->Deallocate(ti, (unsigned char *)all);
}

struct jvm_class *classes_of(JNIEnv *env, uint32_t type, jobject object)
{
	uint32_t used = __atomic_load_n(&jvm_classes_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++) {
		struct jvm_class *c = &jvm_classes[i];

		if (c->type != type)
			continue;
		jobject class = (*env)->NewLocalRef(env, c->class);
		if (!class)
			continue;
		int is_it = (*env)->IsInstanceOf(env, object, class);
		(*env)->DeleteLocalRef(env, class);
		if (is_it)
			return c;
	}
	return 0;
}

void classes_set_turn(JNIEnv *env, jclass class, jint turn)
{
	uint32_t used = __atomic_load_n(&turns_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++)
		if ((*env)->IsSameObject(env, class, turns[i].class)) {
			(*env)->SetStaticIntField(env, class, turns[i].field, turn);
			return;
		}
}
