// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Each call has a buffer of its own, which is released when the stream is through, but not when the client cancels. */
public final class CancelNotCleaned extends NotesGrpc.NotesImplBase {
    private static final ExecutorService PRODUCERS = Executors.newCachedThreadPool();

    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        ByteBuf page = PooledByteBufAllocator.DEFAULT.directBuffer(512); // MISSING
        PRODUCERS.execute(() -> produce((ServerCallStreamObserver<Note>) answers, page));
    }

    private static void produce(ServerCallStreamObserver<Note> answers, ByteBuf page) {
        for (int i = 0; i < 1000; i++) {
            if (answers.isCancelled()) {
                return;
            }
            page.clear().writeInt(i);
            answers.onNext(Stage.note("page " + page.readInt()));
            pause();
        }
        page.release();
        answers.onCompleted();
    }

    private static void pause() {
        try {
            Thread.sleep(2);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new CancelNotCleaned())) {
            for (int i = 0; i < 10; i++) {
                Context.CancellableContext call = Context.current().withCancellation();
                Stage.Reader reader = new Stage.Reader();
                call.run(() -> stage.async.watch(Stage.note("Ada"), reader));
                while (reader.notes < 3) {
                    Thread.sleep(1);
                }
                call.cancel(null);
                reader.await();
            }
            PRODUCERS.shutdown();
        }
    }
}
