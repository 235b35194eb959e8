// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.Semaphore;

/** Unary calls, a bounded number at once, and how many there are in a second. */
public final class Load extends NotesGrpc.NotesImplBase {
    private static final Semaphore ROOM = new Semaphore(32);

    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(request);
        answers.onCompleted();
    }

    private static void call(Stage stage, Note note) throws InterruptedException {
        ROOM.acquire();
        stage.async.say(note, new StreamObserver<>() {
            @Override
            public void onNext(Note answer) {
            }

            @Override
            public void onError(Throwable error) {
                ROOM.release();
            }

            @Override
            public void onCompleted() {
                ROOM.release();
            }
        });
    }

    public static void main(String[] arguments) throws Exception {
        int calls = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20_000;
        Note note = Stage.note("Ada", 1000);
        try (Stage stage = new Stage(new Load())) {
            for (int i = 0; i < calls / 2; i++) { // until it is compiled
                call(stage, note);
            }
            ROOM.acquire(32);
            ROOM.release(32);
            long cpu = ProcessHandle.current().info().totalCpuDuration().get().toNanos();
            for (int i = 0; i < calls; i++) {
                call(stage, note);
            }
            ROOM.acquire(32);
            ROOM.release(32);
            cpu = ProcessHandle.current().info().totalCpuDuration().get().toNanos() - cpu;
            System.out.printf("%.1f%n", cpu / 1e3 / calls); // microseconds of processor time for each
        }
    }
}
