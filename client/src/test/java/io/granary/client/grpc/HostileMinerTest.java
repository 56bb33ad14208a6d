package io.granary.client.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetAskResponse;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveChunk;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A miner over real TLS that lies in one way each: nothing it says is taken, and it is named. */
class HostileMinerTest {
  private static final SigningDomain DOMAIN =
      new SigningDomain(31_337, Address.parse("0x" + "ab".repeat(20)));
  private static final Address MINER = Address.parse("0x" + "05".repeat(20));
  private static final DealId DEAL = new DealId(Sha256.hash(new byte[] {1}));

  @TempDir Path dir;
  private final byte[] raw = new byte[127 * 40 + 5];
  private final RawSize size = new RawSize(raw.length);
  private final EthKey operator = EthKey.generate();
  private UnaryOperator<RetrieveChunk.Builder> lie = c -> c;
  private boolean endEarly;
  private EthKey askSigner = operator;
  private Instant askExpiry = Instant.now().plusSeconds(600);
  private SealedPiece sealed;
  private Replica replica;
  private NodeServer server;
  private MinerConnection connection;

  private final class Retrieval extends RetrievalServiceGrpc.RetrievalServiceImplBase {
    @Override
    public void retrieveRange(
        RetrieveRangeRequest request, StreamObserver<RetrieveRangeResponse> observer) {
      try {
        for (long group = request.getOffset() / 127; group <= 40; group += 8) {
          int groups = (int) Math.min(8, 41 - group);
          Replica.Range range = replica.read(group, groups);
          RetrieveChunk.Builder chunk =
              RetrieveChunk.newBuilder()
                  .setOffset(group * 127)
                  .setData(ByteString.copyFrom(range.bytes()))
                  .setProof(ByteString.copyFrom(range.proof()));
          observer.onNext(RetrieveRangeResponse.newBuilder().setChunk(lie.apply(chunk)).build());
          if (endEarly) {
            break;
          }
        }
        observer.onCompleted();
      } catch (IOException e) {
        observer.onError(e);
      }
    }
  }

  private final class Deals extends DealServiceGrpc.DealServiceImplBase {
    @Override
    public void getAsk(GetAskRequest request, StreamObserver<GetAskResponse> observer) {
      Ask ask =
          new Ask(
              MINER,
              TokenAmount.of(1),
              TokenAmount.of(1),
              1,
              1000,
              1,
              10,
              Instant.ofEpochSecond(askExpiry.getEpochSecond()));
      SignedAsk signed = new SignedAsk(ask, askSigner.sign(Eip712.ask(DOMAIN, ask)));
      observer.onNext(GetAskResponse.newBuilder().setAsk(Wire.message(signed)).build());
      observer.onCompleted();
    }
  }

  @BeforeEach
  void start() throws IOException {
    new java.util.Random(3).nextBytes(raw);
    ReplicaFiles files = new ReplicaFiles(dir.resolve("r"), dir.resolve("s"), dir.resolve("p"));
    sealed =
        new Sealer(DEAL.hash(), 1, size)
            .seal(
                (at, target, n) -> System.arraycopy(raw, (int) at, target, 0, n),
                files,
                1,
                d -> {});
    replica = Replica.open(DEAL.hash(), 1, size, files);
    TlsIdentity tls = TlsIdentity.loadOrCreate(dir);
    server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            tls,
            new CallAuth(DOMAIN, MINER, Clock.systemUTC()),
            List.of(new Retrieval(), new Deals()));
    connection = connect(tls.tlsKeyHash());
  }

  private MinerConnection connect(Hash32 tlsKeyHash) {
    PeerRecord peer = new PeerRecord(MINER, "127.0.0.1:" + server.port(), tlsKeyHash);
    return new MinerConnection(
        new MinerRecord(
            peer, operator.address(), TokenAmount.ZERO, true, false, TokenAmount.of(1), 0),
        DOMAIN,
        EthKey.generate());
  }

  @AfterEach
  void stop() throws IOException {
    connection.close();
    server.close();
    replica.close();
  }

  private byte[] get(long from, long to) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    connection.retrieve(
        DEAL,
        sealed.pieceRoot(),
        size,
        from,
        to,
        (position, bytes, offset, length) -> {
          assertEquals(from + out.size(), position);
          out.write(bytes, offset, length);
        });
    return out.toByteArray();
  }

  private void caught(String what) {
    PeerException e = assertThrows(PeerException.class, () -> get(0, raw.length));
    assertEquals(MINER, e.miner());
    assertTrue(e.getMessage().contains(what), e.getMessage());
  }

  @Test
  void the_truth_comes_back_whole_and_in_ranges() throws IOException {
    assertArrayEquals(raw, get(0, raw.length));
    assertArrayEquals(java.util.Arrays.copyOfRange(raw, 1000, 1001), get(1000, 1001));
    assertArrayEquals(java.util.Arrays.copyOfRange(raw, 130, raw.length), get(130, raw.length));
  }

  @Test
  void wrong_bytes_of_the_right_length() {
    lie = c -> c.setData(ByteString.copyFrom(new byte[c.getData().size()]));
    caught("do not belong to piece");
  }

  @Test
  void right_bytes_with_a_wrong_proof() {
    lie = c -> c.setProof(c.getProof().substring(32));
    caught("do not belong to piece");
    lie = c -> c.setProof(c.getProof().concat(ByteString.copyFrom(new byte[32])));
    caught("do not belong to piece");
  }

  @Test
  void the_right_bytes_at_the_wrong_place() {
    lie = c -> c.setOffset(c.getOffset() + 127);
    caught("where byte 0 was due");
    lie = c -> c.setOffset(c.getOffset() + 1);
    caught("where byte 0 was due");
  }

  @Test
  void an_early_end_an_empty_and_a_huge_chunk() {
    endEarly = true;
    caught("it ended at byte");
    endEarly = false;
    lie = c -> c.setData(ByteString.EMPTY);
    caught("where byte 0 was due");
    lie = c -> c.setData(ByteString.copyFrom(new byte[3 << 20]));
    caught("where byte 0 was due");
  }

  @Test
  void an_ask_that_is_expired_or_signed_by_another_key() {
    askExpiry = Instant.now().minusSeconds(5);
    assertTrue(assertThrows(PeerException.class, connection::ask).getMessage().contains("expired"));
    askExpiry = Instant.now().plusSeconds(600);
    assertEquals(MINER, connection.ask().ask().miner());
    askSigner = EthKey.generate();
    assertTrue(
        assertThrows(PeerException.class, connection::ask)
            .getMessage()
            .contains("not signed by its operator"));
  }

  @Test
  void a_node_with_another_tls_key() {
    try (MinerConnection other = connect(Hash32.fromHex("99".repeat(32)))) {
      assertTrue(
          assertThrows(PeerException.class, other::ask)
              .getMessage()
              .contains("the registry says 9999"));
    }
  }
}
