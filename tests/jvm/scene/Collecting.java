// SPDX-License-Identifier: MIT
package scene;

import io.netty.buffer.PooledByteBufAllocator;

/** Netty's own detector speaks only after a collection and in a further allocation: -Dscene.collect=true grants it both. */
final class Collecting {
    private Collecting() {
    }

    static void giveNettyAChance() throws InterruptedException {
        if (!Boolean.getBoolean("scene.collect")) {
            return;
        }
        for (int round = 0; round < 5; round++) {
            System.gc();
            Thread.sleep(50);
            for (int i = 0; i < 1000; i++) {
                PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
            }
        }
    }
}
