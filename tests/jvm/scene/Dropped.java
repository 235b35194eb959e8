// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** A buffer is filled, read and forgotten. */
public final class Dropped extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        ByteBuf scratch = PooledByteBufAllocator.DEFAULT.directBuffer(256); // MISSING
        scratch.writeBytes(request.getBody().asReadOnlyByteBuffer());
        answers.onNext(Stage.note("first word " + scratch.readInt()));
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new Dropped())) {
            for (int i = 0; i < 20; i++) {
                stage.blocking.say(Stage.note("Ada"));
            }
        }
    }
}
