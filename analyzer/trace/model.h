/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_MODEL_H
#define LEAKSHIM_MODEL_H
/*
 * What the steps of the analyzer share: plain structs, and nothing else.
 *
 *   read      trace -> struct model       what the traced process left behind
 *   symbols   (module, pc) -> struct place  names for one address
 *   diagnose  model -> struct diagnosis   groups, classes, findings
 *   report_*  diagnosis -> one format each
 *
 * Laws
 * 1. Every index in a model was checked by read: it is 0 ("none") or below the count of
 *    its array. Element 0 of each array exists and is empty.
 * 2. Names (paths, threads, functions) are data of a stranger: whoever prints them escapes.
 * 3. Times are microseconds since the start of the trace, sizes are bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include "pool.h"

enum family {
	FAMILY_MALLOC,
	FAMILY_ALIGNED,
	FAMILY_NEW,
	FAMILY_NEW_ARRAY,
	FAMILIES
};

enum leak_class {
	CLASS_DEFINITE,     /* nothing points at it any more */
	CLASS_INDIRECT,     /* only a leak holds it */
	CLASS_POSSIBLE,     /* only interior pointers, or from an unstable thread */
	CLASS_HELD,         /* reachable, but its count says that someone forgot */
	CLASS_IN_FLIGHT,    /* young, on its way when the process ended */
	CLASS_REACHABLE,    /* something still points at it */
	CLASS_UNCLASSIFIED, /* no reachability scan was made */
	CLASS_RUNTIME,      /* libc's, ld.so's, or a language's runtime's own */
	CLASS_IGNORED,      /* the program said that it is no leak */
	CLASSES
};

/* Bits of the classes of what is lost, or might be. */
#define CLASS_LEAKS \
	(1u << CLASS_DEFINITE | 1u << CLASS_INDIRECT | 1u << CLASS_POSSIBLE | 1u << CLASS_HELD | 1u << CLASS_UNCLASSIFIED)

enum ending {
	ENDING_RUNNING,  /* the process is still there */
	ENDING_SNAPSHOT, /* a copy made while it ran */
	ENDING_UNKNOWN,  /* gone, and nobody saw how */
	ENDING_EXIT,
	ENDING_FAST_EXIT,
	ENDING_QUICK_EXIT,
	ENDING_ABORT,
	ENDING_SIGNAL,
	ENDING_EXEC,
	ENDING_CALL, /* exit_group by a system call of its own */
	ENDING_MERGED, /* of several processes, each has its own */
	ENDINGS
};

enum module_kind {
	MODULE_PLAIN,
	MODULE_PROGRAM,
	MODULE_LIBC,
	MODULE_LOADER,
	MODULE_SHIM,
	MODULE_VDSO,
	MODULE_JAVA, /* no file: methods of Java classes */
	MODULE_KINDS
};

struct module {
	const char *path, *name; /* name: the path's last part; both "" if there is none */
	uint64_t start, end, bias;
	enum module_kind kind;
	bool is_runtime; /* a language's (languages.h), once that was asked */
	uint8_t build_id[20];
	unsigned build_id_size;
};

struct thread {
	uint32_t tid;
	bool main;
	const char *name; /* as Java or the kernel knows it */
};

struct node {
	uint64_t pc;
	uint32_t parent; /* 0: the root of the tree */
	uint16_t module;
	bool exact; /* pc is the instruction itself, not a return address */
	bool cut;   /* the stack goes on beyond this frame */
	const char *scope; /* 0, or no frame: what is below was made inside this scope */
	uint32_t java; /* index in java_frames; 0: it is none of them */
};

struct site {
	uint32_t node;
	uint64_t ever_blocks, ever_bytes;
	int64_t peak;
};

struct block {
	uint64_t address, size, time_us;
	uint32_t site;
	uint16_t thread;
	uint8_t family : 4; /* enum family */
	uint8_t rate : 4;   /* index in model.sample_bytes */
	uint8_t class : 4;  /* enum leak_class, as far as the trace has a verdict */
	uint8_t scans : 4;  /* in a row that found it lost */
	bool is_doubtful;   /* nothing that could be read leads to it, but not all could be */
	uint32_t owner;     /* of an indirect one: 1 + index of the leak that leads to it; 0: none */
};

/* In a merged trace a block stands for many. */
struct crowd {
	double count, bytes, confirmed, doubtful;
	uint64_t newest_us;
	uint32_t members, members_from, members_count; /* words of model.members; the first has process members_from * 64 */
	bool is_estimate;
};

/* A process in a merged trace. */
struct process {
	uint32_t pid;
	const char *program;
	enum ending ending;
	int detail;
	bool is_detail_unknown, is_scanned;
	uint32_t resource; /* the first one that is not of an earlier process */
};

struct mismatch {
	uint32_t site, node;
	enum family made_by, released_by; /* FAMILY_MALLOC: free() or realloc() */
	uint16_t thread;
	uint64_t count, bytes, first_us, last_us;
};

enum holder_kind {
	HOLDER_UNKNOWN,
	HOLDER_STACK,
	HOLDER_REGISTER,
	HOLDER_GLOBAL,
	HOLDER_BLOCK,
	HOLDER_MAPPING,
	HOLDERS
};

enum loss_kind {
	LOSS_NONE, /* held to the end */
	LOSS_CHANGED,
	LOSS_FREED,
	LOSS_THREAD_ENDED,
	LOSS_GIVEN_UP,
	LOSSES
};

/* A block of a site in focus that was not released: who held it last. */
struct watched {
	uint32_t site;
	uint64_t address;
	uint32_t held, lost; /* nodes of the last event at which it was held, and of the first at which it was not; 0: none */
	enum holder_kind holder;
	uint32_t holder_site, holder_frame;
	uint64_t holder_at;
	enum loss_kind loss;
	uint32_t events;
	uint32_t instead; /* site of the block that what held it leads to since; 0: none, or not known */
	bool is_stale;	  /* something had its address already when it was made */
	bool may_be_stale; /* nobody looked then */
	bool is_alive;
};

/* What was found out by following a leaked block of a site instruction by instruction. Addresses are of the process, 0: none. */
struct parted {
	uint32_t site;
	uint64_t used;	 /* its last use */
	uint64_t common; /* the last place that released ones came by as well */
	uint64_t parted; /* and the first one that they never came by */
	uint64_t lost;	 /* nothing led to it any more */
	uint64_t owner;	 /* the call that let go what led to it */
	uint64_t beside; /* the same of what lay beside it in its owner */
	bool is_owner, is_overwritten, is_cleared, was_jumped, was_resized, is_thread_end, is_local, is_earlier, is_last, is_joined, is_passed, is_handled, is_counted, is_raised;
	uint32_t healthy, followed; /* of its site: released ones, and all */
};

/* A place in Java code. */
struct java_frame {
	const char *function;	/* package.Class$Inner.method; 0: not known */
	const char *file;	/* Class.java; 0: not known */
	int line;		/* 0: not known, below: a native method */
	uint64_t hash;		/* of the function */
	bool is_initialiser;	/* of statics */
	bool is_hidden;		/* glue that the virtual machine made, which Java's own stack traces leave out */
};

/* A place in Python code. */
struct python_frame {
	const char *function;	/* qualified; 0: the element is none */
	const char *file;	/* 0: not known */
	unsigned line;		/* 0: not known */
	uint32_t outer;		/* index of the frame that it was called from, below its own; 0: not kept, or none */
};

/* How many of the blocks of a site that were looked at were made by this Python code; stack 0: by other code. */
struct python_seen {
	uint32_t site, stack;
	uint64_t count;
};

/* A Java virtual machine in the process. */
enum java_status {
	JAVA_NONE, /* there is none */
	JAVA_FOLLOWED,
	JAVA_DECLINED,
	JAVA_SWITCHED_OFF
};

struct java_vm {
	enum java_status status;
	const char *version, *reason; /* reason: why it was declined; both may be "" */
	uint64_t ended_us;            /* when it told of its end; 0: it has not */
	bool is_walked;               /* its heap: which objects can still be reached */
	bool is_walk_short;           /* what it did not meet is not known */
	const char *walk_failure;     /* why it was tried in vain, 0: it was not */
	uint32_t walk_objects;
	uint64_t walk_us, walk_took_us;
	uint64_t stackless, classes, untouched;
};

enum java_verdict {
	JAVA_UNKNOWN,
	JAVA_HELD,
	JAVA_UNREACHABLE
};

/* A step of the path that keeps a Java object: it is held by `what` of `class_name`, which `next` holds. */
enum java_hold_kind {
	JAVA_HOLD_NONE,
	JAVA_HOLD_FIELD,
	JAVA_HOLD_ELEMENT,
	JAVA_HOLD_STATIC,
	JAVA_HOLD_STACK,
	JAVA_HOLD_THREAD,
	JAVA_HOLD_JNI,
	JAVA_HOLD_OTHER,
	JAVA_HOLD_CUT,
	JAVA_HOLDS
};

struct java_hold {
	enum java_hold_kind kind;
	const char *class_name, *what; /* both may be "" */
	uint32_t next;                 /* always another index; 0: a root */
};

/* What is known of a resource that is a Java object. */
struct java_object {
	const char *name;       /* "package.Service/Method" of a gRPC call; 0: none */
	const char *class_name; /* 0: not known */
	enum java_verdict verdict;
	unsigned lost_walks;
	uint32_t hold;          /* index in java_holds */
	bool is_collected;      /* before it was released */
	uint32_t around;        /* 1 + index of the resource in whose work it was made, living or ended; 0: none */
};

/* Where watched blocks of a site were let go. */
#define RELEASE_AGES 24
struct release {
	uint32_t site, node; /* node 0: elsewhere, in too many places to be kept */
	uint32_t foreign;    /* of count: by another thread than made them */
	uint64_t count, max_us;
	uint16_t ages[RELEASE_AGES]; /* how many were how old: less than 4,096 us << i; the last one: or older */
};

/* A kind of resource, as a probe file declares it. */
struct type {
	const char *name, *release; /* release: the function that ends one; both may be "" */
	bool is_java;
	uint32_t interval;          /* one of so many is followed */
	uint64_t unseen;            /* changes of counts that no call explains */
	const struct probe *refused; /* a function that changes references and could not be followed, 0: none */
	const struct probe *led; /* and one of which not all calls were seen: those inside its own library, or inlined ones */
	int32_t count_offset;       /* where an object has its count */
	unsigned count_width;       /* 0: not known */
};

enum verb {
	VERB_NONE,
	VERB_CREATE,
	VERB_RETAIN,
	VERB_SINK,
	VERB_RELEASE,
	VERB_FINAL,
	VERB_TOUCH,
	VERB_MOVE,
	VERB_ADOPT,
	VERBS
};

enum hook {
	HOOK_NOT_LOADED, /* no library of it is loaded */
	HOOK_FOLLOWED,
	HOOK_REFUSED,	/* it cannot be followed */
	HOOK_MISSING,	/* its library is there, but does not define it */
	HOOK_UNLOADED,	/* was followed; the library is gone */
	HOOK_ABSENT,	/* as missing, but named by the catalog, which speaks of several versions */
	HOOK_LED,	/* followed, but for calls inside its own library */
	HOOKS
};

/* A function named in a probe file. */
struct probe {
	const char *symbol, *reason, *file;
	const char *linker_name; /* the symbol, before names were looked for */
	uint64_t address;  /* 0: not known */
	unsigned inlined;  /* places into which the compiler put it */
	const char *whole; /* the symbol with its parameters, once names were looked for */
	uint32_t type, line;
	enum verb verb;
	enum hook hook;
};

/* What was done to a resource; equal ones are merged. */
struct step {
	const char *op; /* "retain" */
	uint8_t verb;   /* the same as a number of the trace */
	const char *hint; /* 0: none */
	uint32_t node, probe, times;
	int32_t count; /* afterwards */
	uint32_t sequence;
	uint16_t thread;
	uint64_t time_us;
};

/* A counted thing that is alive. */
struct resource {
	uint64_t address, size, time_us;
	uint32_t type, node, probe; /* probe: that made it */
	int32_t count;
	bool is_adopted; /* node is where it was first seen */
	bool is_counted; /* count follows the calls that were seen */
	int32_t cut_count; /* at the latest scan, if known */
	uint32_t cut_pointers; /* words that lead to it at the same moment */
	bool is_kept;  /* by libc, for good */
	bool is_loose; /* it shares its block or has none: cut_pointers lead to its start */
	uint32_t cut_short; /* scans in a row with fewer words than references */
	uint32_t cut_scan; /* number of that scan, 0: none */
	uint16_t thread;
	uint32_t retains, releases, touches, thinned;
	uint32_t block; /* 1 + index of the block it is or lies in; found by the diagnosis */
	uint32_t steps; /* index of its first step, in the order of their sequence */
	unsigned step_count;
	uint32_t process; /* of a merged trace: index in processes */
	struct java_object *java; /* 0: it is none */
	bool is_ended; /* and kept for a while: of Java objects only */
	uint64_t end_us;
	uint32_t end_node, end_probe;
	uint16_t end_thread;
};

/* A counted thing that was let go a while ago. */
struct ended {
	uint32_t type, node;
	uint64_t time_us, end_us;
};

/* Something wrong with a resource that was seen as it happened. */
enum wrong {
	WRONG_RELEASED_AGAIN = 1,
	WRONG_RETAINED_ENDED,
	WRONG_FREED_HELD,
	WRONG_MISMATCHED,
	WRONG_RACED,
	WRONG_FREED_TWICE,
	WRONG_FREED_INSIDE,
	WRONG_FREED_STACK,
	WRONG_FREED_STATIC,
	WRONG_OVERLAPPED = 10,
	WRONG_FREED_FOREIGN,
	WRONGS
};

struct misuse {
	enum wrong kind;
	uint32_t type, probe, node, made_node, end_node; /* end_node 0: had not ended */
	uint16_t thread, end_thread; /* end_thread: who ended it, or was there at once */
	uint64_t address; /* of the last one */
	int32_t count; /* of plain blocks: enum family by which it was let go */
	uint64_t times, first_us, last_us;
	uint64_t most; /* times at this pair of places; the others are joined to it */
};

enum unread_kind {
	UNREAD_OTHER,
	UNREAD_NOT_COPIED,
	UNREAD_WIPED,
	UNREAD_DEVICE,
	UNREAD_NO_ACCESS,
	UNREAD_REFUSED,
	UNREAD_ELSEWHERE,
	UNREAD_AIO,
	UNREAD_IO_URING,
	UNREADS
};

/* What the scan should have read and could not. */
struct unread {
	enum unread_kind kind;
	const char *name; /* of the mapping, "": none */
	uint64_t start, bytes; /* of the first range; of all */
	uint32_t ranges;
};

/* The latest look for what nothing points at any more. */
struct scan {
	bool is_tried, is_done;
	uint32_t number; /* of the one that was done */
	bool is_at_end;        /* else: while the program ran */
	const char *failure;   /* why it was tried and not done; 0: none */
	const char *cure;      /* what would let it be done; 0: not known, or nothing */
	const char *missing;   /* kinds of roots that could not be looked at; 0: none */
	unsigned threads, unstable;
	bool is_shared; /* it looked at moving memory, without a copy */
	const struct unread *unread; /* from index 0 */
	uint32_t unread_count;
	uint32_t doubtful; /* blocks that only what was not read could hold */
	uint64_t time_us, took_us, pause_us, predicted_us;
	uint32_t looks;       /* at the living program */
	uint64_t median_us, worst_us; /* of their pauses */
	uint64_t median_cpu_us, worst_cpu_us; /* of what their pauses had of a processor; 0: not known */
	uint64_t pause_cpu_us;        /* the latest one's */
	uint64_t memory;              /* most that a scanning process with memory of its own had, bytes; 0: not known */
};

/* Filters of system calls that the program put in force. */
struct filter {
	bool is_seen, is_opaque; /* opaque: nobody can know what it kills for */
	uint64_t left_out;       /* calls of the shim that were not made for that */
	const char *calls;       /* their names */
	const char *own_call;    /* the shim's own that was under way, NULL: none */
};

#define MODEL_DROPS 16
#define DROP_NO_SPACE 0
#define DROP_STACK_CUT 4
#define MODEL_RATES 16

/* What the scan began at. */
enum root {
	ROOT_NONE, /* a block */
	ROOT_GLOBAL,
	ROOT_STACK,
	ROOT_REGISTER,
	ROOT_THREAD_LOCAL,
	ROOT_MAPPING,
	ROOT_KERNEL,
	ROOT_OTHER
};
#define MODEL_ROOT_SHIFT 56

struct languages;
struct model {
	struct pool pool;
	const char *path;
	const char *program, *executable, *stop_reason;
	const char *level;
	const char *suppressions; /* what the program brought along; "": none */
	uint32_t pid, ppid;
	uint64_t start_realtime_ns;
	enum ending ending;
	int ending_detail;
	int is_detail_unknown; /* the end of musl's exit handlers is not told the status */
	uint64_t now_us; /* the moment that the trace shows */
	bool is_forked, is_stopped, is_partial;
	bool is_sampled; /* some block has a rate */
	uint64_t drops[MODEL_DROPS];
	uint64_t sample_bytes[MODEL_RATES];

	struct scan scan;
	const struct languages *languages; /* 0: nobody asks */
	struct filter filter;

	struct module *modules;
	struct thread *threads;
	struct node *nodes;
	struct site *sites;
	struct block *blocks; /* only living ones, from index 0 */
	struct crowd *crowds; /* by block, of a merged trace; 0: it is none */
	struct process *processes;
	uint64_t *members; /* a bit for each process, see struct crowd */
	uint64_t *held; /* by block, of a reachable one of a living process: the address that leads to it, and in the bits from
			 * MODEL_ROOT_SHIFT on what kind of root that lies in (enum root); 0: not known. The array may be 0 */
	uint64_t *back; /* by block, of a lost one: where the block lies that leads to it, of a definite one: that
			 * leads back to it; 0: no such. The array is 0 if nothing is lost */
	struct mismatch *mismatches; /* from index 0 */
	struct release *releases;    /* from index 0, in the order of their sites */
	struct type *types;
	struct probe *probes;
	struct resource *resources; /* living ones, from index 0 */
	struct step *steps;         /* from index 0 */
	struct java_vm java;
	struct java_frame *java_frames;
	struct java_hold *java_holds;
	struct python_frame *python_frames;
	struct python_seen *python_seen; /* from index 0, in the order of their sites */
	uint32_t *python_of;        /* by block: the innermost of the Python frames that made it; 0: not known. The array may be 0 */
	const char *python_refusal; /* why Python frames could not be read; 0: they could, or there are none */
	struct misuse *misuses;     /* from index 0 */
	const char **problems;      /* messages about probe files, from index 0 */
	uint32_t module_count, thread_count, node_count, site_count;
	struct watched *watched;     /* from index 0 */
	uint32_t watched_count, watched_left_out;
	struct parted *parted; /* from index 0 */
	uint32_t parted_count;
	uint32_t block_count, mismatch_count, release_count;
	uint32_t type_count, probe_count, resource_count, step_count, misuse_count, problem_count;
	uint32_t unsure_count; /* misuses that are not told: of types with a function that could not be followed */
	uint32_t ended_count; /* resources that have ended, behind the living ones */
	struct ended *ended;  /* the latest of all types, from index 0 */
	uint32_t all_ended_count;
	uint32_t java_frame_count, java_hold_count, python_frame_count, python_seen_count;
	uint32_t process_count, members_count; /* element 0 included; 0: it is no merged trace */
};

/* How long before the end something happened, in microseconds. */
static inline uint64_t model_age(const struct model *m, uint64_t time_us)
{
	return m->now_us > time_us ? m->now_us - time_us : 0;
}

/* One line of a stack. */
struct frame {
	const char *function; /* 0: no name known */
	const char *file;     /* 0: no line known; whole path otherwise */
	unsigned line;
	bool is_inlined; /* into the frame that follows it */
	bool gives_pointer; /* the function's result is a pointer, as its debug information says */
	bool is_implied;    /* nobody wrote the function: the compiler made it, say a destructor */
};

/* Everything known about one address: its function last, what was inlined there before it. */
struct place {
	const struct frame *frames; /* at least one */
	unsigned count;
	const struct module *module; /* 0: code without a file */
	uint64_t offset;             /* in the module's file, as a virtual address of it */
};

/* Python code that made some of a group's blocks. */
#define PYTHON_STACKS 16u
struct python_stack {
	uint32_t number; /* of its innermost frame */
	uint64_t count;
	const struct python_frame **frames; /* innermost first; not all that there were */
	unsigned depth;
};

/* Not every block is looked at when it is made. */
struct python {
	uint64_t looked_at;
	bool is_of_these; /* blocks of the group itself; else others from the same stacks, which may have been let go */
	struct python_stack stacks[PYTHON_STACKS]; /* most frequent first; what is left of looked_at was made elsewhere */
	unsigned count;
};

struct stack {
	const struct python *python; /* what stands behind the calls of its interpreter; 0: not known */
	const struct place **places; /* innermost first */
	unsigned depth;
	bool is_cut; /* it went on beyond what was kept */
	bool is_java; /* the program has a Java virtual machine */
	bool is_lost; /* it may go on: the code of its outermost frame does not say how to get to its caller */
};

/* One later retain, release or touch of a resource. */
struct record {
	const char *op, *function;
	int64_t count;
	uint64_t merged; /* further operations equal to this one */
	const struct thread *thread;
	uint64_t age_us; /* after the creation */
	const char *hint;
	struct stack stack;
};

/* References to a group's resources that one place in the code took (above 0) or gave back, as far as records tell. */
struct balance {
	const struct place *place; /* the caller of the function */
	const char *function;
	int64_t change;
	bool is_create;
};

/* Why something leaked, as far as that can be told; words_cause has the names, the manual an example of each. */
enum cause {
	CAUSE_UNKNOWN,
	CAUSE_NEVER_RELEASED,  /* no path of the program lets it go */
	CAUSE_ERROR_PATH,      /* one path does not */
	CAUSE_OVERWRITTEN,     /* the last pointer was overwritten by another value */
	CAUSE_REALLOC,	       /* the old or the new block of a realloc was lost */
	CAUSE_OWNER_FREED,     /* what pointed at it was freed first */
	CAUSE_CYCLE,	       /* they hold each other */
	CAUSE_GROWING_CACHE,   /* a container that only grows */
	CAUSE_DROPPED_QUEUE,   /* a container that nobody drains */
	CAUSE_THREAD_EXIT,
	CAUSE_LONGJMP,
	CAUSE_EXCEPTION,       /* an unwinding passed the release */
	CAUSE_EXTRA_RETAIN,
	CAUSE_RACE,	       /* two threads changed a count at once */
	CAUSE_NOT_DRAINED,     /* in flight when the process ended */
	CAUSE_START_UP,	       /* made once and kept: no leak */
	CAUSE_LIBRARY,	       /* all below the call into a library is the library's */
	CAUSE_DOUBLE_RELEASE,
	CAUSE_MISMATCH,
	/* of counted objects in a Java virtual machine */
	CAUSE_NEVER_COMPLETED, /* a call or promise that nobody finishes */
	CAUSE_UNSYNCHRONISED,  /* threads changed a count without order */
	CAUSE_NOT_AWAITED,     /* the end came before what was begun was over */
	CAUSE_CANCELLED,       /* the way of a cancelled call lacks the release */
	CAUSE_RETAINED,	       /* a retain without its release */
	CAUSE_DROPPED,	       /* handed to a place that neither passes it on nor releases it */
	CAUSES
};

enum confidence {
	CONFIDENCE_GUESS,
	CONFIDENCE_LIKELY,
	CONFIDENCE_CERTAIN,
	CONFIDENCES
};

/* The place at which a release should have been written. */
struct missing_release {
	const char *function, *file; /* 0: not known */
	unsigned line, last_line;    /* of the branch that lacks it; 0: not known */
	const char *module;	     /* whole path; 0: none */
	uint64_t offset;	     /* in the module's file */
};

/* Where others of the same site were let go. */
struct releasing {
	const struct place *place;
	uint64_t count;
	double share; /* of those of which it is known */
};

/* Who held a thing last, or holds it. */
struct holder {
	const char *what;     /* "stack", "register", "global", "block", "thread-local", "mapping", "kernel" */
	const char *function; /* whose frame it was; 0: none */
	const char *symbol;   /* the variable; 0: not known */
	const struct place *created_at; /* of a block; 0: none */
	uint64_t offset;      /* inside of it */
	const char *until;    /* what let it die; 0: it holds it still, or that is not known */
};

struct lifetime {
	uint64_t count;
	uint64_t p50_us, p99_us, max_us;
};

/* Which line forgot. Every pointer may be 0, and every text comes from anywhere: escape it. */
struct explanation {
	enum confidence confidence;
	const struct missing_release *missing; /* 0: it cannot be told; because says what was looked at */
	const char *const *because;
	unsigned because_count;
	uint32_t because_inner; /* bits of those that only tell how it was found */
	const struct releasing *usually; /* most frequent first */
	unsigned usually_count;
	const struct holder *last_held_by; /* 0: not known */
	const struct lifetime *lifetime;   /* 0: no sibling was seen to go */
	const char *advice;		   /* 0: none */
};

/* Some of a group's blocks. */
struct part {
	double count, bytes;
};

/* What hangs on a group: blocks of another one that only these lead to. */
struct hanging {
	struct part part;
	const struct leak *leak;
	const struct stack *stack;
};

/* How something that hangs on a block leads back to it: what lies on the way, the block itself first. */
struct cycle {
	double count; /* how many of the group are in one */
	const struct link *links;
	unsigned link_count; /* of one of them; 0: none is in a cycle */
};

struct link {
	const char *type;           /* of a resource; 0: a block */
	const struct stack *stack;  /* that made it */
};

/* Against a baseline or an older trace. */
enum standing { STANDING_NONE, STANDING_NEW, STANDING_GROWN, STANDING_KNOWN };

/* A group: everything alive from one stack, of one family and class; definite, possible and indirect blocks
 * are one class here, that of the strongest. */
struct leak {
	const char *type;    /* "block", "object", "array", or a resource's type */
	const char *release; /* the function that nobody called, with its parentheses */
	const char *scope;   /* innermost one that they were made in, 0: none */
	enum leak_class class;
	enum family family;
	bool is_estimate; /* sampled: count and bytes are unbiased estimates */
	double count, bytes;
	double doubtful;  /* how many of them only what was not read could hold */
	struct part definite, possible; /* lost ones by what was found of each; 0 in other classes */
	struct part hanging;            /* on a definite one, of this group or another */
	struct part uncertain;           /* on a possible one */
	struct part orphaned;           /* of the hanging ones: what they hang on is not reported */
	double dragged_count, dragged_bytes; /* those of other groups that hang on these */
	const struct hanging *hangers;       /* the largest of them */
	unsigned hanger_count;               /* all of them; HANGERS_SHOWN are kept */
	const struct leak *on;               /* the group on which most of the hanging ones hang; 0: on this one */
	const struct stack *on_stack;
	struct cycle cycle;
	double confirmed; /* how many of them at least two scans in a row found lost */
	uint64_t oldest_us, newest_us; /* times of birth */
	uint64_t ever_blocks;
	uint64_t peak;
	char fingerprint[9];
	uint64_t names;   /* hash of the stack by names */
	uint64_t steps;   /* hash of the stack by module and offset, or by lines */
	uint32_t rank;    /* among groups with all names in common */
	uint32_t number;  /* of the group, from 0 */
	uint64_t example; /* address of one of them */
	uint32_t node;    /* of the site with the most bytes */
	uint32_t resource; /* 1 + index of the one that lends its records; 0: these are blocks */
	const uint16_t *threads; /* indices, ascending */
	unsigned thread_count;
	unsigned process_count; /* of a merged trace: in how many some were alive */
	const struct probe *unsure; /* of resources: what was not followed, so that nothing is certain; 0: all was */
	const struct place *maker; /* the function that made a resource, where it begins; 0: not known */
	struct stack stack;
	struct python *python; /* 0: not known */
	const struct record *records; /* newest first */
	unsigned record_count;
	uint64_t records_left_out;
	const struct balance *balance; /* largest first */
	unsigned balance_count;
	uint64_t balance_left_out; /* operations without a record, creations that were not seen */
	bool is_shared; /* retained or released since its creation */
	enum standing standing;
	enum cause cause;
	const struct explanation *explanation; /* 0: none was sought */
};

#define HANGERS_SHOWN 3u

/* One of both is set. */
struct finding {
	const struct mismatch *mismatch;
	const struct misuse *misuse;
	char fingerprint[9];
	struct stack done, created; /* where it was done wrong, where the thing was made */
	struct stack ended;         /* of a misuse: where the resource had ended; may be empty */
	enum cause cause;
	const struct explanation *explanation; /* 0: none was sought */
};

/* How full the pools of Netty are. */
struct java_pools {
	uint64_t chunks, bytes;  /* direct memory that they have from the virtual machine */
	uint64_t buffers, used;  /* living buffers in it, and their bytes */
};

struct class_total {
	double blocks, bytes;
	uint32_t groups;
};

/* Of a living process: blocks of a group that are older than any other one from there became before it was let go, while
 * more of them come. */
struct overdue {
	const struct leak *group; /* all that is alive there, without its stack */
	struct stack stack;
	struct lifetime lifetime; /* of those that were let go */
	double count, bytes;
	uint64_t limit_us;  /* what is older is overdue */
	uint64_t oldest_us; /* time of birth */
	uint64_t example;   /* address of the oldest one */
	double count_a_minute, bytes_a_minute; /* by the times of birth */
	double forecast_bytes;
	uint64_t forecast_us;       /* until there are so many bytes; 0: not within a year */
	const char *const *held_by; /* the way to the oldest one from what holds it; empty: not known */
	unsigned held_count;
	double before_count;        /* alive there in an older trace; 0: not known */
};

/* Of a living process, by the times of birth: overdue groups, lost ones, and those of which nothing was seen to go. */
struct growth {
	double bytes_a_minute, most_a_minute;
	char most[9];              /* the group that grows fastest; "": none grows */
	const char *function, *file; /* that made it; 0: not known */
	unsigned line;
	bool is_judged, is_too_fast;
	double allowed;            /* bytes a minute, if it was judged */
};

struct diagnosis {
	struct leak *leaks; /* the shown classes, largest first */
	uint32_t leak_count;
	uint32_t known_count; /* groups behind these that pass, of a report that was judged */
	uint32_t detailed; /* the first ones of these have stack and threads */
	struct finding *findings;
	uint32_t finding_count;
	struct overdue *overdue; /* what grows fastest first */
	uint32_t overdue_count;
	struct growth growth;
	struct class_total totals[CLASSES];
	bool is_shown[CLASSES];
	struct class_total shown;
	struct class_total hanging; /* groups that are not shown, since all that is theirs hangs on others */
	struct java_pools pools;
	const char **notes; /* things a reader must know: changed modules and the like */
	uint32_t note_count;
	bool is_complete;
	const char *blind; /* why nothing at all is known; NULL: something is */
	const char *unclassified; /* why what is alive was not classified, and what to do about it; NULL: it was */
	struct class_total running; /* threads of which nobody knows whether they have ended: no leaks, and not in `shown` */
	struct largest {
		double count, bytes;
		bool is_estimate;
		const char *makers; /* functions, innermost first, 0: nothing is reachable */
		const char *pool;   /* advice about what its language keeps in pools; 0: none */
	} largest; /* of what is still reachable */
};
#endif
