/* SPDX-License-Identifier: MIT */
/* Two calls that are never finished, and a queue that is neither drained nor destroyed; `clean` ends them all. */
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <string.h>

static int is_clean;

static grpc_call *start(grpc_channel *channel, grpc_completion_queue *queue)
{
	return grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
					grpc_slice_from_static_string("/a.B/C"), NULL,
					gpr_time_from_seconds(5, GPR_TIMESPAN), NULL);
}

static void drain(grpc_completion_queue *queue)
{
	grpc_completion_queue_shutdown(queue);
	while (grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type != GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(queue);
}

int main(int argc, char **argv)
{
	grpc_completion_queue *queue;
	grpc_channel_credentials *credentials;
	grpc_channel *channel;

	is_clean = argc > 1 && !strcmp(argv[1], "clean");
	grpc_init();
	queue = grpc_completion_queue_create_for_next(NULL);
	credentials = grpc_insecure_credentials_create();
	channel = grpc_channel_create("127.0.0.1:1", credentials, NULL);
	grpc_channel_credentials_release(credentials);
	for (int i = 0; i < 5; i++) {
		grpc_call *call = start(channel, queue);

		if (is_clean || i % 2 == 0)
			grpc_call_unref(call);
		call = NULL;
	}
	grpc_channel_destroy(channel);
	if (is_clean)
		drain(queue);
	queue = NULL;
	grpc_shutdown();
	return 0;
}
