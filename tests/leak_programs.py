# SPDX-License-Identifier: MIT
"""Programs that lose memory; one made of many small ones: each way to allocate in each flow of control, once leaking and once not.

The pairs are chosen as public suites of static analysers choose theirs: one fault, reached through one construct of
the language, and a twin that differs by the release alone.
"""
FORGET_AND_BUILD = r"""
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; char *text; };
static char *forget(int n) { char *p = malloc(n); memset(p, 1, n); return p; }
static void build(int n) {
	struct node *head = 0;
	for (int i = 0; i < n; i++) {
		struct node *x = malloc(sizeof *x);
		x->next = head;
		x->text = strdup("text");
		head = x;
	}
}
"""  # forget(n) loses n bytes; build(n) loses a list of n nodes with a text each

ALLOCATE = {  # name: type, allocation, release
    "malloc": ("char *", 'p = (char *)malloc(100); if (!p) exit(9); strcpy(p, "text");', "free(p);"),
    "calloc": ("int *", "p = (int *)calloc(100, sizeof(int)); if (!p) exit(9); p[0] = 5;", "free(p);"),
    "realloc": ("char *", "p = NULL; p = (char *)realloc(p, 100); if (!p) exit(9); p[0] = 0;", "free(p);"),
    "strdup": ("char *", 'char own[] = "text"; p = strdup(own);', "free(p);"),
    "memalign": ("char *", "if (posix_memalign((void **)&p, 64, 100)) exit(9); p[0] = 0;", "free(p);"),
    "wcsdup": ("wchar_t *", 'wchar_t own[] = L"text"; p = wcsdup(own);', "free(p);"),
    "new": ("struct two *", "p = new struct two; p->a = 1;", "delete p;"),
    "new_array": ("struct two *", "p = new struct two[100]; p[0].a = 1;", "delete[] p;"),
    "new_class": ("Owner *", "p = new Owner(7);", "delete p;"),
}
FLOW = {  # T: type, A: allocation, F: release
    "straight": "{T} p; {A} {F}",
    "if_global": "{T} p = NULL; if (yes) {{ {A} }} if (five == 5) {{ {F} }}",
    "if_call": "{T} p = NULL; if (is_true()) {{ {A} }} if (is_true()) {{ {F} }}",
    "switch": "{T} p = NULL; switch (six) {{ case 6: {{ {A} break; }} default: break; }} switch (six) {{ case 6: {{ {F} break; }} default: break; }}",
    "while": "{T} p = NULL; while (1) {{ {A} break; }} while (1) {{ {F} break; }}",
    "for": "{T} p = NULL; for (int i = 0; i < 1; i++) {{ {A} }} for (int i = 0; i < 1; i++) {{ {F} }}",
    "goto": "{T} p = NULL; goto one; one: {{ {A} }} goto two; two: {{ {F} }}",
    "two_pointers": "{T} p = NULL; {T} *a = &p; {T} *b = &p; {{ {T} p = *a; {A} *a = p; }} {{ {T} p = *b; {F} }}",
    "reference": "{T} p; {T} &r = p; {A} {{ {T} p = r; {F} }}",
    "member": "struct {{ {T} m; }} s; {{ {T} p; {A} s.m = p; }} {{ {T} p = s.m; {F} }}",
    "array": "{T} a[5]; {{ {T} p; {A} a[2] = p; }} {{ {T} p = a[2]; {F} }}",
    "union": "union {{ {T} one; {T} two; }} u; {{ {T} p; {A} u.one = p; }} {{ {T} p = u.two; {F} }}",
    "vector": "std::vector<{T}> v; {{ {T} p; {A} v.push_back(p); }} {{ {T} p = v[0]; {F} }}",
    "list": "std::list<{T}> v; {{ {T} p; {A} v.push_back(p); }} {{ {T} p = v.back(); {F} }}",
    "map": "std::map<int, {T}> v; {{ {T} p; {A} v[1] = p; }} {{ {T} p = v[1]; {F} }}",
    "passed": "struct S {{ NOT_INLINED static void take({T} p) {{ {F} }} }}; {T} p; {A} S::take(p);",
    "passed_twice": "struct S {{ NOT_INLINED static void b({T} p) {{ {F} }} static void a({T} p) {{ b(p); }} }}; {T} p; {A} S::a(p);",
    "returned": "struct S {{ NOT_INLINED static {T} give() {{ {T} p; {A} return p; }} }}; {T} p = S::give(); {F}",
    "function_pointer": "struct S {{ static void take({T} p) {{ {F} }} }}; void (*volatile f)({T}) = S::take; {T} p; {A} f(p);",
    "virtual": "struct B {{ virtual void take({T} p) {{ {F} }} virtual ~B() {{}} }}; B *b = new B; {T} p; {A} b->take(p); delete b;",
    "thread": "struct S {{ static void *run(void *) {{ {T} p; {A} {F} return 0; }} }}; pthread_t t; pthread_create(&t, 0, S::run, 0); pthread_join(t, 0);",
    "exception": "{T} p; {A} try {{ throw 1; }} catch (int) {{ {F} }}",
}
HEAD = """#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <list>
#include <map>
#include <pthread.h>
#include <vector>
#define NOT_INLINED __attribute__((noinline))
#define KEEP(p) asm volatile("" : "+r"(p) : : "memory") /* the compiler may not leave the allocation out */
struct two { int a, b; };
struct Owner { char *text; explicit Owner(int n) : text(new char[n + 10]) { text[0] = 0; } ~Owner() { delete[] text; } };
int yes = 1, five = 5, six = 6;
static int is_true() { return yes; }
"""
MAIN = """int main(int argc, char **argv)
{
	for (auto &c : cases)
		if (argc < 2)
			puts(c.name);
		else if (!strcmp(c.name, argv[1]))
			return c.run(), 0;
	return argc < 2 ? 0 : 3;
}
"""


def source():
    functions, table = [], []
    for how, (kind, allocation, release) in ALLOCATE.items():
        for flow, body in FLOW.items():
            for twin, last in (("bad", "(void)p;"), ("good", release)):
                name = f"{how}_{flow}_{twin}"
                text = body.format(T=kind, A=allocation + " KEEP(p);", F=last)
                functions.append(f"NOT_INLINED static void {name}()\n{{\n\t{text}\n}}\n")
                table.append(f'\t{{"{name}", {name}}},\n')
    return HEAD + "".join(functions) + "static const struct { const char *name; void (*run)(); } cases[] = {\n" + \
        "".join(table) + "};\n" + MAIN
