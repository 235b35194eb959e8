// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/** The client cancels; the handler hears of it, stops, and releases what the call had. */
public final class CleanCancel extends NotesGrpc.NotesImplBase {
    private static final ExecutorService PRODUCERS = Executors.newCachedThreadPool();

    @Override
    public void watch(Note request, StreamObserver<Note> answers) {
        ByteBuf page = PooledByteBufAllocator.DEFAULT.directBuffer(512);
        AtomicBoolean cancelled = new AtomicBoolean();
        ((ServerCallStreamObserver<Note>) answers).setOnCancelHandler(() -> cancelled.set(true));
        PRODUCERS.execute(() -> produce(answers, page, cancelled));
    }

    private static void produce(StreamObserver<Note> answers, ByteBuf page, AtomicBoolean cancelled) {
        try {
            for (int i = 0; i < 1000 && !cancelled.get(); i++) {
                page.clear().writeInt(i);
                answers.onNext(Stage.note("page " + page.readInt()));
                Thread.sleep(2);
            }
            if (!cancelled.get()) {
                answers.onCompleted();
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } finally {
            page.release();
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(new CleanCancel())) {
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
