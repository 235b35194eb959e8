/* SPDX-License-Identifier: MIT */
/* answer: cycle|owner-freed; in subscribe|Button::subscribe|Window|Window::Window|make_window|main; at the lines between the marks */
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>
struct Window;
struct Button {
    std::vector<std::function<void()>> handlers;
    void subscribe(std::function<void()> f) { handlers.push_back(std::move(f)); } // <<< >>>
    void click() { for (auto &h : handlers) h(); }
};
struct Window {
    std::string title;
    Button ok;
    int closed = 0;
    explicit Window(std::string t) : title(std::move(t)) {}
};
static std::shared_ptr<Window> make_window(int i)
{
    auto w = std::make_shared<Window>("a window with a title, number " + std::to_string(i));
#ifdef FAULT
    w->ok.subscribe([w] { w->closed++; }); // <<< >>>
#else
    w->ok.subscribe([p = w.get()] { p->closed++; });
#endif
    return w;
}
int main()
{
    int n = 0;
    for (int i = 0; i < 7; i++) {
        auto w = make_window(i);
        w->ok.click();
        n += w->closed;
    }
    std::printf("%d\n", n);
}
