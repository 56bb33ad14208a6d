package io.granary.protocol.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * One thing that is wrong with the messages of a call.
 *
 * @param kind what
 * @param place where: which field, message or byte, counted round
 * @param seed of what is random about it
 */
public record Mutation(Kind kind, int place, long seed) {
  /** Entries of a repeated field that has too many. */
  private static final int MANY = 10_000;

  /** What is done to a call. */
  public enum Kind {
    /** Nothing: the call is as its method wants it. */
    NONE,
    /** Bytes that are no message, or one by chance. */
    RANDOM_BYTES,
    /** One bit is another one. */
    BIT,
    /** The message ends too early. */
    TRUNCATED,
    /** A message without fields. */
    EMPTY,
    /** A call without a message. */
    NO_MESSAGE,
    /** One message too many. */
    TWICE,
    /** A field is missing. */
    CLEARED,
    /** A number at the end of its range, bytes of another length, an enum value that is none. */
    EXTREME,
    /** A random value of the right type and length. */
    RANDOM_VALUE,
    /** A repeated field has thousands of entries; another field is there twice. */
    REPEATED,
    /** Fields that the message does not have. */
    UNKNOWN_FIELDS
  }

  /** A field somewhere in a message. */
  private record Place(List<FieldDescriptor> path, FieldDescriptor field) {}

  /** True when fields are wrong and the message is one all the same. */
  public boolean isOfFields() {
    return switch (kind) {
      case CLEARED, EXTREME, RANDOM_VALUE, REPEATED, UNKNOWN_FIELDS -> true;
      default -> false;
    };
  }

  /** Applies it to the messages of a good call. */
  public List<byte[]> apply(List<? extends Message> good) {
    Random random = new Random(seed);
    List<byte[]> out = new ArrayList<>(good.stream().map(Message::toByteArray).toList());
    if (kind == Kind.NO_MESSAGE) {
      return List.of();
    }
    int at = Math.floorMod(place, good.size());
    if (kind == Kind.TWICE) {
      out.add(at, out.get(at));
    } else {
      out.set(at, bytes(good.get(at), random));
    }
    return out;
  }

  private byte[] bytes(Message good, Random random) {
    byte[] bytes = good.toByteArray();
    return switch (kind) {
      case NONE, NO_MESSAGE, TWICE -> bytes;
      case RANDOM_BYTES -> random(random, random.nextInt(300));
      case BIT -> {
        if (bytes.length > 0) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        yield bytes;
      }
      case TRUNCATED -> Arrays.copyOf(bytes, bytes.length == 0 ? 0 : random.nextInt(bytes.length));
      case EMPTY -> new byte[0];
      case CLEARED, EXTREME, RANDOM_VALUE, REPEATED, UNKNOWN_FIELDS ->
          ofField(good, random).toByteArray();
    };
  }

  /** Applies it to one message whose fields it is about. */
  public Message ofField(Message good, Random random) {
    List<Place> places = new ArrayList<>();
    collect(good, List.of(), places);
    if (kind == Kind.UNKNOWN_FIELDS || places.isEmpty()) {
      return good.toBuilder().mergeUnknownFields(unknown(random)).build();
    }
    Place p = places.get(Math.floorMod(place, places.size()));
    Message.Builder root = good.toBuilder();
    Message.Builder builder = root;
    for (FieldDescriptor step : p.path()) {
      builder =
          step.isRepeated()
              ? builder.getRepeatedFieldBuilder(step, 0)
              : builder.getFieldBuilder(step);
    }
    change(builder, p.field(), random);
    return root.build();
  }

  private void change(Message.Builder builder, FieldDescriptor field, Random random) {
    Object old = builder.getField(field);
    if (kind == Kind.CLEARED) {
      builder.clearField(field);
    } else if (kind == Kind.REPEATED && !field.isRepeated()) {
      // On the wire it is there twice: protobuf takes the last, and merges messages.
      builder.mergeUnknownFields(twice(builder, field));
    } else if (field.isRepeated()) {
      Object one = ((List<?>) old).isEmpty() ? sample(builder, field) : ((List<?>) old).getFirst();
      int many = kind == Kind.REPEATED ? MANY : 1;
      builder.clearField(field);
      for (int i = 0; i < many; i++) {
        builder.addRepeatedField(field, many == 1 ? changed(builder, field, one, random) : one);
      }
    } else {
      builder.setField(field, changed(builder, field, old, random));
    }
  }

  private static UnknownFieldSet twice(Message.Builder builder, FieldDescriptor field) {
    Message alone =
        builder.getDefaultInstanceForType().toBuilder()
            .setField(field, builder.getField(field))
            .build();
    try {
      return UnknownFieldSet.parseFrom(alone.toByteArray());
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object sample(Message.Builder builder, FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
        ? builder.newBuilderForField(field).build()
        : value(field);
  }

  private Object changed(Message.Builder builder, FieldDescriptor field, Object old, Random r) {
    boolean extreme = kind == Kind.EXTREME;
    return switch (field.getJavaType()) {
      case INT -> extreme ? pick(r, 0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE) : r.nextInt();
      case LONG -> extreme ? pick(r, 0L, -1L, Long.MIN_VALUE, Long.MAX_VALUE) : r.nextLong();
      case BYTE_STRING -> {
        int n = ((ByteString) old).size();
        yield ByteString.copyFrom(
            extreme
                ? pick(r, new byte[n + 1], new byte[Math.max(0, n - 1)], ones(n), new byte[1 << 20])
                : random(r, n));
      }
      case STRING -> extreme ? pick(r, "", "\u0000", "x".repeat(100_000)) : "s" + r.nextInt();
      case BOOLEAN -> !(Boolean) old;
      case FLOAT -> extreme ? pick(r, Float.NaN, Float.POSITIVE_INFINITY) : r.nextFloat();
      case DOUBLE -> extreme ? pick(r, Double.NaN, Double.NEGATIVE_INFINITY) : r.nextDouble();
      case ENUM -> {
        EnumDescriptor type = field.getEnumType();
        yield extreme
            ? type.findValueByNumberCreatingIfUnknown(12_345)
            : type.getValues().get(r.nextInt(type.getValues().size()));
      }
      case MESSAGE -> builder.newBuilderForField(field).build();
    };
  }

  @SafeVarargs
  private static <T> T pick(Random random, T... of) {
    return of[random.nextInt(of.length)];
  }

  private static byte[] ones(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) -1);
    return bytes;
  }

  private static byte[] random(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static UnknownFieldSet unknown(Random random) {
    return UnknownFieldSet.newBuilder()
        .addField(1_000, UnknownFieldSet.Field.newBuilder().addVarint(random.nextLong()).build())
        .addField(
            1_001,
            UnknownFieldSet.Field.newBuilder()
                .addLengthDelimited(ByteString.copyFrom(random(random, 100)))
                .build())
        .addField(1_002, UnknownFieldSet.Field.newBuilder().addFixed64(-1).build())
        .build();
  }

  private static void collect(Message message, List<FieldDescriptor> path, List<Place> places) {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      places.add(new Place(path, field));
      boolean there =
          field.isRepeated() ? message.getRepeatedFieldCount(field) > 0 : hasField(message, field);
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && there) {
        List<FieldDescriptor> inner = new ArrayList<>(path);
        inner.add(field);
        Object value =
            field.isRepeated() ? message.getRepeatedField(field, 0) : message.getField(field);
        collect((Message) value, inner, places);
      }
    }
  }

  private static boolean hasField(Message message, FieldDescriptor field) {
    return field.hasPresence() && message.hasField(field);
  }

  /** A message of a type whose good calls nobody described: every field has some value. */
  public static Message filled(Descriptor type) {
    return filled(type, 3);
  }

  private static Message filled(Descriptor type, int depth) {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(type);
    for (FieldDescriptor field : type.getFields()) {
      boolean message = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
      if (message && depth == 0) {
        continue;
      }
      Object value = message ? filled(field.getMessageType(), depth - 1) : value(field);
      if (field.isRepeated()) {
        builder.addRepeatedField(field, value);
      } else {
        builder.setField(field, value);
      }
    }
    return builder.build();
  }

  private static Object value(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case INT -> 1;
      case LONG -> 1L;
      case BYTE_STRING -> ByteString.copyFrom(new byte[32]);
      case STRING -> "x";
      case BOOLEAN -> true;
      case FLOAT -> 1f;
      case DOUBLE -> 1d;
      case ENUM -> field.getEnumType().getValues().getFirst();
      case MESSAGE -> throw new IllegalArgumentException(field + " is a message");
    };
  }
}
