// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** The client opens streams, sends into them, and forgets that it has to end them; the server waits. */
public final class ClientNeverHalfCloses extends NotesGrpc.NotesImplBase {
    @Override
    public StreamObserver<Note> upload(StreamObserver<Note> answer) {
        return new StreamObserver<>() {
            private int notes;

            @Override
            public void onNext(Note note) {
                notes++;
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
        Thread.sleep(300);
        stage.channel.shutdown();
        stage.channel.awaitTermination(500, TimeUnit.MILLISECONDS);
        Collecting.giveNettyAChance();
        System.exit(0);
    }
}
