// SPDX-License-Identifier: MIT
package scene;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;

/** The serializer of a handler gives up in the middle of a message. */
public final class SerializerThrows {
    private static final MethodDescriptor<Note, Note> METHOD = NotesGrpc.getSayMethod()
            .toBuilder(NotesGrpc.getSayMethod().getRequestMarshaller(), new Torn()).build();

    private static final class Torn implements MethodDescriptor.Marshaller<Note> {
        @Override
        public InputStream stream(Note value) {
            return new InputStream() {
                private int left = 10_000;

                @Override
                public int read() throws IOException {
                    if (left-- == 0) {
                        throw new IOException("a field cannot be written");
                    }
                    return 'x';
                }
            };
        }

        @Override
        public Note parse(InputStream stream) {
            return Note.getDefaultInstance();
        }
    }

    static void say(Note request, StreamObserver<Note> answers) {
        answers.onNext(request); // MISSING
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        ServerServiceDefinition service = ServerServiceDefinition.builder("Notes")
                .addMethod(METHOD, ServerCalls.asyncUnaryCall(SerializerThrows::say)).build();
        try (Stage stage = new Stage(() -> service)) {
            for (int i = 0; i < 10; i++) {
                Stage.failing(() -> stage.blocking.withDeadlineAfter(200, TimeUnit.MILLISECONDS).say(Stage.note("Ada")));
            }
        }
    }
}
