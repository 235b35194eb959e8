// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Every answer is kept in a cache that nobody ever empties. */
public final class RetainedInStatic extends NotesGrpc.NotesImplBase {
    private static final Map<String, ByteBuf> CACHE = new ConcurrentHashMap<>();

    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        ByteBuf body = PooledByteBufAllocator.DEFAULT.directBuffer(256);
        try {
            body.writeBytes(request.getBody().asReadOnlyByteBuffer());
            remember(request.getText(), body);
            answers.onNext(Stage.note("kept"));
            answers.onCompleted();
        } finally {
            body.release();
        }
    }

    private static void remember(String key, ByteBuf body) {
        CACHE.put(key, body.retain()); // MISSING
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new RetainedInStatic())) {
            for (int i = 0; i < 20; i++) {
                stage.blocking.say(Stage.note("note " + i));
            }
        }
    }
}
