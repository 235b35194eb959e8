/* SPDX-License-Identifier: MIT */
/* answer: double-release; in adopt|main|scene::adopt; at the lines between the marks */
#include <cstdio>
#include <memory>
#include <vector>

struct mesh {
	float vertices[30];
};

struct scene {
	std::vector<std::shared_ptr<mesh>> meshes;
	void adopt(mesh *m)
	{
		meshes.push_back(std::shared_ptr<mesh>(m)); // <<< >>>
	}
};

int main()
{
	mesh *m = new mesh{};
	{
		scene one; // <<<
		one.adopt(m);
#ifdef FAULT
		scene two;
		two.adopt(m);
#endif
	} // >>>
	puts("done");
}
