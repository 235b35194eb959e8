// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.CountDownLatch;

/** The client has sent everything and waits for its answer; the handler never gives one. */
public final class ClientStreamNeverCompleted extends NotesGrpc.NotesImplBase {
    private static final CountDownLatch SERVED = new CountDownLatch(10);

    @Override
    public StreamObserver<Note> upload(StreamObserver<Note> answer) {
        return new StreamObserver<>() { // MISSING
            private int bytes;

            @Override
            public void onNext(Note note) {
                bytes += note.getBody().size();
            }

            @Override
            public void onError(Throwable error) {
            }

            @Override
            public void onCompleted() {
                SERVED.countDown();
            }
        };
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ClientStreamNeverCompleted())) {
            Stage.Reader reader = new Stage.Reader(10);
            for (int i = 0; i < 10; i++) {
                StreamObserver<Note> upload = stage.async.upload(reader);
                upload.onNext(Stage.note("one"));
                upload.onNext(Stage.note("two"));
                upload.onCompleted();
            }
            SERVED.await();
            Thread.sleep(100);
            stage.channel.shutdownNow();
            reader.await();
        }
    }
}
