/* SPDX-License-Identifier: MIT */
/* answer: error-path|never-released; in Thumbnailer::render|render; at the lines between the marks */
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>
namespace gfx {
struct Bitmap { int w, h; std::uint8_t *px; };
Bitmap *allocBitmap(int w, int h) { auto *b = new Bitmap{w, h, new std::uint8_t[size_t(w) * h]}; std::memset(b->px, 7, size_t(w) * h); return b; }
void freeBitmap(Bitmap *b) { delete[] b->px; delete b; }
}
class Thumbnailer {
    int limit;
    std::vector<int> sums;
public:
    explicit Thumbnailer(int l) : limit(l) {}
    bool render(const std::string &name, int w, int h)
    {
        gfx::Bitmap *full = gfx::allocBitmap(w, h);
        if (w > limit || h > limit) {
            std::fprintf(stderr, "%s: too large\n", name.c_str()); // <<<
#ifndef FAULT
            gfx::freeBitmap(full);
#endif
            return false; // >>>
        }
        int s = 0;
        for (int i = 0; i < w * h; i += 3)
            s += full->px[i];
        sums.push_back(s);
        gfx::freeBitmap(full);
        return true;
    }
    size_t count() const { return sums.size(); }
};
int main()
{
    Thumbnailer t(32);
    for (int i = 0; i < 20; ++i)
        t.render("image-" + std::to_string(i), 10 + i, i % 5 == 0 ? 40 : 20);
    std::printf("%zu\n", t.count());
}
