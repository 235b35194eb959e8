/* SPDX-License-Identifier: MIT */
/* The lives of some blocks: see lives.h. */
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "lives_private.h"
#include "pool.h"

struct lives *lives_open(struct places *p)
{
	struct lives *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->places = p;
	l->log = malloc(LOG_MOST * sizeof(*l->log));
	l->entries = malloc(LOG_MOST * sizeof(*l->entries));
	l->starts = calloc(LOG_MOST + 1u, sizeof(*l->starts));
	l->callers = calloc(LOG_MOST + 1u, sizeof(*l->callers));
	if (!l->log || !l->entries || !l->starts || !l->callers) {
		lives_close(l);
		return NULL;
	}
	l->log[l->log_count] = 0;
	l->entries[l->log_count++] = 0;
	return l;
}

void lives_close(struct lives *l)
{
	for (unsigned i = 0; l && i < l->count; i++)
		free(l->lives[i].uses), free(l->lives[i].lent);
	if (l) {
		free(l->log);
		free(l->entries);
		free(l->starts);
		free(l->callers);
		free(l->bodies);
		free(l->is_placed);
		free(l->called_from);
		free(l->body_of);
	}
	free(l);
}

bool lives_active(const struct lives *l)
{
	return l->active_count || (l->freed_at && l->log_count < l->freed_at + AFTERWARDS && l->since_freed < AFTERWARDS * 8);
}

unsigned lives_count(const struct lives *l, uint32_t site, enum end end)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->count; i++)
		n += l->lives[i].site == site && (end == END_NONE || l->lives[i].end == end);
	return n;
}

bool lives_wants(const struct lives *l, uint32_t site)
{
	unsigned lost = lives_count(l, site, END_LOST) + lives_count(l, site, END_THREAD);

	return l->active_count < ACTIVE_MOST && l->count < LIVES_MOST && l->log_count < LOG_MOST - 1 &&
	       lives_count(l, site, END_NONE) < ENOUGH_FOLLOWED && (lost < ENOUGH_LOST || lives_count(l, site, END_FREED) < ENOUGH_FREED);
}

bool lives_is_lent(const struct life *life, uint32_t entry)
{
	for (uint32_t i = life->lent_count; i-- > 0 && life->lent[i] >= entry;)
		if (life->lent[i] == entry)
			return true;
	return false;
}

void lives_note_lent(struct life *life, uint32_t entry)
{
	if (life->lent_count == life->lent_room) {
		life->lent_room = life->lent_room ? life->lent_room * 2 : 32;
		life->lent = pool_regrow(life->lent, life->lent_room, sizeof(*life->lent));
	}
	life->lent[life->lent_count++] = entry;
}

static void note_use(struct lives *l, struct life *life)
{
	uint32_t at = l->log_count - 1;

	life->use = at;
	if (!lives_is_lent(life, l->entries[at]))
		life->own_use = at;
	if (life->use_count && life->uses[life->use_count - 1] == at)
		return;
	if (life->use_count == life->use_room) {
		life->use_room = life->use_room ? life->use_room * 2 : 32;
		life->uses = pool_regrow(life->uses, life->use_room, sizeof(*life->uses));
	}
	life->uses[life->use_count++] = at;
}

static void finish(struct lives *l, unsigned k, enum end end, uint32_t at)
{
	struct life *life = &l->lives[l->active[k]];

	life->end = end;
	life->end_at = at;
	for (unsigned d = 0; d <= l->depth && end == END_FREED && life->chain_count < CHAIN_MOST; d++)
		life->chain[life->chain_count++] = l->frames[d].entry;
	if (end == END_FREED || end == END_LOST) {
		l->freed_at = l->log_count;
		l->since_freed = 0;
	}
	l->active[k] = l->active[--l->active_count];
}

void lives_note_new(struct lives *l, uint64_t address, uint64_t size)
{
	unsigned at = l->news_count++ % NEWS_MOST;

	l->news[at].address = address;
	l->news[at].size = size;
	l->news[at].begin = l->log_count - 1;
}

void lives_resume(struct lives *l, uint64_t sp)
{
	l->depth = 0;
	l->frames[0].sp = sp;
	if (l->last_entry < LOG_MOST)
		l->frames[0].entry = ++l->last_entry;
}

void lives_begin(struct lives *l, uint64_t address, uint64_t size, uint32_t site)
{
	for (unsigned k = l->active_count; k-- > 0;) /* its memory was let go where nobody saw it */
		if (l->lives[l->active[k]].address < address + size && address < l->lives[l->active[k]].address + l->lives[l->active[k]].size)
			finish(l, k, END_UNKNOWN, l->log_count - 1);
	lives_note_new(l, address, size ? size : 1);
	l->lives[l->count] = (struct life){ .address = address, .size = size ? size : 1, .site = site, .begin = l->log_count - 1,
					    .use = l->log_count - 1, .own_use = l->log_count - 1, .beside_distance = BESIDE_MOST, .entered = l->last_entry };
	note_use(l, &l->lives[l->count]);
	l->active[l->active_count++] = l->count++;
}

static uint64_t reg_of(const struct user_regs_struct *r, unsigned number)
{
	switch (number) {
	case 0: return r->rax;
	case 1: return r->rcx;
	case 2: return r->rdx;
	case 3: return r->rbx;
	case 4: return r->rsp;
	case 5: return r->rbp;
	case 6: return r->rsi;
	case 7: return r->rdi;
	case 8: return r->r8;
	case 9: return r->r9;
	case 10: return r->r10;
	case 11: return r->r11;
	case 12: return r->r12;
	case 13: return r->r13;
	case 14: return r->r14;
	case 15: return r->r15;
	default: return 0;
	}
}

static bool leads(const struct life *life, uint64_t value)
{
	return value - life->address < life->size;
}

static uint64_t address_of(const struct operand *o, const struct user_regs_struct *r)
{
	uint64_t at = (uint64_t)o->value;

	if (o->base < 16)
		at += reg_of(r, o->base);
	if (o->index < 16)
		at += reg_of(r, o->index) * o->scale;
	return at + (o->is_thread ? r->fs_base : 0);
}

static struct cell *cell_at(struct life *life, uint64_t at)
{
	for (unsigned i = 0; i < life->cell_count; i++)
		if (life->cells[i].at == at)
			return &life->cells[i];
	return NULL;
}

static bool is_stack(uint64_t at, uint64_t sp)
{
	return at + 128 >= sp && at < sp + STACK_MOST;
}

static void cell_add(struct life *life, uint64_t at, uint64_t sp, uint64_t born)
{
	if (cell_at(life, at))
		return;
	if (life->cell_count == CELLS_MOST) {
		memmove(&life->cells[0], &life->cells[1], (CELLS_MOST - 1) * sizeof(life->cells[0]));
		life->cell_count--;
	}
	life->cells[life->cell_count++] = (struct cell){ at, born, is_stack(at, sp) };
}

static void cell_drop(struct lives *l, struct life *life, struct cell *c, unsigned why)
{
	bool is_other = why == TRACE_PARTED_OWNER || (l->is_own && !c->is_stack) ||
			(l->is_own && why == TRACE_PARTED_OVERWRITTEN && c->born != l->now) ||
			(l->is_own && why == TRACE_PARTED_CLEARED && l->is_plain);

	if (life->killed_at < l->log_count - 1 || life->cell_count == 1) {
		life->killed_flags = is_other && life->cell_count == 1 ? why : 0; /* the last one */
		life->killed_at = l->log_count - 1;
		life->was_variable = c->is_stack;
		life->was_written_again = l->is_own && c->is_stack && why == TRACE_PARTED_OVERWRITTEN && c->born == l->now;
	}
	life->was_shared |= !c->is_stack;
	*c = life->cells[--life->cell_count];
}

/* What led to it has this value now: where that leads to another block, that one took its place. */
static void note_replaced(const struct lives *l, struct life *life, uint64_t value)
{
	for (unsigned k = 0; k < NEWS_MOST && k < l->news_count; k++)
		if (value - l->news[k].address < l->news[k].size && value - life->address >= life->size) {
			life->replaced_at = l->log_count - 1;
			life->replaced_by = l->news[k].begin;
		}
}

/* A word of memory has this value now. Returns whether it leads to the block, newly. */
static bool wrote(struct lives *l, struct life *life, uint64_t at, uint64_t value, uint64_t sp)
{
	struct cell *c = cell_at(life, at);

	if (c && !leads(life, value))
		note_replaced(l, life, value);
	if (leads(life, value)) {
		if (!c)
			cell_add(life, at, sp, l->now);
		return !c;
	}
	if (c)
		cell_drop(l, life, c, value > 0xffff ? TRACE_PARTED_OVERWRITTEN : TRACE_PARTED_CLEARED);
	return false;
}

static bool writes_memory(const struct insn *i)
{
	return i->to.kind == OPERAND_MEM && i->op != OP_COMPARE && i->op != OP_TEST && i->op != OP_JUMP && i->op != OP_CALL &&
	       i->op != OP_PUSH;
}

static const uint8_t arguments[4] = { REG_RDI, REG_RSI, REG_RDX, REG_RCX };

static bool passes(const struct lives *l, const struct life *life, const struct user_regs_struct *r)
{
	for (unsigned k = 0; k < 4; k++)
		if (l->fresh & 1u << arguments[k] && leads(life, reg_of(r, arguments[k])))
			return true;
	return false;
}

#define NEAR_CELL 256u /* bytes between the beginning of a variable and a word in it */

/* Does an argument lead to a variable that leads to it? */
static bool passes_variable(const struct lives *l, const struct life *life, const struct user_regs_struct *r)
{
	for (unsigned k = 0; k < 4; k++) {
		uint64_t value = l->fresh & 1u << arguments[k] ? reg_of(r, arguments[k]) : 0;

		for (unsigned i = 0; value && i < life->cell_count; i++)
			if (life->cells[i].is_stack && life->cells[i].at - value < NEAR_CELL && is_stack(value, r->rsp))
				return true;
	}
	return false;
}

static bool uses_operand(struct life *life, const struct insn *i, const struct operand *o, bool is_source,
			 const struct user_regs_struct *before)
{
	uint64_t at;

	if (o->kind == OPERAND_REG)
		return o->reg < 16 && (is_source || i->op == OP_COMPARE || i->op == OP_TEST) && leads(life, reg_of(before, o->reg));
	if (o->kind != OPERAND_MEM || i->op == OP_LEA)
		return false;
	at = address_of(o, before);
	return leads(life, at) || ((is_source || !writes_memory(i)) && cell_at(life, at));
}

static bool uses(const struct lives *l, struct life *life, const struct insn *i, const struct user_regs_struct *before)
{
	if (i->op == OP_PUSH || i->op == OP_POP || i->op == OP_RETURN || i->op == OP_LEAVE || i->op == OP_NOTHING)
		return false;
	if (i->op == OP_CALL && passes(l, life, before))
		return true;
	return uses_operand(life, i, &i->to, false, before) || uses_operand(life, i, &i->from, true, before);
}

/* A number in the block that goes up and down by one is a count of references, perhaps. */
static void note_number(struct lives *l, struct life *life, uint64_t at, int64_t value)
{
	for (unsigned k = 0; k < life->number_count; k++) {
		if (life->numbers[k].at != at)
			continue;
		if (value == life->numbers[k].value + 1 && life->up_count < UPS_MOST)
			life->ups[life->up_count++] = l->log_count - 1;
		if (value == life->numbers[k].value - 1 && value > 0)
			life->counted_at = l->log_count - 1;
		life->numbers[k].value = value;
		return;
	}
	if (life->number_count < NUMBERS_MOST)
		life->numbers[life->number_count].at = at, life->numbers[life->number_count++].value = value;
}

static bool note_writes(struct lives *l, struct life *life, const struct insn *i, const struct user_regs_struct *before,
			const struct user_regs_struct *after)
{
	uint64_t at, words[8];
	unsigned count = 1;
	bool is_new = false;

	if (i->op == OP_PUSH || i->op == OP_CALL) {
		at = after->rsp;
	} else if (writes_memory(i)) {
		at = address_of(&i->to, before);
		count = i->to.width > 8 ? i->to.width / 8u : 1;
		count = count > 8 ? 8 : count;
		if (i->to.width < 8)
			at &= ~7ull;
	} else {
		return false;
	}
	if (places_read(l->places, at, words, count * 8))
		return false;
	if (writes_memory(i) && (i->to.width == 4 || i->to.width == 8) && leads(life, address_of(&i->to, before))) {
		int64_t value = i->to.width == 8 ? (int64_t)words[0] : (int32_t)(words[0] >> (address_of(&i->to, before) & 4) * 8);

		if (value >= 0 && value <= NUMBER_MOST)
			note_number(l, life, address_of(&i->to, before), value);
	}
	for (unsigned k = 0; k < count; k++)
		is_new |= wrote(l, life, at + k * 8, words[k], after->rsp);
	return is_new && i->op != OP_PUSH;
}

static void leave_frames(struct life *life, uint64_t sp)
{
	for (unsigned i = life->cell_count; i-- > 0;)
		if (life->cells[i].is_stack && life->cells[i].at < sp && life->cells[i].at + STACK_MOST > sp)
			life->cells[i] = life->cells[--life->cell_count];
}

static bool in_registers(const struct life *life, const struct user_regs_struct *r)
{
	for (unsigned k = 0; k < 16; k++)
		if (leads(life, reg_of(r, k)))
			return true;
	return false;
}

static const uint8_t kept_registers[6] = { REG_RBX, REG_RBP, 12, 13, 14, 15 };

static void note_replaced_register(const struct lives *l, struct life *life, const struct user_regs_struct *before,
				   const struct user_regs_struct *after)
{
	for (unsigned k = 0; !life->cell_count && k < 6; k++)
		if (leads(life, reg_of(before, kept_registers[k])) && !leads(life, reg_of(after, kept_registers[k])))
			note_replaced(l, life, reg_of(after, kept_registers[k]));
}

static void look(struct lives *l, unsigned k, const struct user_regs_struct *after)
{
	struct life *life = &l->lives[l->active[k]];

	if (life->cell_count || life->is_kept || in_registers(life, after)) {
		life->unheld = 0;
	} else {
		if (!life->unheld)
			life->unheld_at = l->log_count - 1;
		if (++life->unheld > LOST_AFTER) {
			finish(l, k, life->is_unsure ? END_UNKNOWN : END_LOST, life->unheld_at);
			return;
		}
	}
	if (l->log_count - life->begin > LIFE_MOST)
		finish(l, k, END_UNKNOWN, l->log_count - 1);
}

/* Do words still hold what they held? Another thread may have changed them. */
static void check_cells(struct lives *l, struct life *life)
{
	for (unsigned i = life->cell_count; i-- > 0;) {
		uint64_t value = 0;

		if (!places_read(l->places, life->cells[i].at, &value, 8) && leads(life, value))
			continue;
		cell_drop(l, life, &life->cells[i], 0);
	}
}

/* What the stack pointer has passed is left. Where that is the outermost function known, its caller is another one. */
static void leave_functions(struct lives *l, uint64_t sp)
{
	while (l->depth && l->frames[l->depth].sp < sp)
		l->depth--;
	if (l->depth)
		return;
	if (sp > l->frames[0].sp && l->last_entry < LOG_MOST)
		l->frames[0].entry = ++l->last_entry;
	l->frames[0].sp = sp > l->frames[0].sp ? sp + 8 : l->frames[0].sp;
}

static bool is_in_variable(const struct life *life)
{
	for (unsigned i = 0; i < life->cell_count; i++)
		if (life->cells[i].is_stack)
			return true;
	return false;
}

/* A function is about to be left. Where it was called before the block was made, and a variable holds that, it is the variable's
 * or its address came by it. */
static void note_given(struct lives *l, const struct user_regs_struct *r)
{
	for (unsigned k = 0; k < l->active_count; k++) {
		struct life *life = &l->lives[l->active[k]];

		if (leads(life, r->rax) && life->given_count < GIVEN_MOST)
			life->given[life->given_count++] = l->frames[l->depth].entry;
		if ((!l->depth || l->frames[l->depth].entry <= life->entered) && is_in_variable(life) && life->between_count < BETWEEN_MOST)
			life->between[life->between_count++] = l->log_count - 1;
	}
}

void lives_step(struct lives *l, const struct insn *i, const struct user_regs_struct *before, const struct user_regs_struct *after)
{
	bool is_own;

	if (places_owner(l->places, before->rip) == OWNER_PROGRAM && l->log_count < LOG_MOST) {
		l->log[l->log_count] = before->rip;
		l->entries[l->log_count] = l->frames[l->depth].entry;
		if (!l->starts[l->entries[l->log_count]])
			l->starts[l->entries[l->log_count]] = before->rip;
		l->log_count++;
	}
	l->now = before->rip;
	l->fresh |= i->writes;
	l->since_freed++;
	is_own = places_owner(l->places, before->rip) != OWNER_SYSTEM;
	if (i->op == OP_CALL && l->depth + 1 < DEPTH_MOST && l->last_entry < LOG_MOST) {
		l->frames[++l->depth].sp = after->rsp;
		l->frames[l->depth].entry = ++l->last_entry;
		l->callers[l->last_entry] = l->log_count - 1;
		for (unsigned k = 0; k < l->active_count; k++)
			if (passes(l, &l->lives[l->active[k]], after))
				lives_note_lent(&l->lives[l->active[k]], l->last_entry);
	}
	if (i->op == OP_RETURN)
		note_given(l, after);
	if (i->op == OP_RETURN)
		leave_functions(l, after->rsp);
	l->is_own = is_own && places_owner(l->places, before->rip) == OWNER_PROGRAM;
	l->is_plain = i->from.kind == OPERAND_IMM || i->from.kind == OPERAND_VECTOR;
	for (unsigned k = l->active_count; k-- > 0;) {
		struct life *life = &l->lives[l->active[k]];
		bool is_used = is_own && uses(l, life, i, before);

		is_used |= note_writes(l, life, i, before, after) && is_own;
		if (i->op == OP_RETURN)
			leave_frames(life, after->rsp);
		if (is_used)
			note_use(l, life);
		note_replaced_register(l, life, before, after);
		look(l, k, after);
	}
	if (i->op == OP_RETURN)
		l->fresh = 0;
	if (++l->since_check < REST_EVERY)
		return;
	l->since_check = 0;
	for (unsigned k = 0; k < l->active_count; k++)
		check_cells(l, &l->lives[l->active[k]]);
}

/* Bytes of a block of the usual allocator. */
static uint64_t size_of(const struct lives *l, uint64_t address)
{
	uint64_t head = 0;

	if (!address || address % 16 || places_read(l->places, address - 8, &head, 8) || (head & ~7ull) < 32 || head > 1ull << 32)
		return 8;
	return (head & ~7ull) - 8;
}

/* Was what goes led to by a word near one that leads to a block? */
static void note_beside(const struct lives *l, struct life *life, uint64_t gone)
{
	uint64_t words[2 * BESIDE_MOST / 8];

	for (unsigned i = 0; i < life->cell_count; i++) {
		uint64_t at = life->cells[i].at, from = at - BESIDE_MOST;

		if (life->cells[i].is_stack || places_read(l->places, from, words, sizeof(words)))
			continue;
		for (unsigned k = 0; k < 2 * BESIDE_MOST / 8; k++) {
			uint64_t here = from + k * 8ull, distance = here > at ? here - at : at - here;

			if (words[k] == gone && distance <= life->beside_distance) {
				life->beside_distance = distance;
				life->beside = l->log[l->log_count - 1];
			}
		}
	}
}

static void let_go(struct lives *l, const struct user_regs_struct *entry)
{
	uint64_t gone = entry->rdi, size = gone ? size_of(l, gone) : 0;

	for (unsigned k = l->active_count; gone && k-- > 0;) {
		struct life *life = &l->lives[l->active[k]];

		if (gone == life->address) {
			finish(l, k, END_FREED, l->log_count - 1);
			continue;
		}
		note_beside(l, life, gone);
		for (unsigned i = life->cell_count; i-- > 0;)
			if (life->cells[i].at - gone < size) {
				cell_drop(l, life, &life->cells[i], TRACE_PARTED_OWNER);
				life->owner = l->log[l->log_count - 1];
			}
	}
}

void lives_call(struct lives *l, enum deed deed, const struct user_regs_struct *entry)
{
	if (deed == DEED_FREE)
		let_go(l, entry);
	if (deed == DEED_RESIZE) {
		l->resized_size = size_of(l, entry->rdi);
		l->resized_count = l->count;
	}
	for (unsigned k = 0; k < l->active_count; k++)
		if (deed == DEED_KEEP && leads(&l->lives[l->active[k]], entry->rsi))
			l->lives[l->active[k]].is_kept = true;
	for (unsigned k = 0; k < l->active_count; k++)
		if (deed != DEED_FREE &&
		    (passes(l, &l->lives[l->active[k]], entry) ||
		     (places_owner(l->places, entry->rip) == OWNER_LIBRARY && passes_variable(l, &l->lives[l->active[k]], entry))))
			note_use(l, &l->lives[l->active[k]]);
}

bool lives_pass(const struct lives *l, const struct user_regs_struct *entry)
{
	for (unsigned k = 0; k < l->active_count; k++)
		if (passes(l, &l->lives[l->active[k]], entry))
			return true;
	return false;
}

void lives_gone(struct lives *l, uint64_t address, bool is_here)
{
	for (unsigned k = l->active_count; k-- > 0;)
		if (l->lives[l->active[k]].address == address)
			finish(l, k, is_here ? END_FREED : END_UNKNOWN, l->log_count - 1);
}

/* What lay there before was let go where nobody saw it. */
static void made(struct lives *l, uint64_t address)
{
	uint64_t size = address ? size_of(l, address) : 0;

	for (unsigned k = 0; k < l->active_count; k++) {
		struct life *life = &l->lives[l->active[k]];

		for (unsigned i = life->cell_count; i-- > 0;)
			if (life->cells[i].at - address < size && address != life->address) {
				life->is_unsure = true;
				cell_drop(l, life, &life->cells[i], 0);
			}
	}
}

static void resized(struct lives *l, const struct user_regs_struct *entry, const struct user_regs_struct *after)
{
	uint64_t size = l->resized_size;

	for (unsigned k = l->active_count; entry->rdi && k-- > 0;) {
		struct life *life = &l->lives[l->active[k]];

		if (l->active[k] >= l->resized_count) /* what it became, perhaps at the same address */
			continue;
		if (entry->rdi == life->address) {
			if (after->rax || !entry->rsi)
				finish(l, k, END_FREED, l->log_count - 1);
			else
				life->resized_at = l->log_count - 1;
			continue;
		}
		for (unsigned i = 0; after->rax && i < life->cell_count; i++)
			if (life->cells[i].at - entry->rdi < size) /* what holds it moved */
				life->cells[i].at += after->rax - entry->rdi;
	}
}

void lives_returned(struct lives *l, enum deed deed, const struct user_regs_struct *entry, const struct user_regs_struct *after)
{
	if (deed == DEED_RESIZE)
		resized(l, entry, after);
	if (deed == DEED_MAKE)
		made(l, after->rax);
	leave_functions(l, after->rsp);
	l->fresh = 0;
	l->is_own = false;
	for (unsigned k = l->active_count; k-- > 0;) {
		struct life *life = &l->lives[l->active[k]];

		for (unsigned i = 0; i < life->cell_count && i < CELLS_MOST; i++) { /* it may have copied what holds it */
			uint64_t in = life->cells[i].at - entry->rsi, value = 0;

			if (in < entry->rdx && entry->rdx < 1u << 24 && !places_read(l->places, entry->rdi + in, &value, 8) && leads(life, value))
				cell_add(life, entry->rdi + in, after->rsp, entry->rip);
		}
		for (unsigned a = 0; a < 3; a++) { /* or have written it where it was told to */
			uint64_t at = a == 0 ? entry->rdi : a == 1 ? entry->rsi : entry->rdx, value = 0;

			if (at > 0xffff && !places_read(l->places, at, &value, 8) && leads(life, value))
				cell_add(life, at, after->rsp, entry->rip);
		}
		check_cells(l, life);
		look(l, k, after);
	}
}

void lives_jumped(struct lives *l)
{
	for (unsigned k = 0; k < l->active_count; k++)
		l->lives[l->active[k]].jumped_at = l->log_count - 1;
}

void lives_ended(struct lives *l, bool is_process)
{
	for (unsigned k = l->active_count; k-- > 0;) {
		struct life *life = &l->lives[l->active[k]];
		bool is_kept = false;

		for (unsigned i = 0; i < life->cell_count; i++)
			is_kept |= !life->cells[i].is_stack;
		life->flags |= is_process ? 0 : TRACE_PARTED_ENDED;
		finish(l, k, is_kept || life->is_unsure ? END_UNKNOWN : is_process ? END_LOST : END_THREAD, l->log_count - 1);
	}
}

void lives_drop(struct lives *l)
{
	while (l->active_count)
		finish(l, 0, END_UNKNOWN, l->log_count - 1);
}
