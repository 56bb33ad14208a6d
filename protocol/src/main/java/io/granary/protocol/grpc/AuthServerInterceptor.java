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

/**
 * Lets calls through only with a valid token (Protocol §8.3) and within their caller's quota. Only
 * methods whose proto says that they have no side effects are open to everybody, so a method whose
 * author forgot to think of it is closed.
 */
public final class AuthServerInterceptor implements ServerInterceptor {
  /** Who calls; set unless the method is open to everybody. */
  public static final Context.Key<Address> CALLER = Context.key("granary-caller");

  private final CallAuth auth;
  private final Quotas quotas;

  AuthServerInterceptor(CallAuth auth, Quotas quotas) {
    this.auth = auth;
    this.quotas = quotas;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    if (call.getMethodDescriptor().isSafe()) {
      return next.startCall(call, headers);
    }
    byte[] token = headers.get(CallAuth.KEY);
    if (token == null) {
      return reject(call, method + " must be authenticated: send granary-auth-bin (Protocol §8.3)");
    }
    CallAuth.Caller caller;
    Quotas.Lease lease;
    try {
      caller = auth.check(token, method);
      lease = quotas.enter(caller.address());
    } catch (CallAuth.Rejected e) {
      return reject(call, String.valueOf(e.getMessage()));
    } catch (Quotas.ExceededException e) {
      return e.refuse(call);
    }
    try {
      Context context = Context.current().withValue(CALLER, caller.address());
      ServerCall.Listener<Q> listener = Contexts.interceptCall(context, call, headers, next);
      return lease.until(new FirstMessageCheck<>(listener, call, caller));
    } catch (RuntimeException | Error e) {
      lease.close();
      throw e;
    }
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
