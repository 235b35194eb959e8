/* SPDX-License-Identifier: MIT */
/* Trace -> model: see read.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "path.h"
#include "process.h"
#include "read.h"
#include "read_parts.h"
#include "system_calls.h"

_Static_assert((int)TRACE_FAMILY_NEW_ARRAY == (int)FAMILY_NEW_ARRAY, "families");
_Static_assert((int)TRACE_MODULE_JAVA == (int)MODULE_JAVA, "module kinds");
_Static_assert(TRACE_AGES == RELEASE_AGES, "ages");
_Static_assert(TRACE_DROPS == MODEL_DROPS && TRACE_DROP_STACK_CUT == DROP_STACK_CUT && TRACE_RATES == MODEL_RATES, "counts");

const void *element_copy(const struct file_view *v, uint32_t i, void *copy, size_t size)
{
	const void *element = file_element(v, i);

	if (!element)
		return NULL;
	memset(copy, 0, size);
	memcpy(copy, element, v->element < size ? v->element : size);
	return element;
}

uint32_t area_count(const struct trace_file *f, enum trace_area which)
{
	return f->areas[which].used ? f->areas[which].used : 1;
}

const char *text_at(struct model *m, const struct trace_file *f, uint32_t index)
{
	const struct file_view *v = &f->areas[TRACE_AREA_TEXT];
	const char *text;
	size_t room, length;

	if (!index)
		return "";
	text = file_element(v, index);
	if (!text || v->element != 1)
		return NULL;
	room = v->per_chunk - index % v->per_chunk;
	length = strnlen(text, room);
	return length == room ? NULL : pool_text_n(&m->pool, text, length);
}

/* An index of a trace at rest is below its count, or the trace is damaged. One that was read
 * while it was written may be half of one thing and half of the next: it becomes none. */
int check_index(const struct trace_file *f, const void *element, uint32_t *index, uint32_t count,
		const char *what)
{
	if (*index < count)
		return 0;
	if (!f->is_moving)
		return file_complain_at(f, element, what);
	*index = 0;
	return 0;
}

static int read_modules(struct model *m, const struct trace_file *f)
{
	struct trace_module t;

	m->module_count = area_count(f, TRACE_AREA_MODULE);
	m->modules = pool_array(&m->pool, m->module_count, sizeof(*m->modules));
	for (uint32_t i = 0; i < m->module_count; i++) {
		struct module *to = &m->modules[i];
		const void *from = i ? ELEMENT(f, TRACE_AREA_MODULE, i, &t) : NULL;

		to->path = to->name = "";
		if (!from || !t.end)
			continue;
		to->path = text_at(m, f, t.path);
		if (!to->path)
			return file_complain_at(f, from, "a module's name lies nowhere");
		if (t.build_id_size > sizeof(t.build_id))
			return file_complain_at(f, from, "a module's build-id is too long");
		to->name = path_file(to->path);
		to->start = t.start;
		to->end = t.end;
		to->bias = t.bias;
		to->kind = t.kind < MODULE_KINDS ? (enum module_kind)t.kind : MODULE_PLAIN;
		to->build_id_size = t.build_id_size;
		memcpy(to->build_id, t.build_id, sizeof(to->build_id));
	}
	return 0;
}

static void read_threads(struct model *m, const struct trace_file *f)
{
	struct trace_thread t;

	m->thread_count = area_count(f, TRACE_AREA_THREAD);
	if (m->thread_count > 65536)
		m->thread_count = 65536; /* what a block can name */
	m->threads = pool_array(&m->pool, m->thread_count, sizeof(*m->threads));
	for (uint32_t i = 0; i < m->thread_count; i++) {
		struct thread *to = &m->threads[i];
		const char *name = "";

		to->name = name;
		if (!i || !ELEMENT(f, TRACE_AREA_THREAD, i, &t) || !t.tid)
			continue;
		if (t.long_name)
			name = text_at(m, f, t.long_name);
		to->tid = t.tid;
		to->main = t.flags & TRACE_THREAD_MAIN;
		to->name = name && *name ? name : pool_text_n(&m->pool, t.name, strnlen(t.name, sizeof(t.name)));
	}
}

static int read_nodes(struct model *m, const struct trace_file *f)
{
	struct trace_node t;
	uint32_t module;

	m->node_count = area_count(f, TRACE_AREA_NODE);
	m->nodes = pool_array(&m->pool, m->node_count, sizeof(*m->nodes));
	for (uint32_t i = 1; i < m->node_count; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_NODE, i, &t);

		if (!from || !t.where)
			continue;
		if (check_index(f, from, &t.parent, m->node_count, "a frame's caller lies nowhere"))
			return -1;
		m->nodes[i].parent = t.parent;
		if (t.flags & TRACE_NODE_SCOPE) {
			m->nodes[i].scope = trace_node_pc(&t) <= UINT32_MAX
						    ? text_at(m, f, (uint32_t)trace_node_pc(&t))
						    : NULL;
			if (!m->nodes[i].scope)
				return file_complain_at(f, from, "a scope's name lies nowhere");
			continue;
		}
		module = trace_node_module(&t);
		if (check_index(f, from, &module, m->module_count, "a frame's module lies nowhere"))
			return -1;
		m->nodes[i].pc = trace_node_pc(&t);
		m->nodes[i].module = (uint16_t)module;
		if (m->modules[module].kind == MODULE_JAVA)
			m->nodes[i].java = trace_java_frame_of(m->nodes[i].pc);
		if (m->nodes[i].java >= m->java_frame_count)
			m->nodes[i].java = 0;
		m->nodes[i].exact = t.flags & TRACE_NODE_EXACT;
		m->nodes[i].cut = t.flags & TRACE_NODE_CUT;
	}
	return 0;
}

static int read_sites(struct model *m, const struct trace_file *f)
{
	struct trace_site t;
	struct trace_shared shared;
	struct trace_pending p;

	m->site_count = area_count(f, TRACE_AREA_SITE);
	m->sites = pool_array(&m->pool, m->site_count, sizeof(*m->sites));
	for (uint32_t i = 1; i < m->site_count; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_SITE, i, &t);

		if (!from || !t.node)
			continue;
		if (check_index(f, from, &t.node, m->node_count, "a site's stack lies nowhere"))
			return -1;
		m->sites[i].node = t.node;
		if (!(t.owner & TRACE_SITE_SHARED) || !ELEMENT(f, TRACE_AREA_SHARED, i, &shared))
			shared = (struct trace_shared){0};
		m->sites[i].ever_blocks = t.own_blocks + shared.blocks;
		m->sites[i].ever_bytes = t.own_bytes + shared.bytes;
		m->sites[i].peak = t.peak;
	}
	for (uint32_t i = 1; i < f->areas[TRACE_AREA_PENDING].used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_PENDING, i, &p);

		if (!from || !p.site)
			continue;
		if (check_index(f, from, &p.site, m->site_count, "a count belongs to no site"))
			return -1;
		m->sites[p.site].ever_blocks += p.blocks;
		m->sites[p.site].ever_bytes += p.bytes;
	}
	return 0;
}

static bool is_living(const struct trace_block *t)
{
	return trace_block_address(t) && trace_block_family(t) != TRACE_FAMILY_GONE;
}

static uint32_t count_living(const struct trace_file *f)
{
	struct trace_block t;
	uint32_t count = 0;

	for (uint32_t i = 1; i < f->areas[TRACE_AREA_BLOCK].used; i++)
		if (ELEMENT(f, TRACE_AREA_BLOCK, i, &t) && is_living(&t))
			count++;
	return count;
}

/* slots: by BLOCK index, 1 + the block's index in the model; 0: not alive. */
static int read_blocks(struct model *m, const struct trace_file *f, uint32_t *slots)
{
	struct trace_block t;
	uint32_t thread;

	m->blocks = pool_array(&m->pool, count_living(f), sizeof(*m->blocks));
	for (uint32_t i = 1; i < f->areas[TRACE_AREA_BLOCK].used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_BLOCK, i, &t);
		struct block *to;

		if (!from || !is_living(&t))
			continue;
		thread = trace_block_thread(&t);
		if (check_index(f, from, &t.site, m->site_count, "a block's site lies nowhere") ||
		    check_index(f, from, &thread, m->thread_count, "a block's thread lies nowhere"))
			return -1;
		to = &m->blocks[m->block_count++];
		to->address = trace_block_address(&t);
		to->size = trace_block_size(&t);
		to->time_us = trace_block_time(&t);
		to->site = t.site;
		to->thread = (uint16_t)thread;
		to->family = trace_block_family(&t) < FAMILIES ? trace_block_family(&t) & 15 : 0;
		to->rate = trace_block_rate(&t) & 15;
		to->class = t.what & TRACE_BLOCK_IGNORED ? CLASS_IGNORED : CLASS_UNCLASSIFIED;
		m->is_sampled |= to->rate != 0;
		slots[i] = m->block_count; /* 1 + its index */
	}
	return 0;
}

static int read_own_blocks(struct model *m, const struct trace_file *f)
{
	uint32_t *slots = pool_array(&m->pool, area_count(f, TRACE_AREA_BLOCK), sizeof(*slots));
	int result = read_blocks(m, f, slots);

	if (!result)
		read_scan_areas(m, f, slots);
	return result;
}

static int read_mismatches(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_MISMATCH].used;
	struct trace_mismatch t;

	m->mismatches = pool_array(&m->pool, used, sizeof(*m->mismatches));
	for (uint32_t i = 1; i < used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_MISMATCH, i, &t);

		if (!from || !t.count)
			continue;
		if (t.site >= m->site_count || t.node >= m->node_count ||
		    t.thread >= m->thread_count || t.made_by >= FAMILIES ||
		    t.released_by >= FAMILIES)
			return file_complain_at(f, from, "a mismatch leads nowhere");
		m->mismatches[m->mismatch_count++] = (struct mismatch){
			.site = t.site,
			.node = t.node,
			.made_by = (enum family)t.made_by,
			.released_by = (enum family)t.released_by,
			.thread = (uint16_t)t.thread,
			.count = t.count,
			.bytes = t.bytes,
			.first_us = t.first_us,
			.last_us = t.last_us,
		};
	}
	return 0;
}

static int by_site(const void *left, const void *right)
{
	const struct release *a = left, *b = right;

	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	return a->count > b->count ? -1 : a->count < b->count;
}

static int read_releases(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_RELEASE].used;
	struct trace_release t;

	m->releases = pool_array(&m->pool, used, sizeof(*m->releases));
	for (uint32_t i = 1; i < used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_RELEASE, i, &t);
		struct release *to = &m->releases[m->release_count];

		if (!from || !t.count)
			continue;
		if (check_index(f, from, &t.site, m->site_count, "a release belongs to no site") ||
		    check_index(f, from, &t.node, m->node_count, "a release's stack lies nowhere"))
			return -1;
		*to = (struct release){ .site = t.site, .node = t.node, .foreign = t.foreign, .count = t.count,
					.max_us = t.max_us };
		memcpy(to->ages, t.ages, sizeof(to->ages));
		m->release_count++;
	}
	if (m->release_count)
		qsort(m->releases, m->release_count, sizeof(*m->releases), by_site);
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct watched *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

/* Those that are alive, and no longer than what lies there was made by their site. */
static void keep_living(struct model *m)
{
	uint32_t kept = 0;

	if (m->watched_count)
		qsort(m->watched, m->watched_count, sizeof(*m->watched), by_address);
	for (uint32_t i = 0; i < m->block_count && m->watched_count; i++) {
		struct watched key = { .address = m->blocks[i].address };
		struct watched *found = bsearch(&key, m->watched, m->watched_count, sizeof(key), by_address);

		if (found && found->site == m->blocks[i].site)
			found->is_alive = true;
	}
	for (uint32_t i = 0; i < m->watched_count; i++)
		if (m->watched[i].is_alive)
			m->watched[kept++] = m->watched[i];
	m->watched_count = kept;
}

static int read_focus(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_FOCUS].used;
	struct trace_focus t;

	m->watched = pool_array(&m->pool, used + 1u, sizeof(*m->watched));
	m->watched_left_out = f->header->focus_left_out;
	for (uint32_t i = 1; i < used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_FOCUS, i, &t);

		if (!from || !t.site)
			continue;
		if (check_index(f, from, &t.site, m->site_count, "a block in focus belongs to no site") ||
		    check_index(f, from, &t.held, m->node_count, "an event's stack lies nowhere") ||
		    check_index(f, from, &t.lost, m->node_count, "an event's stack lies nowhere") ||
		    check_index(f, from, &t.holder_site, m->site_count, "a holder belongs to no site") ||
		    check_index(f, from, &t.instead, m->site_count, "what took a block's place belongs to no site") ||
		    check_index(f, from, &t.holder_frame, m->node_count, "a holder's frame lies nowhere"))
			return -1;
		m->watched[m->watched_count++] = (struct watched){
			.site = t.site, .address = t.address, .held = t.held, .lost = t.lost,
			.holder = t.holder < HOLDERS ? (enum holder_kind)t.holder : HOLDER_UNKNOWN,
			.holder_site = t.holder_site, .holder_frame = t.holder_frame, .holder_at = t.holder_at,
			.loss = t.status == TRACE_FOCUS_LOST && t.loss < LOSSES ? (enum loss_kind)t.loss : LOSS_NONE,
			.events = t.events, .instead = t.instead, .is_stale = t.stale == 1, .may_be_stale = t.stale == 2 };
	}
	keep_living(m);
	return 0;
}

static int read_parted(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_PARTED].used;
	struct trace_parted t;

	m->parted = pool_array(&m->pool, used + 1u, sizeof(*m->parted));
	for (uint32_t i = 1; i < used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_PARTED, i, &t);

		if (!from || !t.site)
			continue;
		if (check_index(f, from, &t.site, m->site_count, "a block that was followed belongs to no site"))
			return -1;
		m->parted[m->parted_count++] = (struct parted){
			.site = t.site, .used = t.used, .common = t.common, .parted = t.parted, .lost = t.lost, .owner = t.owner,
			.beside = t.beside, .is_owner = t.flags & TRACE_PARTED_OWNER, .is_overwritten = t.flags & TRACE_PARTED_OVERWRITTEN,
			.is_cleared = t.flags & TRACE_PARTED_CLEARED, .was_jumped = t.flags & TRACE_PARTED_JUMPED,
			.was_resized = t.flags & TRACE_PARTED_RESIZED, .is_thread_end = t.flags & TRACE_PARTED_ENDED,
			.is_local = t.flags & TRACE_PARTED_LOCAL, .is_earlier = t.flags & TRACE_PARTED_EARLIER,
			.is_last = t.flags & TRACE_PARTED_LAST, .is_joined = t.flags & TRACE_PARTED_JOINED, .is_passed = t.flags & TRACE_PARTED_PASSED,
			.is_handled = t.flags & TRACE_PARTED_HANDLED,
			.is_counted = t.flags & TRACE_PARTED_COUNTED, .is_raised = t.flags & TRACE_PARTED_RAISED,
			.healthy = t.healthy, .followed = t.followed };
	}
	return 0;
}

static bool is_running(const struct trace_header *h, int pid)
{
	return process_is_running((pid_t)h->pid, h->process_start) ||
	       (pid && process_is_running(pid, h->process_start));
}

static enum ending ending_of(const struct trace_header *h, int pid)
{
	if (h->flags & TRACE_FLAG_MERGED)
		return ENDING_MERGED;
	switch (h->end) {
	case TRACE_END_NONE:
		if (h->flags & TRACE_FLAG_COPY)
			return ENDING_SNAPSHOT;
		return is_running(h, pid) ? ENDING_RUNNING : ENDING_UNKNOWN;
	case TRACE_END_EXIT:
		return ENDING_EXIT;
	case TRACE_END_FAST_EXIT:
		return ENDING_FAST_EXIT;
	case TRACE_END_QUICK_EXIT:
		return ENDING_QUICK_EXIT;
	case TRACE_END_ABORT:
		return ENDING_ABORT;
	case TRACE_END_SIGNAL:
		return ENDING_SIGNAL;
	case TRACE_END_EXEC:
		return ENDING_EXEC;
	case TRACE_END_CALL:
		return ENDING_CALL;
	default:
		return ENDING_UNKNOWN;
	}
}

static uint64_t time_now(const struct trace_header *h)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
	return ns > h->start_monotonic_ns ? (ns - h->start_monotonic_ns) / 1000u : 0;
}

static uint64_t time_last_seen(const struct model *m)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < m->block_count; i++)
		if (m->blocks[i].time_us > last)
			last = m->blocks[i].time_us;
	return last;
}

static const char *level_name(uint32_t level)
{
	static const char *const names[] = { "disabled", "simple", "advanced", "paranoid" };

	return level < 4 ? names[level] : "unknown";
}

static void read_header(struct model *m, const struct trace_header *h, int pid)
{
	m->pid = h->pid;
	m->ppid = h->ppid;
	m->program = pool_text_n(&m->pool, h->program, strnlen(h->program, sizeof(h->program)));
	m->executable = pool_text_n(&m->pool, h->executable,
				    strnlen(h->executable, sizeof(h->executable)));
	m->stop_reason = pool_text_n(&m->pool, h->stop_reason,
				     strnlen(h->stop_reason, sizeof(h->stop_reason)));
	m->level = level_name(trace_level(h));
	m->start_realtime_ns = h->start_realtime_ns;
	m->ending = ending_of(h, pid);
	m->is_detail_unknown = h->end_detail == TRACE_DETAIL_UNKNOWN;
	m->ending_detail = m->is_detail_unknown ? 0 : h->end_detail;
	m->is_forked = h->flags & TRACE_FLAG_FORKED;
	m->is_stopped = h->flags & TRACE_FLAG_STOPPED;
	m->filter = (struct filter){
		.is_seen = h->filtered & TRACE_FILTER_SEEN,
		.is_opaque = h->filtered & TRACE_FILTER_OPAQUE,
		.left_out = h->calls_left_out,
		.calls = system_call_names(&m->pool, h->left_out, sizeof(h->left_out) / sizeof(*h->left_out)),
		.own_call = h->own_call ? system_call_name(&m->pool, h->own_call - 1) : NULL,
	};
	memcpy(m->drops, h->drops, sizeof(m->drops));
	memcpy(m->sample_bytes, h->sample_bytes, sizeof(m->sample_bytes));
}

static int read_areas(struct model *m, const struct trace_file *f)
{
	int result;

	read_threads(m, f);
	if ((result = read_java_areas(m, f)) || (result = read_modules(m, f)) || (result = read_nodes(m, f)) ||
	    (result = read_sites(m, f)) ||
	    (result = m->ending == ENDING_MERGED ? read_merged_areas(m, f) : read_own_blocks(m, f)))
		return result;
	if ((result = read_mismatches(m, f)) || (result = read_releases(m, f)) || (result = read_focus(m, f)) || (result = read_parted(m, f)) || (result = read_python(m, f)) ||
	    (result = read_resource_areas(m, f)))
		return result;
	read_resource_processes(m);
	return 0;
}

int read_trace(struct model *m, const char *path, const struct read_options *how)
{
	struct trace_file f;
	int result;

	memset(m, 0, sizeof(*m));
	if (file_open(&f, path, how->partial))
		return -1;
	m->path = pool_text(&m->pool, path);
	m->is_partial = f.is_partial;
	read_header(m, f.header, how->pid);
	m->suppressions = text_at(m, &f, f.header->suppressions);
	result = read_areas(m, &f);
	if (m->ending == ENDING_RUNNING)
		m->now_us = time_now(f.header);
	else if (f.header->end_time && m->ending != ENDING_UNKNOWN)
		m->now_us = f.header->end_time;
	else
		m->now_us = time_last_seen(m);
	if (!result && how->copy_to)
		result = file_copy(&f, how->copy_to, m->now_us);
	file_close(&f);
	return result;
}
