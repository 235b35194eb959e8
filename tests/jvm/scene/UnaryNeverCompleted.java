// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** The handler answers and forgets onCompleted(): each call lasts until the client's deadline. */
public final class UnaryNeverCompleted extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(Stage.note("Hello " + request.getText())); // MISSING
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new UnaryNeverCompleted())) {
            Stage.failing(() -> stage.blocking.watch(Stage.note("a method that is not there")).hasNext());
            Stage.Reader reader = new Stage.Reader(6);
            for (int i = 0; i < 6; i++) {
                stage.async.withDeadlineAfter(2, TimeUnit.SECONDS).say(Stage.note("Ada"), reader);
            }
            reader.await();
        }
    }
}
