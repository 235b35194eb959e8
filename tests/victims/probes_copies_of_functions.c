/* SPDX-License-Identifier: MIT */
/* A static pool whose release exists twice: once as the linker knows it, and as a copy that optimization made. */
struct item { int refs; char data[60]; };
static struct item items[4];

__attribute__((noinline)) struct item *item_take(int i) { items[i].refs = 1; return &items[i]; }
__attribute__((noinline)) void item_give(struct item *i) { i->refs = 0; }
__attribute__((noinline)) static void give_copy(struct item *i) __asm__("item_give" SUFFIX);
static void give_copy(struct item *i) { i->refs = 0; }

int main(void)
{
	item_give(item_take(0));
	give_copy(item_take(1));
}
