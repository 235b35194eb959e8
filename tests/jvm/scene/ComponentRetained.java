// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** A component is retained for the composite buffer that owns it anyhow. */
public final class ComponentRetained extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        ByteBuf header = PooledByteBufAllocator.DEFAULT.directBuffer(16).writeInt(42);
        ByteBuf body = PooledByteBufAllocator.DEFAULT.directBuffer(64).writeInt(7);
        CompositeByteBuf frame = frame(header, body);
        answers.onNext(Stage.note(frame.readableBytes() + " bytes"));
        frame.release();
        answers.onCompleted();
    }

    private static CompositeByteBuf frame(ByteBuf header, ByteBuf body) {
        CompositeByteBuf frame = PooledByteBufAllocator.DEFAULT.compositeDirectBuffer(4);
        frame.addComponent(true, header.retain()); // MISSING
        frame.addComponent(true, body);
        return frame;
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new ComponentRetained())) {
            for (int i = 0; i < 30; i++) {
                stage.blocking.say(Stage.note("Ada"));
            }
        }
    }
}
