package io.granary.protocol.grpc;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A listening socket that holds so many connections at most, of all addresses and of each. What is
 * too many is closed at once, before a handshake or a buffer is spent on it.
 */
final class BoundedServerChannel extends NioServerSocketChannel {
  private final int most;
  private final int mostPerAddress;
  private final AtomicInteger open = new AtomicInteger();
  private final Map<InetAddress, Integer> byAddress = new ConcurrentHashMap<>();
  private final Map<SocketAddress, Channel> connections = new ConcurrentHashMap<>();

  BoundedServerChannel(int most, int mostPerAddress) {
    this.most = most;
    this.mostPerAddress = mostPerAddress;
  }

  @Override
  protected int doReadMessages(List<Object> accepted) throws Exception {
    int count = super.doReadMessages(accepted);
    if (count < 1) {
      return count;
    }
    Channel connection = (Channel) accepted.getLast();
    // Null for one that is closed by now.
    if (connection.remoteAddress() instanceof InetSocketAddress peer && take(peer.getAddress())) {
      connections.put(peer, connection);
      connection.closeFuture().addListener(closed -> forget(peer));
      return count;
    }
    accepted.removeLast();
    connection.unsafe().closeForcibly();
    return 0;
  }

  /** Closes a connection with all that waits to be sent on it; does nothing when it is closed. */
  void hangUp(SocketAddress peer) {
    Channel connection = connections.get(peer);
    if (connection != null) {
      // Past HTTP/2's own close, which would wait for the streams to end.
      connection
          .eventLoop()
          .execute(() -> connection.unsafe().close(connection.unsafe().voidPromise()));
    }
  }

  private void forget(InetSocketAddress peer) {
    connections.remove(peer);
    release(peer.getAddress());
  }

  private boolean take(InetAddress address) {
    if (open.incrementAndGet() > most) {
      open.decrementAndGet();
      return false;
    }
    if (byAddress.merge(address, 1, Integer::sum) > mostPerAddress) {
      release(address);
      return false;
    }
    return true;
  }

  private void release(InetAddress address) {
    open.decrementAndGet();
    byAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
  }
}
