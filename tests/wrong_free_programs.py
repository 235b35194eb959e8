# SPDX-License-Identifier: MIT
"""Wrong frees by cause (CWE-415, 590, 761, 762) and by the way of the pointer, each with its right twin, in one program.

python3 wrong_free_programs.py LEAKSHIM [STEP]: a table beside Valgrind, of every STEPth variant."""
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# what is acquired, what is done first, what is done last; the right twin leaves the first out, or has other ends
CAUSES = {
    415: {"malloc": ("malloc(40)", "free(p);", "free(p);"),
          "calloc": ("calloc(5, 8)", "free(p);", "free(p);"),
          "realloc": ("realloc(malloc(10), 4000)", "free(p);", "free(p);"),
          "strdup": ("strdup(\"some text\")", "free(p);", "free(p);"),
          "aligned_alloc": ("aligned_alloc(64, 128)", "free(p);", "free(p);"),
          "posix_memalign": ("aligned(256)", "free(p);", "free(p);"),
          "large": ("malloc(1 << 20)", "free(p);", "free(p);"),
          "moved": ("malloc(10)", "(void)!realloc(p, 200000);", "free(p);"),
          "new": ("new char", "delete p;", "delete p;"),
          "new_array": ("new char[40]", "delete[] p;", "delete[] p;"),
          "new_nothrow": ("new (std::nothrow) char[40]", "delete[] p;", "delete[] p;"),
          "free_then_realloc": ("malloc(40)", "free(p);", "free(realloc(p, 80));")},
    590: {"stack": ("local", "", "free(p);"), "stack_inside": ("local + 16", "", "free(p);"),
          "stack_delete": ("local", "", "delete p;"), "stack_delete_array": ("local", "", "delete[] p;"),
          "stack_realloc": ("local", "", "free(realloc(p, 100));"),
          "static": ("fixed", "", "free(p);"), "static_inside": ("fixed + 16", "", "free(p);"),
          "static_delete": ("fixed", "", "delete p;"), "literal": ("(char *)\"some constant text\"", "", "free(p);"),
          "data": ("data + 8", "", "free(p);"), "function": ("(char *)(void *)aligned", "", "free(p);"),
          "mapped": ("mapped()", "", "free(p);")},
    761: {"one": ("malloc(40)", "p += 1;", "free(p);"), "sixteen": ("malloc(400)", "p += 16;", "free(p);"),
          "searched": ("strdup(\"a needle in some hay\")", "while (*p != 'n') p++;", "free(p);"),
          "large": ("malloc(1 << 20)", "p += 70000;", "free(p);"), "realloc": ("malloc(400)", "p += 32;", "free(realloc(p, 10));"),
          "new_array": ("new char[400]", "p += 16;", "delete[] p;"), "new": ("new char[400]", "p += 8;", "delete p;"),
          "end": ("malloc(40)", "p += 39;", "free(p);")},
    762: {"malloc_delete": ("malloc(40)", "", "delete p;"), "malloc_delete_array": ("malloc(40)", "", "delete[] p;"),
          "calloc_delete": ("calloc(5, 8)", "", "delete p;"), "realloc_delete": ("realloc(malloc(10), 50)", "", "delete[] p;"),
          "strdup_delete": ("strdup(\"some text\")", "", "delete[] p;"), "aligned_delete": ("aligned_alloc(64, 128)", "", "delete p;"),
          "new_free": ("new char", "", "free(p);"), "new_array_free": ("new char[40]", "", "free(p);"),
          "new_array_delete": ("new char[40]", "", "delete p;"), "new_delete_array": ("new char", "", "delete[] p;"),
          "new_realloc": ("new char[40]", "", "free(realloc(p, 100));"), "nothrow_free": ("new (std::nothrow) char[40]", "", "free(p);")},
}
FINDINGS = {415: {"freed-twice"}, 590: {"freed-stack", "freed-static", "freed-foreign"}, 761: {"freed-inside"}, 762: {"mismatch"}}
FLOWS = {
    "local": "char *p = c.acquire(local); c.first(p); c.last(p);",
    "function": "char *p = c.acquire(local); c.first(p); pass(c, p);",
    "functions": "char *p = c.acquire(local); c.first(p); pass_on(c, p);",
    "returned": "char *p = give(c, local); c.first(p); c.last(p);",
    "reference": "char *p; fill(c, local, p); c.first(p); c.last(p);",
    "address": "char *p; fill_at(c, local, &p); c.first(p); c.last(p);",
    "structure": "struct { int n; char *p; } s = {1, c.acquire(local)}; c.first(s.p); c.last(s.p);",
    "structure_on_heap": "Node *s = new Node; s->p = c.acquire(local); c.first(s->p); c.last(s->p); delete s;",
    "global": "global = c.acquire(local); c.first(global); c.last(global);",
    "array": "char *a[4]; a[2] = c.acquire(local); c.first(a[2]); c.last(a[2]);",
    "loop": "char *a[3] = {0}; for (int i = 0; i < 1; i++) a[i] = c.acquire(local); for (int i = 0; i < 1; i++) { c.first(a[i]); c.last(a[i]); }",
    "branch": "char *p = c.acquire(local); if (five == 5) c.first(p); else return; if (five != 4) c.last(p);",
    "switch": "char *p = c.acquire(local); switch (five) { case 5: c.first(p); break; default: return; } c.last(p);",
    "callback": "char *p = c.acquire(local); call(c.first, p); c.last(p);",
    "list": "Node n = {0, c.acquire(local)}, m = {&n, 0}; c.first(m.next->p); c.last(m.next->p);",
    "vector": "std::vector<char *> v; v.push_back(c.acquire(local)); c.first(v[0]); for (char *p : v) c.last(p);",
    "map": "std::map<int, char *> v; v[3] = c.acquire(local); c.first(v[3]); c.last(v[3]);",
    "member": "Owner o(c, c.acquire(local)); c.first(o.p);",
    "lambda": "char *p = c.acquire(local); auto f = [&] { c.first(p); }; f(); c.last(p);",
    "copied": "char *p = c.acquire(local), *q; memcpy(&q, &p, sizeof q); c.first(q); c.last(q);",
    "thread": "char *p = c.acquire(local); std::thread t([&] { c.first(p); }); t.join(); c.last(p);",
}
SUPPORT = r"""
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <sys/mman.h>
#include <thread>
#include <vector>
struct Cause { const char *name; char *(*acquire)(char *local); void (*first)(char *&p); void (*last)(char *p); };
struct Node { Node *next; char *p; };
struct Owner { const Cause &c; char *p; Owner(const Cause &cause, char *q) : c(cause), p(q) {} ~Owner() { c.last(p); } };
static char *global, fixed[64], data[64] = "data";
static volatile int five = 5;
#define APART __attribute__((noinline, unused)) static
APART char *aligned(size_t n) { void *p; return posix_memalign(&p, 64, n) ? 0 : (char *)p; }
APART char *mapped() { return (char *)mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096; }
APART void pass(const Cause &c, char *p) { c.last(p); }
APART void pass_on(const Cause &c, char *p) { pass(c, p); }
APART char *give(const Cause &c, char *local) { return c.acquire(local); }
APART void fill(const Cause &c, char *local, char *&p) { p = c.acquire(local); }
APART void fill_at(const Cause &c, char *local, char **p) { *p = c.acquire(local); }
APART void call(void (*f)(char *&), char *&p) { f(p); }
"""
RELEASES = {"new char[": "delete[] p;", "new (std::nothrow) char[": "delete[] p;", "new char": "delete p;"}


def right(cause, acquire, last):
    """The same without the mistake."""
    if cause == 590:
        acquire = "new char[64]" if "delete[]" in last else "new char" if "delete" in last else "malloc(64)"
    if cause == 762 or cause == 761:
        start = next((word for word in RELEASES if acquire.startswith(word)), None)
        last = RELEASES[start] if start else "free(p);"
    return acquire, "", last


def variants():
    for cause, sources in CAUSES.items():
        for source, flow in itertools.product(sources, FLOWS):
            yield cause, source, flow


def sample(per_source):
    """Each source with as many ways, all ways about equally often."""
    flows, at = list(FLOWS), 0
    for cause, sources in CAUSES.items():
        for source in sources:
            for _ in range(per_source):
                yield cause, source, flows[at % len(flows)]
                at += 1


def program(is_right):
    lines = [SUPPORT]
    table = []
    for cause, sources in CAUSES.items():
        for source, words in sources.items():
            acquire, first, last = right(cause, words[0], words[2]) if is_right else words
            name = f"c{cause}_{source}"
            lines.append(f"APART char *{name}_acquire(char *local) {{ (void)local; return (char *)({acquire}); }}\n"
                         f"APART void {name}_first(char *&p) {{ (void)p; {first} }}\n"
                         f"APART void {name}_last(char *p) {{ {last} }}")
            table.append(f'{{"{cause} {source}", {name}_acquire, {name}_first, {name}_last}}')
    lines.append("static const Cause causes[] = {" + ", ".join(table) + "};")
    for flow, body in FLOWS.items():
        lines.append(f"APART void flow_{flow}(const Cause &c) {{ char local[64] = \"local\"; (void)local; {body} }}")
    flows = ", ".join(f'{{"{flow}", flow_{flow}}}' for flow in FLOWS)
    lines.append("static const struct { const char *name; void (*run)(const Cause &); } flows[] = {" + flows + "};\n"
                 "int main(int argc, char **argv)\n{\n"
                 "\tfor (const Cause &c : causes)\n\t\tfor (auto &f : flows)\n"
                 "\t\t\tif (argc < 3 || (!strcmp(argv[1], c.name) && !strcmp(argv[2], f.name)))\n\t\t\t\tf.run(c);\n}\n")
    return "\n".join(lines)


def compiled(folder, is_right, compiler="g++"):
    out = Path(folder) / ("right" if is_right else "wrong")
    subprocess.run([compiler, "-g", "-O0", "-w", "-pthread", "-x", "c++", "-", "-o", out], input=program(is_right), text=True, check=True,
                   timeout=120)
    return out


def words_of(cause, source, flow):
    return [f"{cause} {source}", flow]


def seen_by_valgrind(wrong, variant):
    text = subprocess.run(["valgrind", "-q", "--leak-check=no", wrong, *words_of(*variant)], capture_output=True, text=True).stderr
    return "Invalid free" in text or "Mismatched free" in text or "invalid realloc" in text.lower()


def seen_by(leakshim, wrong, variant, folder, env):
    """The kinds of findings."""
    trace = Path(folder) / "t.trace"
    trace.unlink(missing_ok=True)
    subprocess.run([leakshim, "run", "-o", trace, "--", wrong, *words_of(*variant)], capture_output=True, env=env)
    report = subprocess.run([leakshim, "report", "--format", "json", trace], capture_output=True, env=env)
    return {finding["kind"] for finding in json.loads(report.stdout)["findings"]}


def main(leakshim, step=7):
    with tempfile.TemporaryDirectory() as folder:
        wrong = compiled(folder, False)
        env = {**os.environ, "TMPDIR": folder}
        print(f"{'cause':8}{'variants':>9}{'leakshim':>9}{'Valgrind':>9}")
        for cause in CAUSES:
            chosen = [v for v in variants() if v[0] == cause][::step]
            ours = [bool(seen_by(leakshim, wrong, v, folder, env) & FINDINGS[cause]) for v in chosen]
            theirs = [seen_by_valgrind(wrong, v) for v in chosen]
            print(f"CWE-{cause:<4}{len(chosen):9}{sum(ours):9}{sum(theirs):9}",
                  *[" ".join(words_of(*v)) for v, seen in zip(chosen, ours) if not seen])


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
