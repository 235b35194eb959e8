// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;

/** All four kinds of calls, as they should be, also those that end with an error. */
public final class CleanCalls extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        if (request.getText().isEmpty()) {
            answers.onError(Status.INVALID_ARGUMENT.asRuntimeException());
            return;
        }
        answers.onNext(Stage.note("Hello " + request.getText()));
        answers.onCompleted();
    }

    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        for (int i = 0; i < 20; i++) {
            answers.onNext(Stage.note("page " + i, 1000 * i));
        }
        answers.onCompleted();
    }

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
                answer.onError(error);
            }

            @Override
            public void onCompleted() {
                answer.onNext(Stage.note(notes + " notes"));
                answer.onCompleted();
            }
        };
    }

    @Override
    public StreamObserver<Note> chat(StreamObserver<Note> answers) {
        return new StreamObserver<>() {
            @Override
            public void onNext(Note note) {
                answers.onNext(note);
            }

            @Override
            public void onError(Throwable error) {
                answers.onError(error);
            }

            @Override
            public void onCompleted() {
                answers.onCompleted();
            }
        };
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new CleanCalls())) {
            for (int i = 0; i < 20; i++) {
                stage.blocking.say(Stage.note("Ada"));
                Stage.failing(() -> stage.blocking.say(Note.getDefaultInstance()));
                for (Iterator<Note> pages = stage.blocking.watch(Stage.note("Ada")); pages.hasNext();) {
                    pages.next();
                }
                Stage.Reader uploaded = new Stage.Reader();
                send(stage.async.upload(uploaded));
                Stage.Reader chatted = new Stage.Reader();
                send(stage.async.chat(chatted));
                uploaded.await();
                chatted.await();
            }
        }
    }

    private static void send(StreamObserver<Note> requests) {
        for (int i = 0; i < 10; i++) {
            requests.onNext(Stage.note("note " + i, 2000));
        }
        requests.onCompleted();
    }
}
