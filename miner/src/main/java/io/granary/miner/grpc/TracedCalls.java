package io.granary.miner.grpc;

import io.granary.miner.ops.Traces;
import io.grpc.BindableService;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;

/** A span for each call, from its beginning to its status. */
public final class TracedCalls implements ServerInterceptor {
  private final Traces traces;

  private TracedCalls(Traces traces) {
    this.traces = traces;
  }

  /** The same service; traced when somebody wants traces. */
  public static BindableService of(BindableService service, Traces traces) {
    return traces.areOn()
        ? () -> ServerInterceptors.intercept(service, new TracedCalls(traces))
        : service;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Traces.Step step = traces.call(call.getMethodDescriptor().getFullMethodName());
    ServerCall<Q, A> traced =
        new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            if (!status.isOk()) {
              step.failed(String.valueOf(status));
            }
            step.close();
            super.close(status, trailers);
          }
        };
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
        next.startCall(traced, headers)) {
      @Override
      public void onCancel() {
        step.failed("the peer went away");
        step.close();
        super.onCancel();
      }
    };
  }
}
