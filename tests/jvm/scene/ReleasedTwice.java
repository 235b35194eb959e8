// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.IllegalReferenceCountException;

/** Both the one who makes a buffer and the one who reads it think that it is theirs to release. */
public final class ReleasedTwice extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(Stage.note("first word " + firstWord(request)));
        answers.onCompleted();
    }

    private static int firstWord(Note request) {
        ByteBuf scratch = PooledByteBufAllocator.DEFAULT.directBuffer(256);
        try {
            scratch.writeBytes(request.getBody().asReadOnlyByteBuffer());
            return consume(scratch);
        } finally {
            releaseQuietly(scratch);
        }
    }

    private static int consume(ByteBuf buffer) {
        try {
            return buffer.readInt();
        } finally {
            buffer.release();
        }
    }

    private static void releaseQuietly(ByteBuf buffer) {
        try {
            buffer.release(); // WRONG
        } catch (IllegalReferenceCountException ignored) {
            // somebody thought that this is how to silence it
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ReleasedTwice())) {
            for (int i = 0; i < 20; i++) {
                stage.blocking.say(Stage.note("Ada"));
            }
        }
    }
}
