// SPDX-License-Identifier: MIT
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/** Forgets ten buffers, keeps five in a static, and releases one twice; then ends as it is told. */
public final class Leaks {
    static final List<Object> SINK = new ArrayList<>();
    static final ByteBufAllocator BUFFERS = PooledByteBufAllocator.DEFAULT;

    static void forgets() {
        ByteBuf buffer = BUFFERS.directBuffer(64);
        buffer.retain();
        buffer.release();
    }

    static void keeps() {
        SINK.add(BUFFERS.directBuffer(128));
    }

    static void tidies() {
        BUFFERS.directBuffer(256).retain(2).release(3);
    }

    static void releasesTwice() {
        ByteBuf buffer = BUFFERS.directBuffer(64);
        buffer.release();
        try {
            buffer.release();
        } catch (RuntimeException expected) {
            // Netty says that it is gone
        }
    }

    /** Makes many, a few at a time, for another thread to release. */
    static void passOn() throws Exception {
        var queue = new java.util.concurrent.ArrayBlockingQueue<ByteBuf>(100);
        Thread taker = new Thread(() -> {
            try {
                for (int i = 0; i < 100_000; i++) {
                    queue.take().release();
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        taker.start();
        for (int i = 0; i < 100_000; i++) {
            queue.put(BUFFERS.directBuffer(32));
        }
        taker.join();
    }

    static void work() {
        for (int i = 0; i < 10; i++) {
            forgets();
            tidies();
            if (i % 2 == 0) {
                keeps();
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Thread worker = new Thread(Leaks::work, "a worker with a long name");
        worker.start();
        worker.join();
        releasesTwice();
        System.out.println("ready");
        switch (arguments.length == 0 ? "return" : arguments[0]) {
            case "pass" -> passOn();
            case "exit" -> System.exit(3);
            case "halt" -> Runtime.getRuntime().halt(4);
            case "wait" -> Thread.sleep(600_000);
            default -> { }
        }
    }
}
