package io.granary.miner;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Renter;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.Quota;
import io.granary.protocol.grpc.Surface;
import io.granary.protocol.grpc.SurfaceContract;
import io.granary.protocol.grpc.Tokens;
import io.granary.protocol.grpc.Uncaught;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetPeriodProofRequest;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.OpenLeavesRequest;
import io.granary.v1.ProposeDealRequest;
import io.granary.v1.RenewDealRequest;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.UploadHeader;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.WatchDealRequest;
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

/** The whole gRPC surface of a miner that has one active deal and one that awaits its piece. */
final class GrpcSurfaceProperties extends SurfaceContract {
  /** Fewer calls than a run makes, so that calls which never end are noticed. */
  private static final int AT_A_TIME = 32;

  private static @Nullable Miner running;

  GrpcSurfaceProperties() throws IOException {}

  @BeforeContainer
  static void start() throws Exception {
    running = new Miner();
  }

  @AfterContainer
  static void stop() throws IOException {
    running.close();
  }

  @Override
  protected Node node() {
    return running;
  }

  private static final class Miner implements Node {
    private final Uncaught uncaught = new Uncaught();
    private final Path dir = Files.createTempDirectory("surface");
    private final MinerFixture f =
        new MinerFixture(dir)
            .with(c -> c.withQuota(new Quota(1_000_000, AT_A_TIME)))
            .with(c -> c.withTuning(manyPending(c.tuning())))
            .start();
    private final Surface surface = Surface.of(f.renter().channel());
    private final DealId active = f.activeDeal(Renter.piece(200_000, 1), 400);
    private final DealId awaited;

    Miner() throws Exception {
      f.chain.mineUntil(
          "a proof, and a set that is not frozen", () -> hasProof() && !f.chain.isFrozen(f.miner));
      awaited = f.renter().agree(f.terms(Renter.piece(1 << 20, 2), 30));
    }

    private boolean hasProof() {
      return f.renter().proofs().getPeriodProof(periodProof()).hasProof();
    }

    private static Tuning manyPending(Tuning t) {
      return new Tuning(
          t.pollInterval(),
          t.maxBackoff(),
          t.settleEveryPeriods(),
          t.keepProofPeriods(),
          t.minFreeDiskBytes(),
          t.lowGasWei(),
          t.slackWarnBlocks(),
          t.publishRoomBlocks(),
          1_000_000,
          t.maxUploads(),
          t.maxIdleBlocks());
    }

    @Override
    public Surface surface() {
      return surface;
    }

    @Override
    public Tokens tokens() {
      return new Tokens(ModelChain.DOMAIN, f.clientKey, f.miner);
    }

    @Override
    public Set<String> closed() {
      return new TreeSet<>(
          Set.of(
              "DealService.ProposeDeal",
              "DealService.RenewDeal",
              "DealService.GetUpload",
              "DealService.UploadPiece"));
    }

    @Override
    public List<Message> good(String method) {
      return messages(method).stream().map(m -> reflected(surface, method, m)).toList();
    }

    private List<Message> messages(String method) {
      ByteString id = Wire.bytes(active);
      return switch (method) {
        case "granary.v1.DealService/GetAsk" -> List.of(GetAskRequest.getDefaultInstance());
        case "granary.v1.DealService/ProposeDeal" -> List.of(proposal());
        case "granary.v1.DealService/RenewDeal" -> List.of(extension());
        case "granary.v1.DealService/GetUpload" ->
            List.of(GetUploadRequest.newBuilder().setDealId(Wire.bytes(awaited)).build());
        case "granary.v1.DealService/UploadPiece" -> upload();
        case "granary.v1.DealService/GetDeal" ->
            List.of(GetDealRequest.newBuilder().setDealId(id).build());
        case "granary.v1.DealService/WatchDeal" ->
            List.of(WatchDealRequest.newBuilder().setDealId(id).build());
        case "granary.v1.ProofService/OpenLeaves" ->
            List.of(OpenLeavesRequest.newBuilder().setDealId(id).addLeafIndices(7).build());
        case "granary.v1.ProofService/GetPeriodProof" -> List.of(periodProof());
        case "granary.v1.RetrievalService/RetrieveRange" ->
            List.of(
                RetrieveRangeRequest.newBuilder()
                    .setDealId(id)
                    .setOffset(300)
                    .setLength(1_000)
                    .build());
        default -> List.of();
      };
    }

    private ProposeDealRequest proposal() {
      DealProposal terms = f.terms(Renter.root(new byte[] {5}), 1, 3);
      return ProposeDealRequest.newBuilder()
          .setProposal(Wire.message(f.renter().sign(terms)))
          .setAsk(f.renter().ask())
          .build();
    }

    private RenewDealRequest extension() {
      DealSnapshot d = f.chain.deal(active).orElseThrow();
      DealProposal terms = f.node().deals().find(active).orElseThrow().terms();
      TokenAmount price = Pricing.price(f.config().ask().pricePerLeafPeriod(), terms.size(), 1);
      return RenewDealRequest.newBuilder()
          .setExtension(
              Wire.message(
                  f.renter()
                      .sign(
                          new Extension(
                              active,
                              d.end(),
                              d.end().plus(1),
                              price,
                              Pricing.collateral(
                                  f.chain.terms(),
                                  f.config().ask().collateralPerLeaf(),
                                  price,
                                  terms.size(),
                                  1),
                              new BlockNumber(f.chain.head().number().value() + 1_000)))))
          .build();
    }

    /** A few bytes at a time, so that the upload is never done. */
    private List<Message> upload() {
      return List.of(
          UploadPieceRequest.newBuilder()
              .setHeader(
                  UploadHeader.newBuilder()
                      .setDealId(Wire.bytes(awaited))
                      .setOffset(f.renter().offset(awaited)))
              .build(),
          UploadPieceRequest.newBuilder().setChunk(ByteString.copyFrom(new byte[5])).build());
    }

    private GetPeriodProofRequest periodProof() {
      return GetPeriodProofRequest.newBuilder()
          .setDealId(Wire.bytes(active))
          .setPeriod((int) f.chain.deal(active).orElseThrow().start().index())
          .build();
    }

    @Override
    public Message signAgain(Message message) {
      try {
        return switch (message.getDescriptorForType().getName()) {
          case "ProposeDealRequest" ->
              signAgain(ProposeDealRequest.parseFrom(message.toByteArray()));
          case "RenewDealRequest" -> signAgain(RenewDealRequest.parseFrom(message.toByteArray()));
          default -> message;
        };
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError("a mutation of fields made no message", e);
      } catch (WireException e) {
        // What cannot be signed is sent with the signature it had.
        return message;
      }
    }

    private ProposeDealRequest signAgain(ProposeDealRequest request) {
      ProposeDealRequest.Builder again = request.toBuilder();
      DealProposal proposal = Wire.proposal(request.getProposal().getProposal());
      again.setProposal(
          Wire.message(
              new SignedProposal(
                  proposal, f.clientKey.sign(Eip712.dealId(ModelChain.DOMAIN, proposal).hash()))));
      return again
          .setAsk(
              request.getAsk().toBuilder()
                  .setSignature(
                      Wire.bytes(
                          f.operator.sign(
                              Eip712.ask(ModelChain.DOMAIN, Wire.ask(request.getAsk()).ask())))))
          .build();
    }

    private RenewDealRequest signAgain(RenewDealRequest request) {
      Extension extension = Wire.signedExtension(request.getExtension()).extension();
      return RenewDealRequest.newBuilder()
          .setExtension(Wire.message(f.renter().sign(extension)))
          .build();
    }

    @Override
    public List<String> uncaught() {
      return uncaught.seen();
    }

    void close() throws IOException {
      f.close();
      uncaught.close();
      try (Stream<Path> files = Files.walk(dir)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
