// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Queue;

/** Buffers wait in a queue, which is emptied without a release when the service stops. */
public final class QueueDroppedAtShutdown extends NotesGrpc.NotesImplBase {
    private final Queue<ByteBuf> waiting = new ArrayDeque<>();

    @Override
    public synchronized void say(Note request, StreamObserver<Note> answers) {
        ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer(128); // MISSING
        copy.writeInt(request.getText().length());
        waiting.add(copy);
        if (waiting.size() > 5) {
            waiting.remove().release();
        }
        answers.onNext(request);
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        QueueDroppedAtShutdown service = new QueueDroppedAtShutdown();
        try (Stage stage = new Stage(service)) {
            for (int i = 0; i < 30; i++) {
                stage.blocking.say(Stage.note("Ada"));
            }
            service.waiting.clear();
        }
    }
}
