// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** All messages of a stream are sent, and its end is not. */
public final class ServerStreamNeverCompleted extends NotesGrpc.NotesImplBase {
    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        for (int i = 0; i < 5; i++) {
            answers.onNext(Stage.note("page " + i)); // MISSING
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ServerStreamNeverCompleted())) {
            for (int i = 0; i < 10; i++) {
                Stage.Reader reader = new Stage.Reader();
                stage.async.withDeadlineAfter(100, TimeUnit.MILLISECONDS).watch(Stage.note("Ada"), reader);
                reader.await();
            }
        }
    }
}
