// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** The handler catches an exception, and tells the client nothing of it. */
public final class CatchNeverAnswers extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        try {
            int number = Integer.parseInt(request.getText());
            answers.onNext(Stage.note("" + 2 * number));
            answers.onCompleted(); // MISSING
        } catch (NumberFormatException wrong) {
            Thread.yield();
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new CatchNeverAnswers())) {
            stage.blocking.say(Stage.note("7"));
            Stage.Reader reader = new Stage.Reader(6);
            for (int i = 0; i < 6; i++) {
                stage.async.withDeadlineAfter(1, TimeUnit.SECONDS).say(Stage.note("seven"), reader);
            }
            reader.await();
        }
    }
}
