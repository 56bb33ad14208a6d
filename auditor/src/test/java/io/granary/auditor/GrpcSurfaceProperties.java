package io.granary.auditor;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.granary.protocol.grpc.Surface;
import io.granary.protocol.grpc.SurfaceContract;
import io.granary.protocol.grpc.Tokens;
import io.granary.protocol.grpc.Uncaught;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.v1.ListAuditsRequest;
import io.granary.v1.PeriodProof;
import io.granary.v1.PushPeriodProofsRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** The whole gRPC surface of an auditor that watches two deals. */
final class GrpcSurfaceProperties extends SurfaceContract {
  private static @Nullable Auditor running;

  GrpcSurfaceProperties() throws IOException {}

  @BeforeContainer
  static void start() throws Exception {
    running = new Auditor();
  }

  @AfterContainer
  static void stop() throws IOException {
    running.close();
  }

  @Override
  protected Node node() {
    return running;
  }

  private static final class Auditor implements Node {
    private final Uncaught uncaught = new Uncaught();
    private final Path dir = Files.createTempDirectory("surface");
    private final SinkFixture f = new SinkFixture();
    private final Surface surface;
    private final PushPeriodProofsRequest push;

    Auditor() throws Exception {
      f.begin(dir);
      surface = Surface.of(f.channel);
      push =
          PushPeriodProofsRequest.newBuilder()
              .addProofs(Wire.message(SinkFixture.sign(f.honest(), f.operator)))
              .build();
    }

    @Override
    public Surface surface() {
      return surface;
    }

    @Override
    public Tokens tokens() {
      return new Tokens(SinkFixture.DOMAIN, f.operator, SinkFixture.AUDITOR);
    }

    @Override
    public Set<String> closed() {
      return new TreeSet<>(Set.of("AuditService.PushPeriodProofs"));
    }

    @Override
    public List<Message> good(String method) {
      return switch (method) {
        case "granary.v1.AuditService/PushPeriodProofs" ->
            List.of(reflected(surface, method, push));
        case "granary.v1.AuditService/ListAudits" ->
            List.of(
                reflected(
                    surface,
                    method,
                    ListAuditsRequest.newBuilder()
                        .setDealId(Wire.bytes(SinkFixture.DEAL))
                        .setLimit(10)
                        .build()));
        default -> List.of();
      };
    }

    @Override
    public Message signAgain(Message message) {
      if (!message.getDescriptorForType().getName().equals("PushPeriodProofsRequest")) {
        return message;
      }
      try {
        PushPeriodProofsRequest request = PushPeriodProofsRequest.parseFrom(message.toByteArray());
        if (request.getProofsCount() == 0) {
          return message;
        }
        PeriodProof proof = request.getProofs(0);
        return request.toBuilder()
            .setProofs(
                0, Wire.message(SinkFixture.sign(Wire.periodProof(proof).proof(), f.operator)))
            .build();
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError("a mutation of fields made no message", e);
      } catch (WireException e) {
        // What cannot be signed is sent with the signature it had.
        return message;
      }
    }

    @Override
    public List<String> uncaught() {
      return uncaught.seen();
    }

    void close() throws IOException {
      f.end();
      uncaught.close();
      try (Stream<Path> files = Files.walk(dir)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
