/* SPDX-License-Identifier: MIT */
/* Counted packets of C++: three are left, one of a template's two instances. */
#include <cstddef>
#include <string>

namespace net {
struct Packet {
	int refs = 1;
	char data[60];
	static Packet *create(const std::string &name);
	static Packet *create(std::size_t size);
	void retain() { refs++; }
	void release();
	void release(int by);
};
template <class T> struct Pool {
	static T *take();
	static void give(T *t);
};
}

#define APART __attribute__((noinline, noclone))
APART net::Packet *net::Packet::create(const std::string &) { return new Packet; }
APART net::Packet *net::Packet::create(std::size_t) { return new Packet; }
APART void net::Packet::release() { if (!--refs) delete this; }
APART void net::Packet::release(int by) { if (!(refs -= by)) delete this; }
template <class T> APART T *net::Pool<T>::take() { return new T(); }
template <class T> APART void net::Pool<T>::give(T *t) { delete t; }
template struct net::Pool<net::Packet>;
template struct net::Pool<int>;

APART static void lose()
{
	net::Packet::create("lost");
	net::Packet::create(64);
	net::Pool<net::Packet>::take();
}

int main()
{
	net::Packet::create("first")->release();
	net::Packet::create(64)->release(1);
	net::Pool<int>::give(net::Pool<int>::take());
	lose();
}
