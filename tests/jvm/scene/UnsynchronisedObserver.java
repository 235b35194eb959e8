// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Four threads write into one StreamObserver, and nothing keeps them apart. */
public final class UnsynchronisedObserver extends NotesGrpc.NotesImplBase {
    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread writer = new Thread(() -> write(answers), "writer-" + i);
            writers.add(writer);
            writer.start();
        }
        try {
            for (Thread writer : writers) {
                writer.join();
            }
            answers.onCompleted();
        } catch (InterruptedException | RuntimeException broken) {
            // the race has broken the call
        }
    }

    private static void write(StreamObserver<Note> answers) {
        for (int i = 0; i < 200; i++) {
            try {
                answers.onNext(Stage.note("page " + i)); // MISSING
            } catch (RuntimeException broken) {
                // the race has broken the call
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Stage stage = new Stage(new UnsynchronisedObserver());
        for (int i = 0; i < 8; i++) {
            Stage.Reader reader = new Stage.Reader();
            stage.async.withDeadlineAfter(1000, TimeUnit.MILLISECONDS).watch(Stage.note("Ada"), reader);
            reader.await();
        }
        stage.channel.shutdownNow();
        stage.server.shutdownNow();
        stage.close();
    }
}
