/* SPDX-License-Identifier: MIT */
/* What is told about one object beside its life: the way along its fields, its title, its entry in the trace. */
#include <string.h>

#include "jvm_private.h"
#include "rules.h"

#define STEPS 256u
#define TITLE_MAX 255

/* Where a field lies in the class that was met last. Seal: class. */
static struct step {
	uint32_t lock;
	const char *at; /* the field's name in its probe file: tells one step from another */
	jweak class;
	jfieldID field;
} steps[STEPS];

/* The caller has entered its thread's state. */
struct trace_java_object *objects_at(uint32_t resource, uint64_t address)
{
	uint32_t per = 1u << AREA_SHIFT_JAVA_OBJECT, first = resource & ~(per - 1);
	struct trace_java_object *o;

	if (!resource || area_reserve(TRACE_AREA_JAVA_OBJECT, first + per))
		return 0;
	o = java_object_at(resource);
	if (!o->address && area_present(java_object_at(first), per * sizeof *o))
		return 0;
	if (o->address != address) {
		__atomic_store_n(&o->address, 0, __ATOMIC_RELEASE);
		memset(o, 0, sizeof *o);
		__atomic_store_n(&o->address, address, __ATOMIC_RELEASE);
	}
	return o;
}

/* A field by its name, in a class or one that it extends. */
static jfieldID search(JNIEnv *env, jclass class, const char *wanted, size_t size)
{
	jvmtiEnv *ti = jvm.ti;
	jfieldID found = 0;

	for (jclass c = class; c && !found; c = (*env)->GetSuperclass(env, c)) {
		jfieldID *fields = 0;
		jint count = 0, modifiers = 0;

		if ((*ti)->GetClassFields(ti, c, &count, &fields) != JVMTI_ERROR_NONE)
			return 0;
		for (jint i = 0; i < count && !found; i++) {
			char *name = 0, *type = 0;

			if ((*ti)->GetFieldName(ti, c, fields[i], &name, &type, 0) == JVMTI_ERROR_NONE && strlen(name) == size &&
			    !memcmp(name, wanted, size) && (*type == 'L' || *type == '[') &&
			    (*ti)->GetFieldModifiers(ti, c, fields[i], &modifiers) == JVMTI_ERROR_NONE && !(modifiers & 8))
				found = fields[i];
			(*ti)->Deallocate(ti, (unsigned char *)name);
			(*ti)->Deallocate(ti, (unsigned char *)type);
		}
		(*ti)->Deallocate(ti, (unsigned char *)fields);
	}
	return found;
}

/* The same from memory, if it is the class of the last time. */
static jfieldID field_of(JNIEnv *env, jobject object, const char *name, size_t size)
{
	struct step *s = &steps[((uintptr_t)name >> 1) % STEPS];
	jclass class = (*env)->GetObjectClass(env, object);
	jfieldID field = 0;
	jweak old = 0;

	if (__atomic_exchange_n(&s->lock, 1, __ATOMIC_ACQUIRE)) {
		field = search(env, class, name, size);
	} else {
		if (s->at == name && s->class && (*env)->IsSameObject(env, class, s->class)) {
			field = s->field;
		} else {
			field = search(env, class, name, size);
			old = s->class;
			s->at = name;
			s->class = (*env)->NewWeakGlobalRef(env, class);
			s->field = field;
		}
		__atomic_store_n(&s->lock, 0, __ATOMIC_RELEASE);
	}
	if (old)
		(*env)->DeleteWeakGlobalRef(env, old);
	(*env)->DeleteLocalRef(env, class);
	return field;
}

/* Along the fields of a path. Returns a local reference, or 0: a field is not there or null. */
jobject objects_follow(JNIEnv *env, const struct probe_word *path, jobject object)
{
	const char *at = path->at, *end = path->at + path->size;

	while (object && at < end) {
		const char *dot = memchr(at, '.', (size_t)(end - at));
		size_t size = (size_t)((dot ? dot : end) - at);
		jfieldID field = field_of(env, object, at, size);

		object = field ? (*env)->GetObjectField(env, object, field) : 0;
		at += size + (dot ? 1 : 0);
	}
	return object;
}

/* What a string says, or with `else_class` the name of another object's class. Returns its size, 0: neither. */
static size_t text_of(JNIEnv *env, jobject object, int else_class, char text[OBJECTS_TEXT])
{
	jclass class = object ? (*env)->GetObjectClass(env, object) : 0;
	char *signature = 0;

	memset(text, 0, OBJECTS_TEXT);
	if (!class || (*jvm.ti)->GetClassSignature(jvm.ti, class, &signature, 0) != JVMTI_ERROR_NONE)
		return 0;
	if (!strcmp(signature, "Ljava/lang/String;")) {
		jsize length = (*env)->GetStringLength(env, object);

		(*env)->GetStringUTFRegion(env, object, 0, length > TITLE_MAX ? TITLE_MAX : length, text);
		text[OBJECTS_TEXT - 1] = 0;
	} else if (else_class) {
		stacks_class_name(text, OBJECTS_TEXT, signature);
	}
	(*jvm.ti)->Deallocate(jvm.ti, (unsigned char *)signature);
	(*env)->DeleteLocalRef(env, class);
	return strlen(text);
}

/* The string at the end of a path. Returns a TEXT index, 0: there is none. */
uint32_t objects_title(JNIEnv *env, const struct probe_word *path, jobject object)
{
	char text[OBJECTS_TEXT];
	size_t size = text_of(env, objects_follow(env, path, object), 0, text);

	return size ? words_text(text, size) : 0;
}

size_t objects_hint(JNIEnv *env, jobject hint, char text[OBJECTS_TEXT])
{
	static const char handler[] = "handler";
	jfieldID field = field_of(env, hint, handler, sizeof handler - 1);
	jobject to = field ? (*env)->GetObjectField(env, hint, field) : 0;
	size_t size = text_of(env, to ? to : hint, 1, text);

	if (to)
		(*env)->DeleteLocalRef(env, to);
	return size;
}
