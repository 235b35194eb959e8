// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** A buffer is released behind what can throw, and not in a finally block. */
public final class ErrorPathForgetsRelease extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        try {
            answers.onNext(Stage.note("checksum " + checksum(request)));
            answers.onCompleted();
        } catch (NumberFormatException wrong) {
            answers.onError(Status.INVALID_ARGUMENT.asRuntimeException());
        }
    }

    private static int checksum(Note request) {
        ByteBuf scratch = PooledByteBufAllocator.DEFAULT.directBuffer(256); // MISSING
        scratch.writeBytes(request.getBody().asReadOnlyByteBuffer());
        int sum = Integer.parseInt(request.getText()) + scratch.readInt();
        scratch.release();
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ErrorPathForgetsRelease())) {
            for (int i = 0; i < 50; i++) {
                String text = i % 5 == 0 ? "not a number" : "" + i;
                Stage.failing(() -> stage.blocking.say(Stage.note(text)));
            }
        }
    }
}
