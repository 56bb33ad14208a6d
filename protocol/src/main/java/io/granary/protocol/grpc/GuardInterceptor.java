package io.granary.protocol.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.granary.protocol.chain.ChainUnavailableException;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every call is held to: a malformed message is INVALID_ARGUMENT, a fault of ours is INTERNAL
 * with an incident number that the log explains, a call without a deadline or with one too far gets
 * one, and a peer that goes silent in the middle of a stream is cut off.
 */
final class GuardInterceptor implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(GuardInterceptor.class);

  private final ScheduledExecutorService timer;
  private final Guards guards;
  private final Consumer<SocketAddress> hangUp;

  /** Closes with {@code hangUp} the connection of a peer that does not even read a call's end. */
  GuardInterceptor(ScheduledExecutorService timer, Guards guards, Consumer<SocketAddress> hangUp) {
    this.timer = timer;
    this.guards = guards;
    this.hangUp = hangUp;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    GuardedCall<Q, A> guarded = new GuardedCall<>(call);
    Watch watch = new Watch(guarded, Context.current().withCancellation());
    watch.start(call.getMethodDescriptor().getType(), Context.current().getDeadline());
    Listener<Q> listener = new Listener<>(guarded, watch);
    listener.step(
        () -> listener.target = Contexts.interceptCall(watch.context, guarded, headers, next));
    return listener;
  }

  /** The timers of one call, and the context that tells its handler to stop. */
  private final class Watch {
    private final GuardedCall<?, ?> call;
    private final Context.CancellableContext context;
    private final List<Future<?>> timers = new ArrayList<>();
    private boolean ended;

    Watch(GuardedCall<?, ?> call, Context.CancellableContext context) {
      this.call = call;
      this.context = context;
    }

    synchronized void start(MethodType type, @org.jspecify.annotations.Nullable Deadline deadline) {
      boolean unary = type == MethodType.UNARY;
      Duration longest = unary ? guards.longestCall() : guards.stream();
      if (deadline == null || deadline.timeRemaining(TimeUnit.MILLISECONDS) > longest.toMillis()) {
        Duration limit = deadline != null ? longest : unary ? guards.call() : guards.stream();
        String message =
            "this node gives the call " + limit.toSeconds() + " s; set a deadline, resume a stream";
        timers.add(timer.schedule(() -> cut(message), limit.toMillis(), TimeUnit.MILLISECONDS));
      }
      if (!unary) {
        long idle = guards.idle().toMillis();
        timers.add(
            timer.scheduleWithFixedDelay(this::cutIfStuck, idle, idle, TimeUnit.MILLISECONDS));
      }
    }

    private void cutIfStuck() {
      if (call.isStuck(guards.idleBytes())) {
        cut(
            "nothing moved for "
                + guards.idle().toSeconds()
                + " s, or less than "
                + guards.idleBytes()
                + " bytes; resume where the stream stopped");
      }
    }

    private synchronized void cut(String message) {
      boolean unread = !call.isReady();
      if (call.cut(Status.DEADLINE_EXCEEDED.withDescription(message))) {
        stop();
        // The status waits behind what the peer does not read, and the handler holds its place.
        if (unread && !ended) {
          long idle = guards.idle().toMillis();
          timers.add(timer.schedule(this::hangUp, idle, TimeUnit.MILLISECONDS));
        }
      }
    }

    private void hangUp() {
      SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
      if (peer != null) {
        hangUp.accept(peer);
      }
    }

    private void stop() {
      timers.forEach(t -> t.cancel(false));
      context.cancel(null);
    }

    synchronized void end() {
      ended = true;
      stop();
    }
  }

  private final class Listener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final GuardedCall<Q, ?> call;
    private final Watch watch;
    private ServerCall.Listener<Q> target = new ServerCall.Listener<>() {};

    Listener(GuardedCall<Q, ?> call, Watch watch) {
      super(new ServerCall.Listener<>() {});
      this.call = call;
      this.watch = watch;
    }

    @Override
    protected ServerCall.Listener<Q> delegate() {
      return target;
    }

    void step(Runnable step) {
      try {
        step.run();
      } catch (RuntimeException e) {
        call.cut(statusOf(e));
      } catch (Error e) {
        // The peer is answered; the JVM's handler decides what becomes of the process.
        call.cut(incident(e));
        throw e;
      }
    }

    private Status statusOf(RuntimeException e) {
      if (e instanceof WireException) {
        return Status.INVALID_ARGUMENT.withDescription(e.getMessage());
      }
      if (e instanceof StatusRuntimeException s) {
        return s.getCause() instanceof InvalidProtocolBufferException
            ? Status.INVALID_ARGUMENT.withDescription(
                "the request is no message of " + method() + "; send one of granary.v1")
            : s.getStatus().withCause(null);
      }
      if (e instanceof ChainUnavailableException) {
        LOG.atWarn().setCause(e).addKeyValue("method", method()).log("a call needed the chain");
        return Status.UNAVAILABLE.withDescription(
            "this node cannot reach its chain endpoint now; try again later");
      }
      return incident(e);
    }

    private Status incident(Throwable e) {
      String incident = UUID.randomUUID().toString().substring(0, 8);
      LOG.atError()
          .setCause(e)
          .addKeyValue("incident", incident)
          .addKeyValue("method", method())
          .log("a call failed");
      return Status.INTERNAL.withDescription(
          "incident " + incident + "; the node's log explains it");
    }

    /** gRPC itself would answer a second request, or none, with INTERNAL. */
    private boolean takesOne() {
      return call.getMethodDescriptor().getType().clientSendsOneMessage();
    }

    private String method() {
      return call.getMethodDescriptor().getFullMethodName();
    }

    @Override
    public void onMessage(Q message) {
      long size = message instanceof byte[] raw ? raw.length : guards.idleBytes();
      if (call.received(size) > 1 && takesOne()) {
        call.cut(
            Status.INVALID_ARGUMENT.withDescription(
                method() + " takes one request; send the next in a call of its own"));
      }
      if (!call.wasCut()) {
        step(() -> super.onMessage(message));
      }
    }

    @Override
    public void onHalfClose() {
      if (call.halfClosed() == 0 && takesOne()) {
        call.cut(
            Status.INVALID_ARGUMENT.withDescription(
                method() + " takes one request, and none came before the end of the call"));
      }
      if (!call.wasCut()) {
        step(super::onHalfClose);
      }
    }

    @Override
    public void onReady() {
      if (!call.wasCut()) {
        step(super::onReady);
      }
    }

    @Override
    public void onCancel() {
      call.ended();
      watch.end();
      step(super::onCancel);
    }

    /** A handler whose call was cut is told so, for it may hold files or locks. */
    @Override
    public void onComplete() {
      watch.end();
      step(call.wasCut() ? super::onCancel : super::onComplete);
    }
  }
}
