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
            Stage.failing(() -> stage.blocking.withDeadlineAfter(3, TimeUnit.SECONDS).say(Stage.note("first")));
            for (int i = 0; i < 5; i++) {
                Stage.failing(() -> stage.blocking.withDeadlineAfter(200, TimeUnit.MILLISECONDS).say(Stage.note("Ada")));
            }
        }
    }
}
