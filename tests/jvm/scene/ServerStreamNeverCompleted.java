// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;

/** All messages of a stream are sent, and its end is not. */
public final class ServerStreamNeverCompleted extends NotesGrpc.NotesImplBase {
    private static final CountDownLatch SERVED = new CountDownLatch(10);

    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        for (int i = 0; i < 5; i++) {
            answers.onNext(Stage.note("page " + i)); // MISSING
        }
        SERVED.countDown();
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ServerStreamNeverCompleted())) {
            Stage.Reader reader = new Stage.Reader(10);
            for (int i = 0; i < 10; i++) {
                stage.async.watch(Stage.note("Ada"), reader);
            }
            SERVED.await();
            Thread.sleep(100);
            stage.channel.shutdownNow();
            reader.await();
        }
    }
}
