package io.granary.contracts.rpc;

import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.EndpointStatus.State;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.exceptions.ClientConnectionException;
import org.web3j.protocol.http.HttpService;

/** One endpoint, and how it has been. Safe for several threads. */
final class Endpoint {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);
  private static final int MOST_DOUBLINGS = 6;

  /** A block whose hash it told differently from others. */
  private record Dispute(long block, String reason, boolean outvoted, int times, Instant lookAt) {}

  private final String name;
  private final Duration backOff;
  private final Duration out;
  private final Clock clock;
  private final HttpService patient;
  private final HttpService quick;

  private long failures;
  private int failedInARow;
  private String failure = "";
  private @Nullable Instant failingSince;
  private Instant retryAt = Instant.MIN;
  private boolean chainKnown;
  private @Nullable String otherChain;
  private long head = -1;
  private Instant movedAt = Instant.MIN;
  private boolean standing;
  private @Nullable Dispute dispute;

  /**
   * Nothing is sent yet.
   *
   * @param client for what may take its time
   * @param quick for what must not
   */
  Endpoint(
      URI uri,
      String name,
      RpcEndpoints.Patience patience,
      OkHttpClient client,
      OkHttpClient quick,
      Clock clock) {
    this.name = name;
    this.backOff = patience.backOff();
    this.out = patience.out();
    this.clock = clock;
    this.patient = new HttpService(uri.toString(), client);
    this.quick = new HttpService(uri.toString(), quick);
  }

  String name() {
    return name;
  }

  /** Sends what may take its time. */
  <T extends Response<?>> T ask(Request<?, ?> request, Class<T> type) throws IOException {
    return ask(patient, request, type);
  }

  /** Sends what others are asked at the same time. */
  <T extends Response<?>> T askQuickly(Request<?, ?> request, Class<T> type) throws IOException {
    return ask(quick, request, type);
  }

  /** An error about what was asked is an answer; that it has no time is none. */
  private <T extends Response<?>> T ask(HttpService http, Request<?, ?> request, Class<T> type)
      throws IOException {
    try {
      T response = http.send(request, type);
      // Of logs the same code says that they are too many: who asked can ask for fewer.
      if (response.hasError()
          && RpcErrorException.of(response.getError()).isBusy()
          && !request.getMethod().equals("eth_getLogs")) {
        throw new IOException(
            "busy: " + response.getError().getCode() + " " + response.getError().getMessage());
      }
      answered();
      return response;
    } catch (IOException | ClientConnectionException e) {
      // The second is how web3j tells of HTTP errors: 429, 502, 503 and their like.
      if (!Thread.currentThread().isInterrupted()) {
        failed(String.valueOf(e.getMessage()));
      }
      throw e instanceof IOException io ? io : new IOException(e.getMessage(), e);
    }
  }

  private synchronized void answered() {
    if (isOut()) {
      LOG.atInfo().addKeyValue("endpoint", name).log("the endpoint answers again");
    }
    failedInARow = 0;
    failingSince = null;
    failure = "";
  }

  private synchronized void failed(String why) {
    Instant now = clock.instant();
    failures++;
    failure = why;
    if (failingSince == null) {
      failingSince = now;
      LOG.atWarn()
          .addKeyValue("endpoint", name)
          .addKeyValue("reason", why)
          .log("the endpoint does not answer");
    }
    retryAt = now.plus(pause(failedInARow++));
  }

  private Duration pause(int doublings) {
    return backOff.multipliedBy(1L << Math.min(MOST_DOUBLINGS, doublings));
  }

  private boolean isOut(Instant since) {
    return !since.plus(out).isAfter(clock.instant());
  }

  /** True when its last answer came, and it may be read from. */
  synchronized boolean isUp() {
    return isTrusted() && failedInARow == 0;
  }

  /** True unless it is known to be of another chain, or to have lied. */
  synchronized boolean isTrusted() {
    return chainKnown && otherChain == null && (dispute == null || !dispute.outvoted());
  }

  /** True when it has failed for so long that nothing is expected of it. */
  synchronized boolean isOut() {
    return failingSince != null && isOut(failingSince);
  }

  /** True when it is to be asked with the others: it is not backing off from a failure. */
  synchronized boolean isDue() {
    if (otherChain != null) {
      return false;
    }
    Instant now = clock.instant();
    if (failedInARow == 0) {
      return true;
    }
    if (now.isBefore(retryAt)) {
      return false;
    }
    // One probe at a time: many threads look.
    retryAt = now.plus(pause(failedInARow));
    return true;
  }

  /** True when it counts in a majority. */
  synchronized boolean hasVote() {
    return isTrusted() && head >= 0 && !standing && (failingSince == null || !isOut(failingSince));
  }

  synchronized boolean isChainKnown() {
    return chainKnown;
  }

  /** True unless it has said that it is of another chain. */
  synchronized boolean isOfThisChain() {
    return otherChain == null;
  }

  /** The chain that it says it is of. */
  synchronized void isOf(long chain, long wanted) {
    chainKnown = true;
    if (chain != wanted && otherChain == null) {
      otherChain = "it is of chain " + chain + ", the market is on " + wanted;
      LOG.atError()
          .addKeyValue("endpoint", name)
          .addKeyValue("reason", otherChain)
          .log("the endpoint is of another chain and is not used");
    }
  }

  /** Newest block that it has told; -1 for none. */
  synchronized long head() {
    return head;
  }

  /** It says that this is its newest block. */
  synchronized void reached(long number) {
    if (number != head) {
      head = number;
      movedAt = clock.instant();
    }
  }

  /** True when it had a new block lately. */
  synchronized boolean moves() {
    return head >= 0 && !isOut(movedAt);
  }

  /** Whether others have gone on without it; see {@link #moves()}. */
  synchronized void stands(boolean now) {
    if (now && !standing) {
      LOG.atWarn()
          .addKeyValue("endpoint", name)
          .addKeyValue("head", head)
          .log("the endpoint tells of no new blocks while another does");
    }
    standing = now;
  }

  /** It tells the hash of a block that the others do. */
  synchronized void agrees() {
    if (dispute != null) {
      LOG.atInfo().addKeyValue("endpoint", name).log("the endpoint agrees with the others again");
      dispute = null;
    }
  }

  /**
   * It tells another hash of a block than others.
   *
   * @param outvoted by a majority: it is not read from and has no vote until it agrees
   */
  synchronized void disagrees(long block, String reason, boolean outvoted) {
    if (dispute == null) {
      LOG.atError()
          .addKeyValue("endpoint", name)
          .addKeyValue("reason", reason)
          .addKeyValue("outvoted", outvoted)
          .log("endpoints disagree about a block");
    }
    int times = dispute == null ? 0 : dispute.times() + 1;
    boolean distrusted = outvoted || (dispute != null && dispute.outvoted());
    dispute = new Dispute(block, reason, distrusted, times, clock.instant().plus(pause(times)));
  }

  /** The block that it is to be asked about again, now and then, until it agrees. */
  synchronized OptionalLong disputed() {
    return dispute == null || clock.instant().isBefore(dispute.lookAt())
        ? OptionalLong.empty()
        : OptionalLong.of(dispute.block());
  }

  synchronized EndpointStatus status() {
    if (otherChain != null) {
      return status(State.OTHER_CHAIN, otherChain);
    }
    if (dispute != null) {
      return status(State.DISAGREES, dispute.reason());
    }
    if (failingSince != null) {
      return status(isOut() ? State.DOWN : State.FAILING, failure);
    }
    if (standing) {
      return status(State.STANDING, "it tells of no block after " + head + ", another does");
    }
    return status(State.UP, "");
  }

  private EndpointStatus status(State state, String reason) {
    return new EndpointStatus(name, state, failures, reason);
  }
}
