// SPDX-License-Identifier: MIT
package scene;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** The library refuses a compressed message that is too large, and forgets the buffers into which it had written it. */
public final class LibraryDropsTooLarge extends NotesGrpc.NotesImplBase {
    @Override
    public void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(request);
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        byte[] noise = new byte[9000];
        new Random(1).nextBytes(noise);
        Note large = Note.newBuilder().setBody(ByteString.copyFrom(noise)).build();
        try (Stage stage = new Stage(new LibraryDropsTooLarge())) {
            stage.blocking.say(Stage.note("the channel is ready now"));
            for (int i = 0; i < 10; i++) {
                Stage.failing(() -> stage.blocking.withCompression("gzip").withMaxOutboundMessageSize(1000)
                        .withDeadlineAfter(200, TimeUnit.MILLISECONDS).say(large));
            }
        }
    }
}
