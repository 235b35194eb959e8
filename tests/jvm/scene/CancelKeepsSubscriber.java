// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Subscribers of a topic are kept in a list, from which those that cancelled are never taken. */
public final class CancelKeepsSubscriber extends NotesGrpc.NotesImplBase {
    private static final List<StreamObserver<Note>> SUBSCRIBERS = new CopyOnWriteArrayList<>();

    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        answers.onNext(Stage.note("welcome")); // MISSING
        SUBSCRIBERS.add(answers);
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new CancelKeepsSubscriber())) {
            for (int i = 0; i < 10; i++) {
                Context.CancellableContext call = Context.current().withCancellation();
                Stage.Reader reader = new Stage.Reader();
                call.run(() -> stage.async.watch(Stage.note("Ada"), reader));
                while (reader.notes < 1) {
                    Thread.sleep(1);
                }
                call.cancel(null);
                reader.await();
            }
        }
    }
}
