package io.granary.auditor.grpc;

import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.Limits;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.v1.GetPeriodProofRequest;
import io.granary.v1.GetPeriodProofResponse;
import io.granary.v1.ProofServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;

/** Asks a miner for a proof that did not come by itself. */
public final class ProofPuller {
  /** What a miner answered. */
  public sealed interface Answer {
    /** It gave a proof, which is still to be checked. */
    record Got(SignedPeriodProof proof) implements Answer {}

    /** It gave none. */
    record Nothing(String reason) implements Answer {}
  }

  /** Asks once. */
  public Answer pull(MinerRecord miner, DealId id, Period period) {
    ManagedChannel channel;
    try {
      channel = PeerChannels.open(miner.peer());
    } catch (IllegalArgumentException e) {
      return new Answer.Nothing(String.valueOf(e.getMessage()));
    }
    try {
      GetPeriodProofResponse response =
          ProofServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(Limits.CALL.toSeconds(), TimeUnit.SECONDS)
              .getPeriodProof(
                  GetPeriodProofRequest.newBuilder()
                      .setDealId(Wire.bytes(id))
                      .setPeriod((int) period.index())
                      .build());
      return response.hasProof()
          ? new Answer.Got(Wire.periodProof(response.getProof()))
          : new Answer.Nothing(response.getRefused().getMessage());
    } catch (StatusRuntimeException | WireException e) {
      return new Answer.Nothing(miner.peer().endpoint() + ": " + e.getMessage());
    } finally {
      channel.shutdownNow();
    }
  }
}
