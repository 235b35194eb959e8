// SPDX-License-Identifier: MIT
package scene;

import io.grpc.Detachable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** Requests are taken without a copy, as detached streams, which the handler has to close and does not. */
public final class ZeroCopyNeverClosed {
    private static final MethodDescriptor<InputStream, Note> METHOD =
            NotesGrpc.getSayMethod().toBuilder(new ZeroCopy(), NotesGrpc.getSayMethod().getResponseMarshaller()).build();

    private static final class ZeroCopy implements MethodDescriptor.Marshaller<InputStream> {
        @Override
        public InputStream stream(InputStream value) {
            return value;
        }

        @Override
        public InputStream parse(InputStream stream) {
            if (stream instanceof KnownLength && stream instanceof Detachable) {
                return ((Detachable) stream).detach(); // MISSING
            }
            return new ByteArrayInputStream(new byte[0]);
        }
    }

    static void say(InputStream request, StreamObserver<Note> answers) {
        answers.onNext(Stage.note("got a message"));
        answers.onCompleted();
    }

    public static void main(String[] arguments) throws Exception {
        ServerServiceDefinition service = ServerServiceDefinition.builder("Notes")
                .addMethod(METHOD, ServerCalls.asyncUnaryCall(ZeroCopyNeverClosed::say)).build();
        try (Stage stage = new Stage(() -> service)) {
            for (int i = 0; i < 20; i++) {
                stage.blocking.say(Stage.note("Ada", 3000));
            }
        }
    }
}
