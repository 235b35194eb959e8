// SPDX-License-Identifier: MIT
// A message that its handler forgot to delete, and a slice that was taken out of it and not given back; "clean" does both.
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>
#include <cstring>
#include <string>
#include <vector>

__attribute__((noinline)) static grpc::ByteBuffer *make_message(const std::string &text)
{
	grpc::Slice slice(text);
	return new grpc::ByteBuffer(&slice, 1);
}

int main(int argc, char **argv)
{
	bool clean = argc > 1 && !strcmp(argv[1], "clean");
	grpc::ChannelArguments arguments; // initialises the library
	auto channel = grpc::CreateCustomChannel("127.0.0.1:1", grpc::InsecureChannelCredentials(), arguments);

	for (int i = 0; i < 4; i++) {
		grpc::ByteBuffer *message = make_message(std::string(900, 'x'));
		std::vector<grpc::Slice> slices;

		message->Dump(&slices);
		grpc_slice raw = slices[0].c_slice(); // with a reference of its own
		if (clean || i != 3)
			grpc_slice_unref(raw);
		if (clean || i % 2)
			delete message;
	}
	return 0;
}
