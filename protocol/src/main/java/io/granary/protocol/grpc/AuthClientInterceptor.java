package io.granary.protocol.grpc;

import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * Signs every call (Protocol §8.3). The first message is part of what is signed, so a call starts
 * with it.
 */
public final class AuthClientInterceptor implements ClientInterceptor {
  private final SigningDomain domain;
  private final EthKey caller;
  private final Address audience;
  private final Clock clock;

  /** Signs as {@code caller} for the peer {@code audience}. */
  public AuthClientInterceptor(SigningDomain domain, EthKey caller, Address audience) {
    this.domain = domain;
    this.caller = caller;
    this.audience = audience;
    this.clock = Clock.systemUTC();
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SignedCall<>(next.newCall(method, options), method.getFullMethodName());
  }

  private final class SignedCall<Q, A> extends SimpleForwardingClientCall<Q, A> {
    private final String method;
    private @Nullable Listener<A> listener;
    private @Nullable Metadata headers;
    private int requested;

    SignedCall(ClientCall<Q, A> call, String method) {
      super(call);
      this.method = method;
    }

    @Override
    public void start(Listener<A> responseListener, Metadata metadata) {
      listener = responseListener;
      headers = metadata;
    }

    @Override
    public void request(int count) {
      if (headers != null) {
        requested += count;
      } else {
        super.request(count);
      }
    }

    @Override
    public void sendMessage(Q message) {
      Metadata metadata = headers;
      if (metadata != null) {
        metadata.put(
            CallAuth.KEY, CallAuth.token(domain, caller, audience, method, message, clock));
      }
      startNow();
      super.sendMessage(message);
    }

    /** Without a first message there is nothing to sign: the peer refuses the call. */
    @Override
    public void halfClose() {
      startNow();
      super.halfClose();
    }

    /** Room there is: what waits for it is the message that starts the call. */
    @Override
    public boolean isReady() {
      return headers != null || super.isReady();
    }

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {
      startNow();
      super.cancel(message, cause);
    }

    private void startNow() {
      Metadata metadata = headers;
      Listener<A> responseListener = listener;
      if (metadata != null && responseListener != null) {
        headers = null;
        super.start(responseListener, metadata);
        if (requested > 0) {
          super.request(requested);
        }
      }
    }
  }
}
