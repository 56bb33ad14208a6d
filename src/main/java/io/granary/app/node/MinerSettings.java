package io.granary.app.node;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.miner.AskPolicy;
import io.granary.miner.CarePolicy;
import io.granary.miner.FeeLimits;
import io.granary.miner.MinerConfig;
import io.granary.miner.OpsConfig;
import io.granary.protocol.grpc.Quota;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code miner.json}, whose keys docs/configuration.md lists; a key that is not there has its
 * default.
 *
 * @param miner the owner's address, which the miner is known by
 * @param endpoint host:port that the registry tells
 * @param listen host:port that the node binds
 * @param capacityBytes bytes of disk offered
 * @param pricePerLeafPeriod token units for one 32-byte leaf and period
 * @param collateralPerLeaf token units locked for one leaf
 * @param minPieceBytes smallest piece taken, bytes
 * @param maxPieceBytes largest piece taken, bytes
 * @param minPeriods shortest deal taken
 * @param maxPeriods longest deal taken
 * @param scrubBytesPerSecond replicas are read again at this rate; 0: never
 * @param declareFaults whether the node declares faults by itself
 * @param maxFeeWei most that one transaction that hurries may cost, wei, in decimals
 * @param weiPerToken what a token is worth, wei, in decimals
 * @param drainSeconds how long the node may take to end what runs when it is to stop
 * @param callsPerMinute calls a minute that one peer may make
 * @param callsAtATime calls that one peer may have running
 * @param metrics host:port where metrics and health are served
 * @param alerts URL where alerts are posted
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MinerSettings(
    String miner,
    String endpoint,
    String listen,
    long capacityBytes,
    long pricePerLeafPeriod,
    long collateralPerLeaf,
    @Nullable Long minPieceBytes,
    @Nullable Long maxPieceBytes,
    @Nullable Long minPeriods,
    @Nullable Long maxPeriods,
    @Nullable Long scrubBytesPerSecond,
    @Nullable Boolean declareFaults,
    @Nullable String maxFeeWei,
    @Nullable String weiPerToken,
    @Nullable Long drainSeconds,
    @Nullable Integer callsPerMinute,
    @Nullable Integer callsAtATime,
    @Nullable String metrics,
    @Nullable String alerts) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What every miner says; the rest has its defaults. */
  public static MinerSettings of(
      String miner,
      String endpoint,
      String listen,
      long capacityBytes,
      long pricePerLeafPeriod,
      long collateralPerLeaf) {
    return new MinerSettings(
        miner,
        endpoint,
        listen,
        capacityBytes,
        pricePerLeafPeriod,
        collateralPerLeaf,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  /**
   * Reads and checks a file.
   *
   * @throws IOException naming the file, the key that is wrong, its value and what would do
   */
  static MinerSettings load(Path file) throws IOException {
    try {
      JsonNode tree = JSON.readTree(Files.readString(file));
      List<String> keys =
          Arrays.stream(MinerSettings.class.getRecordComponents())
              .map(RecordComponent::getName)
              .toList();
      for (var key : tree.properties()) {
        if (!keys.contains(key.getKey())) {
          throw new IllegalArgumentException(
              "there is no key '" + key.getKey() + "'; there are " + String.join(", ", keys));
        }
      }
      for (String key : keys.subList(0, 6)) {
        if (!tree.hasNonNull(key)) {
          throw new IllegalArgumentException("the key '" + key + "' is missing");
        }
      }
      MinerSettings settings = JSON.treeToValue(tree, MinerSettings.class);
      settings.config(file.resolveSibling(""));
      return settings;
    } catch (JsonProcessingException e) {
      throw new IOException(file + " cannot be read: " + e.getOriginalMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Replaces a file, as a whole. */
  void save(Path file) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    Files.write(next, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The miner's identity. */
  public Address id() {
    return Address.parse(miner);
  }

  /** The price as an amount. */
  public TokenAmount price() {
    return TokenAmount.of(pricePerLeafPeriod);
  }

  /**
   * What a node is started with.
   *
   * @throws IllegalArgumentException naming the key that is wrong, its value and what would do
   */
  public MinerConfig config(Path home) {
    named("miner", this::id);
    Endpoints.parse(endpoint);
    InetSocketAddress binds = named("listen", () -> Endpoints.parse(listen));
    AskPolicy d = AskPolicy.defaults();
    return MinerConfig.defaults(home)
        .withEndpoint(binds.getHostString(), binds.getPort(), endpoint)
        .withCapacityBytes(capacityBytes)
        .withAsk(
            new AskPolicy(
                named("pricePerLeafPeriod", this::price),
                named("collateralPerLeaf", () -> TokenAmount.of(collateralPerLeaf)),
                minPieceBytes == null ? d.minSize() : minPieceBytes,
                maxPieceBytes == null ? d.maxSize() : maxPieceBytes,
                minPeriods == null ? d.minPeriods() : minPeriods,
                maxPeriods == null ? d.maxPeriods() : maxPeriods,
                d.validity()))
        .withCare(
            new CarePolicy(
                scrubBytesPerSecond == null
                    ? CarePolicy.DEFAULT_SCRUB_BYTES_PER_SECOND
                    : scrubBytesPerSecond,
                declareFaults == null || declareFaults))
        .withFees(
            new FeeLimits(
                maxFeeWei == null
                    ? FeeLimits.defaults().mostWei()
                    : named("maxFeeWei", () -> wei(maxFeeWei)),
                Optional.ofNullable(weiPerToken).map(w -> named("weiPerToken", () -> wei(w)))))
        .withDrain(
            drainSeconds == null
                ? MinerConfig.DEFAULT_DRAIN
                : named("drainSeconds", () -> Duration.ofSeconds(drainSeconds)))
        .withQuota(
            new Quota(
                callsPerMinute == null ? Quota.STANDARD.callsPerMinute() : callsPerMinute,
                callsAtATime == null ? Quota.STANDARD.callsAtATime() : callsAtATime))
        .withOps(
            new OpsConfig(
                Optional.ofNullable(metrics).map(m -> named("metrics", () -> Endpoints.parse(m))),
                Optional.ofNullable(alerts).map(a -> named("alerts", () -> URI.create(a)))));
  }

  private static BigInteger wei(String digits) {
    if (!digits.matches("[0-9]{1,78}")) {
      throw new IllegalArgumentException(
          "'" + digits + "' is no number of wei; give digits, for example 50000000000000000");
    }
    return new BigInteger(digits);
  }

  private static <T> T named(String key, Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + key + "': " + e.getMessage(), e);
    }
  }

  /** A changed copy, by the keys of the file. */
  private MinerSettings changed(Consumer<ObjectNode> change) {
    ObjectNode tree = JSON.valueToTree(this);
    change.accept(tree);
    try {
      return JSON.treeToValue(tree, MinerSettings.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("settings that cannot be read again: " + tree, e);
    }
  }

  /** The same with another ask and other addresses. */
  public MinerSettings with(String newEndpoint, String newListen, long price, long collateral) {
    return changed(
        tree ->
            tree.put("endpoint", newEndpoint)
                .put("listen", newListen)
                .put("pricePerLeafPeriod", price)
                .put("collateralPerLeaf", collateral));
  }

  /** The same with other metrics and alerts, where they are given. */
  public MinerSettings withOps(@Nullable String otherMetrics, @Nullable String otherAlerts) {
    return changed(
        tree -> {
          if (otherMetrics != null) {
            tree.put("metrics", otherMetrics);
          }
          if (otherAlerts != null) {
            tree.put("alerts", otherAlerts);
          }
        });
  }

  /** The same, declaring faults by itself or not. */
  public MinerSettings withDeclareFaults(boolean declare) {
    return changed(tree -> tree.put("declareFaults", declare));
  }
}
