/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TRACE_H
#define LEAKSHIM_TRACE_H
/*
 * The trace: the one contract between the shim, which writes it from inside
 * somebody else's process, and the analyzer, which reads it from outside.
 *
 * Words
 *   block      one live allocation
 *   resource   a counted thing, which may or may not be a block of its own
 *   stack      a path in the stack tree, named by its innermost node
 *   site       a stack that allocated something
 *   record     one later retain, release or touch of a resource
 *   type       what kind of resource it is; a probe file declares it
 *   probe      a function that makes, retains, releases or touches resources of a type
 *   finding    a mistake with a resource that was seen as it happened
 *   scan       one look at which blocks can still be reached, of one moment (its cut)
 *   root       memory or a kernel object from which the program can reach its blocks
 *   verdict    what the latest scan found about one block
 *   hint       a word that the program gave with a touch
 *   scope      a part of the program's work that it named: what is made meanwhile belongs to it
 *   walk       one look of a Java virtual machine at which of its objects can still be reached
 *   hold       what keeps a Java object reachable: a field, an element, a static, a thread
 *   crowd      blocks of one kind from one site in several processes, in a trace that was merged from theirs
 *   area       a growing array of equal elements; an element is named by its
 *              index, and index 0 is never used ("none")
 *   chunk      a piece of the file that holds consecutive elements of an area
 *
 * State, not a log
 *   The file is mapped shared and always holds the present state: the blocks
 *   that are alive now, the stacks that led to them, totals per site. It can
 *   be read at any moment and after any death. It grows with the live set and
 *   the number of distinct stacks, never with the run time.
 *
 * Layout
 *   [struct trace_header, TRACE_HEADER_SIZE bytes][chunk][chunk]...
 *   A chunk is a struct trace_chunk followed by its elements; `length` leads
 *   to the next one. Chunk `ordinal` of an area holds the elements
 *   [ordinal * per_chunk, (ordinal + 1) * per_chunk) with the area's per_chunk.
 *   The file may be longer than `file_used`: the rest is a hole, reserved while
 *   the program runs and cut off at its end.
 *
 * Crash law
 *   A chunk exists once `file_used` covers it, and its head was complete before
 *   that. An element exists once the field named as its seal is not 0; the seal is
 *   written last when an element appears and cleared first when it goes. A
 *   reader that sees a seal may use the other fields, and checks every index and
 *   offset before it follows it: a file cut or damaged anywhere is readable up
 *   to that place.
 *
 * Version law
 *   Fields and areas are appended, never moved or reused; readers skip areas they do
 *   not know and refuse another TRACE_VERSION with a message that names both.
 *
 * Units: times are microseconds since `start_monotonic_ns` (CLOCK_MONOTONIC, coarse:
 * a resolution of 1 to 4 ms), sizes are bytes as requested by the program. All
 * numbers are little-endian.
 *
 * Writers: every field is written by the shim only, except those marked
 * [parent], which `leakshim run` fills in after the process has died.
 *
 * Secrets: no memory of the program is ever copied into a trace but names that it gives us for
 * that. Names (paths, thread names, argv[0], hints, scopes) come from the program and are hostile
 * until checked.
 */
#include <stddef.h>
#include <stdint.h>

#define TRACE_MAGIC "LEAKSHIM"
#define TRACE_VERSION 2u
#define TRACE_ENDIAN 0x01020304u
#define TRACE_HEADER_SIZE 8192u
#define TRACE_CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */
#define TRACE_CHUNK_ALIGN 4096u

/* Areas. Numbers are part of the format. */
enum trace_area {
	TRACE_AREA_NONE = 0,
	TRACE_AREA_TEXT = 1,     /* bytes; strings end with 0 */
	TRACE_AREA_MODULE = 2,   /* struct trace_module */
	TRACE_AREA_THREAD = 3,   /* struct trace_thread */
	TRACE_AREA_NODE = 4,     /* struct trace_node */
	TRACE_AREA_SITE = 5,     /* struct trace_site */
	TRACE_AREA_BLOCK = 6,    /* struct trace_block */
	TRACE_AREA_PENDING = 7,  /* struct trace_pending */
	TRACE_AREA_MISMATCH = 8, /* struct trace_mismatch */
	TRACE_AREA_TYPE = 9,     /* struct trace_type */
	TRACE_AREA_PROBE = 10,   /* struct trace_probe */
	TRACE_AREA_RESOURCE = 11, /* struct trace_resource */
	TRACE_AREA_RECORD = 12,  /* struct trace_record */
	TRACE_AREA_FINDING = 13, /* struct trace_finding */
	TRACE_AREA_PROBLEM = 14, /* struct trace_problem */
	TRACE_AREA_SCAN = 15,    /* struct trace_scan */
	TRACE_AREA_VERDICT = 16, /* struct trace_verdict */
	TRACE_AREA_RELEASE = 17, /* struct trace_release */
	TRACE_AREA_HINT = 18,    /* struct trace_hint */
	TRACE_AREA_SHARED = 19,  /* struct trace_shared */
	TRACE_AREA_UNREAD = 20,  /* struct trace_unread */
	TRACE_AREA_CROWD = 22,   /* struct trace_crowd */
	TRACE_AREA_PROCESS = 23, /* struct trace_process */
	TRACE_AREA_JAVA_VM = 24, /* struct trace_java_vm */
	TRACE_AREA_JAVA_FRAME = 25, /* struct trace_java_frame */
	TRACE_AREA_JAVA_OBJECT = 26, /* struct trace_java_object */
	TRACE_AREA_JAVA_HOLD = 27, /* struct trace_java_hold */
	TRACE_AREA_MEMBERS = 28, /* struct trace_members */
	TRACE_AREA_FOCUS = 29,   /* struct trace_focus */
	TRACE_AREA_PARTED = 30,  /* struct trace_parted */
	TRACE_AREA_PYTHON = 31,  /* struct trace_python */
	TRACE_AREAS = 32,        /* room for areas to come */
	TRACE_AREA_ROOM = 0xffff /* a chunk kept free: it will be divided into some of VERDICT */
};

#define TRACE_DETAIL_UNKNOWN INT32_MIN

/* How the process ended. 0 while it runs, and for ever after a SIGKILL that no
 * parent of ours saw. */
enum trace_end {
	TRACE_END_NONE = 0,
	TRACE_END_EXIT = 1,       /* exit() or return from main; detail: status */
	TRACE_END_FAST_EXIT = 2,  /* _exit() or _Exit(); detail: status */
	TRACE_END_QUICK_EXIT = 3, /* quick_exit(); detail: status */
	TRACE_END_ABORT = 4,      /* abort() */
	TRACE_END_SIGNAL = 5,     /* killed by a signal; detail: its number */
	TRACE_END_EXEC = 6,       /* replaced by exec*(); a new trace may follow */
	TRACE_END_CALL = 7        /* [parent] by a system call of the program's own, as Go programs do; detail: status */
};

/* Everything the shim could not record, by reason. A trace with any of these
 * above 0 is not complete, and the report must say so. */
enum trace_drop {
	TRACE_DROP_NO_SPACE = 0,    /* file system or address space exhausted */
	TRACE_DROP_REENTRANT = 1,   /* allocation inside the shim's own work (a signal handler) */
	TRACE_DROP_NO_THREAD = 2,   /* no thread state to be had */
	TRACE_DROP_STACK = 3,       /* block kept, but its stack could not be walked */
	TRACE_DROP_STACK_CUT = 4,   /* block kept, stack deeper than TRACE_STACK_MAX */
	TRACE_DROP_SITE = 5,        /* block kept, counted under site 0 */
	TRACE_DROP_MISSED_FREE = 6, /* an address came back that was never freed through us */
	TRACE_DROPS = 16
};

/* What made a block, or let it go. */
enum trace_family {
	TRACE_FAMILY_MALLOC = 0, /* malloc, calloc, realloc, reallocarray, strdup... */
	TRACE_FAMILY_ALIGNED = 1, /* posix_memalign, aligned_alloc, memalign, valloc, pvalloc */
	TRACE_FAMILY_NEW = 2,     /* operator new, released by operator delete */
	TRACE_FAMILY_NEW_ARRAY = 3, /* operator new[], released by operator delete[] */
	TRACE_FAMILY_GONE = 7 /* let go while the scan whose number is in `time` was under way: not alive */
};

enum trace_level {
	TRACE_LEVEL_DISABLED = 0,
	TRACE_LEVEL_SIMPLE = 1,
	TRACE_LEVEL_ADVANCED = 2,
	TRACE_LEVEL_PARANOID = 3
};

#define TRACE_REQUEST 0x6b656c65u

/* What goes with a request, in the upper half of its value: the system call that its thread waits in, 0: not known, and where
 * it was called. */
#define TRACE_HINT(number, pc) (((number) & 0xfffull) << 20 | ((pc) & 0xfffffull))
#define TRACE_HINT_NUMBER(hint) ((uint32_t)((hint) >> 20)) /* plus 1 */
#define TRACE_HINT_PLACE(hint) ((uint32_t)((hint) & 0xfffff))
#define TRACE_STACK_MAX 1024u /* frames kept of one stack */
#define TRACE_RATES 16u
#define TRACE_AGES 24u

/* Flags in trace_header.flags. */
#define TRACE_FLAG_FORKED 1u   /* a fork child without exec: its blocks of before the fork are the parent's */
#define TRACE_FLAG_ELEVATED 2u /* reserved */
#define TRACE_FLAG_STOPPED 4u  /* the shim stood aside for good; stop_reason says why */
#define TRACE_FLAG_COPY 8u     /* [analyzer] a snapshot of a running process, made at end_time */
#define TRACE_FLAG_MERGED 16u  /* [analyzer] made from the traces of several processes, see struct trace_process */

/* Flags in trace_header.filtered. */
#define TRACE_FILTER_SEEN 1u   /* the program took system calls away from itself (seccomp) */
#define TRACE_FILTER_OPAQUE 2u /* nobody can know which: strict mode, or a filter that could not be read */

struct trace_area_head {
	uint64_t used;      /* elements handed out, index 0 included; never falls */
	uint32_t element;   /* size of one element */
	uint32_t per_chunk; /* elements in one chunk */
};

struct trace_header {
	char magic[8];
	uint32_t version;
	uint32_t endian;
	uint32_t header_size;
	uint32_t flags;
	uint64_t file_used; /* bytes; every chunk lies below */

	uint64_t start_realtime_ns;  /* CLOCK_REALTIME when tracing began */
	uint64_t start_monotonic_ns; /* CLOCK_MONOTONIC at the same moment */
	uint32_t pid, ppid;
	uint32_t uid;
	uint32_t level;              /* bits 0..7: enum trace_level now in force; bits 8..31: how often
				      * it was changed. [parent] may write it while the process runs:
				      * every thread compares the whole word and follows */
	uint64_t process_start;      /* field 22 of /proc/PID/stat, tells a reused pid */
	char program[256];           /* argv[0], cut, ends with 0 */
	char executable[512];        /* /proc/self/exe, cut, ends with 0 */
	char shim_version[32];

	/* [parent] too: the end as wait() told it, if the process could not say */
	uint32_t end;        /* enum trace_end */
	int32_t end_detail;  /* status or signal, TRACE_DETAIL_UNKNOWN: nobody was told */
	uint64_t end_time;   /* microseconds since the start */
	char stop_reason[128];

	uint64_t drops[TRACE_DROPS];
	uint64_t seen_allocations;   /* only while sampling: all allocations, followed or not */
	uint64_t sample_bytes[TRACE_RATES]; /* [rate]: mean bytes between samples; [0] is 0: every block */

	struct trace_area_head areas[TRACE_AREAS];
	uint32_t root;       /* node index of the stack tree's root, parent of outermost frames */
	uint32_t rates_used;
	uint32_t request_signal; /* queued with TRACE_REQUEST as its value, it asks for a scan; 0: none */
	uint32_t suppressions;   /* TEXT index: what the program's __lsan_default_suppressions said, 0: nothing */
	uint32_t own_call;       /* 1 + number of the shim's own system call that is under way, 0: none */
	uint32_t filtered;       /* TRACE_FILTER_* */
	uint64_t calls_left_out; /* system calls of the shim that a filter would have killed for, or refused */
	uint64_t left_out[8];    /* which: bit per number */
	uint64_t pid_space;      /* inode of /proc/self/ns/pid: the namespace that pid is a number in, 0: not known */
	uint32_t focus;          /* 1: some sites are in focus. [parent] may set it, then changes `level` so that threads look */
	uint32_t focus_left_out; /* times that nobody looked who holds a block, because it would have taken too long */
	uint32_t requests;       /* reports that were asked for by signal, times 2; bit 0, TRACE_REQUESTS_OPEN: one is being made,
				  * whose maker looks here again before it clears that bit. Changed by atomic exchange only,
				  * by [parent] too */
	uint32_t answered;       /* `requests` when the latest of them began, without bit 0. [parent] too */
	uint32_t telling;        /* TRACE_TELLING_*. Changed by atomic or and and only, by [parent] too */
	uint32_t reserved;
	uint64_t caught;         /* signals that the program has handlers for, as far as it went through libc; bit number - 1. A
				  * real-time signal that the kernel says is caught, and that is neither here nor request_signal,
				  * was taken past libc: then nobody knows whose request_signal is, and it is not to be sent */
	uint32_t wished;         /* [parent] changes it, then `level` so that threads look: the next one that allocates scans. A
				  * request without a signal */
	uint32_t granted;        /* `wished` when the latest such scan began */
};
#define TRACE_REQUESTS_OPEN 1u
#define TRACE_TELLING_ASKED 1u /* a report that was asked for is being written. Whoever sets it looks for the other one first */
#define TRACE_TELLING_LAST 2u  /* the end's report answers all: no other one begins to be written any more */

/* Head of a chunk. */
struct trace_chunk {
	uint32_t magic;
	uint32_t area;    /* enum trace_area */
	uint32_t ordinal; /* which of the area's chunks */
	uint32_t element; /* as in the area's head */
	uint64_t length;  /* whole chunk in bytes, a multiple of TRACE_CHUNK_ALIGN */
	uint64_t reserved[5];
};

/* A mapped object file. Seal: end. Entries are kept after an unload, so that stacks that
 * lead through it keep their names. */
struct trace_module {
	uint64_t start, end;   /* address range of its mapping */
	uint64_t bias;         /* add to a virtual address of the file to get one in memory */
	uint64_t loaded_us, unloaded_us; /* unloaded_us is 0 while mapped */
	uint32_t path;         /* TEXT index, 0: no name */
	uint32_t kind;         /* enum trace_module_kind */
	uint64_t device, inode;
	uint8_t build_id[20];
	uint32_t build_id_size; /* 0: none */
};

enum trace_module_kind {
	TRACE_MODULE_PLAIN = 0,
	TRACE_MODULE_PROGRAM = 1,
	TRACE_MODULE_LIBC = 2,
	TRACE_MODULE_LOADER = 3,
	TRACE_MODULE_SHIM = 4,
	TRACE_MODULE_VDSO = 5,
	TRACE_MODULE_JAVA = 6 /* no file: the frames of Java methods, see struct trace_java_frame */
};

/* A thread that was seen. Seal: tid. Kept after its end as long as a block names it. */
struct trace_thread {
	uint32_t tid;
	uint32_t flags;      /* TRACE_THREAD_* */
	char name[16];       /* as in /proc/PID/task/TID/comm */
	uint64_t started_us; /* first seen */
	uint64_t ended_us;   /* 0: alive as far as known */
	uint32_t long_name;  /* TEXT index: its name in Java, which `name` has no room for; 0: there is none */
	uint32_t reserved;
};
#define TRACE_THREAD_MAIN 1u

/*
 * A frame of the stack tree: `pc` called from `parent`. pc is the return address (the
 * instruction after the call), so a reader looks up pc - 1, except where
 * TRACE_NODE_EXACT is set (a frame that a signal interrupted). module names the mapping
 * that pc lay in when the stack was taken, 0 if none (JIT code).
 * Seal: where. The lower fields serve the shim's own look-ups; readers leave them.
 */
struct trace_node {
	uint64_t where;  /* pc in bits 0..47, module index in bits 48..63 */
	uint32_t parent; /* NODE index; 0 for the root only */
	uint32_t site;   /* SITE index, 0: nothing was allocated from just here */
	uint32_t child, sibling, hint; /* [shim private] */
	uint32_t flags;  /* TRACE_NODE_* */
};
#define TRACE_NODE_EXACT 1u
#define TRACE_NODE_CUT 2u /* outermost frame kept; the stack goes on beyond it */
#define TRACE_NODE_SCOPE 4u /* no frame: stacks below it were taken inside a scope. where is the TEXT index of its
			     * name; its parent is the root, or the scope that it lies in */
#define TRACE_PC_BITS 48

/*
 * Totals of one site. Seal: node. One thread (`owner`) counts here without atomics; the others count
 * in their PENDING entries, which are added to the site's SHARED element from time to time. What no longer
 * fits in own_blocks and own_bytes is added there too. Totals are own + shared + all pending entries of
 * the site: blocks ever, bytes ever, live bytes. Blocks freed = ever - live, where live is counted
 * from BLOCK. peak is exact for a site used by one thread, and a lower bound else.
 * While sampling, all of these count sampled blocks only.
 */
struct trace_site {
	uint32_t node;
	uint32_t owner; /* thread-slot number of the owner + 1 in the bits of TRACE_SITE_OWNER, and flags */
	uint32_t own_blocks, own_bytes;
	int64_t own_live;
	int64_t peak;
};
#define TRACE_SITE_SHARED 0x80000000u /* there is a SHARED element with the site's number */
#define TRACE_SITE_OTHERS 0x40000000u /* not only the owner counts there: `peak` needs it [shim private] */
#define TRACE_SITE_FOCUS 0x20000000u /* in focus: [parent] may set it */
#define TRACE_SITE_OWNER 0x1fffffffu

/* What a site's owner does not count. No seal: see TRACE_SITE_SHARED. */
struct trace_shared {
	uint64_t blocks, bytes;
	int64_t live;
};

/*
 * A block of a site in focus, of which it was watched who holds it. Seal: site. Entries of blocks that were released are
 * used again, with site 0 meanwhile. Events are allocations and releases of the thread that made it.
 */
struct trace_focus {
	uint32_t site;    /* SITE index */
	uint32_t status;  /* enum trace_focus_status */
	uint64_t address; /* of the block */
	uint32_t held, lost; /* NODE indices: the stack of the last event at which something held it, and of the first at which
			      * nothing did; 0: none */
	uint32_t holder;  /* enum trace_holder: what held it last */
	uint32_t holder_site;  /* of a block: SITE index */
	uint64_t holder_at;    /* where in the block; of GLOBAL its address */
	uint32_t holder_frame; /* of STACK: NODE index of the frame that the word lay in, 0: not known */
	uint32_t loss;    /* enum trace_loss */
	uint32_t thread;  /* THREAD index of who made it */
	uint32_t events;  /* since it was made */
	uint32_t instead; /* SITE index of the block that what held it last leads to since, 0: none or not known */
	uint32_t stale;   /* 1: something had its address before it was made, left over from another block; 2: nobody looked */
};

/*
 * A block of a site in focus whose thread was followed instruction by instruction, from where it was made until nothing led to
 * it any more. The shim makes room for TRACE_PARTED_MOST of them, all 0; whoever followed fills them in when the process has
 * ended. [parent] Seal: site. Addresses are those of the process.
 */
struct trace_parted {
	uint32_t site;	   /* SITE index; 0: unused */
	uint32_t flags;	   /* TRACE_PARTED_* */
	uint64_t used;	   /* the last instruction that used a pointer to it */
	uint64_t parted;   /* the first one, from there on, that those that were released never came by; 0: none */
	uint64_t common;   /* the last one before that which they came by as well; 0: none */
	uint64_t lost;	   /* the one after which nothing led to it any more; 0: it was not lost */
	uint64_t owner;	   /* TRACE_PARTED_OWNER: the call that let go what led to it */
	uint64_t beside;   /* the call that let go what lay beside it in its owner; 0: not seen */
	uint32_t healthy;  /* blocks of the site that were followed up to their release */
	uint32_t followed; /* and all that were followed to an end */
};

#define TRACE_PARTED_MOST 60u
#define TRACE_PARTED_OWNER 1u	    /* what led to it last was let go */
#define TRACE_PARTED_OVERWRITTEN 2u /* there, another pointer was written */
#define TRACE_PARTED_CLEARED 4u	    /* there, something else was written */
#define TRACE_PARTED_JUMPED 8u	    /* a longjmp came between its last use and its loss */
#define TRACE_PARTED_RESIZED 16u    /* a realloc of it failed */
#define TRACE_PARTED_ENDED 32u	    /* its thread ended */
#define TRACE_PARTED_LOCAL 64u	    /* it was only ever led to by variables of functions */
#define TRACE_PARTED_EARLIER 128u   /* they part before its last use, and not after it */
#define TRACE_PARTED_JOINED 512u    /* what comes after the parting, released ones came by on another way */
#define TRACE_PARTED_COUNTED 1024u  /* a count of references in it remained */
#define TRACE_PARTED_RAISED 2048u   /* they part where it was counted up */
#define TRACE_PARTED_PASSED 4096u   /* what comes before it was inlined there, and had nothing to do with the block */
#define TRACE_PARTED_HANDLED 8192u  /* used last by a function that got it while its owner was being let go; `common`: the call of that one */
#define TRACE_PARTED_LAST 256u	    /* only what they came by just before their release was compared: all else is alike */

/* What the shim says to a parent that follows: in registers, by a breakpoint. rdi: address, rsi: size, rdx: SITE index,
 * rcx: return address of the call that made the block, r8: stack pointer after its return. */
#define TRACE_FOLLOW_WORD 0x6c656b72u /* rax */
#define TRACE_FOLLOW_GONE 0x6c656b73u /* rax: the block at rdi is let go */

enum trace_focus_status {
	TRACE_FOCUS_NONE = 0,
	TRACE_FOCUS_HELD = 1,
	TRACE_FOCUS_LOST = 2 /* nothing that was looked at holds it any more */
};

enum trace_holder {
	TRACE_HOLDER_UNKNOWN = 0,
	TRACE_HOLDER_STACK = 1, /* of the thread that made it */
	TRACE_HOLDER_REGISTER = 2,
	TRACE_HOLDER_GLOBAL = 3,
	TRACE_HOLDER_BLOCK = 4,
	TRACE_HOLDER_MAPPING = 5 /* any other memory: stacks of other threads, thread-local, mapped */
};

enum trace_loss {
	TRACE_LOSS_NONE = 0,
	TRACE_LOSS_CHANGED = 1,     /* what held it holds something else, or its frame was left */
	TRACE_LOSS_FREED = 2,       /* the block that held it was released */
	TRACE_LOSS_THREAD_ENDED = 3, /* the thread whose stack held it ended */
	TRACE_LOSS_GIVEN_UP = 4 /* a container of the C++ library in whose elements it was has fewer of them */
};

/* The name of a stack that stays the same from run to run: its frames from the innermost one outward, each by the last part of
 * its module's path and by the distance of its address from the module's bias. Begins with 0. */
static inline uint64_t trace_focus_mix(uint64_t hash, const char *module, uint64_t offset)
{
	for (; *module; module++)
		hash = (hash ^ (unsigned char)*module) * 0x100000001b3ull;
	hash = (hash ^ offset) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Not yet added deltas of one thread for one site. Seal: site. */
struct trace_pending {
	uint32_t site;
	uint32_t blocks;
	uint64_t bytes;
	int64_t live; /* bytes, may be negative: frees of what others allocated */
};

/*
 * A live block. Seal: address (the low 48 bits of where). 24 bytes, packed:
 *   where  bits 0..47 address, bits 48..63 THREAD index of the allocating thread
 *   what   bits 0..39 size (larger ones are stored as TRACE_SIZE_MAX), bits 40..42
 *          enum trace_family, bit 43 TRACE_BLOCK_IGNORED: the program said that it is no
 *          leak, bits 44..47 rate (index in sample_bytes: a sampled block
 *          stands for 1 / (1 - exp(-size / sample_bytes[rate])) blocks), bits 48..63
 *          upper part of the time but for the last bit, TRACE_BLOCK_DURING: made while a scan
 *          was under way
 *   site   SITE index
 *   time   lower 32 bits of the time of the allocation
 * A free slot has address 0; what else it holds means nothing.
 */
struct trace_block {
	uint64_t where;
	uint64_t what;
	uint32_t site;
	uint32_t time;
};
#define TRACE_ADDRESS_BITS 48
#define TRACE_SIZE_BITS 40
#define TRACE_SIZE_MAX ((1ull << TRACE_SIZE_BITS) - 1)
#define TRACE_BLOCK_IGNORED (1ull << 43)
#define TRACE_BLOCK_DURING (1ull << 63)

static inline uint32_t trace_level(const struct trace_header *h)
{
	return *(const volatile uint32_t *)&h->level & 255;
}
static inline uint64_t trace_block_address(const struct trace_block *b)
{
	return b->where & ((1ull << TRACE_ADDRESS_BITS) - 1);
}
static inline uint32_t trace_block_thread(const struct trace_block *b)
{
	return (uint32_t)(b->where >> 48);
}
static inline uint64_t trace_block_size(const struct trace_block *b)
{
	return b->what & TRACE_SIZE_MAX;
}
static inline uint32_t trace_block_family(const struct trace_block *b)
{
	return (uint32_t)(b->what >> 40) & 7;
}
static inline uint32_t trace_block_rate(const struct trace_block *b)
{
	return (uint32_t)(b->what >> 44) & 15;
}
static inline uint64_t trace_block_time(const struct trace_block *b)
{
	return (b->what >> 48 & 0x7fff) << 32 | b->time;
}
static inline uint64_t trace_node_pc(const struct trace_node *n)
{
	return n->where & ((1ull << TRACE_PC_BITS) - 1);
}
static inline uint32_t trace_node_module(const struct trace_node *n)
{
	return (uint32_t)(n->where >> TRACE_PC_BITS);
}

/*
 * Where blocks of one site were let go. Seal: count. Not every block is watched, but the first ones of a site and then one
 * in more and more, as long as that costs next to nothing. A site has at most TRACE_RELEASES elements; what was let
 * go elsewhere is counted in one whose node is 0.
 */
struct trace_release {
	uint32_t site;    /* SITE index */
	uint32_t node;    /* NODE index */
	uint32_t next;    /* [shim private] */
	uint32_t foreign; /* of count: by another thread than made them */
	uint64_t count;
	uint64_t max_us;  /* greatest age */
	uint16_t ages[TRACE_AGES]; /* how many were how old: less than TRACE_AGE_LEAST << i; the last one: or older */
};
#define TRACE_RELEASES 8u
#define TRACE_AGE_LEAST 4096u /* microseconds */

/*
 * Python. Of the blocks that are watched (RELEASE) it is also kept which functions of CPython made them. Elements are of several
 * kinds. Seal: kind; of SEEN also count.
 *
 *   FRAME   a place in Python code, called from another one: stacks share their outer frames. Only the innermost
 *           TRACE_PYTHON_KEPT frames of a stack are kept
 *   SEEN    how many of the blocks of a site that were looked at were made by one stack; at most TRACE_PYTHON_STACKS for a
 *           site: further ones are counted in one whose stack is 0
 *   BLOCK   a living block, and the stack that made it. The element is used again once the block is released, with kind NONE
 *           meanwhile. Not every living block that was looked at has one
 *   REFUSED why the frames of an interpreter cannot be read
 */
struct trace_python {
	uint32_t kind;    /* enum trace_python_kind */
	uint32_t stack;   /* PYTHON index of a FRAME; SEEN, BLOCK: the innermost one; FRAME: that it was called from, 0: not kept or
			   * none */
	uint32_t site;    /* SEEN, BLOCK: SITE index */
	uint32_t name;    /* FRAME: TEXT index of the qualified name; REFUSED: TEXT index of the reason */
	uint32_t file;    /* FRAME: TEXT index, 0: not known */
	uint32_t line;    /* FRAME: 0: not known; BLOCK: as the block's time */
	uint32_t flags;   /* TRACE_PYTHON_* */
	uint32_t next;    /* [shim private] */
	uint64_t count;   /* SEEN: blocks; BLOCK: the address */
};
#define TRACE_PYTHON_ENTRY 1u /* FRAME: C code called the interpreter for it, so that the frame outside it belongs to another call */
#define TRACE_PYTHON_KEPT 4u
#define TRACE_PYTHON_STACKS 8u

enum trace_python_kind {
	TRACE_PYTHON_NONE = 0,
	TRACE_PYTHON_FRAME = 1,
	TRACE_PYTHON_SEEN = 2,
	TRACE_PYTHON_BLOCK = 3,
	TRACE_PYTHON_REFUSED = 4
};

/* Blocks of one site that were let go by the wrong function. Seal: count. */
struct trace_mismatch {
	uint32_t site;         /* where they were made */
	uint32_t node;         /* stack of the wrong release */
	uint16_t made_by;      /* enum trace_family */
	uint16_t released_by;  /* enum trace_family: MALLOC means free() or realloc() */
	uint32_t thread;       /* THREAD index of the last one */
	uint64_t count, bytes;
	uint64_t first_us, last_us;
};

/*
 * Resources. A type is declared by a "type" line of a probe file, a probe is one line that
 * names a function of it; probe_file.h has the syntax and the numbers of verbs, formats and
 * kinds of blocks.
 *
 * A kind of resource. Seal: name. The totals count what was followed only: multiply by
 * interval for an estimate while sampling.
 */
struct trace_type {
	uint32_t name;     /* TEXT index */
	uint32_t library;  /* TEXT index of its lib= glob, 0: any module */
	uint32_t flags;    /* TRACE_TYPE_* */
	uint32_t block;    /* enum probe_block */
	uint32_t release;  /* PROBE index of its first release (else final) line: what a leak lacks */
	uint32_t interval; /* one of so many is followed at the level in force; 1: all */
	uint64_t created;  /* by create lines */
	uint64_t adopted;  /* first seen later in their lives */
	uint64_t ended;
	uint64_t unseen;   /* changes of counts that no call explains: by macros, say */
	int32_t count_offset;  /* where count= says that an object has its count */
	uint32_t count_format; /* enum probe_count; 0: there is no count= */
};
#define TRACE_TYPE_READS 1u     /* counts are read from the object, and the first one was right */
#define TRACE_TYPE_MISREAD 2u   /* count= did not hold at the first create: counted instead */
#define TRACE_TYPE_HAS_COUNT 4u /* the type line has count= */
#define TRACE_TYPE_BY_HAND 8u   /* declared by leakshim_track, not by a probe file */
#define TRACE_TYPE_JAVA 16u     /* of Java objects: see below */
#define TRACE_TYPE_CONTAINER 32u /* role=container: it only holds others */
#define TRACE_TYPE_THREAD 64u    /* threads that somebody has to join; size: of the stack. One that runs counts as pointed
				  * at, for it may still detach itself */
#define TRACE_TYPE_HANDLE 128u   /* of what libc keeps until it is given back: a loaded library, a semaphore, a timer. Pointers
				  * are words of the program that hold it, apart from those of libc and the loader */
#define TRACE_TYPE_NUMBER 256u   /* a handle that is no address: that of a resource is made up */

/* A function named in a probe file, and whether it is hooked. Seal: symbol. One that is defined
 * in several modules has an entry for each. */
struct trace_probe {
	uint32_t symbol;  /* TEXT index */
	uint32_t type;    /* TYPE index */
	uint32_t verb;    /* enum probe_verb */
	uint32_t status;  /* enum trace_probe_status */
	uint32_t reason;  /* TEXT index: why it was refused; 0 else */
	uint32_t library; /* TEXT index: name of the module that defines it; 0: none loaded */
	uint32_t file;    /* TEXT index: the probe file */
	uint32_t line;    /* in the probe file */
	uint64_t address; /* of the function, 0 if unknown */
};

enum trace_probe_status {
	TRACE_PROBE_NOT_LOADED = 0, /* no loaded module matches lib= */
	TRACE_PROBE_HOOKED = 1,     /* at its entry */
	TRACE_PROBE_REFUSED = 2,    /* reason says why */
	TRACE_PROBE_MISSING = 3,    /* its module is loaded, but does not define it */
	TRACE_PROBE_UNLOADED = 4,   /* was hooked; the module is gone */
	TRACE_PROBE_ABSENT = 5,     /* a line of the catalog; the module is another version or another
				     * part of its family, and lacks the function */
	TRACE_PROBE_LED = 6         /* not at its entry: calls by those who import it are seen, others are not */
};

/*
 * A resource. Seal: where. It is alive unless TRACE_RESOURCE_ENDED is set; ended ones are kept
 * for a while, so that a second release can be told with the history of the object, and the
 * analyzer does not report them. A resource that begins at the address of a live block, or
 * inside one, is that block's contents: a leak is then reported once, as the resource.
 *
 * The first TRACE_RECORDS elements from `records` on are its records. Records that agree in
 * operation, function and stack are one, with `times`. When all places are taken, the first
 * three and the newest stay, and the middle ones are thinned so that their distances grow
 * with their age; `thinned` counts the operations that have no record.
 */
struct trace_resource {
	uint64_t where;    /* bits 0..47 address, bits 48..63 THREAD index of its maker */
	uint64_t time;     /* of its creation, or of the first sight of it */
	uint64_t end_time; /* if ended */
	uint32_t type;     /* TYPE index */
	uint32_t probe;    /* PROBE index of the function that made it */
	uint32_t node;     /* NODE index of its creation */
	int32_t count;     /* now, as far as known; see TRACE_RESOURCE_COUNTED */
	uint32_t flags;    /* TRACE_RESOURCE_* */
	uint32_t records;  /* RECORD index of the first, 0: none */
	uint32_t retains, releases, touches; /* operations seen, sinks with the retains */
	uint32_t thinned;
	uint32_t end_node; /* NODE index of its end, if ended */
	uint32_t end_probe;
	uint32_t end_thread; /* THREAD index */
	uint32_t next;     /* [shim private] */
	uint64_t size;     /* bytes, if a size= said so; 0: unknown */
	uint64_t depth;    /* [shim private] */
	int32_t race_sum;  /* [shim private], as the rest: see race.h */
	uint16_t race_threads[2];
	int8_t race_changes[2];
	uint8_t race_last, race_calm, race_recent, cut_class, reserved[2]; /* cut_class: enum trace_cut_class */
	int32_t cut_count;      /* at the cut of scan number cut_scan: read from the object, or as seen; -1: not known */
	uint32_t cut_pointers;  /* at the same moment: words of the program that lead into its block (of a loose
				 * one: to its start), at most 255 */
	uint32_t cut_scan;      /* number of the latest scan that looked at it, 0: none */
	uint32_t cut_short;     /* cuts in a row that found fewer pointers than references */
};
/* A resource is loose if it shares its block with others, or lies in none. */
enum trace_cut_class {
	TRACE_CUT_AS_BLOCK = 0, /* what the verdict about its block says */
	TRACE_CUT_POINTED = 1,  /* loose, and a word leads to its start */
	TRACE_CUT_LOST = 2,     /* loose, and none does */
	TRACE_CUT_KEPT = 3,     /* a handle that nobody needs to hold: a library that was opened once, as many are for good */
	TRACE_CUT_GONE = 4      /* at the end of the process, its memory is the allocator's again: it ended unseen */
};
#define TRACE_RECORDS 8u
#define TRACE_RESOURCE_ENDED 1u
#define TRACE_RESOURCE_ADOPTED 2u /* not seen at its creation: `node` is the first sight */
#define TRACE_RESOURCE_COUNTED 4u /* count follows the calls seen; else it is read from the object */
#define TRACE_RESOURCE_UNSEEN 8u  /* the count read also changed by calls that were not seen */
#define TRACE_RESOURCE_SUNK 16u   /* a floating reference was taken over */
#define TRACE_RESOURCE_ABANDONED 64u /* a Java object that others ended without its owner's last word (a call that was cancelled,
					* or whose deadline passed); touches by the probes `abandon` and `excuse` tell. If the
					* owner had asked to hear of such ends, it is forgotten once the collector takes it */
#define TRACE_RESOURCE_COLLECTED 32u /* a Java object that the collector took before it was released: nobody ever will */

/* What was done to a resource. Seal: what. */
struct trace_record {
	uint32_t what;     /* bits 0..7 enum probe_verb, bits 8..15 HINT index, bits 16..31 THREAD index
			    * of the last time */
	uint32_t node;     /* NODE index, 0: no stack */
	uint32_t probe;    /* PROBE index */
	uint32_t times;    /* operations merged into it */
	int32_t count;     /* after the last of them */
	uint32_t sequence; /* number of the last of them among all operations on the resource, from 1 */
	uint64_t time;     /* of the last of them */
};

/* A hint. Seal: text. The last index stands for all that found no place. */
struct trace_hint {
	uint32_t text; /* TEXT index */
};
#define TRACE_HINT_OTHER 255u

/* Something wrong that was seen as it happened. Seal: kind. Equal ones are merged. */
struct trace_finding {
	uint32_t kind;    /* enum trace_finding_kind */
	uint32_t type;    /* TYPE index of the resource */
	uint32_t probe;   /* PROBE index of the function that did it; 0: free() */
	uint32_t node;    /* NODE index: where it was done */
	uint32_t thread;  /* THREAD index of the last time */
	int32_t count;    /* of the resource at that moment; of plain blocks: enum trace_family by which it was let go */
	uint32_t made_probe, made_node; /* how the resource was created */
	uint32_t end_probe, end_node;   /* how it had ended before, 0: it had not */
	uint32_t end_thread, made_thread;
	uint64_t end_time, made_time;
	uint64_t address; /* of the last one */
	uint64_t times;
	uint64_t first_time, last_time;
};

enum trace_finding_kind {
	TRACE_FINDING_RELEASED_AGAIN = 1, /* released after its end */
	TRACE_FINDING_RETAINED_ENDED = 2, /* retained after its end */
	TRACE_FINDING_FREED_HELD = 3,     /* its block was freed while its count was above 1 */
	TRACE_FINDING_MISMATCHED = 4,     /* released by a function of another type (that of `probe`) */
	TRACE_FINDING_RACED = 5,          /* its count lost a change that two threads made at once; end_node and
					   * end_thread tell the latest call by the other one */
	/* Of plain blocks: type and probe are 0. made_node is where the block was made, 0 if that is not known. */
	TRACE_FINDING_FREED_TWICE = 6,    /* let go before; end_node tells where, a stack of one frame */
	TRACE_FINDING_FREED_INSIDE = 7,   /* it points into a living block, not at its start */
	TRACE_FINDING_FREED_STACK = 8,    /* it lies on the thread's stack */
	TRACE_FINDING_FREED_STATIC = 9,   /* it lies in a module */
	TRACE_FINDING_OVERLAPPED = 10,    /* a thread came into a method of a Java object while another one was inside, though
					   * only one may be; end_probe, end_node and end_thread tell the other one */
	TRACE_FINDING_FREED_FOREIGN = 11  /* of a plain block: the allocator's own word before it says that it made no such one */
};

/* A message about a probe file, as its parser gave it, or about a Java class that was left as it was, and the like.
 * Seal: text. */
struct trace_problem {
	uint32_t text;    /* TEXT index: file:line:col: error or warning: what; of a class: its name: why */
	uint32_t gravity; /* enum probe_gravity */
};

/*
 * Scans. A scan looks at the process as it was at one moment and follows every pointer from the
 * roots. Seal: number. The verdicts are those of the latest scan whose status is DONE; while one
 * is UNDER_WAY they are being written.
 */
struct trace_scan {
	uint32_t number;   /* from 1 */
	uint32_t occasion; /* enum trace_occasion */
	uint32_t status;   /* enum trace_scan_status */
	uint32_t flags;    /* TRACE_SCAN_* */
	uint32_t roots;    /* bit per enum trace_root: looked at */
	uint32_t missing;  /* bit per enum trace_root: wanted, but (partly) not to be had */
	uint32_t threads;  /* at the cut */
	uint32_t unstable; /* threads whose stack pointer was not known */
	uint64_t time;     /* of the cut */
	uint64_t took_us;  /* from the cut to the verdicts */
	uint64_t pause_us; /* for which the program's threads could stand still, as measured */
	uint64_t predicted_us; /* as foreseen */
	uint64_t root_bytes, block_bytes; /* looked at */
	uint32_t blocks[8];   /* by enum trace_verdict_class */
	uint64_t bytes[8];
	uint32_t process;     /* pid of the scanning process */
	uint32_t touches;     /* not 0 while the scanning process makes the kernel refer to open files of the program */
	uint32_t image;       /* pid of a process that copies what it looks at while the program runs, while there is one */
	uint32_t memory_kib;  /* most that the scan's own process had of memory, if it was one; 0: not known */
	uint64_t pause_cpu_us; /* of pause_us, on a processor: the rest is others' time; 0: not known */
};

enum trace_occasion {
	TRACE_OCCASION_END = 1,   /* the process ends */
	TRACE_OCCASION_SIGNAL = 2 /* the report signal, or a call of the program */
};

enum trace_scan_status {
	TRACE_SCAN_UNDER_WAY = 0, /* for ever if the process was killed meanwhile */
	TRACE_SCAN_DONE = 1,
	TRACE_SCAN_NO_PROCESS = 2, /* no process could be made for the scan */
	TRACE_SCAN_NO_MAPS = 3,    /* /proc/self/maps cannot be read */
	TRACE_SCAN_NO_MEMORY = 4,
	TRACE_SCAN_NO_SPACE = 5,   /* for the verdicts, in the trace */
	TRACE_SCAN_TIMEOUT = 6,
	TRACE_SCAN_BROKE = 7,      /* the scanning process died */
	TRACE_SCAN_CONFINED = 8,   /* the program took system calls away from itself */
	TRACE_SCAN_SWITCHED_OFF = 9,
	TRACE_SCAN_OVER_BUDGET = 10, /* its pause would have been longer than pause= allows */
	TRACE_SCAN_TOO_DEAR = 13,  /* it would have taken more than a tenth of the memory that is left */
	TRACE_SCAN_NAMESPACE = 12, /* its process would have been one of a PID namespace that the program made, whose end waits for all */
	TRACE_SCAN_NO_THREADS = 15, /* those of the program could not be listed: what their stacks hold would be taken for lost */
	TRACE_SCAN_HEARD = 14, /* a thread of the program hears of each copy, which waits for it (userfaultfd) */
	TRACE_SCAN_JAVA = 11 /* the process is a Java virtual machine, whose native memory is not scanned: no block has
			      * a verdict, its objects may have (struct trace_java_vm) */
};

/* Flags in trace_scan.flags. */
#define TRACE_SCAN_WHOLE_HEAP 1u /* the live set is not complete (a fork child, sampling, drops):
				  * heap memory that belongs to no followed block was a root too */
#define TRACE_SCAN_SHARED 4u     /* no copy was made, see pause=: the scan looked several times at moving memory */
#define TRACE_SCAN_MAIN_OVER 2u  /* main had returned: its stack was no root */

/* Kinds of roots. */
enum trace_root {
	TRACE_ROOT_NONE = 0,
	TRACE_ROOT_GLOBALS = 1,   /* writable data of modules */
	TRACE_ROOT_STACKS = 2,
	TRACE_ROOT_REGISTERS = 3,
	TRACE_ROOT_TLS = 4,       /* thread-local variables, keys, the thread's own descriptor */
	TRACE_ROOT_MMAPS = 5,     /* the program's own mappings */
	TRACE_ROOT_LOADER = 6,    /* blocks of the dynamic loader */
	TRACE_ROOT_KERNEL = 7,    /* epoll data, timers, bytes in pipes, signal stacks; see TRACE_KERNEL_SIGNAL_STACK */
	TRACE_ROOT_REGIONS = 8,   /* registered by the program */
	TRACE_ROOT_IGNORED = 9,   /* blocks that the program told us to ignore */
	TRACE_ROOT_HEAP = 10,     /* unfollowed heap memory, see TRACE_SCAN_WHOLE_HEAP */
	TRACE_ROOTS = 11,
	TRACE_ROOT_UNREAD = 15    /* of a verdict only: memory that could not be read, `from` is the first of it */
};

/* `from` of a verdict that the kernel holds: a descriptor, 0: none, a timer; with this bit the tid of a thread whose alternate
 * signal stack it is. */
#define TRACE_KERNEL_SIGNAL_STACK (1ull << 32)

/*
 * Memory that the scan of that number should have read and could not, or pointers that the kernel keeps to itself; ranges
 * of the same kind and name are one. Seal: scan. Notes of the latest scan only. What nothing else leads to is POSSIBLE then.
 */
struct trace_unread {
	uint32_t scan;   /* number of the SCAN */
	uint32_t kind;   /* enum trace_unread_kind */
	uint64_t start;  /* of the first range; 0: it is no memory of the program */
	uint64_t size;   /* of all */
	uint32_t ranges;
	uint32_t reserved;
	char name[40];   /* the end of the mapping's name in /proc/PID/maps; "": it has none */
};
#define TRACE_UNREAD_KEPT 60u

enum trace_unread_kind {
	TRACE_UNREAD_NOT_COPIED = 1, /* MADV_DONTFORK */
	TRACE_UNREAD_WIPED = 2,      /* MADV_WIPEONFORK */
	TRACE_UNREAD_DEVICE = 3,     /* reading it may do things */
	TRACE_UNREAD_NO_ACCESS = 4,  /* PROT_NONE */
	TRACE_UNREAD_REFUSED = 5,    /* the kernel did not give it: a page with a hardware error, say */
	TRACE_UNREAD_ELSEWHERE = 6,  /* pages that a thread of the program supplies when they are touched (userfaultfd) */
	TRACE_UNREAD_AIO = 7,        /* requests under way that only the kernel knows */
	TRACE_UNREAD_IO_URING = 8
};

enum trace_verdict_class {
	TRACE_VERDICT_NONE = 0,
	TRACE_VERDICT_REACHABLE = 1,
	TRACE_VERDICT_POSSIBLE = 2, /* only pointers into its inside were found; or, with TRACE_ROOT_UNREAD, none where
				     * one could look */
	TRACE_VERDICT_DEFINITE = 3, /* nothing points at it but what it leads to itself */
	TRACE_VERDICT_INDIRECT = 4, /* only `owner`, which is definite or possible, leads to it */
	TRACE_VERDICT_IGNORED = 5   /* on request of the program */
};

/*
 * About the block in the slot of the same index. Seal: what. It holds for a block that has the same
 * address and time only; another one may have taken the slot since.
 *   what   bits 0..47 address, bits 48..51 class, bits 52..55 in how many scans in a row it
 *          was found lost (at most 15)
 *   from   bits 0..47 where the first pointer to it was found (of a DEFINITE one: where something that hangs
 *          on it leads back to it, 0: no cycle), bits 48..55 enum trace_root if that was in a root, bits
 *          56..63 number of the scan
 *   time   as in the block
 *   owner  BLOCK index; of a POSSIBLE one: how far inside it the first pointer led
 */
struct trace_verdict {
	uint64_t what;
	uint64_t from;
	uint32_t time;
	uint32_t owner;
};

/*
 * Merged traces, which only the analyzer writes. They have no BLOCK and no VERDICT, but CROWDs; their modules lie side
 * by side in addresses that no process had, equal ones (by build id) once; pc and NODE are relative to them. Addresses of
 * blocks and resources are numbers of their own. All times are moved so that the processes ended at the same
 * moment, end_time. The header has the sums of its drops.
 *
 * A process whose trace is in a merged one. Seal: end.
 */
struct trace_process {
	uint32_t end;          /* 1 + enum trace_end, or TRACE_PROCESS_COPY or TRACE_PROCESS_RUNNING */
	int32_t end_detail;    /* as in the header */
	uint32_t pid, flags;   /* flags: TRACE_PROCESS_* */
	uint32_t program;      /* TEXT index: argv[0] */
	uint32_t failure;      /* TEXT index: why its latest scan failed, 0: it did not */
	uint32_t missing;      /* TEXT index: roots that it lacked, 0: none */
	uint32_t resource;     /* the first RESOURCE that is not of an earlier process */
};
#define TRACE_PROCESS_COPY 100u    /* values of end: it went on */
#define TRACE_PROCESS_RUNNING 101u
#define TRACE_PROCESS_SCANNED 1u   /* flags: its blocks have verdicts */
#define TRACE_PROCESS_AT_END 2u    /* from a scan at its end */

/* Processes in which crowds have members: bit n of the word i of a crowd stands for PROCESS (members_from + i) * 64 + n. No seal. */
struct trace_members {
	uint64_t bits;
};

/* Blocks of one site, thread, family and class that hang on blocks of one crowd, if on any. Seal: family. A block
 * that is the contents of a resource is a crowd of its own. */
struct trace_crowd {
	double count, bytes;        /* IEEE 754; estimates while sampling */
	double confirmed, doubtful; /* how many of them several scans found lost; how many are POSSIBLE for what was not read */
	uint64_t oldest, newest;    /* times */
	uint64_t address;           /* of one */
	uint32_t site, thread;      /* SITE, THREAD index */
	uint32_t members;           /* MEMBERS index of its first word */
	uint32_t members_from, members_count;
	uint32_t owner;             /* CROWD index */
	uint8_t family;             /* 1 + enum trace_family */
	uint8_t class;              /* enum trace_crowd_class */
	uint8_t is_estimate, reserved[5];
};

enum trace_crowd_class {
	TRACE_CROWD_UNKNOWN = 0, /* 1 to 5: as trace_verdict_class */
	TRACE_CROWD_IN_FLIGHT = 6
};

/*
 * Java. In a process that runs a Java virtual machine the same areas hold what Java code did:
 *
 *   Frames     a Java frame of a stack is a node like any other. Its module is of the kind TRACE_MODULE_JAVA, whose
 *              addresses no memory has (TRACE_JAVA_CODE up to TRACE_JAVA_OBJECTS), and its pc names an element of
 *              JAVA_FRAME: trace_java_frame_of. Native and Java frames mix in one stack.
 *   Objects    a followed object is a resource whose type has TRACE_TYPE_JAVA. Its address is a number of its own, above
 *              TRACE_JAVA_OBJECTS, that no other object ever gets. Counts are those of the calls seen (COUNTED).
 *   Functions  a probe's symbol is the method's name ("release", "<init>"), its library the class as it was found ("io.netty.
 *              buffer.AbstractReferenceCountedByteBuf", with the prefix of a relocated copy), its status and reason
 *              whether the class was patched. A class that nobody loaded leaves its probes NOT_LOADED.
 *   Threads    have a long_name.
 *   Findings   RELEASED_AGAIN and RETAINED_ENDED as of any resource, and OVERLAPPED.
 *   Mishaps    what had to be left untouched is told by PROBLEM elements, which name class and reason.
 *
 * A virtual machine in the process, whether it was entered or declined. Seal: status.
 */
struct trace_java_vm {
	uint32_t status;  /* enum trace_java_status */
	uint32_t version; /* TEXT index: its name and version, 0: not known */
	uint32_t reason;  /* TEXT index: why it was declined, 0: it was not */
	uint32_t walk_status; /* enum trace_java_walk: of the latest attempt */
	uint64_t time;    /* of its start */
	uint64_t ended;   /* when it told of its end (exit, System.exit, SIGTERM), 0: it has not, or never had the time */
	uint32_t walk;    /* number of the latest walk that is done, from 1; 0: none was */
	uint32_t walk_objects;   /* that it met */
	uint64_t walk_time;      /* when it began: objects that are younger have no verdict from it */
	uint64_t walk_took_us;   /* for which Java threads stood still */
	uint64_t stackless;      /* operations whose stack the virtual machine could not give */
	uint64_t classes;        /* patched */
	uint64_t untouched;      /* named by a probe, but left as they were: PROBLEM tells why */
};

enum trace_java_status {
	TRACE_JAVA_NONE = 0,
	TRACE_JAVA_FOLLOWED = 1,
	TRACE_JAVA_DECLINED = 2,    /* `reason` says why; blocks are followed as ever */
	TRACE_JAVA_SWITCHED_OFF = 3 /* jvm=0 */
};

enum trace_java_walk {
	TRACE_JAVA_WALK_NONE = 0,      /* there was no occasion: no snapshot, and no end that leaves time for it */
	TRACE_JAVA_WALK_DONE = 1,
	TRACE_JAVA_WALK_OVER_TIME = 2, /* the heap is too large for the time allowed: what was met is held, what was not met is
					* not known */
	TRACE_JAVA_WALK_FAILED = 3     /* the virtual machine refused it */
};

/*
 * A place in Java code. Seal: method. The pc of its nodes is TRACE_JAVA_CODE + 2 * index + 1, so that pc and pc - 1 both
 * lead here.
 */
struct trace_java_frame {
	uint32_t class_name; /* TEXT index: as in Java source: package.Class$Inner, 0: not known */
	uint32_t method;     /* TEXT index: <clinit> is the static initialiser of its class, <init> a constructor */
	uint32_t file;       /* TEXT index: Class.java, 0: not known */
	int32_t line;        /* 0: not known, -2: a native method */
};
#define TRACE_JAVA_CODE (1ull << 47)
#define TRACE_JAVA_OBJECTS (3ull << 46)

/*
 * More about the resource of the same index, if that is a Java object. Seal: address. It holds for a resource that has
 * the same address only. Entries are made when there is something to say.
 */
struct trace_java_object {
	uint64_t address;
	uint32_t name;       /* TEXT index: what the program calls it, of a gRPC call "package.Service/Method"; 0: nothing */
	uint32_t class_name; /* TEXT index: its class as a walk met it, 0: none has */
	uint32_t verdict;    /* enum trace_java_verdict: of the latest walk that looked for it */
	uint32_t walk;       /* number of that walk, 0: none. COLLECTED needs none */
	uint32_t hold;       /* HOLD index: what it is held by, 0: not known */
	uint32_t lost_walks; /* in how many walks in a row nothing held it */
	uint64_t collected;  /* when the collector took it, 0: it has not */
	uint64_t around;     /* address of the resource (a call) in whose work it was made, 0: none is known */
	uint32_t around_resource; /* RESOURCE index of that one, if it still is the one of that address */
	uint32_t reserved;
};

enum trace_java_verdict {
	TRACE_JAVA_UNKNOWN = 0,
	TRACE_JAVA_HELD = 1,       /* it can be reached: by `hold` */
	TRACE_JAVA_UNREACHABLE = 2 /* nothing leads to it: lost */
};

/*
 * A step of a retention path: the object before it (or the resource) is held by `what` of `class_name`; `next`
 * tells what holds the holder. Steps are shared: equal paths are the same element. Seal: kind.
 */
struct trace_java_hold {
	uint32_t kind;       /* enum trace_java_hold_kind */
	uint32_t class_name; /* TEXT index: of the holder: its class, or the class of a static; of a thread: the thread's
			      * name */
	uint32_t what;       /* TEXT index: name of the field; of a stack: "Class.method"; 0: not known */
	uint32_t next;       /* HOLD index: who holds the holder; 0: it is a root, or the path is cut (CUT) */
};

enum trace_java_hold_kind {
	TRACE_JAVA_HOLD_NONE = 0,
	TRACE_JAVA_HOLD_FIELD = 1,   /* of an object */
	TRACE_JAVA_HOLD_ELEMENT = 2, /* of an array */
	TRACE_JAVA_HOLD_STATIC = 3,  /* field of a class: a root for all that matters */
	TRACE_JAVA_HOLD_STACK = 4,   /* local variable of a method that is running in a thread: a root */
	TRACE_JAVA_HOLD_THREAD = 5,  /* the thread object itself: a root */
	TRACE_JAVA_HOLD_JNI = 6,     /* reference of native code: a root */
	TRACE_JAVA_HOLD_OTHER = 7,   /* of the virtual machine: a root */
	TRACE_JAVA_HOLD_CUT = 8      /* longer than is kept */
};
#define TRACE_JAVA_PATH 32u /* steps kept of a path */

static inline uint32_t trace_java_frame_of(uint64_t pc)
{
	return pc >= TRACE_JAVA_CODE && pc < TRACE_JAVA_OBJECTS ? (uint32_t)((pc - TRACE_JAVA_CODE) / 2) : 0;
}

static inline uint64_t trace_verdict_address(const struct trace_verdict *v)
{
	return v->what & ((1ull << TRACE_ADDRESS_BITS) - 1);
}
static inline uint32_t trace_verdict_class(const struct trace_verdict *v)
{
	return (uint32_t)(v->what >> 48) & 15;
}
static inline uint32_t trace_verdict_cuts(const struct trace_verdict *v)
{
	return (uint32_t)(v->what >> 52) & 15;
}
static inline uint64_t trace_verdict_from(const struct trace_verdict *v)
{
	return v->from & ((1ull << TRACE_ADDRESS_BITS) - 1);
}
static inline uint32_t trace_verdict_root(const struct trace_verdict *v)
{
	return (uint32_t)(v->from >> 48) & 255;
}

static inline uint64_t trace_resource_address(const struct trace_resource *r)
{
	return r->where & ((1ull << TRACE_ADDRESS_BITS) - 1);
}
static inline uint32_t trace_resource_thread(const struct trace_resource *r)
{
	return (uint32_t)(r->where >> 48);
}
static inline uint32_t trace_record_verb(const struct trace_record *r)
{
	return r->what & 255;
}
static inline uint32_t trace_record_hint(const struct trace_record *r)
{
	return r->what >> 8 & 255;
}
static inline uint32_t trace_record_thread(const struct trace_record *r)
{
	return r->what >> 16;
}

_Static_assert(sizeof(struct trace_area_head) == 16, "area head");
_Static_assert(sizeof(struct trace_header) <= TRACE_HEADER_SIZE, "header");
_Static_assert(offsetof(struct trace_header, file_used) == 24, "header offsets");
_Static_assert(offsetof(struct trace_header, program) == 72, "header offsets");
_Static_assert(offsetof(struct trace_header, end) == 872, "header offsets");
_Static_assert(offsetof(struct trace_header, drops) == 1016, "header offsets");
_Static_assert(offsetof(struct trace_header, areas) == 1280, "header offsets");
_Static_assert(sizeof(struct trace_chunk) == 64, "chunk head");
_Static_assert(sizeof(struct trace_module) == 88, "module");
_Static_assert(sizeof(struct trace_thread) == 48, "thread");
_Static_assert(sizeof(struct trace_node) == 32, "node");
_Static_assert(sizeof(struct trace_site) == 32, "site");
_Static_assert(sizeof(struct trace_shared) == 24, "shared");
_Static_assert(sizeof(struct trace_pending) == 24, "pending");
_Static_assert(sizeof(struct trace_block) == 24, "block");
_Static_assert(sizeof(struct trace_mismatch) == 48, "mismatch");
_Static_assert(sizeof(struct trace_release) == 80, "release");
_Static_assert(sizeof(struct trace_focus) == 64, "focus");
_Static_assert(sizeof(struct trace_python) == 40, "python");
_Static_assert(sizeof(struct trace_parted) == 64, "parted");
_Static_assert(sizeof(struct trace_type) == 64, "type");
_Static_assert(sizeof(struct trace_probe) == 40, "probe");
_Static_assert(sizeof(struct trace_resource) == 128, "resource");
_Static_assert(offsetof(struct trace_resource, node) == 32, "resource offsets");
_Static_assert(offsetof(struct trace_resource, size) == 80, "resource offsets");
_Static_assert(sizeof(struct trace_record) == 32, "record");
_Static_assert(sizeof(struct trace_finding) == 96, "finding");
_Static_assert(offsetof(struct trace_finding, address) == 64, "finding offsets");
_Static_assert(sizeof(struct trace_problem) == 8, "problem");
_Static_assert(sizeof(struct trace_hint) == 4, "hint");
_Static_assert(sizeof(struct trace_scan) == 200, "scan");
_Static_assert(offsetof(struct trace_scan, process) == 176 && offsetof(struct trace_scan, image) == 184, "scan offsets");
_Static_assert(offsetof(struct trace_scan, blocks) == 80, "scan offsets");
_Static_assert(sizeof(struct trace_verdict) == 24, "verdict");
_Static_assert(sizeof(struct trace_unread) == 72, "unread");
_Static_assert(sizeof(struct trace_process) == 32, "process");
_Static_assert(sizeof(struct trace_members) == 8, "members");
_Static_assert(sizeof(struct trace_crowd) == 88, "crowd");
_Static_assert(sizeof(struct trace_java_vm) == 80, "java vm");
_Static_assert(sizeof(struct trace_java_frame) == 16, "java frame");
_Static_assert(sizeof(struct trace_java_object) == 56, "java object");
_Static_assert(sizeof(struct trace_java_hold) == 16, "java hold");
#endif
