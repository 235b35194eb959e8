/* SPDX-License-Identifier: MIT */
/* answer: double-release; in log_sample|measure; at the lines between the marks */
#include <cstdio>
#include <cstdlib>
#include <cstring>

class Sample {
public:
	explicit Sample(int n) : count_(n), values_(static_cast<double *>(malloc(n * sizeof(double))))
	{
		for (int i = 0; i < n; i++)
			values_[i] = i * 0.5;
	}
	~Sample() { free(values_); }
	double mean() const
	{
		double s = 0;
		for (int i = 0; i < count_; i++)
			s += values_[i];
		return s / count_;
	}

private:
	int count_;
	double *values_;
};

#ifdef FAULT
__attribute__((noinline)) static void log_sample(const char *what, Sample s)
#else
__attribute__((noinline)) static void log_sample(const char *what, const Sample &s)
#endif
{
	printf("%s %.2f\n", what, s.mean()); // <<<
} // >>>

static double measure(int n)
{
	Sample s(100 + n); // <<<
	double m = s.mean();
	if (n == 7)
		log_sample("odd one", s);
	return m;
} // >>>

int main()
{
	double sum = 0;
	for (int n = 0; n < 20; n++)
		sum += measure(n);
	printf("%.1f\n", sum);
}
