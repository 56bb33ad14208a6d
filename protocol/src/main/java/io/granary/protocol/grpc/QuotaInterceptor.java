package io.granary.protocol.grpc;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Holds every call to the quota of the address it comes from (Protocol §8.6), before anything is
 * spent on it: also calls whose authentication will fail.
 */
final class QuotaInterceptor implements ServerInterceptor {
  private static final int NETWORK_BYTES = 8;

  private final Quotas quotas;

  QuotaInterceptor(Quotas quotas) {
    this.quotas = quotas;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Quotas.Lease lease;
    try {
      lease = quotas.enter(peer(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)));
    } catch (Quotas.ExceededException e) {
      return e.refuse(call);
    }
    try {
      return lease.until(next.startCall(call, headers));
    } catch (RuntimeException | Error e) {
      lease.close();
      throw e;
    }
  }

  /**
   * Who calls: an IPv4 address, or the /64 network of an IPv6 address, whose rest is free to
   * choose.
   */
  static Object peer(@Nullable SocketAddress remote) {
    if (remote instanceof InetSocketAddress socket
        && socket.getAddress() instanceof InetAddress address) {
      return address instanceof Inet6Address six ? network(six) : address.getHostAddress();
    }
    return String.valueOf(remote);
  }

  private static String network(Inet6Address address) {
    byte[] bytes = address.getAddress();
    Arrays.fill(bytes, NETWORK_BYTES, bytes.length, (byte) 0);
    try {
      return InetAddress.getByAddress(bytes).getHostAddress() + "/64";
    } catch (UnknownHostException e) {
      throw new IllegalStateException("sixteen bytes are an address", e);
    }
  }
}
