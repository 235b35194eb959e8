/* SPDX-License-Identifier: MIT */
/* Which blocks are libc's and ld.so's own: see runtime.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

/*
 * Functions of libc below which allocations are libc's own, sorted. `handed_out` is how
 * many frames of libc lie above the allocator when the block is the caller's: iconv_open
 * returns what it allocates one call deep, while its tables are made further down. libc is
 * usually stripped of its inner names, so depth is all there is to go by. 0: always libc's.
 */
struct entry {
	const char *name;
	unsigned handed_out;
};

static const struct entry entries[] = {
	{ "__add_to_environ", 0 },    { "__cxa_at_quick_exit", 0 }, { "__cxa_atexit", 0 },	    { "__cxa_thread_atexit_impl", 0 },
	{ "__libc_start_main", 0 },   { "__register_atfork", 0 },   { "__res_ninit", 0 },
	{ "at_quick_exit", 0 },	      { "atexit", 0 },		    { "bind_textdomain_codeset", 0 },
	{ "bindtextdomain", 0 },      { "btowc", 0 },		    { "clearenv", 0 },
	{ "ctime", 0 },		      { "ctime_r", 0 },		    { "dcgettext", 0 },
	{ "dcngettext", 0 },	      { "dgettext", 0 },	    { "dladdr", 0 },
	{ "dladdr1", 0 },	      { "dlclose", 0 },		    { "dlerror", 0 },
	{ "dlinfo", 0 },	      { "dlmopen", 0 },		    { "dlopen", 0 },
	{ "dlsym", 0 },		      { "dlvsym", 0 },		    { "dngettext", 0 },
	{ "duplocale", 1 },	      { "endpwent", 0 },	    { "exit", 0 },
	{ "fgetgrent", 0 },	      { "fgetpwent", 0 },	    { "fork", 0 },
	{ "fwide", 0 },		      { "getaddrinfo", 1 },	    { "getdate", 0 },
	{ "getfsent", 0 },	      { "getgrent", 0 },	    { "getgrent_r", 0 },
	{ "getgrgid", 0 },	      { "getgrgid_r", 0 },	    { "getgrnam", 0 },
	{ "getgrnam_r", 0 },	      { "getgrouplist", 0 },	    { "gethostbyaddr", 0 },
	{ "gethostbyaddr_r", 0 },     { "gethostbyname", 0 },	    { "gethostbyname2", 0 },
	{ "gethostbyname2_r", 0 },    { "gethostbyname_r", 0 },	    { "getlogin", 0 },
	{ "getmntent", 0 },	      { "getnameinfo", 0 },	    { "getnetbyname", 0 },
	{ "getpass", 0 },	      { "getprotobyname", 0 },	    { "getprotobynumber", 0 },
	{ "getpwent", 0 },	      { "getpwent_r", 0 },	    { "getpwnam", 0 },
	{ "getpwnam_r", 0 },	      { "getpwuid", 0 },	    { "getpwuid_r", 0 },
	{ "getservbyname", 0 },	      { "getservbyname_r", 0 },	    { "getservbyport", 0 },
	{ "getservbyport_r", 0 },     { "getspnam", 0 },	    { "getspnam_r", 0 },
	{ "gettext", 0 },	      { "getutent", 0 },	    { "getutxent", 0 },
	{ "iconv", 0 },		      { "iconv_open", 2 },	    { "initgroups", 0 },
	{ "localtime", 0 },	      { "localtime_r", 0 },	    { "mblen", 0 },
	{ "mbrlen", 0 },	      { "mbrtowc", 0 },		    { "mbsnrtowcs", 0 },
	{ "mbsrtowcs", 0 },	      { "mbstowcs", 0 },	    { "mbtowc", 0 },
	{ "mktime", 0 },	      { "newlocale", 1 },	    { "ngettext", 0 },
	{ "on_exit", 0 },	      { "openlog", 0 },		    { "pthread_atfork", 0 },
	{ "pthread_create", 0 },      { "pthread_exit", 0 },	    { "pthread_key_create", 0 },
	{ "pthread_setspecific", 0 }, { "ptsname", 0 },		    { "putenv", 0 },
	{ "res_init", 0 },	      { "res_ninit", 0 },	    { "setenv", 0 },
	{ "setlocale", 0 },	      { "setpwent", 0 },	    { "setutent", 0 },
	{ "setutxent", 0 },	      { "strerror", 0 },	    { "strerror_l", 0 },
	{ "strftime", 0 },	      { "strftime_l", 0 },	    { "strsignal", 0 },
	{ "syslog", 0 },	      { "textdomain", 0 },	    { "thrd_create", 0 },
	{ "timelocal", 0 },	      { "tss_set", 0 },		    { "ttyname", 0 },
	{ "tzset", 0 },		      { "unsetenv", 0 },	    { "vsyslog", 0 },
	{ "wcrtomb", 0 },	      { "wcsftime", 0 },	    { "wcsnrtombs", 0 },
	{ "wcsrtombs", 0 },	      { "wcstombs", 0 },	    { "wctob", 0 },
	{ "wctomb", 0 },
};

static bool starts_with_any(const char *name, const char *const *starts)
{
	for (; *starts; starts++)
		if (!strncmp(name, *starts, strlen(*starts)))
			return true;
	return false;
}

bool runtime_is_system(const struct module *module)
{
	static const char *const names[] = { "libc.so", "libc-2", "ld-linux", "ld-2", "libpthread",
					     "libdl.", "libdl-", "librt.", "librt-", "libresolv",
					     "libnss_", "libnsl", NULL };

	if (!module)
		return false;
	return module->kind == MODULE_LIBC || module->kind == MODULE_LOADER ||
	       (module->kind == MODULE_PLAIN &&
		(starts_with_any(module->name, names) || strstr(module->path, "/gconv/")));
}

static bool is_loader(const struct runtime_frame *frame)
{
	static const char *const names[] = { "ld-linux", "ld-2", NULL };

	return frame->module && (frame->module->kind == MODULE_LOADER ||
				 starts_with_any(frame->module->name, names));
}

static bool is_compiler_library(const struct module *module)
{
	static const char *const names[] = { "libstdc++.so", "libgcc_s.so", "libc++.so",
					     "libc++abi.so", "libsupc++", NULL };

	return module && starts_with_any(module->name, names);
}

/* The C++ library's reserve for exceptions and the like, made as ld.so initialises it. */
static bool is_compiler_start(const struct runtime_frame *frames, unsigned count)
{
	unsigned i = 0;

	while (i < count && is_compiler_library(frames[i].module))
		i++;
	if (i)
		return i < count && is_loader(&frames[i]);
	for (; i < count && i < 3; i++) /* linked statically: known by name only */
		if (frames[i].function &&
		    !strncmp(frames[i].function, "_GLOBAL__sub_I_eh_alloc", 23))
			return true;
	return false;
}

static bool is_thread_start(const struct runtime_frame *frame)
{
	return frame->function && (!strcmp(frame->function, "clone") ||
				   !strcmp(frame->function, "clone3") ||
				   !strcmp(frame->function, "__clone") ||
				   !strcmp(frame->function, "__clone3"));
}

static int entry_order(const void *name, const void *entry)
{
	return strcmp(name, ((const struct entry *)entry)->name);
}

static bool is_jdk(const struct module *module)
{
	static const char *const names[] = { "libjvm.so",	 "libjava.so", "libjli.so",	  "libzip.so",	"libnio.so",
					     "libnet.so",	 "libjimage.so", "libverify.so", "libmanagement",	"libextnet.so",
					     "libinstrument.so", "libjdwp.so", "libprefs.so",	  "libattach.so", "libsyslookup.so",
					     "libj2pkcs11.so",	 "libjaas.so", "libawt",	  "libfontmanager", NULL };

	return module && module->kind == MODULE_PLAIN && starts_with_any(module->name, names);
}

/* How many frames, from the innermost on, are native code that Java code called. */
static unsigned native_part(const struct runtime_frame *frames, unsigned count)
{
	unsigned i = 0;

	while (i < count && frames[i].module && frames[i].module->kind != MODULE_JAVA)
		i++;
	return i;
}

bool runtime_is_java_memory(const struct runtime_frame *frames, unsigned count)
{
	unsigned native = native_part(frames, count);

	for (unsigned i = 0; i < native; i++)
		if (frames[i].function && is_jdk(frames[i].module) &&
		    (!strncmp(frames[i].function, "Unsafe_AllocateMemory", 21) ||
		     !strncmp(frames[i].function, "Unsafe_ReallocateMemory", 23) ||
		     !strncmp(frames[i].function, "Java_java_util_zip_", 19)))
			return true;
	return false;
}

bool runtime_is_java_machine(const struct runtime_frame *frames, unsigned count)
{
	unsigned native = native_part(frames, count), inner = 0;

	if (runtime_is_java_memory(frames, count))
		return false;
	while (inner < native && (runtime_is_system(frames[inner].module) || is_compiler_library(frames[inner].module)))
		inner++;
	return (inner < native && is_jdk(frames[inner].module)) ||
	       (native && native < count && is_jdk(frames[native - 1].module));
}

bool runtime_owns(const struct runtime_frame *frames, unsigned count)
{
	const struct entry *entry;
	unsigned system = 0;

	if (!count)
		return false;
	if (runtime_is_java_machine(frames, count))
		return true;
	while (system < count && runtime_is_system(frames[system].module))
		system++;
	if (!system)
		return is_compiler_start(frames, count);
	if (is_loader(&frames[0]))
		return true;
	if (frames[0].function && (!strcmp(frames[0].function, "_IO_file_doallocate") ||
				   !strcmp(frames[0].function, "_IO_wfile_doallocate")))
		return true;
	/* the first function of a thread may end in a call of malloc, which then takes its place */
	if (system == count)
		return is_loader(&frames[count - 1]) || (count > 2 && is_thread_start(&frames[count - 1]));
	if (!frames[system - 1].function)
		return false;
	entry = bsearch(frames[system - 1].function, entries, sizeof(entries) / sizeof(*entries),
			sizeof(*entries), entry_order);
	return entry && (!entry->handed_out || system > entry->handed_out);
}
