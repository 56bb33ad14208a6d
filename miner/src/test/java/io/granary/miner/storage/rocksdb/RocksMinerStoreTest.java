package io.granary.miner.storage.rocksdb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.ProofStore;
import io.granary.miner.storage.StorageException;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Samples;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.SealedRange;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RocksMinerStoreTest {
  private static final Address MINER = Address.parse("0x" + "ab".repeat(20));
  private static final Address OPERATOR = Address.parse("0x" + "cd".repeat(20));
  private @TempDir Path dir;

  private RocksMinerStore open() {
    return RocksMinerStore.open(dir.resolve("db"), ModelChain.DOMAIN, MINER);
  }

  @Test
  void sealedRangesAreEachDealsOwn() {
    DealId a = Samples.deal(1, new RawSize(100)).id();
    DealId b = Samples.deal(2, new RawSize(200)).id();
    SealedRange first = new SealedRange(0, -1, a.hash(), Optional.of(b.hash()));
    SealedRange second = new SealedRange(1, 7, b.hash(), Optional.empty());
    SealedRange far = new SealedRange(8191, 8, b.hash(), Optional.empty());
    try (RocksMinerStore store = open()) {
      store.sealings().add(a, far);
      store.sealings().add(a, second);
      store.sealings().add(a, new SealedRange(0, 3, b.hash(), Optional.empty()));
      store.sealings().add(a, first);
      store.sealings().add(b, second);
    }
    try (RocksMinerStore store = open()) {
      assertEquals(List.of(first, second, far), store.sealings().ranges(a));
      assertEquals(Set.of(a, b), store.sealings().deals());
      store.sealings().remove(a);
      assertEquals(List.of(), store.sealings().ranges(a));
      assertEquals(List.of(second), store.sealings().ranges(b));
    }
  }

  @Test
  void whatWasWrittenIsThereAfterReopening() {
    StoredDeal a = Samples.deal(1, new RawSize(100));
    StoredDeal b = Samples.deal(2, new RawSize(200)).sealed(Hash32.ZERO);
    try (RocksMinerStore store = open()) {
      store.deals().put(a);
      store.deals().put(b);
      store.deals().put(a.at(DealStage.UPLOADED));
      store.uploads().advance(a.id(), 1L << 37);
      store.uploads().advance(b.id(), 5);
      store.uploads().remove(b.id());
    }
    try (RocksMinerStore store = open()) {
      assertEquals(
          Set.of(a.at(DealStage.UPLOADED), b),
          store.deals().all().stream().collect(Collectors.toSet()));
      assertEquals(1L << 37, store.uploads().offset(a.id()));
      assertEquals(0, store.uploads().offset(b.id()));
    }
  }

  @Test
  void transactionsAreThereAfterReopeningInTheOrderOfTheirNonces() {
    TransactionJournal.Entry ninth = Samples.transaction(9, 1);
    TransactionJournal.Entry tenth = Samples.transaction(300, 2);
    try (RocksMinerStore store = open()) {
      store.transactions(OPERATOR).put(tenth);
      store.transactions(OPERATOR).put(Samples.transaction(8, 0));
      store.transactions(OPERATOR).put(Samples.transaction(9, 0));
      store.transactions(OPERATOR).put(ninth);
      store.transactions(OPERATOR).end(8);
      store.transactions(OPERATOR).end(7);
    }
    try (RocksMinerStore store = open()) {
      List<TransactionJournal.Entry> open = store.transactions(OPERATOR).open();
      assertEquals(List.of(9L, 300L), open.stream().map(TransactionJournal.Entry::nonce).toList());
      assertArrayEquals(RocksTransactions.encode(ninth), RocksTransactions.encode(open.getFirst()));
      assertArrayEquals(RocksTransactions.encode(tenth), RocksTransactions.encode(open.getLast()));
    }
  }

  @Test
  void aStoreBelongsToOneMinerAtOneMarket() {
    open().close();
    for (SigningDomain other :
        List.of(
            new SigningDomain(1, ModelChain.DOMAIN.market()), new SigningDomain(31_337, MINER))) {
      StorageException refused =
          assertThrows(
              StorageException.class, () -> RocksMinerStore.open(dir.resolve("db"), other, MINER));
      assertTrue(String.valueOf(refused.getMessage()).contains("another home directory"));
    }
    // A refused opening lets the store go.
    open().close();
  }

  @Test
  void aClosedStoreSaysSoInsteadOfTakingTheProcessDown() {
    RocksMinerStore store = open();
    store.close();
    store.close();
    assertThrows(StorageException.class, () -> store.deals().all());
    assertThrows(StorageException.class, () -> store.uploads().advance(Samples.id(1), 5));
  }

  private static List<SignedPeriodProof> outbox(
      RocksMinerStore store, Predicate<DealId> wanted, int limit) {
    return store.proofs().outbox(wanted, limit).stream()
        .map(key -> store.proofs().find(key.deal(), key.period()).orElseThrow())
        .toList();
  }

  @Test
  void theOutboxHoldsWhatIsUnansweredOldestFirst() {
    DealId deal = Samples.id(1);
    DealId other = Samples.id(2);
    SignedPeriodProof first = Samples.proof(1, deal, 7);
    SignedPeriodProof second = Samples.proof(2, deal, 8);
    SignedPeriodProof foreign = Samples.proof(3, other, 8);
    SignedPeriodProof silent = Samples.proof(4, deal, 9);
    try (RocksMinerStore store = open()) {
      ProofStore proofs = store.proofs();
      proofs.put(List.of(second, foreign, first), true);
      proofs.put(List.of(silent), false);
      assertEquals(List.of(first, second), outbox(store, deal::equals, 10));
      assertEquals(List.of(first), outbox(store, deal::equals, 1));
      assertEquals(3, proofs.outboxSize());
      proofs.answered(List.of(first));
      assertEquals(List.of(second), outbox(store, deal::equals, 10));
      assertEquals(2, proofs.outboxSize());
      assertEquals(Optional.of(first), proofs.find(deal, new Period(7)));
      assertEquals(Optional.of(silent), proofs.find(deal, new Period(9)));
    }
    try (RocksMinerStore store = open()) {
      assertEquals(2, store.proofs().outboxSize());
    }
  }

  @Test
  void anAnswerToAnOlderProofDoesNotSilenceTheNewerOne() {
    DealId deal = Samples.id(1);
    SignedPeriodProof before = Samples.proof(1, deal, 7);
    SignedPeriodProof after = Samples.proof(2, deal, 7);
    try (RocksMinerStore store = open()) {
      store.proofs().put(List.of(before), true);
      store.proofs().put(List.of(after), true);
      store.proofs().answered(List.of(before));
      assertEquals(1, store.proofs().outboxSize());
      assertEquals(List.of(after), outbox(store, id -> true, 10));
      assertEquals(Map.of(deal, after.proof().seed()), store.proofs().seeds(new Period(7)));
      assertEquals(Map.of(), store.proofs().seeds(new Period(6)));
    }
  }

  @Test
  void oldPeriodsGoTogetherAndUnansweredOnesAreCounted() {
    DealId deal = Samples.id(1);
    // Periods from 2^31 on sort after smaller ones: keys are unsigned.
    long high = 0x8000_0001L;
    try (RocksMinerStore store = open()) {
      ProofStore proofs = store.proofs();
      for (long period : new long[] {1, 2, 300, high}) {
        proofs.put(List.of(Samples.proof(period, deal, period)), period != 2);
      }
      assertEquals(0, proofs.dropBefore(new Period(0)));
      assertEquals(1, proofs.dropBefore(new Period(300)));
      assertTrue(proofs.find(deal, new Period(2)).isEmpty());
      assertTrue(proofs.find(deal, new Period(300)).isPresent());
      assertEquals(1, proofs.dropBefore(new Period(high)));
      assertEquals(1, proofs.outboxSize());
      assertTrue(proofs.find(deal, new Period(high)).isPresent());
    }
  }

  /** The new key starts at nonce 0, the old one's open nonces are none of its own. */
  @Test
  void transactionsOfAnOperatorBeforeAreNotThoseOfTheNext() {
    Address next = Address.parse("0x" + "ce".repeat(20));
    try (RocksMinerStore store = open()) {
      store.transactions(OPERATOR).put(Samples.transaction(9, 1));
      assertEquals(List.of(), store.transactions(next).open());
      store.transactions(next).put(Samples.transaction(9, 0));
      store.transactions(next).put(Samples.transaction(10, 0));
      store.transactions(next).end(9);
    }
    try (RocksMinerStore store = open()) {
      assertEquals(10, store.transactions(next).open().getFirst().nonce());
      // Whoever takes the old key again finds what it had begun.
      List<TransactionJournal.Entry> old = store.transactions(OPERATOR).open();
      assertEquals(List.of(9L), old.stream().map(TransactionJournal.Entry::nonce).toList());
      assertEquals(2, old.getFirst().signed().size());
      Address before = Address.parse("0x" + "cc".repeat(20));
      assertEquals(List.of(), store.transactions(before).open());
      assertEquals(List.of(), store.transactions(Address.parse("0x" + "ff".repeat(20))).open());
    }
  }

  @Test
  void aCopyIsTheStoreOfOneMomentAndIsOnlyRead() throws IOException {
    StoredDeal before = Samples.deal(1, new RawSize(100));
    StoredDeal after = Samples.deal(2, new RawSize(200));
    Path copy = dir.resolve("copy");
    try (RocksMinerStore store = open()) {
      store.deals().put(before);
      store.transactions(OPERATOR).put(Samples.transaction(9, 1));
      store.checkpoint(copy);
      store.deals().put(after);
      assertThrows(StorageException.class, () -> store.checkpoint(copy));
      assertEquals(List.of(before), RocksMinerStore.dealsOf(copy, ModelChain.DOMAIN, MINER));
      assertEquals(2, store.deals().all().size());
      StorageException inUse =
          assertThrows(
              StorageException.class,
              () -> RocksMinerStore.copy(dir.resolve("db"), dir.resolve("second")));
      assertTrue(String.valueOf(inUse.getMessage()).contains("stop the other process"));
    }
    assertThrows(
        StorageException.class,
        () ->
            RocksMinerStore.dealsOf(
                copy, ModelChain.DOMAIN, Address.parse("0x" + "cd".repeat(20))));
    try (RocksMinerStore restored = RocksMinerStore.open(copy, ModelChain.DOMAIN, MINER)) {
      assertEquals(List.of(before), restored.deals().all());
      assertEquals(9, restored.transactions(OPERATOR).open().getFirst().nonce());
    }
    RocksMinerStore.copy(dir.resolve("db"), dir.resolve("second"));
    assertEquals(
        2, RocksMinerStore.dealsOf(dir.resolve("second"), ModelChain.DOMAIN, MINER).size());
    StorageException none =
        assertThrows(
            StorageException.class,
            () -> RocksMinerStore.copy(dir.resolve("nowhere"), dir.resolve("third")));
    assertTrue(String.valueOf(none.getMessage()).contains("there is no store"));
    assertTrue(Files.notExists(dir.resolve("nowhere")), "and none was made");
  }

  @Test
  void costsAreKeptAndTheirTransactionForgottenAndReadBesideARunningNode() {
    Path path = dir.resolve("costs");
    assertThrows(StorageException.class, () -> RocksMinerStore.readCosts(path));
    List<TxCost> costs =
        List.of(Samples.cost(7, 1), Samples.cost(7, 2), Samples.cost(7, 300), Samples.cost(8, 2));
    try (RocksMinerStore store = RocksMinerStore.open(path, ModelChain.DOMAIN, MINER)) {
      store.transactions(OPERATOR).put(Samples.transaction(2, 0));
      store.transactions(OPERATOR).put(Samples.transaction(3, 0));
      costs.forEach(store.transactions(OPERATOR)::mined);
      assertEquals(1, store.transactions(OPERATOR).open().size());
      assertEquals(Set.copyOf(costs), Set.copyOf(store.transactions(OPERATOR).costs()));
      // While the node has it open and goes on.
      assertEquals(Set.copyOf(costs), Set.copyOf(RocksMinerStore.readCosts(path)));
      store.transactions(OPERATOR).mined(Samples.cost(9, 0));
      assertEquals(costs.size() + 1, RocksMinerStore.readCosts(path).size());
    }
    assertEquals(costs.size() + 1, RocksMinerStore.readCosts(path).size());
    try (RocksMinerStore store = RocksMinerStore.open(path, ModelChain.DOMAIN, MINER)) {
      assertEquals(costs.size() + 1, store.transactions(OPERATOR).costs().size());
    }
  }
}
