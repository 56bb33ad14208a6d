package io.granary.app.node;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.miner.AskPolicy;
import io.granary.miner.CarePolicy;
import io.granary.miner.FeeLimits;
import io.granary.miner.FilterPolicy;
import io.granary.miner.MinerConfig;
import io.granary.miner.OpsConfig;
import io.granary.miner.PriceTier;
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
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
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
 * @param tiers lower prices for larger or longer deals
 * @param allowClients only these clients' deals are taken
 * @param denyClients never these clients'
 * @param clientDealsPerHour most deals of one client taken in any hour; 0: no limit
 * @param clientBytesPerHour most bytes of one client taken in any hour; 0: no limit
 * @param dealCommand a program and its arguments that is asked about each proposal
 * @param dealCommandSeconds how long it may take
 * @param scrubBytesPerSecond replicas are read again at this rate; 0: never
 * @param declareFaults whether the node declares faults by itself
 * @param maxFeeWei most that one transaction that hurries may cost, wei, in decimals
 * @param weiPerToken what a token is worth, wei, in decimals
 * @param drainSeconds how long the node may take to end what runs when it is to stop
 * @param callsPerMinute calls a minute that one peer may make
 * @param callsAtATime calls that one peer may have running
 * @param metrics host:port where metrics and health are served
 * @param alerts URL where alerts are posted
 * @param traces URL where a collector takes traces
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
    @Nullable List<Tier> tiers,
    @Nullable List<String> allowClients,
    @Nullable List<String> denyClients,
    @Nullable Long clientDealsPerHour,
    @Nullable Long clientBytesPerHour,
    @Nullable List<String> dealCommand,
    @Nullable Long dealCommandSeconds,
    @Nullable Long scrubBytesPerSecond,
    @Nullable Boolean declareFaults,
    @Nullable String maxFeeWei,
    @Nullable String weiPerToken,
    @Nullable Long drainSeconds,
    @Nullable Integer callsPerMinute,
    @Nullable Integer callsAtATime,
    @Nullable String metrics,
    @Nullable String alerts,
    @Nullable String traces) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A lower price.
   *
   * @param fromBytes for pieces of at least so many bytes
   * @param fromPeriods for deals of at least so many periods
   * @param pricePerLeafPeriod token units for one 32-byte leaf and period
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Tier(
      @Nullable Long fromBytes, @Nullable Long fromPeriods, @Nullable Long pricePerLeafPeriod) {
    private PriceTier price() {
      if (pricePerLeafPeriod == null) {
        throw new IllegalArgumentException("a tier has no pricePerLeafPeriod");
      }
      return new PriceTier(
          fromBytes == null ? 0 : fromBytes,
          fromPeriods == null ? 0 : fromPeriods,
          TokenAmount.of(pricePerLeafPeriod));
    }
  }

  /** What every miner says; the rest has its defaults. */
  public static MinerSettings of(
      String miner,
      String endpoint,
      String listen,
      long capacityBytes,
      long pricePerLeafPeriod,
      long collateralPerLeaf) {
    return read(
        JSON.createObjectNode()
            .put("miner", miner)
            .put("endpoint", endpoint)
            .put("listen", listen)
            .put("capacityBytes", capacityBytes)
            .put("pricePerLeafPeriod", pricePerLeafPeriod)
            .put("collateralPerLeaf", collateralPerLeaf));
  }

  private static MinerSettings read(ObjectNode tree) {
    try {
      return JSON.treeToValue(tree, MinerSettings.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("settings that cannot be read again: " + tree, e);
    }
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
                d.validity(),
                named("tiers", () -> tiers == null ? List.of() : prices(tiers))))
        .withCare(
            new CarePolicy(
                scrubBytesPerSecond == null
                    ? CarePolicy.DEFAULT_SCRUB_BYTES_PER_SECOND
                    : scrubBytesPerSecond,
                declareFaults == null || declareFaults))
        .withFilter(filter())
        .withFees(fees())
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
                Optional.ofNullable(alerts).map(a -> named("alerts", () -> URI.create(a))),
                Optional.ofNullable(traces).map(t -> named("traces", () -> URI.create(t)))));
  }

  private static List<PriceTier> prices(List<Tier> tiers) {
    return some(tiers).stream().map(Tier::price).toList();
  }

  private FilterPolicy filter() {
    FilterPolicy d = FilterPolicy.none();
    return new FilterPolicy(
        named("allowClients", () -> addresses(allowClients)),
        named("denyClients", () -> addresses(denyClients)),
        clientDealsPerHour == null ? d.dealsPerHour() : clientDealsPerHour,
        clientBytesPerHour == null ? d.bytesPerHour() : clientBytesPerHour,
        named("dealCommand", () -> dealCommand == null ? d.command() : some(dealCommand)),
        dealCommandSeconds == null ? d.commandDeadline() : Duration.ofSeconds(dealCommandSeconds));
  }

  private static Set<Address> addresses(@Nullable List<String> texts) {
    return texts == null
        ? Set.of()
        : some(texts).stream().map(Address::parse).collect(Collectors.toUnmodifiableSet());
  }

  /** An empty list would be read as everyone by one operator, as nobody by another. */
  private static <T> List<T> some(List<@Nullable T> list) {
    if (list.isEmpty() || list.contains(null)) {
      throw new IllegalArgumentException(
          "the list " + list + " is empty or has a null; leave it out when it is not wanted");
    }
    return list;
  }

  /**
   * What a transaction may cost, and what a token is worth.
   *
   * @throws IllegalArgumentException naming the key that is wrong, its value and what would do
   */
  public FeeLimits fees() {
    return new FeeLimits(
        maxFeeWei == null
            ? FeeLimits.defaults().mostWei()
            : named("maxFeeWei", () -> wei(maxFeeWei)),
        Optional.ofNullable(weiPerToken).map(w -> named("weiPerToken", () -> wei(w))));
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
    return read(tree);
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

  /** The same with other metrics, alerts and traces, where they are given. */
  public MinerSettings withOps(
      @Nullable String otherMetrics, @Nullable String otherAlerts, @Nullable String otherTraces) {
    return changed(
        tree -> {
          if (otherMetrics != null) {
            tree.put("metrics", otherMetrics);
          }
          if (otherAlerts != null) {
            tree.put("alerts", otherAlerts);
          }
          if (otherTraces != null) {
            tree.put("traces", otherTraces);
          }
        });
  }

  /** The same, declaring faults by itself or not. */
  public MinerSettings withDeclareFaults(boolean declare) {
    return changed(tree -> tree.put("declareFaults", declare));
  }
}
