// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** An interceptor turns a call away and does not close it: the handler never hears of it. */
public final class InterceptorNeverCloses extends NotesGrpc.NotesImplBase {
    private static final class Gate implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
                                                           ServerCallHandler<Q, A> next) {
            if (!headers.containsKey(Metadata.Key.of("ticket", Metadata.ASCII_STRING_MARSHALLER))) {
                call.request(1); // MISSING
                return new ServerCall.Listener<Q>() { };
            }
            return next.startCall(call, headers);
        }
    }

    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(request);
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(() -> ServerInterceptors.intercept(new InterceptorNeverCloses(), new Gate()))) {
            Stage.Reader reader = new Stage.Reader(8);
            for (int i = 0; i < 8; i++) {
                stage.async.withDeadlineAfter(1, TimeUnit.SECONDS).say(Stage.note("Ada"), reader);
            }
            reader.await();
        }
    }
}
