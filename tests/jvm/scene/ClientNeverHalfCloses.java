// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The client opens streams, sends into them, and forgets that it has to end them; the server waits. */
public final class ClientNeverHalfCloses extends NotesGrpc.NotesImplBase {
    private static final CountDownLatch RECEIVED = new CountDownLatch(10);

    @Override
    public StreamObserver<Note> upload(StreamObserver<Note> answer) {
        return new StreamObserver<>() {
            private int notes;

            @Override
            public void onNext(Note note) {
                notes++;
                RECEIVED.countDown();
            }

            @Override
            public void onError(Throwable error) {
            }

            @Override
            public void onCompleted() {
                answer.onNext(Stage.note(notes + " notes"));
                answer.onCompleted();
            }
        };
    }

    public static void main(String[] arguments) throws Exception {
        Stage stage = new Stage(new ClientNeverHalfCloses());
        for (int i = 0; i < 10; i++) {
            StreamObserver<Note> upload = stage.async.upload(new Stage.Reader());
            upload.onNext(Stage.note("one")); // MISSING
        }
        RECEIVED.await();
        Thread.sleep(100);
        stage.channel.shutdown();
        stage.channel.awaitTermination(500, TimeUnit.MILLISECONDS);
        Collecting.giveNettyAChance();
        System.exit(0);
    }
}
