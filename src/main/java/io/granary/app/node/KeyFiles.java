package io.granary.app.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What files of a miner's folder say about keys without opening any. */
public final class KeyFiles {
  /** Key files are a few hundred bytes. */
  private static final long LARGEST = 64 << 10;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private KeyFiles() {}

  /** The files of a folder that hold secrets, of those that are there. */
  public static List<Path> secrets(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path file : files(folder)) {
      String name = file.getFileName().toString();
      if (name.startsWith("operator") && name.endsWith(".json")
          || name.startsWith("tls") && name.endsWith("-key.pem")
          || name.equals("password")) {
        found.add(file);
      }
    }
    return found;
  }

  /** True when somebody else than its owner may read or write a file. */
  public static boolean isOpenToOthers(Path file) throws IOException {
    return Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains);
  }

  /** The key file of an address in a folder, whatever its name. */
  public static Optional<Path> keyOf(Address address, Path folder) throws IOException {
    String wanted = address.toString().substring(2).toLowerCase(Locale.ROOT);
    for (Path file : files(folder)) {
      if (Files.size(file) <= LARGEST && wanted.equals(addressIn(file))) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  private static String addressIn(Path file) throws IOException {
    try {
      JsonNode json = JSON.readTree(Files.readAllBytes(file));
      return json.has("crypto") || json.has("Crypto")
          ? json.path("address").asText().toLowerCase(Locale.ROOT).replaceFirst("^0x", "")
          : "";
    } catch (JsonProcessingException notJson) {
      return "";
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
