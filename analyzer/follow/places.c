/* SPDX-License-Identifier: MIT */
/* What lies where in a process that is followed: see places.h. */
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uthash.h>

#include "decode.h"
#include "elf_symbols.h"
#include "places.h"
#include "pool.h"

#define MODULES_MAX 512u
#define READ_AGAIN_MOST 64u

struct range {
	uint64_t start, end;
	enum owner_of_code owner;
};

struct known_function {
	uint64_t address;
	enum deed deed;
	UT_hash_handle hh;
};

struct known_insn {
	uint64_t address;
	bool is_sound;
	struct insn insn;
	UT_hash_handle hh;
};

struct places {
	pid_t pid;
	struct pool pool;
	struct range ranges[MODULES_MAX], stubs[MODULES_MAX];
	unsigned range_count, stub_count, reads;
	struct known_function *functions;
	struct known_insn *insns;
};

struct places *places_open(pid_t pid)
{
	struct places *p = calloc(1, sizeof(*p));

	if (p)
		p->pid = pid;
	return p;
}

void places_forget(struct places *p)
{
	HASH_CLEAR(hh, p->functions);
	HASH_CLEAR(hh, p->insns);
	pool_drop(&p->pool);
	memset(&p->pool, 0, sizeof(p->pool));
	p->range_count = p->stub_count = 0;
}

void places_close(struct places *p)
{
	places_forget(p);
	free(p);
}

int places_read(const struct places *p, uint64_t address, void *to, size_t size)
{
	struct iovec here = { to, size }, there = { (void *)(uintptr_t)address, size };

	return process_vm_readv(p->pid, &here, 1, &there, 1, 0) == (ssize_t)size ? 0 : -1;
}

static enum deed deed_of(const char *name)
{
	static const struct {
		const char *name;
		enum deed deed;
	} all[] = {
		{ "malloc", DEED_MAKE }, { "calloc", DEED_MAKE }, { "strdup", DEED_MAKE }, { "strndup", DEED_MAKE },
		{ "aligned_alloc", DEED_MAKE }, { "_Znwm", DEED_MAKE }, { "_Znam", DEED_MAKE },
		{ "free", DEED_FREE }, { "cfree", DEED_FREE }, { "_ZdlPv", DEED_FREE }, { "_ZdaPv", DEED_FREE },
		{ "_ZdlPvm", DEED_FREE }, { "_ZdaPvm", DEED_FREE }, { "_ZdlPvSt11align_val_t", DEED_FREE },
		{ "_ZdlPvmSt11align_val_t", DEED_FREE }, { "realloc", DEED_RESIZE }, { "reallocarray", DEED_RESIZE },
		{ "memcpy", DEED_COPY }, { "memmove", DEED_COPY }, { "__memcpy_chk", DEED_COPY }, { "__memmove_chk", DEED_COPY },
		{ "longjmp", DEED_JUMP }, { "_longjmp", DEED_JUMP }, { "siglongjmp", DEED_JUMP }, { "__longjmp_chk", DEED_JUMP },
		{ "__cxa_throw", DEED_CALLBACK }, { "__cxa_rethrow", DEED_CALLBACK }, { "_Unwind_Resume", DEED_CALLBACK },
		{ "qsort", DEED_CALLBACK }, { "qsort_r", DEED_CALLBACK }, { "bsearch", DEED_CALLBACK },
		{ "pthread_once", DEED_CALLBACK }, { "call_once", DEED_CALLBACK }, { "tsearch", DEED_CALLBACK },
		{ "tfind", DEED_CALLBACK }, { "tdelete", DEED_CALLBACK }, { "twalk", DEED_CALLBACK }, { "tdestroy", DEED_CALLBACK },
		{ "pthread_setspecific", DEED_KEEP }, { "tss_set", DEED_KEEP },
		{ "pthread_create", DEED_SHARE }, { "thrd_create", DEED_SHARE },
		{ "exit", DEED_EXIT }, { "_exit", DEED_EXIT }, { "abort", DEED_EXIT }, { "pthread_exit", DEED_CALLBACK },
		{ "sigprocmask", DEED_MASK }, { "pthread_sigmask", DEED_MASK }, { "sigaction", DEED_HANDLER },
		{ "signal", DEED_HANDLER }, { "__sysv_signal", DEED_HANDLER }, { "sysv_signal", DEED_HANDLER },
		{ "bsd_signal", DEED_HANDLER }, { "ssignal", DEED_HANDLER }, { "sigset", DEED_HANDLER },
		{ "sigignore", DEED_HANDLER }, { "sighold", DEED_HANDLER },
		{ "setcontext", DEED_CONTEXT }, { "swapcontext", DEED_SWAP }, { "syscall", DEED_KERNEL },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i].name, name))
			return all[i].deed;
	return DEED_NONE;
}

static void function_add(struct places *p, uint64_t address, enum deed deed)
{
	struct known_function *f;

	HASH_FIND(hh, p->functions, &address, sizeof(address), f);
	if (f)
		return;
	f = pool_take(&p->pool, sizeof(*f));
	f->address = address;
	f->deed = deed;
	HASH_ADD(hh, p->functions, address, sizeof(f->address), f);
}

static void read_stubs(struct places *p, Elf *elf, uint64_t bias)
{
	Elf_Scn *scn = NULL;
	size_t names;

	while (!elf_getshdrstrndx(elf, &names) && (scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;

		if (name && !strncmp(name, ".plt", 4) && sh.sh_flags & SHF_EXECINSTR && p->stub_count < MODULES_MAX)
			p->stubs[p->stub_count++] = (struct range){ sh.sh_addr + bias, sh.sh_addr + bias + sh.sh_size, OWNER_STUB };
	}
}

static void read_functions(struct places *p, Elf *elf, uint64_t bias)
{
	struct elf_symbols walk = { .elf = elf, .kind = SHT_DYNSYM };
	const char *name;
	GElf_Sym sym;

	while (elf_symbols_next(&walk, &sym, &name)) {
		enum deed deed = name && sym.st_shndx != SHN_UNDEF && GELF_ST_TYPE(sym.st_info) == STT_FUNC ? deed_of(name) : DEED_NONE;

		if (deed != DEED_NONE)
			function_add(p, sym.st_value + bias, deed);
	}
}

static void read_slot(struct places *p, Elf *elf, const GElf_Rela *rela, size_t symbols, uint64_t bias)
{
	Elf_Scn *scn = elf_getscn(elf, symbols);
	GElf_Shdr sh;
	GElf_Sym sym;
	const char *name;

	if (!scn || !gelf_getshdr(scn, &sh) || GELF_R_SYM(rela->r_info) >= INT_MAX ||
	    !gelf_getsym(elf_getdata(scn, NULL), (int)GELF_R_SYM(rela->r_info), &sym))
		return;
	name = elf_strptr(elf, sh.sh_link, sym.st_name);
	if (name && deed_of(name) != DEED_NONE)
		function_add(p, rela->r_offset + bias, deed_of(name));
}

/* Which slots lead to functions that matter, before the loader has bound them. */
static void read_slots(struct places *p, Elf *elf, uint64_t bias)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;
		GElf_Rela rela;
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_RELA || !sh.sh_entsize)
			continue;
		data = elf_getdata(scn, NULL);
		for (size_t i = 0; data && i < sh.sh_size / sh.sh_entsize && i < INT_MAX && gelf_getrela(data, (int)i, &rela); i++)
			if (GELF_R_TYPE(rela.r_info) == R_X86_64_JUMP_SLOT)
				read_slot(p, elf, &rela, sh.sh_link, bias);
	}
}

static uint64_t first_address(Elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr ph;

		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD)
			return ph.p_vaddr & ~4095ull;
	}
	return 0;
}

static void read_module(struct places *p, const char *path, uint64_t start, bool is_system)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && is_system) {
		read_functions(p, elf, start - first_address(elf));
	} else if (elf && elf_kind(elf) == ELF_K_ELF) {
		read_stubs(p, elf, start - first_address(elf));
		read_slots(p, elf, start - first_address(elf));
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

static enum owner_of_code owner_of(const char *path, const char *program)
{
	static const char *const system[] = { "libc.so", "libc-", "ld-linux", "libpthread", "libm.so", "libstdc++", "libgcc_s", "libdl.",
					      "librt.", "libleakshim.so", "libc++", "ld-musl" };
	const char *name = strrchr(path, '/');

	if (!name)
		return OWNER_SYSTEM;
	for (size_t i = 0; i < sizeof(system) / sizeof(*system); i++)
		if (!strncmp(name + 1, system[i], strlen(system[i])))
			return OWNER_SYSTEM;
	if (!strcmp(path, program))
		return OWNER_PROGRAM;
	return !strncmp(path, "/usr/", 5) || !strncmp(path, "/lib", 4) ? OWNER_LIBRARY : OWNER_PROGRAM;
}

static void read_maps(struct places *p)
{
	char path[64], line[PATH_MAX + 128], program[PATH_MAX], last[PATH_MAX] = "";
	ssize_t got;
	FILE *maps;

	places_forget(p);
	p->reads++;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	got = readlink(path, program, sizeof(program) - 1);
	program[got > 0 ? got : 0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long long start, end;
		char rights[8], *file = strchr(line, '/');

		if (sscanf(line, "%llx-%llx %7s", &start, &end, rights) != 3)
			continue;
		line[strcspn(line, "\n")] = 0;
		if (file && strcmp(file, last)) {
			snprintf(last, sizeof(last), "%s", file);
			read_module(p, file, start, owner_of(file, program) == OWNER_SYSTEM);
		}
		if (rights[2] == 'x' && p->range_count < MODULES_MAX)
			p->ranges[p->range_count++] = (struct range){ start, end, file ? owner_of(file, program) : OWNER_SYSTEM };
	}
	if (maps)
		fclose(maps);
}

static const struct range *range_at(const struct places *p, uint64_t pc)
{
	for (unsigned i = 0; i < p->range_count; i++)
		if (pc >= p->ranges[i].start && pc < p->ranges[i].end)
			return &p->ranges[i];
	return NULL;
}

enum owner_of_code places_owner(struct places *p, uint64_t pc)
{
	const struct range *r = range_at(p, pc);

	if (!r && p->reads < READ_AGAIN_MOST) {
		read_maps(p);
		r = range_at(p, pc);
	}
	for (unsigned i = 0; r && i < p->stub_count; i++)
		if (pc >= p->stubs[i].start && pc < p->stubs[i].end)
			return OWNER_STUB;
	return r ? r->owner : OWNER_NONE;
}

enum deed places_deed(struct places *p, uint64_t pc)
{
	struct known_function *f;

	HASH_FIND(hh, p->functions, &pc, sizeof(pc), f);
	return f ? f->deed : DEED_NONE;
}

const struct insn *places_insn(struct places *p, uint64_t pc)
{
	struct known_insn *k;
	unsigned char bytes[15];
	size_t size = sizeof(bytes);

	HASH_FIND(hh, p->insns, &pc, sizeof(pc), k);
	if (k)
		return k->is_sound ? &k->insn : NULL;
	k = pool_take(&p->pool, sizeof(*k));
	k->address = pc;
	if (places_read(p, pc, bytes, size)) { /* near the end of what is mapped */
		size = 4096 - pc % 4096;
		size = size > sizeof(bytes) || places_read(p, pc, bytes, size) ? 0 : size;
	}
	k->is_sound = size && !decode_bytes(bytes, size, pc, &k->insn);
	HASH_ADD(hh, p->insns, address, sizeof(k->address), k);
	return k->is_sound ? &k->insn : NULL;
}

bool places_is_call(const struct insn *i)
{
	return i->op == OP_CALL;
}

bool places_is_jump(const struct insn *i)
{
	return i->op == OP_JUMP;
}

bool places_is_system_call(const struct insn *i)
{
	return i->op == OP_SYSTEM;
}

bool places_may_step(struct places *p, const struct insn *i)
{
	return i->op != OP_FLAGS && i->op != OP_STOP && (i->op != OP_SYSTEM || places_owner(p, i->address) == OWNER_SYSTEM);
}

uint64_t places_slot(const struct insn *i)
{
	return i->op == OP_JUMP && i->to.kind == OPERAND_MEM && i->to.base == REG_RIP && i->to.index >= 16 ? (uint64_t)i->to.value : 0;
}
