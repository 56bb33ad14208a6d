package io.granary.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.challenge.ProvingSet;
import io.granary.proofs.challenge.SetEntry;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealProfile;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.channel.CloseConsent;
import io.granary.protocol.channel.Voucher;
import io.granary.protocol.crypto.ChannelDigests;
import io.granary.protocol.crypto.ChannelDomain;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Seeds;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.Order;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Java against the vectors that the contracts are held against too
 * (contracts/tools/make-vectors.mjs, contracts/test/unit/Vectors.t.sol).
 */
class VectorsTest {
  private final JsonNode vectors;

  @TempDir Path dir;

  VectorsTest() throws IOException {
    try (InputStream in = VectorsTest.class.getResourceAsStream("/vectors/protocol.json")) {
      vectors = new ObjectMapper().readTree(in);
    }
  }

  private List<JsonNode> list(String name, int count) {
    List<JsonNode> list = items(vectors, name);
    assertEquals(count, list.size(), name);
    return list;
  }

  private static List<JsonNode> items(JsonNode v, String name) {
    List<JsonNode> list = new ArrayList<>();
    v.required(name).forEach(list::add);
    return list;
  }

  private static List<Long> numbers(JsonNode v, String name) {
    return items(v, name).stream().map(JsonNode::asLong).toList();
  }

  private static long number(JsonNode v, String name) {
    return v.required(name).asLong();
  }

  private static Hash32 hash(JsonNode v, String name) {
    return Hash32.fromHex(v.required(name).asText());
  }

  private static byte[] bytes(JsonNode v, String name) {
    return HexFormat.of().parseHex(v.required(name).asText().substring(2));
  }

  private static Address address(JsonNode v, String name) {
    return Address.parse(v.required(name).asText());
  }

  private static TokenAmount amount(JsonNode v, String name) {
    return new TokenAmount(new BigInteger(v.required(name).asText()));
  }

  /** Blocks SHA-256("granary:" i), i in decimal from 0, as the vectors' file says. */
  private static byte[] data(int size) {
    byte[] out = new byte[size];
    for (int i = 0; i * 32 < size; i++) {
      byte[] block = Sha256.hash(("granary:" + i).getBytes(StandardCharsets.UTF_8)).bytes();
      System.arraycopy(block, 0, out, i * 32, Math.min(32, size - i * 32));
    }
    return out;
  }

  @Test
  void piece_roots() {
    for (JsonNode v : list("pieces", 11)) {
      byte[] raw = data((int) number(v, "size"));
      PieceHasher hasher = new PieceHasher();
      hasher.update(raw, 0, raw.length);
      assertEquals(hash(v, "root"), hasher.finish().root(), v.toString());
      checkShape(v);
    }
    list("sizes", 6).forEach(VectorsTest::checkShape);
  }

  private static void checkShape(JsonNode v) {
    RawSize size = new RawSize(number(v, "size"));
    assertEquals(number(v, "leafCount"), size.leafCount(), v.toString());
    assertEquals(number(v, "height"), size.shape().height(), v.toString());
  }

  @Test
  void masks_replicas_and_openings() throws IOException {
    for (JsonNode v : list("seals", 5)) {
      Hash32 dealId = hash(v, "dealId");
      byte[] raw = data((int) number(v, "size"));
      RawSize size = new RawSize(raw.length);
      String name = "seal-" + raw.length;
      ReplicaFiles files =
          new ReplicaFiles(
              dir.resolve(name + ".replica"),
              dir.resolve(name + ".sealed"),
              dir.resolve(name + ".piece"));
      SealedPiece sealed =
          new Sealer(dealId, 1, size)
              .seal(
                  (at, target, n) -> System.arraycopy(raw, (int) at, target, 0, n),
                  files,
                  1,
                  done -> {});
      assertEquals(new SealedPiece(hash(v, "pieceRoot"), hash(v, "sealedRoot")), sealed, name);
      try (Replica replica = Replica.open(dealId, 1, size, files)) {
        List<JsonNode> openings = items(v, "openings");
        assertEquals(4, openings.size(), name);
        for (JsonNode o : openings) {
          checkOpening(dealId, replica, o);
        }
      }
    }
  }

  private static void checkOpening(Hash32 dealId, Replica replica, JsonNode o) throws IOException {
    long leaf = number(o, "leaf");
    assertArrayEquals(bytes(o, "mask"), SealProfile.byId(1).mask(dealId, leaf), o.toString());
    DualOpening both = replica.openBoth(leaf);
    assertArrayEquals(bytes(o, "piece"), both.piece().packed(), o.toString());
    assertArrayEquals(bytes(o, "sealed"), both.sealed().packed(), o.toString());
  }

  @Test
  void seal_challenges() {
    for (JsonNode v : list("sealChallenges", 5)) {
      Hash32 seed =
          Seeds.seal(hash(v, "value"), address(v, "market"), new DealId(hash(v, "dealId")));
      assertEquals(hash(v, "seed"), seed, v.toString());
      List<Long> positions = numbers(v, "positions");
      assertEquals(
          positions, Positions.seal(seed, positions.size(), number(v, "leafCount")), v.toString());
    }
  }

  @Test
  void recoveries() {
    for (JsonNode v : list("recoveries", 3)) {
      Hash32 seed =
          Seeds.recovery(
              hash(v, "value"),
              address(v, "market"),
              new DealId(hash(v, "dealId")),
              new Period(number(v, "period")));
      assertEquals(hash(v, "seed"), seed, v.toString());
      List<Long> positions = numbers(v, "positions");
      assertEquals(
          positions, Positions.seal(seed, positions.size(), number(v, "leafCount")), v.toString());
    }
  }

  @Test
  void audit_challenges() {
    for (JsonNode v : list("audits", 4)) {
      assertEquals(
          numbers(v, "positions"),
          Positions.audit(hash(v, "periodSeed"), hash(v, "dealId"), number(v, "leafCount")),
          v.toString());
    }
  }

  @Test
  void period_clocks() {
    for (JsonNode v : list("clocks", 12)) {
      long periodBlocks = number(v, "periodBlocks");
      long shift = Seeds.clockShift(address(v, "miner"), periodBlocks);
      assertEquals(number(v, "shift"), shift, v.toString());
      PeriodClock clock = new PeriodClock(periodBlocks, number(v, "windowBlocks"), shift);
      for (JsonNode b : items(v, "blocks")) {
        long block = number(b, "block");
        long period = clock.periodAt(block);
        assertEquals(number(b, "period"), period, b.toString());
        assertEquals(number(b, "challengeBlock"), clock.challengeBlock(period), b.toString());
        assertEquals(number(b, "periodEnd"), clock.periodEnd(period), b.toString());
        assertEquals(number(b, "nextDuty"), clock.nextDuty(block), b.toString());
      }
    }
  }

  @Test
  void draws() {
    for (JsonNode v : list("draws", 7)) {
      ProvingSet set = new ProvingSet();
      for (JsonNode e : items(v, "entries")) {
        set.append(
            new SetEntry(
                hash(e, "dealId"),
                hash(e, "sealedRoot"),
                number(e, "leafCount"),
                number(e, "end")));
      }
      assertEquals(number(v, "weight"), set.weight(), v.toString());
      Period period = new Period(number(v, "period"));
      Hash32 seed =
          Seeds.period(hash(v, "value"), address(v, "market"), address(v, "miner"), period);
      assertEquals(hash(v, "seed"), seed, v.toString());
      record Drawn(Hash32 dealId, long leaf) {}
      assertEquals(
          items(v, "draws").stream()
              .map(d -> new Drawn(hash(d, "dealId"), number(d, "leaf")))
              .toList(),
          set.draw(seed, period.index(), (int) number(v, "count")).stream()
              .map(d -> new Drawn(d.entry().dealId(), d.leaf()))
              .toList(),
          v.toString());
    }
  }

  @Test
  void money() {
    for (JsonNode v : list("money", 9)) {
      TokenAmount price = amount(v, "price");
      long periods = number(v, "periods");
      assertEquals(
          amount(v, "slashPerMiss"),
          Pricing.slashPerMiss(price, periods, (int) number(v, "missPenaltyBps")),
          v.toString());
      for (JsonNode s : items(v, "settled")) {
        TokenAmount worth = Pricing.worth(price, number(s, "count"), periods);
        assertEquals(amount(s, "worth"), worth, s.toString());
        assertEquals(
            amount(s, "burned"),
            Pricing.burnOf(worth, (int) number(v, "priceBurnBps")),
            s.toString());
      }
    }
  }

  private static DealProposal proposal(JsonNode p) {
    return new DealProposal(
        address(p, "client"),
        address(p, "miner"),
        address(p, "auditor"),
        hash(p, "pieceRoot"),
        new RawSize(number(p, "rawSize")),
        (int) number(p, "sealProfile"),
        number(p, "periods"),
        amount(p, "price"),
        amount(p, "collateral"),
        new BlockNumber(number(p, "publishBy")),
        new BlockNumber(number(p, "activateBy")),
        hash(p, "replaces"),
        hash(p, "salt"));
  }

  @Test
  void extensions() {
    for (JsonNode v : list("extensions", 4)) {
      SigningDomain domain = new SigningDomain(number(v, "chainId"), address(v, "market"));
      JsonNode e = v.required("extension");
      Extension extension =
          new Extension(
              new DealId(hash(e, "dealId")),
              new Period(number(e, "oldEnd")),
              new Period(number(e, "newEnd")),
              amount(e, "pricePerPeriod"),
              amount(e, "collateral"),
              new BlockNumber(number(e, "executeBy")));
      Hash32 digest = Eip712.extension(domain, extension);
      assertEquals(hash(v, "digest"), digest, v.toString());
      assertArrayEquals(
          bytes(v, "signature"), EthKey.of(bytes(v, "key")).sign(digest).bytes(), v.toString());
    }
  }

  @Test
  void mandates() {
    for (JsonNode v : list("mandates", 4)) {
      SigningDomain domain = new SigningDomain(number(v, "chainId"), address(v, "market"));
      JsonNode m = v.required("mandate");
      Mandate mandate =
          new Mandate(
              new DealId(hash(m, "dealId")),
              number(m, "periods"),
              number(m, "times"),
              amount(m, "maxPricePerPeriod"),
              amount(m, "collateral"),
              amount(m, "budget"),
              amount(m, "tip"),
              new BlockNumber(number(m, "expiresAt")));
      Hash32 digest = Eip712.mandate(domain, mandate);
      assertEquals(hash(v, "digest"), digest, v.toString());
      assertArrayEquals(
          bytes(v, "signature"), EthKey.of(bytes(v, "key")).sign(digest).bytes(), v.toString());
    }
  }

  @Test
  void early_ends() {
    for (JsonNode v : list("earlyEnds", 4)) {
      SigningDomain domain = new SigningDomain(number(v, "chainId"), address(v, "market"));
      JsonNode e = v.required("earlyEnd");
      EarlyEnd earlyEnd =
          new EarlyEnd(
              new DealId(hash(e, "dealId")),
              e.required("immediate").asBoolean(),
              new BlockNumber(number(e, "executeBy")));
      Hash32 digest = Eip712.earlyEnd(domain, earlyEnd);
      assertEquals(hash(v, "digest"), digest, v.toString());
      assertArrayEquals(
          bytes(v, "signature"), EthKey.of(bytes(v, "key")).sign(digest).bytes(), v.toString());
    }
  }

  @Test
  void relayed_orders() {
    for (JsonNode v : list("orders", 10)) {
      SigningDomain domain = new SigningDomain(number(v, "chainId"), address(v, "market"));
      JsonNode o = v.required("order");
      BlockNumber executeBy = new BlockNumber(number(o, "executeBy"));
      String type = v.required("type").asText();
      Order order =
          switch (type) {
            case "WithdrawalRequest" ->
                new Order.WithdrawalRequest(
                    address(o, "account"), amount(o, "amount"), number(o, "nonce"), executeBy);
            case "WithdrawalPayout" ->
                new Order.WithdrawalPayout(
                    address(o, "account"),
                    address(o, "to"),
                    amount(o, "least"),
                    number(o, "nonce"),
                    executeBy);
            case "Cancellation" -> new Order.Cancellation(new DealId(hash(o, "dealId")), executeBy);
            case "Revocation" -> new Order.Revocation(hash(o, "mandate"), executeBy);
            default -> throw new AssertionError("no such order: " + type);
          };
      Hash32 digest = Eip712.order(domain, order);
      assertEquals(hash(v, "digest"), digest, v.toString());
      assertArrayEquals(
          bytes(v, "signature"), EthKey.of(bytes(v, "key")).sign(digest).bytes(), v.toString());
    }
  }

  /** Of channels Java signs vouchers and consents; the contract checks the others too. */
  @Test
  void channel_messages() {
    int checked = 0;
    for (JsonNode v : list("channelMessages", 12)) {
      ChannelDomain domain = new ChannelDomain(number(v, "chainId"), address(v, "channels"));
      assertEquals(
          hash(v, "domainSeparator"), ChannelDigests.domainSeparator(domain), v.toString());
      JsonNode m = v.required("message");
      Hash32 digest;
      switch (v.required("type").asText()) {
        case "Voucher" ->
            digest =
                ChannelDigests.voucher(
                    domain,
                    new Voucher(address(m, "client"), address(m, "miner"), amount(m, "total")));
        case "CloseConsent" ->
            digest =
                ChannelDigests.closeConsent(
                    domain,
                    new CloseConsent(
                        address(m, "client"),
                        address(m, "miner"),
                        number(m, "nonce"),
                        new BlockNumber(number(m, "executeBy"))));
        default -> {
          continue;
        }
      }
      checked++;
      assertEquals(hash(v, "digest"), digest, v.toString());
      assertArrayEquals(
          bytes(v, "signature"), EthKey.of(bytes(v, "key")).sign(digest).bytes(), v.toString());
    }
    assertEquals(6, checked);
  }

  @Test
  void deal_ids() {
    for (JsonNode v : list("deals", 5)) {
      SigningDomain domain = new SigningDomain(number(v, "chainId"), address(v, "market"));
      assertEquals(hash(v, "domainSeparator"), Eip712.domainSeparator(domain), v.toString());
      DealProposal p = proposal(v.required("proposal"));
      DealId id = Eip712.dealId(domain, p);
      assertEquals(hash(v, "dealId"), id.hash(), v.toString());
      // Signatures are deterministic: what another EIP-712 signed is this digest.
      EthKey key = EthKey.of(bytes(v, "key"));
      assertEquals(p.client(), key.address(), v.toString());
      assertArrayEquals(bytes(v, "signature"), key.sign(id.hash()).bytes(), v.toString());
    }
  }
}
