/* SPDX-License-Identifier: MIT */
/* answer: exception; in stage::process|process|pipeline::feed|feed; at the lines between the marks */
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
struct sample { double v; char tag[40]; };
class stage {
  double low, high;
public:
  stage(double l, double h) : low(l), high(h) {}
  double process(const std::string &text)
  {
    sample *s = new sample(); // <<<
    s->v = std::stod(text);
    if (s->v < low || s->v > high)
      throw std::range_error("out of range: " + text); // >>>
    double r = (s->v - low) / (high - low);
    delete s;
    return r;
  }
};
#ifdef FAULT
static bool usable(const std::string &) { return true; }
#else
static bool usable(const std::string &t) { return t.find_first_not_of("0123456789.") == std::string::npos && t.size() < 4; }
#endif
int main()
{
  stage st(0, 100);
  const char *in[] = { "1", "22.5", "1000", "77", "x", "12" };
  double sum = 0;
  int bad = 0;
  for (int i = 0; i < 36; i++) {
    std::string text = in[i % 6];
    if (!usable(text)) { bad++; continue; }
    try {
      sum += st.process(text);
    } catch (const std::exception &e) {
      bad++;
    }
  }
  std::printf("%.1f %d\n", sum, bad);
}
