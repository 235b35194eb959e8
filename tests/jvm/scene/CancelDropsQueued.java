// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** Messages are under way when the client cancels. gRPC-Java 1.63.0 forgets those that come to a stream that is gone. */
public final class CancelDropsQueued extends NotesGrpc.NotesImplBase {
    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        ServerCallStreamObserver<Note> call = (ServerCallStreamObserver<Note>) answers;
        call.setOnCancelHandler(() -> { });
        for (int i = 0; i < 400 && !call.isCancelled(); i++) {
            call.onNext(Stage.note("page " + i, 100));
        }
        if (call.isCancelled()) {
            call.onError(Status.CANCELLED.asRuntimeException());
        } else {
            call.onCompleted();
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new CancelDropsQueued())) {
            for (int i = 0; i < 15; i++) {
                Context.CancellableContext call = Context.current().withCancellation();
                Stage.Reader reader = new Stage.Reader();
                call.run(() -> stage.async.watch(Stage.note("Ada"), reader));
                while (reader.notes < 3) {
                    Thread.onSpinWait();
                }
                call.cancel(null);
                reader.await();
            }
        }
    }
}
