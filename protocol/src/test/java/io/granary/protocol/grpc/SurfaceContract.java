package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.granary.protocol.crypto.EthKey;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;

/**
 * What holds for every method of every service of a node (Protocol §8): each role's tests inherit
 * it, and give a running node and good calls.
 */
public abstract class SurfaceContract {
  /** A running node of a role, seen from outside. */
  public interface Node {
    /** What it serves, over a channel to it. */
    Surface surface();

    /** Tokens of the one who may call. */
    Tokens tokens();

    /** Names of the methods that must be closed to whoever has no token. */
    Set<String> closed();

    /**
     * The messages of a good call as it is now, or none for a method that needs no other ones than
     * {@link Mutation#filled}.
     */
    List<Message> good(String method);

    /**
     * Signs a changed message again, where its sender would, so that what lies behind the check of
     * its signature is reached.
     */
    Message signAgain(Message message);

    /** Exceptions that nobody caught. */
    List<String> uncaught();
  }

  /** How a call is authenticated. */
  enum Sent {
    GOOD,
    NO_TOKEN,
    NONSENSE
  }

  private final DocumentedStatuses documented;

  /** Reads the documented statuses. */
  protected SurfaceContract() throws java.io.IOException {
    this.documented = DocumentedStatuses.read();
  }

  /** The node, started once. */
  protected abstract Node node();

  /** Any method. */
  @Provide
  Arbitrary<Surface.Method> methods() {
    return Arbitraries.of(node().surface().methods());
  }

  /** Anything that can be wrong with a call. */
  @Provide
  Arbitrary<Mutation> mutations() {
    Arbitrary<Mutation.Kind> kinds =
        Arbitraries.frequency(
            Tuple.of(12, Mutation.Kind.EXTREME),
            Tuple.of(8, Mutation.Kind.RANDOM_VALUE),
            Tuple.of(8, Mutation.Kind.CLEARED),
            Tuple.of(6, Mutation.Kind.RANDOM_BYTES),
            Tuple.of(6, Mutation.Kind.BIT),
            Tuple.of(4, Mutation.Kind.REPEATED),
            Tuple.of(3, Mutation.Kind.TRUNCATED),
            Tuple.of(3, Mutation.Kind.UNKNOWN_FIELDS),
            Tuple.of(3, Mutation.Kind.NONE),
            Tuple.of(2, Mutation.Kind.EMPTY),
            Tuple.of(2, Mutation.Kind.NO_MESSAGE),
            Tuple.of(2, Mutation.Kind.TWICE));
    return Combinators.combine(kinds, Arbitraries.integers().between(0, 63), Arbitraries.longs())
        .as(Mutation::new);
  }

  /** Mostly good tokens: behind them is more to break. */
  @Provide
  Arbitrary<Sent> tokens() {
    return Arbitraries.frequency(
        Tuple.of(6, Sent.GOOD), Tuple.of(1, Sent.NO_TOKEN), Tuple.of(1, Sent.NONSENSE));
  }

  private List<Message> good(Surface.Method method) {
    List<Message> good = node().good(method.name());
    return good.isEmpty() ? List.of(Mutation.filled(method.request())) : good;
  }

  private static List<byte[]> bytes(List<? extends Message> messages) {
    return messages.stream().map(Message::toByteArray).toList();
  }

  /** Mutates a good call; with fields changed, half of the calls are signed again. */
  private List<byte[]> mutated(Surface.Method method, Mutation mutation) {
    List<Message> good = good(method);
    if (!mutation.isOfFields() || mutation.seed() % 2 == 0) {
      return mutation.apply(good);
    }
    List<Message> out = new ArrayList<>(good);
    int at = Math.floorMod(mutation.place(), good.size());
    out.set(at, node().signAgain(mutation.ofField(good.get(at), new Random(mutation.seed()))));
    return bytes(out);
  }

  private Surface.Answer call(Surface.Method method, List<byte[]> requests, Sent sent) {
    return node()
        .surface()
        .call(
            method,
            requests,
            switch (sent) {
              case GOOD -> Optional.of(node().tokens().good(method, Surface.first(requests)));
              case NO_TOKEN -> Optional.empty();
              case NONSENSE -> Optional.of(new byte[] {1, 2, 3});
            });
  }

  /** Whatever comes, the answer is a documented one, and the node serves on. */
  @Property(tries = 500, shrinking = ShrinkingMode.BOUNDED)
  void every_answer_to_anything_is_documented(
      @ForAll("methods") Surface.Method method,
      @ForAll("mutations") Mutation mutation,
      @ForAll("tokens") Sent sent)
      throws InvalidProtocolBufferException {
    Surface.Answer answer = call(method, mutated(method, mutation), sent);
    documented.check(method, answer);
    assertEquals(List.of(), node().uncaught());
    if (!method.open() && method.granary() && sent != Sent.GOOD) {
      assertNotEquals(Status.Code.OK, answer.code(), method + " without a token");
    }
  }

  /** Good calls are answered, and each method has its row. */
  @Example
  void good_calls_are_answered() throws InvalidProtocolBufferException {
    documented.checkListed(node().surface().methods());
    for (Surface.Method method : node().surface().methods()) {
      List<Message> good = node().good(method.name());
      if (!good.isEmpty()) {
        Surface.Answer answer = call(method, bytes(good), Sent.GOOD);
        assertEquals(Status.Code.OK, answer.code(), method + " " + answer.description());
        assertEquals(List.of(), Surface.refusals(method, answer), method.toString());
      }
    }
  }

  /** First or later, and the connection goes on with other calls. */
  @Example
  void messages_above_the_limit_end_their_call_and_no_other()
      throws InvalidProtocolBufferException {
    byte[] huge = new byte[Limits.MESSAGE_BYTES + 1];
    Surface.Method another = node().surface().methods().getFirst();
    for (Surface.Method method : node().surface().methods()) {
      List<byte[]> requests = new ArrayList<>(bytes(good(method)));
      for (List<byte[]> calls : List.of(List.of(huge), List.of(requests.getFirst(), huge))) {
        Surface.Answer answer = call(method, calls, Sent.GOOD);
        documented.check(method, answer);
        documented.check(another, call(another, bytes(good(another)), Sent.GOOD));
      }
    }
    assertEquals(List.of(), node().uncaught());
  }

  private List<Surface.Method> closed() {
    return node().surface().methods().stream().filter(m -> m.granary() && !m.open()).toList();
  }

  private static void refused(Surface.Method method, String why, Surface.Answer answer) {
    assertEquals(Status.Code.UNAUTHENTICATED, answer.code(), method + " with a token of " + why);
    assertFalse(answer.description().isBlank(), method + " " + why);
  }

  /** Which methods are closed is written down once more, so that none is opened by mistake. */
  @Example
  void methods_that_change_something_are_closed() {
    assertEquals(
        node().closed(),
        closed().stream()
            .map(Surface.Method::shortName)
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  /** No token, and each token that is wrong by itself. */
  @Example
  void wrong_tokens_are_refused_by_every_closed_method() throws Exception {
    for (Surface.Method method : closed()) {
      List<byte[]> requests = bytes(good(method));
      for (Tokens.Wrong wrong : node().tokens().wrong(method, Surface.first(requests))) {
        refused(method, wrong.why(), node().surface().call(method, requests, wrong.token()));
      }
    }
  }

  /** The same token again: with its request, with another one, and at another method. */
  @Example
  void tokens_are_taken_once_by_every_closed_method() {
    for (Surface.Method method : closed()) {
      List<byte[]> requests = bytes(good(method));
      Optional<byte[]> token = Optional.of(node().tokens().good(method, Surface.first(requests)));
      assertNotEquals(
          Status.Code.UNAUTHENTICATED,
          node().surface().call(method, requests, token).code(),
          method.toString());
      Surface.Answer again = node().surface().call(method, requests, token);
      refused(method, "a call before", again);
      assertTrue(again.description().contains("used before"), again.description());
      List<byte[]> other = List.of(new byte[0]);
      refused(method, "another body", node().surface().call(method, other, token));
      for (Surface.Method elsewhere : closed()) {
        if (!elsewhere.equals(method)) {
          refused(elsewhere, method.name(), node().surface().call(elsewhere, requests, token));
        }
      }
    }
  }

  /** Not even when all come at once. */
  @Example
  void of_calls_at_once_with_the_same_token_one_goes_through() throws Exception {
    for (Surface.Method method : closed()) {
      List<byte[]> requests = bytes(good(method));
      Optional<byte[]> token = Optional.of(node().tokens().good(method, Surface.first(requests)));
      Callable<Surface.Answer> call = () -> node().surface().call(method, requests, token);
      int through = 0;
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Future<Surface.Answer> answer :
            threads.invokeAll(List.of(call, call, call, call, call, call))) {
          through += answer.get().code() == Status.Code.UNAUTHENTICATED ? 0 : 1;
        }
      }
      assertEquals(1, through, method.toString());
    }
  }

  /** A stranger with a good token of its own is told that it is not the one who may. */
  @Example
  void another_peers_key_opens_nothing() throws InvalidProtocolBufferException {
    Tokens stranger =
        new Tokens(node().tokens().domain(), EthKey.generate(), node().tokens().audience());
    for (Surface.Method method : closed()) {
      List<byte[]> requests = bytes(good(method));
      Surface.Answer answer =
          node()
              .surface()
              .call(method, requests, Optional.of(stranger.good(method, Surface.first(requests))));
      String told = Surface.refusals(method, answer) + answer.description();
      assertTrue(
          told.contains("NOT_CLIENT") || told.contains("NOT_OPERATOR"), method + ": " + told);
      documented.check(method, answer);
    }
  }

  /** A message of the reflected type with the same bytes, which mutations can look into. */
  protected static Message reflected(Surface surface, String method, Message message) {
    Surface.Method m =
        surface.methods().stream().filter(x -> x.name().equals(method)).findFirst().orElseThrow();
    try {
      return DynamicMessage.parseFrom(m.request(), message.toByteArray());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(message + " is no request of " + method, e);
    }
  }
}
