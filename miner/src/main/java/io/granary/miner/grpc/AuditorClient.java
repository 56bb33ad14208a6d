package io.granary.miner.grpc;

import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.AuthClientInterceptor;
import io.granary.protocol.grpc.Limits;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Wire;
import io.granary.v1.AuditServiceGrpc;
import io.granary.v1.PushOutcome;
import io.granary.v1.PushPeriodProofsRequest;
import io.granary.v1.PushPeriodProofsResponse;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Pushes period proofs to auditors. */
public final class AuditorClient {
  private final SigningDomain domain;
  private final EthKey operator;

  /** Signs as the operator. */
  public AuditorClient(SigningDomain domain, EthKey operator) {
    this.domain = domain;
    this.operator = operator;
  }

  /** The auditor could not be reached or did not answer properly. */
  public static final class UnreachableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean tooSlow;

    UnreachableException(String message, boolean tooSlow) {
      super(message);
      this.tooSlow = tooSlow;
    }

    /** True when it was still at work when the call's time was over: less at a time may help. */
    public boolean wasTooSlow() {
      return tooSlow;
    }
  }

  /** Opens a line to an auditor; it connects on first use. */
  public Line open(PeerRecord auditor) {
    return new Line(auditor);
  }

  /** A connection to one auditor, for many pushes. */
  public final class Line implements AutoCloseable {
    private final PeerRecord auditor;
    private final ManagedChannel channel;
    private final AuditServiceGrpc.AuditServiceBlockingStub service;

    private Line(PeerRecord auditor) {
      this.auditor = auditor;
      this.channel = PeerChannels.open(auditor);
      this.service =
          AuditServiceGrpc.newBlockingStub(
              ClientInterceptors.intercept(
                  channel, new AuthClientInterceptor(domain, operator, auditor.id())));
    }

    /**
     * Pushes proofs.
     *
     * @return for each proof why it was refused; empty when it was accepted
     */
    public List<Optional<Refusal>> push(List<SignedPeriodProof> proofs)
        throws UnreachableException {
      PushPeriodProofsResponse response;
      try {
        response =
            service
                .withDeadlineAfter(Limits.LONGEST_CALL.toSeconds(), TimeUnit.SECONDS)
                .pushPeriodProofs(
                    PushPeriodProofsRequest.newBuilder()
                        .addAllProofs(proofs.stream().map(Wire::message).toList())
                        .build());
      } catch (StatusRuntimeException e) {
        throw new UnreachableException(
            auditor.endpoint() + ": " + e.getStatus(),
            e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED);
      }
      if (response.getOutcomesCount() != proofs.size()) {
        throw new UnreachableException(
            auditor.endpoint()
                + " answered "
                + response.getOutcomesCount()
                + " of "
                + proofs.size()
                + " proofs",
            false);
      }
      List<Optional<Refusal>> outcomes = new ArrayList<>();
      for (PushOutcome outcome : response.getOutcomesList()) {
        outcomes.add(
            outcome.hasAccepted()
                ? Optional.empty()
                : Optional.of(Wire.refusal(outcome.getRefused())));
      }
      return outcomes;
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }
  }
}
