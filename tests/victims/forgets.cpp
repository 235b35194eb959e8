/* SPDX-License-Identifier: MIT */
/* Thirty ways in which programs forget memory, each with its right twin: argv[1] names one, "clean" as argv[2] does it
 * right. Without arguments it lists them. */
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <netdb.h>
#include <new>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdexcept>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>
#include <locale.h>

static bool clean;

/* The compiler may not leave an allocation out. */
static void *made(void *p) { asm volatile("" : "+r"(p) : : "memory"); return p; }
#define CASE(name) __attribute__((noinline)) static void name()

struct Node { Node *next; char text[40]; };
static Node *head;

CASE(early_return)
{
	struct Local { static int parse(const char *text) {
		char *copy = strdup(text);
		if (strchr(copy, '!')) {
			if (clean) free(copy);
			return -1;
		}
		free(copy);
		return 0;
	} };
	Local::parse("fine");
	Local::parse("bad!");
}

CASE(overwritten_pointer)
{
	char *p = (char *)made(malloc(50));
	if (clean) free(p);
	p = (char *)made(malloc(60));
	free(p);
}

CASE(overwritten_global)
{
	static char *current;
	for (int i = 0; i < 3; i++) {
		if (clean) free(current);
		current = (char *)made(malloc(70 + i));
	}
}

CASE(realloc_by_hand)
{
	char *old = (char *)made(malloc(30)), *bigger = (char *)made(malloc(90));
	memcpy(bigger, old, 30);
	if (clean) free(old);
	free(bigger);
}

CASE(list_without_its_tail)
{
	for (int i = 0; i < 5; i++) {
		Node *n = (Node *)made(malloc(sizeof *n));
		n->next = head, head = n;
	}
	if (clean)
		for (Node *n = head->next, *next; n; n = next) next = n->next, free(n);
	head->next = 0; /* four are lost: one leak that drags three */
}

CASE(tree_without_its_left)
{
	struct Tree { Tree *left, *right; };
	static Tree *root;
	root = (Tree *)made(calloc(1, sizeof(Tree)));
	root->left = (Tree *)made(calloc(1, sizeof(Tree)));
	root->left->left = (Tree *)made(calloc(1, sizeof(Tree)));
	root->right = (Tree *)made(calloc(1, sizeof(Tree)));
	if (clean) free(root->left->left), free(root->left);
	root->left = root->right;
}

CASE(cycle)
{
	Node *a = (Node *)made(malloc(sizeof *a)), *b = (Node *)made(malloc(sizeof *b));
	a->next = b, b->next = a;
	if (clean) free(a), free(b);
}

CASE(freed_holder)
{
	struct Holder { char *name; } *h = (Holder *)made(malloc(sizeof *h));
	h->name = strdup("a name of some length");
	if (clean) free(h->name);
	free(h);
}

CASE(failed_constructor)
{
	struct Part { char *text; Part() : text((char *)made(malloc(44))) { if (!clean) throw std::runtime_error("no"); } ~Part() { free(text); } };
	try { Part part; } catch (const std::exception &) { }
}

CASE(thrown_over)
{
	struct Local { static void fails() { throw 1; } };
	char *p = new char[33];
	try { Local::fails(); delete[] p; } catch (int) { if (clean) delete[] p; }
}

CASE(no_virtual_destructor)
{
	struct Base { int n = 1; };
	struct Derived : Base { std::vector<int> more = std::vector<int>(20); };
	Derived *d = new Derived;
	if (clean) delete d;
	else operator delete(d); /* what a deletion through Base does */
}

CASE(shared_cycle)
{
	struct Peer { std::shared_ptr<Peer> other; std::weak_ptr<Peer> weak; };
	auto a = std::make_shared<Peer>(), b = std::make_shared<Peer>();
	a->other = b;
	if (clean) b->weak = a; else b->other = a;
}

CASE(function_that_holds_itself)
{
	auto f = std::make_shared<std::function<void()>>();
	*f = [f] { (void)f; };
	if (clean) *f = nullptr;
}

CASE(released_unique)
{
	std::unique_ptr<std::string> p(new std::string(100, 'x'));
	std::string *raw = p.release();
	if (clean) delete raw;
}

CASE(cleared_vector)
{
	static std::vector<std::string *> all;
	for (int i = 0; i < 4; i++) all.push_back(new std::string(60, 'a'));
	if (clean) for (auto *s : all) delete s;
	all.clear();
	all.shrink_to_fit();
}

CASE(map_value_replaced)
{
	static auto &table = *new std::map<int, char *>;
	table[1] = strdup("first value here");
	if (clean) free(table[1]);
	table[1] = strdup("second value here");
}

CASE(erased_entry)
{
	static std::unordered_map<std::string, Node *> table;
	table["key"] = (Node *)made(calloc(1, sizeof(Node)));
	if (clean) free(table["key"]);
	table.erase("key");
	table = {};
}

CASE(placement_over_a_living_object)
{
	static std::string *s = new std::string(80, 'x');
	if (clean) s->~basic_string();
	new (s) std::string(90, 'y');
}

static void *thread_keeps(void *)
{
	char *p = (char *)made(malloc(123));
	if (clean) free(p);
	return 0;
}

CASE(thread_ends)
{
	pthread_t t;
	pthread_create(&t, 0, thread_keeps, 0);
	pthread_join(t, 0);
}

static void *thread_returns(void *) { return malloc(77); }

CASE(result_of_a_thread)
{
	pthread_t t;
	void *result;
	pthread_create(&t, 0, thread_returns, 0);
	pthread_join(t, clean ? &result : 0);
	if (clean) free(result);
}

static pthread_key_t key;
static void drop(void *p) { if (clean) free(p); }
static void *sets_key(void *) { pthread_setspecific(key, malloc(88)); return 0; }

CASE(key_without_destructor)
{
	pthread_t t;
	pthread_key_create(&key, drop);
	pthread_create(&t, 0, sets_key, 0);
	pthread_join(t, 0);
}

CASE(getline_buffer)
{
	FILE *f = fopen("/proc/self/status", "r");
	for (int i = 0; i < 2; i++) {
		char *line = 0;
		size_t room = 0;
		if (getline(&line, &room, f) < 0) abort();
		if (clean || i) free(line);
	}
	fclose(f);
}

CASE(asprintf_result)
{
	char *text;
	if (asprintf(&text, "%d", 5) < 0) abort();
	if (clean) free(text);
}

CASE(open_directory)
{
	DIR *d = opendir("/proc/self");
	while (readdir(d)) ;
	if (clean) closedir(d);
	else close(dirfd(d));
}

CASE(scandir_entries)
{
	struct dirent **list;
	int n = scandir("/proc/self/task", &list, 0, alphasort);
	for (int i = 0; i < n; i++) if (clean || i == 0) free(list[i]);
	free(list);
}

CASE(compiled_expression)
{
	regex_t r;
	regcomp(&r, "^[a-z]+$", REG_EXTENDED);
	if (clean) regfree(&r);
}

CASE(resolved_addresses)
{
	struct addrinfo hints = {}, *found;
	hints.ai_flags = AI_NUMERICHOST;
	if (getaddrinfo("127.0.0.1", 0, &hints, &found)) abort();
	if (clean) freeaddrinfo(found);
}

CASE(duplicated_locale)
{
	locale_t l = newlocale(LC_ALL_MASK, "C.UTF-8", 0), copy = duplocale(l);
	if (clean) freelocale(copy);
	freelocale(l);
}

CASE(real_path)
{
	char *path = realpath("/proc/../etc", 0);
	if (clean) free(path);
}

CASE(queue_not_drained)
{
	static std::list<char *> *queue = new std::list<char *>;
	for (int i = 0; i < 3; i++) queue->push_back((char *)made(malloc(55)));
	if (clean) for (char *p : *queue) free(p);
	delete queue;
	queue = 0;
}

static const struct { const char *name; void (*run)(); } cases[] = {
#define ENTRY(name) {#name, name}
	ENTRY(early_return), ENTRY(overwritten_pointer), ENTRY(overwritten_global), ENTRY(realloc_by_hand),
	ENTRY(list_without_its_tail), ENTRY(tree_without_its_left), ENTRY(cycle), ENTRY(freed_holder),
	ENTRY(failed_constructor), ENTRY(thrown_over), ENTRY(no_virtual_destructor), ENTRY(shared_cycle),
	ENTRY(function_that_holds_itself), ENTRY(released_unique), ENTRY(cleared_vector), ENTRY(map_value_replaced),
	ENTRY(erased_entry), ENTRY(placement_over_a_living_object), ENTRY(thread_ends), ENTRY(result_of_a_thread),
	ENTRY(key_without_destructor), ENTRY(getline_buffer), ENTRY(asprintf_result), ENTRY(open_directory),
	ENTRY(scandir_entries), ENTRY(compiled_expression), ENTRY(resolved_addresses), ENTRY(duplicated_locale),
	ENTRY(real_path), ENTRY(queue_not_drained),
};

int main(int argc, char **argv)
{
	clean = argc > 2 && !strcmp(argv[2], "clean");
	for (auto &c : cases) {
		if (argc < 2)
			puts(c.name);
		else if (!strcmp(c.name, argv[1]))
			return c.run(), 0;
	}
	return argc < 2 ? 0 : 3;
}
