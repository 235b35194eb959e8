// SPDX-License-Identifier: MIT
package scene;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A server and its client over loopback, started and stopped as the documentation says. */
final class Stage implements AutoCloseable {
    final Server server;
    final ManagedChannel channel;
    final NotesGrpc.NotesBlockingStub blocking;
    final NotesGrpc.NotesStub async;

    Stage(BindableService service) throws Exception {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).addService(service).build().start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
        blocking = NotesGrpc.newBlockingStub(channel);
        async = NotesGrpc.newStub(channel);
    }

    @Override
    public void close() throws InterruptedException {
        channel.shutdown();
        channel.awaitTermination(10, TimeUnit.SECONDS);
        server.shutdown();
        server.awaitTermination(10, TimeUnit.SECONDS);
        Collecting.giveNettyAChance();
    }

    static Note note(String text) {
        return note(text, 100);
    }

    static Note note(String text, int bytes) {
        return Note.newBuilder().setText(text).setBody(ByteString.copyFrom(new byte[bytes])).build();
    }

    /** A call that is expected to fail, by its deadline say. */
    static void failing(Runnable call) {
        try {
            call.run();
        } catch (StatusRuntimeException expected) {
            // the scene goes on
        }
    }

    /** The client's end of one call or of several: counts what comes, and knows when all are over. */
    static final class Reader implements StreamObserver<Note> {
        final CountDownLatch over;
        volatile int notes;

        Reader() {
            this(1);
        }

        Reader(int calls) {
            over = new CountDownLatch(calls);
        }

        @Override
        public void onNext(Note note) {
            notes++;
        }

        @Override
        public void onError(Throwable error) {
            over.countDown();
        }

        @Override
        public void onCompleted() {
            over.countDown();
        }

        void await() throws InterruptedException {
            over.await(10, TimeUnit.SECONDS);
        }
    }
}
