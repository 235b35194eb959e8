/* SPDX-License-Identifier: MIT */
/* A slice is kept without unref, a byte buffer is not destroyed, a queue is not drained. */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <string.h>

static grpc_byte_buffer *make(grpc_slice *slice)
{
	char text[500] = "payload";
	*slice = grpc_slice_from_copied_buffer(text, sizeof(text));
	return grpc_raw_byte_buffer_create(slice, 1);
}

int main(int argc, char **argv)
{
	grpc_init();
	for (int i = 0; i < 3; i++) {
		grpc_slice slice;
		grpc_byte_buffer *buffer = make(&slice);
		if (i || (argc > 1 && !strcmp(argv[1], "clean")))
			grpc_byte_buffer_destroy(buffer);
		if (i != 1 || (argc > 1 && !strcmp(argv[1], "clean")))
			grpc_slice_unref(slice);
	}
	grpc_shutdown();
	return 0;
}
