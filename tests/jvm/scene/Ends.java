// SPDX-License-Identifier: MIT
package scene;

import io.grpc.stub.StreamObserver;
import io.netty.buffer.PooledByteBufAllocator;

/** Says when main begins, makes calls, and says when it ends: with its event loops still running, or all stopped. */
public final class Ends extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(request);
        answers.onCompleted();
    }

    private static void tell(String word) {
        System.out.println(word);
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        tell("begins");
        int buffers = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 0;
        Stage stage = new Stage(new Ends());
        for (int i = 0; i < 200; i++) {
            stage.blocking.say(Stage.note("Ada"));
        }
        for (int i = 0; i < buffers; i++) {
            PooledByteBufAllocator.DEFAULT.directBuffer(64);
        }
        if (arguments.length > 1) {
            stage.close();
        }
        tell("ends");
        System.exit(0);
    }
}
