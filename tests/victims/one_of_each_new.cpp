// SPDX-License-Identifier: MIT
// Makes one object by the operator new named in argv[1] and never deletes it; with argv[2] it is
// released by the operator named there. A good report knows which pairs are wrong.
#include <cstdlib>
#include <cstring>
#include <new>

static void *make(const char *by)
{
	const std::align_val_t al{64};

	return !strcmp(by, "new")		? ::operator new(501)
	       : !strcmp(by, "new[]")		? ::operator new[](502)
	       : !strcmp(by, "new_nothrow")	? ::operator new(503, std::nothrow)
	       : !strcmp(by, "new[]_nothrow")	? ::operator new[](504, std::nothrow)
	       : !strcmp(by, "new_aligned")	? ::operator new(512, al)
	       : !strcmp(by, "new[]_aligned")	? ::operator new[](576, al)
	       : !strcmp(by, "new_aligned_nothrow") ? ::operator new(640, al, std::nothrow)
						: malloc(505);
}

static void release(void *p, const char *by)
{
	const std::align_val_t al{64};

	!strcmp(by, "delete")		   ? ::operator delete(p)
	: !strcmp(by, "delete_sized")	   ? ::operator delete(p, std::size_t(501))
	: !strcmp(by, "delete[]")	   ? ::operator delete[](p)
	: !strcmp(by, "delete[]_sized")	   ? ::operator delete[](p, std::size_t(502))
	: !strcmp(by, "delete_aligned")	   ? ::operator delete(p, al)
	: !strcmp(by, "delete[]_aligned")  ? ::operator delete[](p, al)
	: !strcmp(by, "delete_nothrow")	   ? ::operator delete(p, std::nothrow)
	: !strcmp(by, "realloc")	   ? free(realloc(p, 4000))
					   : free(p);
}

static void *volatile kept;

int main(int argc, char **argv)
{
	kept = make(argc > 1 ? argv[1] : "malloc");
	if (argc > 2)
		release(kept, argv[2]);
}
