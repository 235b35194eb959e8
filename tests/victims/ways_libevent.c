/* SPDX-License-Identifier: MIT */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include "ways.h"

static struct event_base *base(void) { static struct event_base *b; if (!b) b = event_base_new(); return b; }
static void nothing(evutil_socket_t fd, short what, void *data) { }
static void final(struct event *e, void *data) { }
WAY(event_freed) { struct event *e = event_new(base(), -1, 0, nothing, NULL); END(event_free(e)); }
WAY(event_finalized)
{
	struct event *e = event_new(base(), -1, 0, nothing, NULL);
	if (!forget) { event_free_finalize(0, e, final); event_base_loop(base(), EVLOOP_NONBLOCK); }
}
WAY(event_base_freed) { struct event_base *b = event_base_new(); END(event_base_free(b)); }
WAY(event_base_freed_first)
{
	struct event_base *b = event_base_new(); struct event *e = event_new(b, -1, 0, nothing, NULL);
	struct timeval t = {9, 0}; event_add(e, &t); event_base_free(b); END(event_free(e));
}
WAY(event_base_nofinalize) { struct event_base *b = event_base_new(); END(event_base_free_nofinalize(b)); }
WAY(event_config)
{
	struct event_config *c = event_config_new(); struct event_base *b = event_base_new_with_config(c);
	event_base_free(b); END(event_config_free(c));
}
WAY(buffer_freed) { struct evbuffer *b = evbuffer_new(); END(evbuffer_free(b)); }
WAY(buffer_drained_into)
{
	struct evbuffer *a = evbuffer_new(), *b = evbuffer_new(); evbuffer_add(a, "x", 1);
	evbuffer_add_buffer(b, a); evbuffer_free(a); END(evbuffer_free(b));
}
WAY(buffer_referenced)
{
	struct evbuffer *a = evbuffer_new(), *b = evbuffer_new(); evbuffer_add(a, "x", 1);
	evbuffer_add_buffer_reference(b, a); evbuffer_free(a); END(evbuffer_free(b));
}
WAY(buffer_freed_before_reference)
{
	struct evbuffer *a = evbuffer_new(), *b = evbuffer_new(); evbuffer_add(a, "x", 1);
	evbuffer_add_buffer_reference(b, a); END(evbuffer_free(a)); evbuffer_free(b);
}
static void changed(struct evbuffer *b, const struct evbuffer_cb_info *i, void *d) { }
WAY(buffer_deferred)
{
	struct evbuffer *b = evbuffer_new(); evbuffer_defer_callbacks(b, base());
	evbuffer_add_cb(b, changed, NULL); evbuffer_add(b, "x", 1); END(evbuffer_free(b));
	event_base_loop(base(), EVLOOP_NONBLOCK);
}
WAY(bufferevent_freed)
{
	struct bufferevent *b = bufferevent_socket_new(base(), -1, 0); END(bufferevent_free(b));
	event_base_loop(base(), EVLOOP_NONBLOCK);
}
WAY(bufferevent_deferred)
{
	struct bufferevent *b = bufferevent_socket_new(base(), -1, BEV_OPT_DEFER_CALLBACKS);
	bufferevent_write(b, "x", 1); END(bufferevent_free(b)); event_base_loop(base(), EVLOOP_NONBLOCK);
}
WAY(bufferevent_shared)
{
	struct bufferevent *b = bufferevent_socket_new(base(), -1, 0); bufferevent_incref(b); bufferevent_free(b);
	END(bufferevent_decref(b)); event_base_loop(base(), EVLOOP_NONBLOCK);
}
WAY(bufferevent_pair)
{
	struct bufferevent *p[2]; bufferevent_pair_new(base(), 0, p); bufferevent_free(p[0]);
	END(bufferevent_free(p[1])); event_base_loop(base(), EVLOOP_NONBLOCK);
}
static enum bufferevent_filter_result same(struct evbuffer *a, struct evbuffer *b, ev_ssize_t n,
	enum bufferevent_flush_mode m, void *c)
{
	evbuffer_add_buffer(b, a); return BEV_OK;
}
WAY(bufferevent_filter)
{
	struct bufferevent *b = bufferevent_socket_new(base(), -1, 0), *f = bufferevent_filter_new(b, same, same,
		BEV_OPT_CLOSE_ON_FREE, NULL, NULL);
	END(bufferevent_free(f)); event_base_loop(base(), EVLOOP_NONBLOCK);
}
static void came(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *d) { }
WAY(listener)
{
	struct sockaddr_in a = {AF_INET};
	struct evconnlistener *l = evconnlistener_new_bind(base(), came, NULL, LEV_OPT_CLOSE_ON_FREE, -1,
		(void *)&a, sizeof a);
	END(evconnlistener_free(l));
}
static void answer(struct evhttp_request *r, void *d)
{
	struct evbuffer *b = evbuffer_new(); evbuffer_add(b, "x", 1); evhttp_send_reply(r, 200, "OK", b);
	evbuffer_free(b);
}
static struct evhttp_request *kept;
static void got(struct evhttp_request *r, void *d) { if (r && d)
{
	evhttp_request_own(r); kept = r; } event_base_loopbreak(base());
}
static void ask(int forget, int keep)
{
	struct evhttp *h = evhttp_new(base());
	struct evhttp_bound_socket *s = evhttp_bind_socket_with_handle(h, "127.0.0.1", 0);
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	getsockname(evhttp_bound_socket_get_fd(s), (void *)&a, &n);
	evhttp_set_gencb(h, answer, NULL);
	struct evhttp_connection *c = evhttp_connection_base_new(base(), NULL, "127.0.0.1", ntohs(a.sin_port));
	evhttp_make_request(c, evhttp_request_new(got, keep ? c : NULL), EVHTTP_REQ_GET, "/");
	event_base_dispatch(base());
	evhttp_connection_free(c);
	if (keep && !forget)
		evhttp_request_free(kept);
	kept = NULL;
	evhttp_free(h);
	event_base_loop(base(), EVLOOP_NONBLOCK);
}
WAY(request_served) { ask(forget, 0); }
WAY(request_kept) { ask(forget, 1); }
WAY(request_freed) { struct evhttp_request *r = evhttp_request_new(got, NULL); END(evhttp_request_free(r)); }
WAY(http_freed) { struct evhttp *h = evhttp_new(base()); evhttp_bind_socket(h, "127.0.0.1", 0); END(evhttp_free(h)); }
WAY(uri) { struct evhttp_uri *u = evhttp_uri_parse("http://a/b"); END(evhttp_uri_free(u)); }
WAY(dns) { struct evdns_base *d = evdns_base_new(base(), 0); END(evdns_base_free(d, 0)); }

int main(int n, char **words)
{
	return go_all_ways(n, words);
}
