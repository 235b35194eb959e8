// SPDX-License-Identifier: MIT
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Counted things of its own, made in all ways that a probe file can name, and memory outside of the Java heap. */
public final class Own {
    static final List<Object> KEPT = new ArrayList<>();

    static class Handle {
        final String title;

        Handle(String title) {
            this.title = title;
        }

        Handle() {
            this("nameless");
        }

        static Handle open(String title) {
            return new Handle(title);
        }

        void share(int times) {
        }

        long close(int times) {
            return times > 100 ? 1L : 0L;
        }

        synchronized int odd(int value) {
            switch (value) {
                case 1: return 10;
                case 2: return 20;
                case 70000: return 30;
                default:
                    try {
                        return Integer.parseInt("x" + value);
                    } catch (NumberFormatException expected) {
                        return -1;
                    }
            }
        }
    }

    static void takesOutside() {
        KEPT.add(ByteBuffer.allocateDirect(100_000));
    }

    public static void main(String[] arguments) {
        new Handle().close(1);
        Handle shared = Handle.open("shared");
        shared.share(3);
        shared.close(3);
        System.out.println(shared.odd(1) + shared.odd(2) + shared.odd(70000) + shared.odd(5));
        for (int i = 0; i < 3; i++) {
            takesOutside();
        }
    }
}
