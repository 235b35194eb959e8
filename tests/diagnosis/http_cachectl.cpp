/* SPDX-License-Identifier: MIT */
/* answer: error-path; in handle; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

struct Request {
	std::string path, etag;
};

struct Response {
	int status = 200;
	std::string etag;
	std::vector<std::string> headers;
	std::string body;
};

class Files {
	std::unordered_map<std::string, std::string> contents;

public:
	Files()
	{
		contents["/index.html"] = "<html><body>A page that is somewhat longer than a word</body></html>";
		contents["/style.css"] = "body { color: black; background: white; margin: 2em }";
	}
	Response *fetch(const std::string &path) const
	{
		auto it = contents.find(path);
		auto *r = new Response;

		if (it == contents.end()) {
			r->status = 404;
			return r;
		}
		r->body = it->second;
		r->etag = "\"" + std::to_string(it->second.size()) + "\"";
		r->headers.push_back("Content-Length: " + std::to_string(it->second.size()));
		return r;
	}
};

static size_t send_status(int status)
{
	char line[64];
	return snprintf(line, sizeof line, "HTTP/1.1 %d %s\r\n\r\n", status, status == 304 ? "Not Modified" : "Error");
}

static size_t handle(const Files &files, const Request &q)
{
	Response *r = files.fetch(q.path);
	size_t sent;

	if (r->status >= 400) {
		sent = send_status(r->status);
		delete r;
		return sent;
	}
	if (!q.etag.empty() && q.etag == r->etag) {
		sent = send_status(304); // <<<
#ifndef FAULT
		delete r;
#endif
		return sent;
	} // >>>
	sent = r->body.size();
	for (const auto &h : r->headers)
		sent += h.size() + 2;
	delete r;
	return sent;
}

int main()
{
	Files files;
	size_t sent = 0;

	for (int i = 0; i < 24; i++) {
		Request q{i % 2 ? "/index.html" : i % 3 ? "/style.css" : "/favicon.ico", i % 5 == 0 ? "\"53\"" : ""};
		if (i % 7 == 3)
			q.etag = "\"68\"";
		sent += handle(files, q);
	}
	printf("%zu\n", sent);
}
