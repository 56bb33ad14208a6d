package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.Renter;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.GetDealRequest;
import io.granary.v1.OpenLeavesRequest;
import io.granary.v1.ProofServiceGrpc;
import io.granary.v1.RetrievalServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever bytes a peer sends to whichever method: an answer or a named error, and the node goes
 * on.
 */
final class MalformedInputTest {
  private static final Set<Status.Code> ALLOWED =
      Set.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.UNAUTHENTICATED,
          Status.Code.NOT_FOUND,
          // What gRPC itself answers to bytes that are no message of the type.
          Status.Code.INTERNAL,
          Status.Code.UNKNOWN,
          Status.Code.CANCELLED);

  private @TempDir Path dir;
  private MinerFixture f;

  @BeforeEach
  void start() throws IOException {
    f = new MinerFixture(dir).start();
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private static final class Raw implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static Status.Code call(Channel channel, MethodDescriptor<?, ?> method, byte[] bytes) {
    MethodDescriptor<byte[], byte[]> raw =
        MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
            .setFullMethodName(method.getFullMethodName())
            .setRequestMarshaller(new Raw())
            .setResponseMarshaller(new Raw())
            .build();
    try {
      Iterator<byte[]> answers =
          ClientCalls.blockingServerStreamingCall(
              channel, raw, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), bytes);
      answers.forEachRemaining(answer -> {});
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  @Test
  void anyBytesGetAnAnswerOrANamedError() {
    List<MethodDescriptor<?, ?>> methods = new ArrayList<>();
    methods.addAll(DealServiceGrpc.getServiceDescriptor().getMethods());
    methods.addAll(ProofServiceGrpc.getServiceDescriptor().getMethods());
    methods.addAll(RetrievalServiceGrpc.getServiceDescriptor().getMethods());
    Random random = new Random(1);
    for (MethodDescriptor<?, ?> method : methods) {
      for (int i = 0; i < 40; i++) {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        Status.Code code = call(f.renter().channel(), method, bytes);
        assertTrue(
            code == Status.Code.OK || ALLOWED.contains(code),
            method.getFullMethodName() + " " + code);
      }
    }
    assertEquals(0, f.node().deals().all().size());
    f.renter().agree(f.terms(Renter.piece(10, 1), 3));
  }

  @Test
  void fieldsOfTheWrongLengthAreNamed() {
    for (int length : new int[] {0, 31, 33}) {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  f.renter()
                      .deals()
                      .getDeal(
                          GetDealRequest.newBuilder()
                              .setDealId(com.google.protobuf.ByteString.copyFrom(new byte[length]))
                              .build()));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
      assertTrue(String.valueOf(refused.getMessage()).contains("deal_id"), refused.getMessage());
    }
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    byte[] piece = Renter.piece(100_000, 2);
    DealId id = f.activeDeal(piece, 100);
    for (long[] range :
        new long[][] {{-1, 5}, {100_000, 0}, {0, 100_001}, {5, -1}, {Long.MAX_VALUE, 9}}) {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  f.renter()
                      .retrieve(
                          id,
                          new io.granary.proofs.piece.RawSize(piece.length),
                          Renter.root(piece),
                          range[0],
                          range[1]));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
    }
    for (long leaf : new long[] {-1, 1L << 40}) {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  f.renter()
                      .proofs()
                      .openLeaves(
                          OpenLeavesRequest.newBuilder()
                              .setDealId(io.granary.protocol.grpc.Wire.bytes(id))
                              .addLeafIndices(leaf)
                              .build()));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
    }
  }

  @Test
  void rangesOfAnyKindComeBackRight() {
    byte[] piece = Renter.piece(2_345_678, 3);
    DealId id = f.activeDeal(piece, 100);
    io.granary.proofs.piece.RawSize size = new io.granary.proofs.piece.RawSize(piece.length);
    Random random = new Random(4);
    for (int i = 0; i < 40; i++) {
      int offset = random.nextInt(piece.length);
      int length = 1 + random.nextInt(piece.length - offset);
      org.junit.jupiter.api.Assertions.assertArrayEquals(
          java.util.Arrays.copyOfRange(piece, offset, offset + length),
          f.renter().retrieve(id, size, Renter.root(piece), offset, length).bytes());
    }
  }
}
