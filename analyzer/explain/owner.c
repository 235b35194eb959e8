/* SPDX-License-Identifier: MIT */
/* What held a block was released, and the block was not: where that was. */
#include <stdlib.h>
#include <string.h>

#include "calls_named.h"
#include "explain_private.h"
#include "own.h"
#include "own_lines.h"

#define NODES_MAX 256u
#define BELOW_MOST 3u /* calls that a function leaves the release to */
#define FUNCTION_MAX 4000u
#define CALLERS_MOST 3u
#define MAKERS_NEAR 2u
#define WRAPPER_MAX 200u /* bytes of code */
#define CALLERS_OF_WRAPPER 2u
#define MAKERS_OF_WRAPPER 3u

/* Do two stacks have the caller of a frame in common, or a near caller of that one? */
static bool has_caller(const struct model *m, uint32_t frame, uint32_t node)
{
	for (unsigned k = 0; k < CALLERS_MOST && (frame = m->nodes[frame].parent); k++)
		for (uint32_t n = node, steps = 0; n && steps < NODES_MAX; n = m->nodes[n].parent, steps++)
			if (m->nodes[n].parent == frame)
				return true;
	return false;
}

/* Was a site's block made by this call, or by what this call calls, when the leaked one was? */
static bool is_made_by(struct work *w, const struct leak *leak, uint32_t node, uint64_t return_address, bool is_inner)
{
	uint32_t nodes[4];
	unsigned count = explain_nodes(w, node, nodes, 4);

	for (unsigned k = is_inner ? 1 : 0; k < count && k < (is_inner ? 3u : 1u); k++)
		if (w->model->nodes[nodes[k]].pc == return_address && has_caller(w->model, nodes[k], leak->node))
			return true;
	return false;
}

/* The same, where the library did it, and the program's own function may be inlined. */
static bool releases_both_inlined(struct work *w, uint32_t node, const struct siblings *siblings)
{
	struct own_line here, there[BELOW_MOST];

	if (own_lines_doing(w, node) == LIBRARY_NOTHING || !own_lines(w, node, &here, 1) || !here.frame->function)
		return false;
	for (unsigned i = 0; i < siblings->count; i++) {
		unsigned count = own_lines(w, siblings->releases[i].node, there, BELOW_MOST);

		for (unsigned k = 0; k < count; k++)
			if (there[k].frame->function && !strcmp(there[k].frame->function, here.frame->function))
				return true;
	}
	return false;
}

/* Does the function that releases the holder release siblings of the block as well? */
static bool releases_both(struct work *w, uint32_t node, const struct siblings *siblings)
{
	uint32_t here, there[NODES_MAX];
	const struct function *a, *b;

	if (!explain_nodes(w, node, &here, 1))
		return false;
	if (releases_both_inlined(w, node, siblings))
		return true;
	a = code_function(w->code, w->model->nodes[here].pc - 1);
	for (unsigned i = 0; i < siblings->count; i++) {
		unsigned count = explain_nodes(w, siblings->releases[i].node, there, NODES_MAX);

		for (unsigned k = 0; k < count && k < BELOW_MOST; k++) {
			b = code_function(w->code, w->model->nodes[there[k]].pc - 1);
			if (a && b && a->start == b->start)
				return true;
		}
	}
	return false;
}

/* Do holders go there more often than blocks leak, while the function that made the block goes on? Then siblings outlive theirs. */
static bool goes_for_siblings(struct work *w, const struct leak *leak, const struct release *r, const struct siblings *siblings)
{
	uint32_t nodes[MAKERS_NEAR], made, later;
	unsigned count = explain_nodes(w, leak->node, nodes, MAKERS_NEAR);

	if (!siblings->is_same_stack || !siblings->count || leak->is_estimate || (double)r->count <= leak->count ||
	    !stacks_part(w, leak->node, r->node, &made, &later))
		return false;
	for (unsigned k = 0; k < count; k++)
		if (nodes[k] == made)
			return true;
	return false;
}

/* Did a library make it, and let it go in the same call of the program's, or when the program had ended? Then it is the library's,
 * and never held anything of that one. */
static bool is_of_library(struct work *w, const struct release *r)
{
	const struct model *m = w->model;
	uint32_t node = m->sites[r->site].node, made, released;
	const struct function *f;

	if (!explain_nodes(w, node, &made, 1) || made == node || !explain_nodes(w, r->node, &released, 1))
		return false;
	f = code_function(w->code, m->nodes[released].pc - 1);
	return m->nodes[made].pc == m->nodes[released].pc || (f && f->name && !strcmp(f->name, "_start"));
}

/* The most frequent place at which blocks of the holder's site are released; 0: none was seen. */
static const struct release *release_of_holder(struct work *w, const struct leak *leak, const struct walk *walk, uint64_t return_address,
					       bool is_inner, const struct siblings *siblings)
{
	const struct model *m = w->model;
	const struct release *best = NULL;

	for (uint32_t i = 0; i < m->release_count; i++)
		if (m->releases[i].node && !is_of_library(w, &m->releases[i]) && !releases_both(w, m->releases[i].node, siblings) &&
		    !goes_for_siblings(w, leak, &m->releases[i], siblings) &&
		    is_made_by(w, leak, m->sites[m->releases[i].site].node, return_address, is_inner) &&
		    (!best || m->releases[i].count > best->count) && !let_down_is_taken(w, &m->releases[i], walk))
			best = &m->releases[i];
	return best;
}

/* Have more been lost than there ever were holders, each of which has a single place for one? Then they were not lost with those. */
static bool are_more_than_holders(struct work *w, const struct leak *leak, const struct walk *walk, uint64_t call, bool is_inner)
{
	const struct model *m = w->model;
	uint64_t holders = 0;
	struct insn store;

	for (uint32_t i = 1; i < m->site_count; i++)
		if (is_made_by(w, leak, m->sites[i].node, call, is_inner))
			holders += m->sites[i].ever_blocks;
	return leak->resource && !leak->is_estimate && holders && (double)leak->count > (double)holders && walk->kept &&
	       !decode(w->code, walk->kept->kept_at, &store) && store.to.kind == OPERAND_MEM && store.to.index == REG_NONE;
}

static bool is_destructor(const char *name)
{
	return name && strstr(name, "::~");
}

static bool is_implied(struct work *w, const struct function *f)
{
	const struct place *place = code_place(w->code, f->start);

	return place->frames[place->count - 1].is_implied;
}

static bool is_same_function(const struct frame *a, const struct frame *b)
{
	return a->function && b->function && !strcmp(a->function, b->function);
}

/* Before C++ releases an object, it calls its destructor, which may be inlined, in the same function: the last one before an address,
 * if somebody wrote it. *at: an address in it. */
static bool destructor_before(struct work *w, uint64_t release, uint64_t *at)
{
	const struct function *f = code_function(w->code, release);
	const struct frame *in = &code_place(w->code, release)->frames[0];
	bool found = false;
	struct insn i;

	for (uint64_t pc = f ? f->start : release; pc < release; pc = i.next) {
		const struct place *place = code_place(w->code, pc);
		const struct function *callee;

		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (is_destructor(place->frames[0].function) && place->frames[0].is_inlined && !place->frames[0].is_implied &&
		    is_same_function(&place->frames[1], in)) {
			*at = pc;
			found = true;
		}
		if (i.op != OP_CALL || i.to.kind != OPERAND_IMM || !is_same_function(&place->frames[0], in))
			continue;
		callee = code_function(w->code, (uint64_t)i.to.value);
		if (!callee || callee->is_system || !is_destructor(callee->name) || is_implied(w, callee))
			continue;
		*at = callee->end - 1;
		found = true;
	}
	return found;
}

/* The last instruction of a function that belongs to a line. */
static uint64_t last_return(struct work *w, uint64_t inside)
{
	const struct function *f = code_function(w->code, inside);
	uint64_t last = inside;
	struct insn i;

	for (uint64_t pc = f ? f->start : inside; f && pc < f->end; pc = i.next) {
		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (i.op == OP_RETURN)
			last = pc;
	}
	return last;
}

#define SLOTS_MOST 4u

/* Where a function has its first argument, as far as a look along its code tells. */
struct argument {
	uint16_t registers;
	struct operand slots[SLOTS_MOST]; /* variables of its own */
	unsigned slot_count;
	bool is_looked_into, is_released;
};

static bool is_own_frame(const struct operand *o)
{
	return o->kind == OPERAND_MEM && (o->base == REG_RSP || o->base == REG_RBP) && o->index == REG_NONE;
}

static bool is_slot(const struct argument *a, const struct operand *o)
{
	for (unsigned k = 0; is_own_frame(o) && k < a->slot_count; k++)
		if (a->slots[k].base == o->base && a->slots[k].value == o->value)
			return true;
	return false;
}

static bool is_in(const struct argument *a, const struct operand *o)
{
	return o->kind == OPERAND_REG && o->reg < 16 ? a->registers & 1u << o->reg : is_slot(a, o);
}

static bool looks_into(const struct argument *a, const struct insn *i)
{
	const struct operand *both[] = { &i->to, &i->from };

	for (unsigned k = 0; k < 2; k++)
		if (both[k]->kind == OPERAND_MEM && i->op != OP_LEA && i->op != OP_NOTHING && both[k]->base < 16 &&
		    a->registers & 1u << both[k]->base)
			return true;
	return false;
}

bool owner_releases(struct work *w, const struct insn *i)
{
	return (i->op == OP_CALL || i->op == OP_JUMP) && i->to.kind == OPERAND_IMM &&
	       calls_named(w->model, code_stub(w->code, (uint64_t)i->to.value), true) == EFFECT_FREE;
}

static void argument_step(struct work *w, struct argument *a, const struct insn *i)
{
	bool is_moved = i->op == OP_MOVE && is_in(a, &i->from);

	a->is_looked_into |= looks_into(a, i);
	a->is_released |= a->registers & 1u << REG_RDI && owner_releases(w, i);
	a->registers &= (uint16_t)~(i->writes & ~(1u << REG_RSP | 1u << REG_RBP));
	if (i->op == OP_CALL)
		a->registers &= 1u << REG_RBX | 0xf000u;
	if (is_moved && i->to.kind == OPERAND_REG && i->to.reg < 16)
		a->registers |= (uint16_t)(1u << i->to.reg);
	else if (is_moved && is_own_frame(&i->to) && !is_slot(a, &i->to) && a->slot_count < SLOTS_MOST)
		a->slots[a->slot_count++] = i->to;
}

/* The call that returns to an address. */
static bool call_before(struct work *w, uint64_t return_address, struct insn *i)
{
	const struct function *f = code_function(w->code, return_address - 1);

	for (uint64_t pc = f ? f->start : return_address; pc < return_address; pc = i->next)
		if (decode(w->code, pc, i))
			i->next = pc + 1;
		else if (i->next == return_address && i->op == OP_CALL)
			return true;
	return false;
}

#define SERVED_MOST 32u

/* A release by a function: where that was called, and the site of the block. */
struct served {
	uint64_t call;
	uint32_t site;
};

static uint64_t call_of(struct work *w, uint32_t node, const struct function *f)
{
	uint32_t nodes[2];
	unsigned count = explain_nodes(w, node, nodes, 2);
	const struct function *inner = count ? code_function(w->code, w->model->nodes[nodes[0]].pc - 1) : NULL;
	struct insn i;

	if (inner && inner->start == f->start)
		return count > 1 ? w->model->nodes[nodes[1]].pc : 0;
	return count && call_before(w, w->model->nodes[nodes[0]].pc, &i) && i.to.kind == OPERAND_IMM && (uint64_t)i.to.value == f->start
		       ? w->model->nodes[nodes[0]].pc : 0;
}

static bool is_served(const struct served *s, unsigned count, uint64_t call, uint32_t site)
{
	for (unsigned k = 0; k < count; k++)
		if (s[k].call == call && s[k].site == site)
			return true;
	return false;
}

/* Is it called at one place for blocks of one site, and at another one for those of another? What lets go one kind of thing is
 * not. */
static bool serves_several(struct work *w, const struct function *f)
{
	struct served s[SERVED_MOST];
	unsigned count = 0;

	for (uint32_t i = 0; i < w->model->release_count && count < SERVED_MOST; i++) {
		const struct release *r = &w->model->releases[i];
		uint64_t call = r->node ? call_of(w, r->node, f) : 0;

		if (call && !is_served(s, count, call, r->site))
			s[count++] = (struct served){ call, r->site };
	}
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < i; k++)
			if (s[i].call != s[k].call && s[i].site != s[k].site && !is_served(s, count, s[i].call, s[k].site) &&
			    !is_served(s, count, s[k].call, s[i].site))
				return true;
	return false;
}

/* Does a function let go what it was given, and never look into it? Then it is one by which others release. */
static bool is_blind(struct work *w, const struct function *f)
{
	struct argument a = { .registers = 1u << REG_RDI };
	struct insn i;

	for (uint64_t pc = f->start; pc < f->end && f->end - f->start <= WRAPPER_MAX; pc = i.next)
		if (decode(w->code, pc, &i))
			i.next = pc + 1;
		else
			argument_step(w, &a, &i);
	return a.is_released && !a.is_looked_into && serves_several(w, f);
}

/* Does a function end by a jump to a release? */
static bool jumps_to_release(struct work *w, const struct function *f, uint64_t *at)
{
	struct insn i;

	for (uint64_t pc = f->start; pc < f->end; pc = i.next) {
		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (i.op != OP_JUMP || !owner_releases(w, &i))
			continue;
		*at = pc;
		return true;
	}
	return false;
}

/* A function whose last call is a jump has no frame any more: the call before an address leads there. *at: that jump. */
static bool left_by_jump(struct work *w, uint64_t *at)
{
	const struct function *caller = code_function(w->code, *at), *f = NULL;
	struct insn i;

	for (uint64_t pc = caller ? caller->start : 0; caller && pc <= *at; pc = i.next)
		if (decode(w->code, pc, &i))
			i.next = pc + 1;
		else if (i.next == *at + 1 && i.op == OP_CALL && i.to.kind == OPERAND_IMM && !code_stub(w->code, (uint64_t)i.to.value))
			f = code_function(w->code, (uint64_t)i.to.value);
	return f && !f->is_system && !code_is_of_library(w->code, f->start) && !is_blind(w, f) && jumps_to_release(w, f, at);
}

/* A library called a function of the program, which left by a jump to the release: the stack shows the library alone. That function
 * is known where others of its calls from there were seen. */
static bool callback_left_by_jump(struct work *w, uint32_t node, uint64_t *at)
{
	const struct model *m = w->model;
	const struct function *last = NULL, *library = m->nodes[node].scope ? NULL : code_function(w->code, m->nodes[node].pc - 1);
	uint64_t found = 0, jump;

	if (!library || !(library->is_system || own_is_library_module(&m->modules[m->nodes[node].module])))
		return false;
	for (uint32_t k = 1; k < m->node_count; k++) {
		const struct function *f;

		if (m->nodes[k].scope || m->nodes[m->nodes[k].parent].pc != m->nodes[node].pc)
			continue;
		f = code_function(w->code, m->nodes[k].pc - 1);
		if (!f || f == last || f->is_system || code_is_of_library(w->code, f->start) || !jumps_to_release(w, f, &jump))
			continue;
		if (found && found != jump)
			return false;
		found = jump;
		last = f;
	}
	if (found)
		*at = found;
	return found;
}

static void note(uint64_t *list, unsigned *count, unsigned most, uint64_t value)
{
	unsigned k = 0;

	while (k < *count && list[k] != value)
		k++;
	if (k == *count && k < most)
		list[(*count)++] = value;
}

/* A function that does nothing but pass its argument on to a release: it is short, and either never looks into what it gets, or
 * several others call it, and what it gets was made at many places. */
static bool is_passing_on(struct work *w, uint32_t node)
{
	const struct model *m = w->model;
	const struct function *f = code_function(w->code, m->nodes[node].pc - 1);
	uint64_t callers[CALLERS_OF_WRAPPER], makers[MAKERS_OF_WRAPPER];
	unsigned caller_count = 0, maker_count = 0;

	if (!f || f->end - f->start > WRAPPER_MAX)
		return false;
	if (is_blind(w, f))
		return true;
	for (uint32_t i = 0; i < m->release_count; i++) {
		uint32_t nodes[2], made;
		const struct function *caller;

		if (!m->releases[i].node || explain_nodes(w, m->releases[i].node, nodes, 2) < 2 ||
		    m->nodes[nodes[0]].pc != m->nodes[node].pc || !explain_nodes(w, m->sites[m->releases[i].site].node, &made, 1))
			continue;
		caller = code_function(w->code, m->nodes[nodes[1]].pc - 1);
		note(callers, &caller_count, CALLERS_OF_WRAPPER, caller ? caller->start : 0);
		note(makers, &maker_count, MAKERS_OF_WRAPPER, m->nodes[made].pc);
	}
	return caller_count == CALLERS_OF_WRAPPER && maker_count == MAKERS_OF_WRAPPER;
}

/* Does a call lead to a release of its own? */
static bool is_release(struct work *w, uint64_t return_address)
{
	struct insn i;

	return call_before(w, return_address, &i) && owner_releases(w, &i);
}

bool owner_is_passed_on(struct work *w, uint64_t address)
{
	const struct function *f = code_function(w->code, address);

	return f && is_blind(w, f);
}

/* Does it lead to a function of the program, which has left the rest to others? */
static bool calls_own(struct work *w, uint64_t return_address)
{
	struct insn i;

	if (!call_before(w, return_address, &i))
		return false;
	if (i.to.kind == OPERAND_IMM && owner_is_passed_on(w, (uint64_t)i.to.value))
		return false;
	return i.to.kind == OPERAND_IMM ? !code_stub(w->code, (uint64_t)i.to.value) : i.to.base != REG_RIP;
}

/* The function that jumped to the release instead of calling it was seen just before, below the same call. *at: its last jump
 * out. */
static bool was_left_by_jump(struct work *w, uint32_t node, uint32_t before, uint64_t *at)
{
	const struct model *m = w->model;
	const struct function *f;
	uint64_t from;
	struct insn i;
	bool found = false;

	while (before && m->nodes[before].parent != node)
		before = m->nodes[before].parent;
	if (!before || m->nodes[before].scope || is_release(w, m->nodes[node].pc))
		return false;
	from = m->nodes[before].pc;
	f = code_function(w->code, from - 1);
	if (f && is_blind(w, f))
		return false;
	for (uint64_t pc = f && !f->is_system ? f->start : from; f && pc < f->end; pc = i.next) {
		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (pc < from || i.op != OP_JUMP || (i.to.kind == OPERAND_IMM && (uint64_t)i.to.value >= f->start && (uint64_t)i.to.value < f->end))
			continue;
		*at = pc;
		found = true;
	}
	return found;
}

/* Has the function around an address lines? Then code of it without one belongs to none. */
static bool is_told_lines(struct work *w, uint64_t at)
{
	const struct function *f = code_function(w->code, at);

	return f && code_place(w->code, f->start)->frames[0].line;
}

static const struct frame *frame_of_program(const struct place *place)
{
	for (unsigned k = 0; k < place->count; k++)
		if (!place_is_of_headers(&place->frames[k]))
			return &place->frames[k];
	return NULL;
}

/* Does the function around an address call some by pointers? One of those may be who forgot. */
static bool asks_handlers(struct work *w, uint64_t at)
{
	const struct function *f = code_function(w->code, at);
	struct insn i;

	for (uint64_t pc = f ? f->start : 0; f && pc < f->end; pc = decode(w->code, pc, &i) ? pc + 1 : i.next)
		if (calls_by_pointer(w, pc))
			return true;
	return false;
}

const struct missing_release *owner_place(struct work *w, uint32_t node, uint32_t before, bool is_object, enum confidence *confidence)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));
	uint32_t nodes[NODES_MAX];
	unsigned count = explain_nodes(w, node, nodes, NODES_MAX), k = 0;
	const struct place *place = NULL;
	const struct frame *frame = NULL;
	bool is_unsure = false;
	uint64_t at;

	if (callback_left_by_jump(w, node, &at)) {
		place = code_place(w->code, at);
		frame = frame_of_program(place);
		is_unsure = true;
	}
	for (; k < count && !frame; k++) {
		at = w->model->nodes[nodes[k]].pc - 1;
		if (k + 1 < count && !k && is_passing_on(w, nodes[k]))
			continue;
		if (!k && !was_left_by_jump(w, nodes[k], before, &at) && !left_by_jump(w, &at))
			is_unsure = calls_own(w, w->model->nodes[nodes[k]].pc);
		if (!k && destructor_before(w, at, &at) && is_destructor(code_place(w->code, at)->frames[0].function) &&
		    !code_place(w->code, at)->frames[0].is_inlined)
			at = last_return(w, at);
		place = code_place(w->code, at);
		frame = frame_of_program(place);
	}
	if (!frame)
		return NULL;
	*missing = (struct missing_release){ .function = frame->function, .file = frame->file, .line = frame->line,
					     .last_line = frame->line, .offset = place->offset,
					     .module = place->module ? place->module->path : NULL };
	is_unsure |= (k > 1 && !is_passing_on(w, nodes[0])) || (!frame->line && is_told_lines(w, at)) || place->count > 1;
	is_unsure |= before && asks_handlers(w, at);
	*confidence = is_unsure || (is_object && !is_destructor(frame->function)) ? CONFIDENCE_GUESS : CONFIDENCE_LIKELY;
	return missing;
}

bool owner_explain(struct work *w, struct leak *leak, const struct walk *walk, const struct siblings *siblings)
{
	struct pool *p = &w->model->pool;
	const struct missing_release *missing;
	struct explanation *e;
	const struct release *r;
	enum confidence confidence;
	uint64_t call;
	int64_t offset = 0;
	bool is_inner = false;

	call = origin_of_holder(walk, &is_inner, &offset);
	r = call ? release_of_holder(w, leak, walk, call, is_inner, siblings) : NULL;
	missing = r && !are_more_than_holders(w, leak, walk, call, is_inner)
			  ? owner_place(w, r->node, 0, leak->family >= FAMILY_NEW, &confidence)
			  : NULL;
	if (!missing)
		return false;
	e = pool_take(p, sizeof(*e));
	e->missing = missing;
	e->confidence = confidence;
	leak->cause = CAUSE_OWNER_FREED;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, pool_print(p, "what held it was made in %s and released there",
				     code_place(w->code, call - 1)->frames[0].function
					     ? code_place(w->code, call - 1)->frames[0].function : "?"));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
