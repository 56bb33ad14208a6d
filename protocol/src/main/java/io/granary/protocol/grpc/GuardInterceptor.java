package io.granary.protocol.grpc;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every call is held to: a malformed message is INVALID_ARGUMENT, a fault of ours is INTERNAL
 * with an incident number that the log explains, a call without a deadline gets one, and a peer
 * that goes silent in the middle of a stream is cut off.
 */
final class GuardInterceptor implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(GuardInterceptor.class);

  private final ScheduledExecutorService timer;

  GuardInterceptor(ScheduledExecutorService timer) {
    this.timer = timer;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    OnceClosed<Q, A> guarded = new OnceClosed<>(call);
    boolean streams = !call.getMethodDescriptor().getType().clientSendsOneMessage();
    long limit = Context.current().getDeadline() != null ? 0 : Limits.STREAM.toMillis();
    Listener<Q> listener = new Listener<>(guarded, streams);
    if (limit > 0) {
      listener.deadline =
          timer.schedule(
              () ->
                  guarded.close(
                      Status.DEADLINE_EXCEEDED.withDescription("no deadline was set; set one"),
                      new Metadata()),
              limit,
              TimeUnit.MILLISECONDS);
    }
    try {
      listener.target = next.startCall(guarded, headers);
    } catch (RuntimeException e) {
      listener.fail(e);
    }
    listener.touch();
    return listener;
  }

  /** A call that whoever comes first closes. */
  private static final class OnceClosed<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final AtomicBoolean closed = new AtomicBoolean();

    OnceClosed(ServerCall<Q, A> call) {
      super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (closed.compareAndSet(false, true)) {
        super.close(status, trailers);
      }
    }
  }

  private final class Listener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private final boolean streams;
    private ServerCall.Listener<Q> target = new ServerCall.Listener<>() {};
    private volatile @org.jspecify.annotations.Nullable ScheduledFuture<?> deadline;
    private volatile @org.jspecify.annotations.Nullable ScheduledFuture<?> idle;

    Listener(ServerCall<Q, ?> call, boolean streams) {
      super(new ServerCall.Listener<>() {});
      this.call = call;
      this.streams = streams;
    }

    @Override
    protected ServerCall.Listener<Q> delegate() {
      return target;
    }

    void touch() {
      stop(idle);
      if (streams) {
        idle =
            timer.schedule(
                () ->
                    call.close(
                        Status.DEADLINE_EXCEEDED.withDescription(
                            "nothing was sent for "
                                + Limits.IDLE.toSeconds()
                                + " s; resume where the stream stopped"),
                        new Metadata()),
                Limits.IDLE.toMillis(),
                TimeUnit.MILLISECONDS);
      }
    }

    private void stop(@org.jspecify.annotations.Nullable ScheduledFuture<?> future) {
      if (future != null) {
        future.cancel(false);
      }
    }

    void fail(RuntimeException e) {
      if (e instanceof WireException) {
        call.close(Status.INVALID_ARGUMENT.withDescription(e.getMessage()), new Metadata());
      } else if (e instanceof StatusRuntimeException s) {
        call.close(s.getStatus(), new Metadata());
      } else {
        String incident = UUID.randomUUID().toString().substring(0, 8);
        LOG.atError()
            .setCause(e)
            .addKeyValue("incident", incident)
            .addKeyValue("method", call.getMethodDescriptor().getFullMethodName())
            .log("a call failed");
        call.close(
            Status.INTERNAL.withDescription(
                "incident " + incident + "; the node's log explains it"),
            new Metadata());
      }
    }

    private void guarded(Runnable step) {
      try {
        step.run();
      } catch (RuntimeException e) {
        fail(e);
      }
    }

    @Override
    public void onMessage(Q message) {
      touch();
      guarded(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      stop(idle);
      guarded(super::onHalfClose);
    }

    @Override
    public void onReady() {
      guarded(super::onReady);
    }

    @Override
    public void onCancel() {
      stop(idle);
      stop(deadline);
      guarded(super::onCancel);
    }

    @Override
    public void onComplete() {
      stop(idle);
      stop(deadline);
      guarded(super::onComplete);
    }
  }
}
