package io.granary.protocol.grpc;

import io.granary.protocol.values.Address;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Set;

/** Lets calls of protected methods through only with a valid token (Protocol §8.3). */
public final class AuthServerInterceptor implements ServerInterceptor {
  /** Who calls; set for protected methods. */
  public static final Context.Key<Address> CALLER = Context.key("granary-caller");

  private final CallAuth auth;
  private final Set<String> protectedMethods;

  /** Protects methods by their full names. */
  public AuthServerInterceptor(CallAuth auth, Set<String> protectedMethods) {
    this.auth = auth;
    this.protectedMethods = Set.copyOf(protectedMethods);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    if (!protectedMethods.contains(method)) {
      return next.startCall(call, headers);
    }
    byte[] token = headers.get(CallAuth.KEY);
    if (token == null) {
      return reject(call, method + " must be authenticated: send granary-auth-bin (Protocol §8.3)");
    }
    CallAuth.Caller caller;
    try {
      caller = auth.check(token, method);
    } catch (CallAuth.Rejected e) {
      return reject(call, String.valueOf(e.getMessage()));
    }
    Context context = Context.current().withValue(CALLER, caller.address());
    ServerCall.Listener<Q> listener = Contexts.interceptCall(context, call, headers, next);
    return new FirstMessageCheck<>(listener, call, caller);
  }

  private static <Q, A> ServerCall.Listener<Q> reject(ServerCall<Q, A> call, String message) {
    call.close(Status.UNAUTHENTICATED.withDescription(message), new Metadata());
    return new ServerCall.Listener<>() {};
  }

  private static final class FirstMessageCheck<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private final CallAuth.Caller caller;
    private boolean checked;
    private boolean rejected;

    FirstMessageCheck(
        ServerCall.Listener<Q> listener, ServerCall<Q, ?> call, CallAuth.Caller caller) {
      super(listener);
      this.call = call;
      this.caller = caller;
    }

    private void reject(String message) {
      rejected = true;
      call.close(Status.UNAUTHENTICATED.withDescription(message), new Metadata());
    }

    @Override
    public void onMessage(Q message) {
      if (!checked) {
        checked = true;
        if (!CallAuth.hashOf(message).equals(caller.requestHash())) {
          reject("the token was signed for another request; sign one for this request");
        }
      }
      if (!rejected) {
        super.onMessage(message);
      }
    }

    @Override
    public void onHalfClose() {
      if (!checked) {
        reject("the call ended before the request that its token was signed for; send it");
      }
      if (!rejected) {
        super.onHalfClose();
      }
    }

    /** A handler that never heard of a rejected request needs to let go of what it opened. */
    @Override
    public void onComplete() {
      if (rejected) {
        super.onCancel();
      } else {
        super.onComplete();
      }
    }
  }
}
