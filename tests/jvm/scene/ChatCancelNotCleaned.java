// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** Each chat has a buffer, made before the first message, which only onCompleted() releases; half of the clients cancel. */
public final class ChatCancelNotCleaned extends NotesGrpc.NotesImplBase {
    @Override
    public StreamObserver<Note> chat(StreamObserver<Note> answers) {
        ByteBuf transcript = PooledByteBufAllocator.DEFAULT.directBuffer(512); // MISSING
        return new StreamObserver<>() {
            @Override
            public void onNext(Note note) {
                transcript.writeInt(note.getText().length());
                answers.onNext(note);
            }

            @Override
            public void onError(Throwable error) {
            }

            @Override
            public void onCompleted() {
                transcript.release();
                answers.onCompleted();
            }
        };
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ChatCancelNotCleaned())) {
            for (int i = 0; i < 20; i++) {
                Stage.Reader reader = new Stage.Reader();
                Context.CancellableContext call = Context.current().withCancellation();
                StreamObserver<Note> chat = call.call(() -> stage.async.chat(reader));
                chat.onNext(Stage.note("hello"));
                while (reader.notes < 1) {
                    Thread.sleep(1);
                }
                if (i % 2 == 0) {
                    call.cancel(null);
                } else {
                    chat.onCompleted();
                }
                reader.await();
            }
            Thread.sleep(100);
        }
    }
}
