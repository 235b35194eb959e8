/* SPDX-License-Identifier: MIT */
/* Can this program be traced: see launch.h. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "elf_symbols.h"
#include "launch.h"
#include "version.h"
#include "words.h"

#define SCRIPTS_MAX 4 /* interpreters that are scripts themselves */

static int refuse(const char *path, const char *why, int status)
{
	fputs("leakshim: ", stderr);
	words_escape(stderr, path);
	fprintf(stderr, ": %s\n", why);
	return status;
}

static int look_up(const char *program, char *path, size_t size)
{
	const char *at = getenv("PATH");
	int found = 0;

	if (strchr(program, '/')) {
		snprintf(path, size, "%s", program);
		return 0;
	}
	if (!at || !*at)
		at = "/bin:/usr/bin";
	while (*program) {
		size_t length = strcspn(at, ":");
		struct stat st;

		snprintf(path, size, "%.*s%s%s", (int)length, at, length ? "/" : "", program);
		if (!stat(path, &st) && S_ISREG(st.st_mode)) {
			if (!access(path, X_OK))
				return 0;
			found = 1;
		}
		if (!at[length])
			break;
		at += length + 1;
	}
	if (found)
		return refuse(program, "found in PATH, but not executable; chmod +x makes it so",
			      LAUNCH_CANNOT);
	return refuse(program, "no such program in PATH; give its path or install it",
		      LAUNCH_NOT_FOUND);
}

static int check_file(const char *path, struct stat *st)
{
	char text[200];

	if (stat(path, st)) {
		int status = errno == ENOENT || errno == ENOTDIR ? LAUNCH_NOT_FOUND : LAUNCH_CANNOT;

		snprintf(text, sizeof(text), "cannot be started: %s", strerror(errno));
		return refuse(path, text, status);
	}
	if (S_ISDIR(st->st_mode))
		return refuse(path, "is a directory, not a program", LAUNCH_CANNOT);
	if (!S_ISREG(st->st_mode))
		return refuse(path, "is not a program but a device, pipe or socket", LAUNCH_CANNOT);
	if (access(path, X_OK))
		return refuse(path, "is not executable; chmod +x makes it so", LAUNCH_CANNOT);
	return 0;
}

/* Programs that run with other rights than their caller's ignore a preload. */
static int check_rights(const char *path, const struct stat *st)
{
	if (st->st_mode & S_ISUID && st->st_uid != geteuid())
		return refuse(path, "is set-uid: it ignores preloaded libraries; "
				    "run it as its owner, or a copy without that bit",
			      LAUNCH_CANNOT);
	if (st->st_mode & S_ISGID && st->st_mode & S_IXGRP && st->st_gid != getegid())
		return refuse(path, "is set-gid: it ignores preloaded libraries; "
				    "run it in its group, or a copy without that bit",
			      LAUNCH_CANNOT);
	if (geteuid() && getxattr(path, "security.capability", NULL, 0) > 0)
		return refuse(path, "has file capabilities: it ignores preloaded libraries; "
				    "run it as root, or a copy without them",
			      LAUNCH_CANNOT);
	return 0;
}

static int check_header(const char *path, const unsigned char *head, size_t size)
{
	const Elf64_Ehdr *e = (const void *)head;

	if (size < sizeof(Elf32_Ehdr))
		return refuse(path, "is cut off: shorter than an ELF header", LAUNCH_CANNOT);
	if (head[EI_CLASS] == ELFCLASS32)
		return refuse(path, "is a 32-bit program; leakshim traces 64-bit ones",
			      LAUNCH_CANNOT);
	if (head[EI_CLASS] != ELFCLASS64 || head[EI_DATA] != ELFDATA2LSB || size < sizeof(*e) ||
	    e->e_machine != EM_X86_64)
		return refuse(path, "is built for another machine; leakshim traces x86-64 programs",
			      LAUNCH_CANNOT);
	return 0;
}

static int has_interpreter(Elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return -1;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr ph;

		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_INTERP)
			return 1;
	}
	return 0;
}

/* The name of an allocator that the file defines; 0 if there is none. */
static const char *find_allocator(Elf *elf)
{
	static const char *const names[] = { "malloc", "je_malloc", "_rjem_malloc", "tc_malloc",
					     "mi_malloc", "_mi_malloc", "scalable_malloc" };
	struct elf_symbols walk = { .elf = elf, .kind = SHT_NULL };
	const char *name;
	GElf_Sym sym;

	while (elf_symbols_next(&walk, &sym, &name)) {
		if (!name || sym.st_shndx == SHN_UNDEF || GELF_ST_TYPE(sym.st_info) != STT_FUNC)
			continue;
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!strcmp(name, names[k]))
				return names[k];
	}
	return NULL;
}

static void warn_of_allocator(const char *path, Elf *elf)
{
	const char *name = find_allocator(elf);

	if (!name)
		return;
	fputs("leakshim: warning: ", stderr);
	words_escape(stderr, path);
	fprintf(stderr, " has an allocator of its own linked in (%s): blocks that it makes are not seen\n", name);
}

/* A sanitizer of the compiler: its runtime is in the program (1), or in a library (2); 0: none. */
static int find_sanitizer(Elf *elf, const char **which)
{
	static const char *const names[][2] = { { "__asan_init", "AddressSanitizer" }, { "__tsan_init", "ThreadSanitizer" },
						{ "__msan_init", "MemorySanitizer" }, { "__hwasan_init", "HWAddressSanitizer" } };
	struct elf_symbols walk = { .elf = elf, .kind = SHT_DYNSYM };
	const char *name;
	GElf_Sym sym;

	while (elf_symbols_next(&walk, &sym, &name))
		for (size_t k = 0; name && k < sizeof(names) / sizeof(*names); k++)
			if (!strcmp(name, names[k][0])) {
				*which = names[k][1];
				return sym.st_shndx == SHN_UNDEF ? 2 : 1;
			}
	return 0;
}

/* ThreadSanitizer's library works behind ours; all others want to come first, or have an allocator that is not seen. */
static int check_sanitizer(const char *path, Elf *elf)
{
	const char *which = NULL, *how = getenv("ASAN_OPTIONS");
	int where = find_sanitizer(elf, &which);
	char text[256];

	if (!where || (where == 2 && how && strstr(how, "verify_asan_link_order=0")))
		return 0;
	if (where == 2 && !strcmp(which, "ThreadSanitizer")) {
		fputs("leakshim: warning: ", stderr);
		words_escape(stderr, path);
		fputs(" is built with ThreadSanitizer, whose allocator is not in use now: uses of freed memory are not told; for leaks "
		      "build it without -fsanitize\n", stderr);
		return 0;
	}
	snprintf(text, sizeof(text), "is built with %s, %s; build it without -fsanitize to trace it%s", which,
		 where == 1 ? "whose allocator is in the program, so nothing of it would be seen"
			    : "which ends a program in which another library comes first",
		 strcmp(which, "AddressSanitizer") ? "" : ", or let its own LeakSanitizer tell of leaks");
	return refuse(path, text, LAUNCH_CANNOT);
}

static int check_elf(const char *path, int fd, const unsigned char *head, size_t size)
{
	int status = check_header(path, head, size);
	Elf *elf;

	if (status)
		return status;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || has_interpreter(elf) < 0)
		status = refuse(path, "is no sound ELF file", LAUNCH_CANNOT);
	else if (!has_interpreter(elf))
		status = refuse(path, "is statically linked: a preloaded library cannot enter it; "
				      "link it dynamically to trace it",
				LAUNCH_CANNOT);
	else if (!(status = check_sanitizer(path, elf)))
		warn_of_allocator(path, elf);
	elf_end(elf);
	return status;
}

static int check_image(const char *path, unsigned depth);

static int check_script(const char *path, char *line, unsigned depth)
{
	char *interpreter = line + 2;

	interpreter += strspn(interpreter, " \t");
	interpreter[strcspn(interpreter, " \t\r\n")] = 0;
	if (!*interpreter || depth >= SCRIPTS_MAX)
		return refuse(path, "is a script without a usable interpreter", LAUNCH_CANNOT);
	if (access(interpreter, F_OK)) {
		fputs("leakshim: ", stderr);
		words_escape(stderr, path);
		fputs(": is a script for ", stderr);
		words_escape(stderr, interpreter);
		fputs(", which does not exist\n", stderr);
		return LAUNCH_CANNOT;
	}
	return check_image(interpreter, depth + 1);
}

static int check_image(const char *path, unsigned depth)
{
	_Alignas(Elf64_Ehdr) unsigned char head[256 + 1] = { 0 };
	struct stat st;
	int status = check_file(path, &st), fd;
	ssize_t got;

	if (status || (status = check_rights(path, &st)))
		return status;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* executable but not readable: nothing can be said */
	got = read(fd, head, sizeof(head) - 1);
	if (got >= 4 && !memcmp(head, ELFMAG, SELFMAG))
		status = check_elf(path, fd, head, (size_t)got);
	else if (got >= 2 && head[0] == '#' && head[1] == '!')
		status = check_script(path, (char *)head, depth);
	else if (got <= 0)
		status = refuse(path, "is empty", LAUNCH_CANNOT);
	else if (memchr(head, 0, (size_t)got))
		status = refuse(path, "is neither an ELF program nor a script", LAUNCH_CANNOT);
	close(fd);
	return status;
}

int launch_check(const char *program, char *path, size_t size)
{
	int status = *program ? look_up(program, path, size)
			      : refuse("''", "is no program", LAUNCH_NOT_FOUND);

	return status ? status : check_image(path, 0);
}

void launch_self(char *path, size_t size)
{
	ssize_t got = readlink("/proc/self/exe", path, size - 1);

	path[got > 0 ? got : 0] = 0;
}

int launch_library(char *path, size_t size)
{
	static const char *const beside[] = { "../shim", "../lib/x86_64-linux-gnu", "../lib",
					      "../lib64" };
	char self[PATH_MAX], real[PATH_MAX];
	char *slash;

	launch_self(self, sizeof(self));
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; slash && i < sizeof(beside) / sizeof(*beside); i++) {
		snprintf(path, size, "%s/%s/libleakshim.so", self, beside[i]);
		if (realpath(path, real) && strlen(real) < size) {
			strcpy(path, real);
			return 0;
		}
	}
	snprintf(path, size, "%s/libleakshim.so", LEAKSHIM_LIBDIR);
	if (!access(path, R_OK))
		return 0;
	fprintf(stderr, "leakshim: libleakshim.so is not beside this program (%s) nor in %s; "
			"install leakshim anew\n", self, LEAKSHIM_LIBDIR);
	return -1;
}
