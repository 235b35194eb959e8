/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <curl/curl.h>
#include <nghttp2/nghttp2.h>
#include "ways.h"

WAY(easy) { CURL *c = curl_easy_init(); END(curl_easy_cleanup(c)); }
WAY(easy_dup)
{
	CURL *c = curl_easy_init(), *d = curl_easy_duphandle(c); curl_easy_cleanup(c); END(curl_easy_cleanup(d));
}
static size_t eat(char *p, size_t s, size_t n, void *d) { return s * n; }
WAY(easy_performed)
{
	CURL *c = curl_easy_init(); curl_easy_setopt(c, CURLOPT_URL, "file:///etc/passwd");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, eat); curl_easy_perform(c); curl_easy_reset(c);
	END(curl_easy_cleanup(c));
}
WAY(multi)
{
	CURLM *m = curl_multi_init(); CURL *c = curl_easy_init(); curl_multi_add_handle(m, c);
	curl_multi_remove_handle(m, c); curl_easy_cleanup(c); END(curl_multi_cleanup(m));
}
WAY(multi_ended_first)
{
	CURLM *m = curl_multi_init(); CURL *c = curl_easy_init(); curl_multi_add_handle(m, c);
	curl_multi_cleanup(m); END(curl_easy_cleanup(c));
}
WAY(share) { CURLSH *s = curl_share_init(); END(curl_share_cleanup(s)); }
WAY(curl_url_cleaned) { CURLU *u = curl_url(), *v = curl_url_dup(u); curl_url_cleanup(u); END(curl_url_cleanup(v)); }
WAY(mime)
{
	CURL *c = curl_easy_init(); curl_mime *m = curl_mime_init(c);
	curl_mime_data(curl_mime_addpart(m), "x", 1); END(curl_mime_free(m)); curl_easy_cleanup(c);
}
WAY(mime_in_mime)
{
	CURL *c = curl_easy_init(); curl_mime *m = curl_mime_init(c), *n = curl_mime_init(c);
	curl_mime_subparts(curl_mime_addpart(m), n); END(curl_mime_free(m)); curl_easy_cleanup(c);
}
WAY(mime_headers)
{
	CURL *c = curl_easy_init(); curl_mime *m = curl_mime_init(c);
	curl_mime_headers(curl_mime_addpart(m), curl_slist_append(curl_slist_append(NULL, "a: b"), "c: d"), 1);
	END(curl_mime_free(m)); curl_easy_cleanup(c);
}
WAY(slist) { struct curl_slist *l = curl_slist_append(curl_slist_append(NULL, "a"), "b"); END(curl_slist_free_all(l)); }

WAY(archive_reader) { struct archive *a = archive_read_new(); END(archive_read_free(a)); }
WAY(archive_reader_finished) { struct archive *a = archive_read_new(); END(archive_read_finish(a)); }
WAY(archive_free_any) { struct archive *a = archive_write_new(); END(archive_free(a)); }
WAY(archive_written)
{
	char b[20000]; size_t n; struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new(); archive_write_set_format_ustar(a);
	archive_write_open_memory(a, b, sizeof b, &n); archive_entry_set_pathname(e, "x");
	archive_entry_set_filetype(e, AE_IFREG); archive_write_header(a, e); archive_entry_free(e);
	archive_write_close(a); END(archive_write_finish(a));
}
WAY(archive_disk)
{
	struct archive *a = archive_read_disk_new(), *b = archive_write_disk_new(); archive_read_free(a);
	END(archive_write_free(b));
}
WAY(archive_entry)
{
	struct archive_entry *e = archive_entry_new(), *f = archive_entry_clone(e); archive_entry_free(e);
	END(archive_entry_free(f));
}
WAY(archive_matched)
{
	struct archive *m = archive_match_new(); archive_match_exclude_pattern(m, "x");
	END(archive_match_free(m));
}

WAY(h2_callbacks)
{
	nghttp2_session_callbacks *c; nghttp2_session_callbacks_new(&c); END(nghttp2_session_callbacks_del(c));
}
WAY(h2_session)
{
	nghttp2_session_callbacks *c; nghttp2_session *s; nghttp2_session_callbacks_new(&c);
	nghttp2_session_client_new(&s, c, NULL); nghttp2_session_callbacks_del(c); END(nghttp2_session_del(s));
}
WAY(h2_terminated)
{
	nghttp2_session_callbacks *c; nghttp2_session *s; const uint8_t *d; nghttp2_session_callbacks_new(&c);
	nghttp2_session_server_new(&s, c, NULL); nghttp2_session_callbacks_del(c);
	nghttp2_session_terminate_session(s, 0); while (nghttp2_session_mem_send(s, &d) > 0);
	END(nghttp2_session_del(s));
}
WAY(h2_option) { nghttp2_option *o; nghttp2_option_new(&o); END(nghttp2_option_del(o)); }
static nghttp2_rcbuf *kept;
static int header(nghttp2_session *s, const nghttp2_frame *f, nghttp2_rcbuf *n, nghttp2_rcbuf *v, uint8_t l, void *d)
{
	if (!kept && !nghttp2_rcbuf_is_static(v)) nghttp2_rcbuf_incref(kept = v); return 0;
}
WAY(h2_header_kept)
{
	nghttp2_session_callbacks *c;
	nghttp2_session *s, *t;
	const uint8_t *d;
	ssize_t n;
	nghttp2_nv nv[] = {{(uint8_t *)":method", (uint8_t *)"GET", 7, 3}, {(uint8_t *)":path", (uint8_t *)"/abc", 5,
		4}, {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4}, {(uint8_t *)":authority", (uint8_t *)"a.b", 10, 3},
		{(uint8_t *)"x-y", (uint8_t *)"some value", 3, 10}};

	nghttp2_session_callbacks_new(&c);
	nghttp2_session_callbacks_set_on_header_callback2(c, header);
	nghttp2_session_client_new(&s, c, NULL);
	nghttp2_session_server_new(&t, c, NULL);
	nghttp2_session_callbacks_del(c);
	kept = NULL;
	nghttp2_submit_settings(s, 0, NULL, 0);
	nghttp2_submit_request(s, NULL, nv, 5, NULL, NULL);
	while ((n = nghttp2_session_mem_send(s, &d)) > 0)
		nghttp2_session_mem_recv(t, d, n);
	nghttp2_session_del(s);
	nghttp2_session_del(t);
	if (kept)
		END(nghttp2_rcbuf_decref(kept));
	kept = NULL;
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}
