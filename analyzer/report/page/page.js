'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
const PAGE = 100;

/* Names come from a stranger's program: they become text nodes, never markup. */
function make(tag, attributes, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		if (name === 'on') e.addEventListener('click', value);
		else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? '' : value);
	e.append(...children.filter((c) => c !== undefined && c !== null));
	return e;
}
const number = (n) => Math.round(n).toLocaleString('en');
function bytes(n) {
	const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (n >= 10240 && i < units.length - 1) { n /= 1024; i++; }
	return `${i ? n.toFixed(1) : number(n)} ${units[i]}`;
}
const age = (s) => s < 0.004 ? 'under 4 ms' : s < 1 ? `${Math.round(s * 1e3)} ms` : s < 120 ? `${s < 10 ? s.toFixed(1) : Math.round(s)} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;

const groups = data.processes.flatMap((process, at) => process.groups.map((group) => ({ ...group, at })));
const loss = (g) => g.bytes + (g.dragged ? g.dragged.bytes : 0);

function frame(index) {
	const f = data.frames[index];
	const where = f.file ? ` (${f.file.split('/').pop()}:${f.line})` : f.module ? ` in ${f.module.split('/').pop()}+${f.offset}` : '';
	return { ...f, text: (f.function || '?') + where };
}

function source(f) {
	if (!f.source) return undefined;
	const pre = make('pre', { class: 'source', 'aria-label': `${f.file} around line ${f.line}` });
	f.source.lines.forEach((line, i) => {
		const text = `${String(f.source.first + i).padStart(5)}  ${line}\n`;
		pre.append(f.source.first + i === f.line ? make('mark', {}, text) : text);
	});
	return pre;
}

function stack(trail) {
	const list = make('ol', { class: 'stack', 'aria-label': trail.title });
	for (const index of trail.frames) {
		const f = frame(index);
		list.append(make('li', { class: f.library ? 'lib' : undefined, title: f.file || f.module || '' }, f.text + (f.inlined ? ' [inlined]' : ''), source(f)));
	}
	return make('section', {}, make('p', {}, `${trail.title}:`), list);
}

function lifetime(l) {
	if (!l) return undefined;
	const most = age(l.p99) === age(l.p50) ? '' : `, 99 % of them within ${age(l.p99)}`;
	return `Others from here were usually released within ${age(l.p50)}${most} (${number(l.count)} seen).`;
}

function explanation(g) {
	if (!g.because.length && !g.advice && !g.missing && !g.lifetime && !g.holder) return undefined;
	return make('div', { class: 'because' },
		g.missing && make('p', {}, make('b', {}, 'The release is missing here: '), g.missing),
		...g.because.map((text) => make('p', {}, `${text}.`)),
		g.holder && make('p', {}, `Held by: ${g.holder}`),
		g.lifetime && make('p', {}, lifetime(g.lifetime)),
		g.advice && make('p', {}, make('b', {}, 'Advice: '), g.advice));
}

function details(g) {
	return make('div', {},
		make('p', { class: 'dim' }, g.message), explanation(g), ...g.trails.map(stack),
		make('p', { class: 'dim' }, `Group ${g.fingerprint} of ${/ /.test(data.processes[g.at].who) ? "" : "process "}${data.processes[g.at].who}`));
}

function row(g) {
	const element = make('details', { class: 'group', id: `g-${g.fingerprint}-${g.at}` },
		make('summary', {}, make('span', { class: `class ${g.finding || g.growth ? 'finding' : g.class}` }, g.class),
			g.growth ? ` ${bytes(g.bytes)} a minute ` : g.finding ? ` ${number(g.count)} times ` : ` ${number(g.count)} × ${g.type}, ${bytes(g.bytes)}`,
			g.dragged && g.dragged.count ? ` and ${bytes(g.dragged.bytes)} that hang on it ` : ' ',
			make('span', { class: 'place' }, g.place), g.cause ? ` · ${g.cause}` : ''));
	element.addEventListener('toggle', () => { if (element.open && element.children.length === 1) element.append(details(g)); });
	return element;
}

const orders = {
	bytes: (a, b) => loss(b) - loss(a),
	count: (a, b) => b.count - a.count,
	oldest: (a, b) => b.oldest - a.oldest,
	place: (a, b) => a.place.localeCompare(b.place),
};
let shown = PAGE;

function matches(g, words) {
	const text = [g.class, g.type, g.place, g.fingerprint, g.cause, g.message, ...g.trails.flatMap((t) => t.frames.map((i) => frame(i).text))]
		.join('\n').toLowerCase();
	return words.every((word) => text.includes(word));
}

function list() {
	const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
	const only = $('class').value;
	const found = groups.filter((g) => (!only || g.class === only) && matches(g, words));
	if ($('order').value !== 'rank') found.sort(orders[$('order').value]);
	$('groups').replaceChildren(...found.slice(0, shown).map(row));
	$('more').hidden = found.length <= shown;
	$('count').textContent = `${number(found.length)} of ${number(groups.length)} groups`;
}

/* The flame graph: callers below, what they called above; width is bytes or count. */
let zoomed = null, measure = 'bytes';

function tree() {
	const root = { name: 'all', value: 0, children: new Map(), depth: 0 };
	for (const g of groups) {
		const value = measure === 'bytes' ? loss(g) : g.count;
		if (g.finding || g.overdue || g.growth || !value || !g.trails.length) continue;
		root.value += value;
		let at = root;
		for (const index of [...g.trails[0].frames].reverse()) {
			const name = frame(index).function || frame(index).text;
			if (!at.children.has(name)) at.children.set(name, { name, value: 0, children: new Map(), parent: at, depth: at.depth + 1 });
			at = at.children.get(name);
			at.value += value;
		}
	}
	return root;
}

function colour(name) {
	let hash = 0;
	for (const c of name) hash = (hash * 31 + c.codePointAt(0)) | 0;
	return `hsl(${20 + Math.abs(hash) % 40} 85% ${72 + Math.abs(hash >> 8) % 12}%)`;
}

function flame() {
	const root = tree(), box = $('flame'), word = $('find').value.toLowerCase();
	let focus = root, deepest = 0;
	for (const name of zoomed || []) focus = focus.children.get(name) || focus;
	const boxes = [];
	const path = (node) => node.parent ? [...path(node.parent), node.name] : [];
	const draw = (node, left, width, fade) => {
		if (width < 0.002) return;
		deepest = Math.max(deepest, node.depth);
		const hit = word && node.name.toLowerCase().includes(word);
		const text = `${node.name}: ${measure === 'bytes' ? bytes(node.value) : number(node.value)}`;
		const b = make('button', { type: 'button', class: [hit && 'hit', fade && 'fade'].filter(Boolean).join(' ') || undefined, title: text, 'aria-label': text,
			on: () => { zoomed = path(node); flame(); $('flame').querySelector(`[data-depth="${node.depth}"]`)?.focus(); }, 'data-depth': node.depth }, node.name);
		b.style.left = `${left * 100}%`; b.style.width = `${width * 100}%`; b.style.background = colour(node.name);
		boxes.push([b, node.depth]);
		let at = left;
		for (const child of [...node.children.values()].sort((a, b2) => b2.value - a.value)) {
			draw(child, at, width * child.value / node.value, false);
			at += width * child.value / node.value;
		}
	};
	if (root.value) {
		for (let up = focus.parent; up; up = up.parent) {
			const only = { ...up, children: new Map() };
			draw(only, 0, 1, true);
		}
		draw(focus, 0, 1, false);
	}
	for (const [b, depth] of boxes) b.style.top = `${(deepest - depth) * 21}px`;
	box.style.height = `${(deepest + 1) * 21}px`;
	box.replaceChildren(...boxes.map(([b]) => b));
	$('flame-part').hidden = !root.value;
	$('reset').disabled = !(zoomed && zoomed.length);
	if (word) {
		const sum = (node) => node.name.toLowerCase().includes(word) ? node.value : [...node.children.values()].reduce((s, c) => s + sum(c), 0);
		$('found').textContent = `${measure === 'bytes' ? bytes(sum(root)) : number(sum(root))} under “${$('find').value}”`;
	} else $('found').textContent = '';
}

function timeline() {
	const points = data.processes.filter((p) => p.pid === data.processes[0].pid).map((p) => [p.seconds, p.live_bytes]).sort((a, b) => a[0] - b[0]);
	$('time-part').hidden = points.length < 2;
	if (points.length < 2) return;
	const most = Math.max(...points.map((p) => p[1]), 1), first = points[0][0], span = points[points.length - 1][0] - first || 1;
	const ns = 'http://www.w3.org/2000/svg', line = document.createElementNS(ns, 'polyline');
	line.setAttribute('points', points.map(([t, v]) => `${(t - first) / span * 1000},${130 - v / most * 120}`).join(' '));
	$('time').append(line);
	$('time').setAttribute('aria-label', `live bytes over time: ${points.map(([t, v]) => `${bytes(v)} after ${age(t)}`).join(', ')}`);
	$('time-text').textContent = points.map(([t, v]) => `${age(t)}: ${bytes(v)}`).join(' → ');
}

function lifetimes() {
	const known = groups.filter((g) => g.lifetime);
	$('life-part').hidden = !known.length;
	$('life').replaceChildren(...known.slice(0, 50).map((g) => make('tr', {}, make('td', {}, g.place), ...[g.lifetime.p50, g.lifetime.p99, g.lifetime.max]
		.map((s) => make('td', { class: 'number' }, age(s))), make('td', { class: 'number' }, age(g.oldest)))));
}

function head() {
	const first = data.processes[0], classes = {};
	if (!first) return;
	document.title = `leakshim: ${first.program}`;
	$('title').textContent = data.processes.length > 1 ? `${first.program} and ${data.processes.length - 1} more` : first.program;
	$('ended').textContent = data.processes.map((p) => `${/^\d+$/.test(p.who) ? 'pid ' : ''}${p.who}: ${p.ended}`).slice(0, 5).join(' · ');
	for (const p of data.processes)
		for (const [name, total] of Object.entries(p.classes)) {
			classes[name] = classes[name] || { blocks: 0, bytes: 0 };
			classes[name].blocks += total.blocks;
			classes[name].bytes += total.bytes;
		}
	$('tiles').replaceChildren(...Object.entries(classes).filter(([, t]) => t.blocks)
		.map(([name, t]) => make('li', { class: name }, make('b', {}, bytes(t.bytes)), `${name}, ${number(t.blocks)}`)));
	const notes = data.processes.flatMap((p) => p.notes);
	$('notes').hidden = !notes.length;
	$('notes').replaceChildren(...notes.map((n) => make('p', {}, n)));
	for (const name of new Set(groups.map((g) => g.class))) $('class').append(make('option', { value: name }, name));
}

head();
timeline();
lifetimes();
list();
flame();
for (const id of ['filter', 'class', 'order'])
	$(id).addEventListener('input', () => { shown = PAGE; list(); });
$('more').addEventListener('click', () => { shown += PAGE; list(); });
$('find').addEventListener('input', flame);
$('reset').addEventListener('click', () => { zoomed = null; flame(); });
for (const b of document.querySelectorAll('[data-measure]'))
	b.addEventListener('click', () => {
		measure = b.dataset.measure;
		for (const other of document.querySelectorAll('[data-measure]')) other.setAttribute('aria-pressed', other === b);
		flame();
	});
$('flame').addEventListener('keydown', (event) => {
	const all = [...$('flame').children], at = all.indexOf(document.activeElement);
	const depth = at >= 0 ? +all[at].dataset.depth : 0;
	const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], level = { ArrowUp: 1, ArrowDown: -1 }[event.key];
	let next = null;
	if (step) { const same = all.filter((b) => +b.dataset.depth === depth); next = same[same.indexOf(all[at]) + step]; }
	if (level) next = all.find((b) => +b.dataset.depth === depth + level);
	if (event.key === 'Escape') { zoomed = null; flame(); }
	if (next) { next.focus(); event.preventDefault(); }
});
if (location.hash) {
	const target = document.querySelector(`[id^="g-${CSS.escape(location.hash.slice(1))}-"]`);
	if (target) { target.open = true; target.scrollIntoView(); }
}
