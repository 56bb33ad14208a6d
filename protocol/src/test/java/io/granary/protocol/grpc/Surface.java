package io.granary.protocol.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * All methods of all services that a running server serves, as it tells itself by gRPC's server
 * reflection, so that a new one is tested without being named here; and calls of them with any
 * bytes.
 */
public final class Surface {
  /** Far more than any call here takes: what gets so far does not end. */
  private static final int DEADLINE_SECONDS = 20;

  private final Channel channel;
  private final List<Method> methods;

  private Surface(Channel channel, List<Method> methods) {
    this.channel = channel;
    this.methods = methods;
  }

  /**
   * A method as it was reflected.
   *
   * @param name full name
   * @param open true when its proto says that it has no side effects: everybody may call it
   * @param granary true when it is of this protocol, false when of gRPC itself
   */
  public record Method(
      String name,
      Descriptor request,
      Descriptor response,
      boolean streamsRequests,
      boolean open,
      boolean granary) {
    /** As the table of Protocol §8.5 names it: without the package. */
    public String shortName() {
      return name.replaceFirst("^.*\\.(\\w+)/", "$1.");
    }

    @Override
    public String toString() {
      return shortName();
    }
  }

  /** How a call ended, and what came before. */
  public record Answer(Status status, Metadata trailers, List<byte[]> messages) {
    /** Its code. */
    public Status.Code code() {
      return status.getCode();
    }

    /** Its text; empty when there is none. */
    public String description() {
      return status.getDescription() == null ? "" : status.getDescription();
    }
  }

  /** Asks the server what it serves. */
  public static Surface of(Channel channel) throws Exception {
    List<Method> methods = new ArrayList<>();
    ServerReflectionResponse listed =
        reflect(channel, ServerReflectionRequest.newBuilder().setListServices("").build());
    for (ServiceResponse service : listed.getListServicesResponse().getServiceList()) {
      for (MethodDescriptor m : descriptor(channel, service.getName()).getMethods()) {
        methods.add(
            new Method(
                service.getName() + "/" + m.getName(),
                m.getInputType(),
                m.getOutputType(),
                m.isClientStreaming(),
                m.getOptions().getIdempotencyLevel()
                    == com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel
                        .NO_SIDE_EFFECTS,
                service.getName().startsWith("granary.")));
      }
    }
    return new Surface(channel, List.copyOf(methods));
  }

  /** Every method there is. */
  public List<Method> methods() {
    return methods;
  }

  private static ServiceDescriptor descriptor(Channel channel, String service) throws Exception {
    ServerReflectionResponse answer =
        reflect(
            channel, ServerReflectionRequest.newBuilder().setFileContainingSymbol(service).build());
    Map<String, FileDescriptorProto> files = new HashMap<>();
    for (ByteString file : answer.getFileDescriptorResponse().getFileDescriptorProtoList()) {
      FileDescriptorProto proto = FileDescriptorProto.parseFrom(file);
      files.put(proto.getName(), proto);
    }
    for (String name : files.keySet()) {
      for (ServiceDescriptor found : file(name, files).getServices()) {
        if (found.getFullName().equals(service)) {
          return found;
        }
      }
    }
    throw new AssertionError("the server lists " + service + " and does not describe it");
  }

  private static FileDescriptor file(String name, Map<String, FileDescriptorProto> files)
      throws DescriptorValidationException {
    FileDescriptorProto proto = files.get(name);
    List<FileDescriptor> dependencies = new ArrayList<>();
    for (String dependency : proto.getDependencyList()) {
      dependencies.add(file(dependency, files));
    }
    return FileDescriptor.buildFrom(proto, dependencies.toArray(FileDescriptor[]::new));
  }

  private static ServerReflectionResponse reflect(Channel channel, ServerReflectionRequest request)
      throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse value) {
                    answer.complete(value);
                  }

                  @Override
                  public void onError(Throwable t) {
                    answer.completeExceptionally(t);
                  }

                  @Override
                  public void onCompleted() {
                    answer.completeExceptionally(new AssertionError("no reflection"));
                  }
                });
    requests.onNext(request);
    requests.onCompleted();
    return answer.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  private static final Marshaller<byte[]> BYTES =
      new Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  /**
   * Calls a method: with any number of messages, whatever its type. A method that tells changes for
   * ever is left after its first message, which counts as OK.
   *
   * @param token for {@code granary-auth-bin}
   */
  public Answer call(Method method, List<byte[]> requests, Optional<byte[]> token) {
    Metadata headers = new Metadata();
    token.ifPresent(t -> headers.put(CallAuth.KEY, t));
    // So that this side does not mind how many messages there are.
    ClientCall<byte[], byte[]> call =
        channel.newCall(
            io.grpc.MethodDescriptor.<byte[], byte[]>newBuilder()
                .setFullMethodName(method.name())
                .setType(MethodType.BIDI_STREAMING)
                .setRequestMarshaller(BYTES)
                .setResponseMarshaller(BYTES)
                .build(),
            CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS));
    Listener listener = new Listener(call, method.name().contains("/Watch"));
    call.start(listener, headers);
    call.request(Integer.MAX_VALUE);
    for (byte[] request : requests) {
      call.sendMessage(request);
    }
    call.halfClose();
    try {
      return listener.answer.get(2 * DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError(method + " does not end", e);
    }
  }

  private static final class Listener extends ClientCall.Listener<byte[]> {
    private final ClientCall<byte[], byte[]> call;
    private final boolean endless;
    private final List<byte[]> messages = Collections.synchronizedList(new ArrayList<>());
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();

    Listener(ClientCall<byte[], byte[]> call, boolean endless) {
      this.call = call;
      this.endless = endless;
    }

    @Override
    public void onMessage(byte[] message) {
      messages.add(message);
      if (endless) {
        answer.complete(new Answer(Status.OK, new Metadata(), List.copyOf(messages)));
        call.cancel("one is enough", null);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      answer.complete(new Answer(status, trailers, List.copyOf(messages)));
    }
  }

  /** The first request of a call as its token must sign it; empty bytes when there is none. */
  public static byte[] first(List<byte[]> requests) {
    return requests.isEmpty() ? new byte[0] : requests.getFirst();
  }

  /** Refusals anywhere in an answer's messages, by their codes. */
  public static List<String> refusals(Method method, Answer answer)
      throws InvalidProtocolBufferException {
    List<String> codes = new ArrayList<>();
    for (byte[] message : answer.messages()) {
      collect(com.google.protobuf.DynamicMessage.parseFrom(method.response(), message), codes);
    }
    return codes;
  }

  private static void collect(com.google.protobuf.Message message, List<String> codes) {
    if (message.getDescriptorForType().getFullName().equals("granary.v1.Refusal")) {
      codes.add((String) message.getField(message.getDescriptorForType().findFieldByName("code")));
    }
    message
        .getAllFields()
        .values()
        .forEach(
            value -> {
              for (Object one : value instanceof List<?> many ? many : List.of(value)) {
                if (one instanceof com.google.protobuf.Message inner) {
                  collect(inner, codes);
                }
              }
            });
  }
}
