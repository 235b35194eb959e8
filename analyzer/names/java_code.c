/* SPDX-License-Identifier: MIT */
/* Whose code a Java method is: see java_code.h. */
#include "java_code.h"

#include <string.h>

static bool begins_with_one_of(const char *name, const char *const *packages)
{
	for (; *packages; packages++)
		if (!strncmp(name, *packages, strlen(*packages)))
			return true;
	return false;
}

bool java_code_is_jdk(const char *name)
{
	static const char *const packages[] = { "java.", "javax.", "jdk.", "sun.", "com.sun.", NULL };

	return begins_with_one_of(name, packages);
}

/* The class that protoc's plugin makes for a service: NotesGrpc, NotesGrpcKt. */
static bool is_stub(const char *name)
{
	const char *at = strstr(name, "Grpc");

	return at && (at[4] == '.' || at[4] == '$' || at[4] == 0 || !strncmp(at + 4, "Kt", 2));
}

bool java_code_is_library(const char *name)
{
	static const char *const packages[] = {
		"io.netty.", "io.grpc.", "io.perfmark.", "io.opencensus.", "io.opentelemetry.", "com.google.common.",
		"com.google.protobuf.", "reactor.", "io.vertx.core.", "io.reactivex.", "kotlin.", "kotlinx.", "scala.",
		"org.springframework.", "org.eclipse.jetty.", "org.apache.", "org.slf4j.", "ch.qos.logback.", NULL,
	};
	static const char *const examples[] = { "io.grpc.examples.", "io.netty.example.", NULL };

	if (java_code_is_jdk(name))
		return true;
	if (begins_with_one_of(name, packages) && !begins_with_one_of(name, examples))
		return true;
	return strstr(name, ".netty.buffer.") || strstr(name, ".grpc.internal.") || is_stub(name);
}
