/* SPDX-License-Identifier: MIT */
/* What will and will not work here: see doctor.h. */
#include "doctor.h"

#include <elf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <gelf.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "catalog.h"
#include "launch.h"
#include "path.h"
#include "process.h"
#include "words.h"

static bool is_ill;

/* One line: whether it is well, what was looked at, what was found. */
static void say(bool is_well, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(bool is_well, const char *what, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	printf("%-5s %-12s ", is_well ? "ok" : "NOT", what);
	words_escape(stdout, text);
	putchar('\n');
	is_ill |= !is_well;
}

/* The value of a line "Key:\tvalue" of a file below /proc; "" if there is none. */
static const char *status_of(const char *path, const char *key)
{
	static char line[256];
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, key, length) && line[length] == ':';
	if (file)
		fclose(file);
	if (!found)
		return "";
	line[strcspn(line, "\n")] = 0;
	return line + length + 1 + strspn(line + length + 1, " \t");
}

static void see_kernel(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	if (strcmp(name.machine, "x86_64"))
		say(false, "processor", "%s: functions of libraries are followed on x86-64 only; blocks are", name.machine);
	say(major > 4 || (major == 4 && minor >= 14), "kernel", "Linux %s%s", name.release,
	    major > 4 || (major == 4 && minor >= 14) ? "" : ": traces need MADV_WIPEONFORK, which came with 4.14");
}

static void see_library(void)
{
	char path[PATH_MAX];

	if (launch_library(path, sizeof(path)))
		say(false, "library", "libleakshim.so was not found: install leakshim, or build it");
	else
		say(!strpbrk(path, ": "), "library", "%s%s", path, strpbrk(path, ": ") ? ": a path with spaces or colons cannot be preloaded" : "");
}

static void see_folder(void)
{
	const char *base = process_temporary();
	char path[PATH_MAX], room[WORDS_SIZE];
	struct statvfs fs;
	struct stat st;

	process_usual_folder(0, path, sizeof(path));
	if (!lstat(path, &st) && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)) {
		say(false, "traces", "%s is not a folder of yours alone; remove it or set TMPDIR", path);
		return;
	}
	if (access(base, W_OK | X_OK) || statvfs(base, &fs)) {
		say(false, "traces", "%s cannot be written to; set TMPDIR", base);
		return;
	}
	words_bytes(room, (double)fs.f_bavail * (double)fs.f_frsize, false);
	say(fs.f_bavail * fs.f_frsize > 64u << 20, "traces", "lie in %s, where %s are free", path, room);
}

static void see_limits(void)
{
	struct rlimit limit;
	char text[64] = "", room[WORDS_SIZE];
	FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");

	if (file && fgets(text, sizeof(text), file) && strncmp(text, "max", 3))
		say(true, "memory", "the control group may use %s; a search for lost blocks keeps to a part of what is left",
		    words_bytes(room, strtod(text, NULL), false));
	if (file)
		fclose(file);
	if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY)
		say(limit.rlim_cur > 256ull << 20, "address space", "limited to %s; a trace takes a sixteenth of it",
		    words_bytes(room, (double)limit.rlim_cur, false));
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY)
		say(limit.rlim_cur > 16u << 20, "file size", "limited to %s, and so is a trace", words_bytes(room, (double)limit.rlim_cur, false));
}

static void see_proc(const char *status)
{
	const char *mode = status_of(status, "Seccomp");

	if (access("/proc/self/maps", R_OK))
		say(false, "/proc", "is not there: roots cannot be found, so nothing is called lost");
	else
		say(true, "/proc", "readable; no ptrace is needed, whatever Yama says");
	if (*mode && *mode != '0')
		say(true, "seccomp", "a filter is in force: what it could kill for is left out, and reports say so");
}

static void see_debuginfod(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	say(true, "debug files", "by build id below /usr/lib/debug%s", urls && *urls ? "; DEBUGINFOD_URLS is set" : "");
}

/* An ELF file that is looked at. */
struct image {
	Elf *elf;
	int fd;
	bool has_lines, has_symbols, is_go, is_rust;
	char needed[64][128];
	unsigned needed_count;
};

static void see_section(struct image *i, const char *name, Elf_Scn *section, const GElf_Shdr *head)
{
	i->has_lines |= !strcmp(name, ".debug_line") || !strcmp(name, ".zdebug_line");
	i->has_symbols |= !strcmp(name, ".symtab");
	i->is_go |= !strcmp(name, ".go.buildinfo") || !strcmp(name, ".gopclntab");
	if (head->sh_type != SHT_DYNAMIC)
		return;
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Dyn dyn;

	for (int k = 0; data && gelf_getdyn(data, k, &dyn) && dyn.d_tag != DT_NULL; k++) {
		const char *text = dyn.d_tag == DT_NEEDED ? elf_strptr(i->elf, head->sh_link, dyn.d_un.d_val) : NULL;

		if (text && i->needed_count < 64)
			snprintf(i->needed[i->needed_count++], sizeof(*i->needed), "%s", text);
	}
}

static bool open_image(struct image *i, const char *path)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	size_t names;

	memset(i, 0, sizeof(*i));
	elf_version(EV_CURRENT);
	i->fd = open(path, O_RDONLY | O_CLOEXEC);
	i->elf = i->fd < 0 ? NULL : elf_begin(i->fd, ELF_C_READ_MMAP, NULL);
	if (!i->elf || elf_kind(i->elf) != ELF_K_ELF || elf_getshdrstrndx(i->elf, &names)) {
		elf_end(i->elf);
		if (i->fd >= 0)
			close(i->fd);
		return false;
	}
	while ((section = elf_nextscn(i->elf, section)) && gelf_getshdr(section, &head)) {
		const char *name = elf_strptr(i->elf, names, head.sh_name);

		if (name)
			see_section(i, name, section, &head);
	}
	return true;
}

static void close_image(struct image *i)
{
	elf_end(i->elf);
	close(i->fd);
}

/* Advice that fits a runtime, known by the name of the program or of a library. */
static void see_runtime(const struct image *i, const char *path)
{
	static const struct {
		const char *glob, *advice;
	} runtimes[] = {
		{ "python3*", "Python: functions and lines of 3.11 to 3.13 are in the stacks; PYTHONMALLOC=malloc shows each object instead of the pools" },
		{ "libpython3*", "Python: functions and lines of 3.11 to 3.13 are in the stacks; PYTHONMALLOC=malloc shows each object" },
		{ "java", "Java: counted buffers of Netty and gRPC are followed inside the virtual machine; jcmd PID Compiler.perfmap names compiled code" },
		{ "node*", "node: --perf-basic-prof --interpreted-frames-native-stack names JavaScript functions" },
		{ "ruby*", "Ruby: objects live in slots of its own; leaks of extensions are seen" },
		{ "libruby*", "Ruby: objects live in slots of its own; leaks of extensions are seen" },
		{ "php*", "PHP: USE_ZEND_ALLOC=0 shows each block instead of the pools" },
		{ "perl*", "Perl: PERL_DESTRUCT_LEVEL=2 makes it free what it can at its end" },
		{ "libjemalloc*", "jemalloc: its blocks are followed; the search for lost blocks knows glibc's own heap best" },
		{ "libtcmalloc*", "tcmalloc: its blocks are followed" },
	};

	if (i->is_go)
		say(true, "runtime", "Go: what cgo allocates is followed; Go's own heap is not malloc's");
	for (unsigned k = 0; k < sizeof(runtimes) / sizeof(*runtimes); k++) {
		bool fits = !fnmatch(runtimes[k].glob, path_file(path), 0);

		for (unsigned n = 0; n < i->needed_count; n++)
			fits |= !fnmatch(runtimes[k].glob, i->needed[n], 0);
		if (fits) {
			say(true, "runtime", "%s", runtimes[k].advice);
			return;
		}
	}
}

static void see_catalogs(const struct image *i)
{
	char list[512] = "";

	for (unsigned k = 0; k < catalog_count; k++)
		for (const char *glob = catalog_files[k].globs; *glob; glob += strlen(glob) + 1) {
			bool fits = false;

			for (unsigned n = 0; n < i->needed_count; n++)
				fits |= !fnmatch(glob, i->needed[n], 0);
			if (!fits || strlen(list) + strlen(catalog_files[k].name) + 4 > sizeof(list))
				continue;
			strcat(strcat(list, *list ? ", " : ""), catalog_files[k].name);
			break;
		}
	say(true, "catalogs", "%s%s", *list ? list : "none for what it is linked with",
	    *list ? "" : "; libraries that it loads later get theirs then");
}

static void see_image(const char *path)
{
	struct image i;

	if (!open_image(&i, path))
		return;
	say(true, "names", "%s", i.has_lines ? "functions and lines: it has debug information"
			      : i.has_symbols ? "functions, no lines: it was built without -g"
					      : "exported functions only, no lines: it is stripped (debug packages or -g bring more)");
	see_runtime(&i, path);
	see_catalogs(&i);
	close_image(&i);
}

static void see_program(const char *program)
{
	char path[PATH_MAX];

	if (launch_check(program, path, sizeof(path)))
		say(false, "program", "%s cannot be traced, see above", program);
	else {
		say(true, "program", "%s takes a preloaded library", path);
		see_image(path);
	}
}

static bool is_mapped(pid_t pid, const char *name)
{
	char path[64], line[PATH_MAX + 128];
	FILE *maps;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, name) != NULL;
	if (maps)
		fclose(maps);
	return found;
}

static void see_process(pid_t pid)
{
	char path[64], image[PATH_MAX], status[64];
	ssize_t length;

	snprintf(status, sizeof(status), "/proc/%d/status", (int)pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	length = readlink(path, image, sizeof(image) - 1);
	if (length < 0) {
		say(false, "process", "%d: there is none, or it is somebody else's", (int)pid);
		return;
	}
	image[length] = 0;
	if (is_mapped(pid, "libleakshim.so") && !process_has_trace(pid))
		say(false, "process", "%d has the library, but no trace that can be looked into: leakshim report %d says why", (int)pid, (int)pid);
	else if (is_mapped(pid, "libleakshim.so"))
		say(true, "process", "%d is traced: leakshim report %d, leakshim snapshot %d", (int)pid, (int)pid, (int)pid);
	else
		say(false, "process", "%d is not traced, and cannot be from now on: start it with `leakshim run -- %s ...`", (int)pid, image);
	if (strtoull(status_of(status, "SigCgt"), NULL, 16) >> 9 & 1 && !is_mapped(pid, "libleakshim.so"))
		say(true, "signal", "it has a handler of its own for SIGUSR1, which it keeps: use leakshim report PID there");
	see_image(path);
}

int doctor(const char *program, pid_t pid)
{
	char status[64];

	snprintf(status, sizeof(status), pid ? "/proc/%d/status" : "/proc/self/status", (int)pid);
	see_kernel();
	see_library();
	see_folder();
	see_limits();
	see_proc(status);
	see_debuginfod();
	if (program)
		see_program(program);
	if (pid)
		see_process(pid);
	return is_ill ? -1 : 0;
}
