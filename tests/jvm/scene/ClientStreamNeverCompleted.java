// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;

/** The client has sent everything and waits for its answer; the handler never gives one. */
public final class ClientStreamNeverCompleted extends NotesGrpc.NotesImplBase {
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
            }
        };
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ClientStreamNeverCompleted())) {
            for (int i = 0; i < 10; i++) {
                Stage.Reader reader = new Stage.Reader();
                StreamObserver<Note> upload = stage.async.withDeadlineAfter(100, TimeUnit.MILLISECONDS).upload(reader);
                upload.onNext(Stage.note("one"));
                upload.onNext(Stage.note("two"));
                upload.onCompleted();
                reader.await();
            }
        }
    }
}
