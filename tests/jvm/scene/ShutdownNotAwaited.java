// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;

/** The channel is told to shut down, and the program ends while it still works. */
public final class ShutdownNotAwaited extends NotesGrpc.NotesImplBase {
    private static final CountDownLatch HALF = new CountDownLatch(20);

    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        for (int i = 0; i < 100; i++) {
            answers.onNext(Stage.note("page " + i, 10_000));
            if (i == 50) {
                HALF.countDown();
            }
        }
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        Stage stage = new Stage(new ShutdownNotAwaited());
        for (int i = 0; i < 20; i++) {
            stage.async.watch(Stage.note("Ada"), new Stage.Reader());
        }
        HALF.await();
        stage.channel.shutdown(); // MISSING
        stage.server.shutdown();
        Collecting.giveNettyAChance();
        System.exit(0);
    }
}
