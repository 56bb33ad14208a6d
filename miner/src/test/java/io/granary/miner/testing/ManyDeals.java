package io.granary.miner.testing;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Shelf;
import io.granary.miner.storage.rocksdb.RocksMinerStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Puts active deals into a miner's folder and on the model chain, as if they had come one after the
 * other: every replica is really sealed, but nothing is sent, published or activated.
 */
public final class ManyDeals {
  private ManyDeals() {}

  /**
   * Makes deals of one piece, active from the next period on.
   *
   * @param home of a node that does not run
   * @param terms a proposal of the piece, each time with another salt
   * @param piece bytes of the piece
   */
  public static void make(
      int count, Path home, ModelChain chain, Supplier<DealProposal> terms, byte[] piece)
      throws IOException {
    Shelf shelf = new Shelf(home);
    // Many, because each waits for the disk most of the time.
    try (RocksMinerStore store =
            RocksMinerStore.open(home.resolve("db"), ModelChain.DOMAIN, chain.miner);
        ExecutorService threads = Executors.newFixedThreadPool(64)) {
      List<Callable<Void>> each =
          Collections.nCopies(
              count,
              () -> {
                store.deals().put(make(shelf, chain, terms.get(), piece));
                return null;
              });
      for (Future<Void> made : threads.invokeAll(each)) {
        made.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IOException("deals could not be made", e);
    }
  }

  private static StoredDeal make(Shelf shelf, ModelChain chain, DealProposal p, byte[] piece)
      throws IOException {
    DealId id = Eip712.dealId(ModelChain.DOMAIN, p);
    SealedPiece sealed =
        new Sealer(id.hash(), p.sealProfile(), p.size())
            .seal(
                (at, target, n) -> System.arraycopy(piece, (int) at, target, 0, n),
                shelf.files(id),
                1,
                done -> {});
    DealSnapshot deal = active(id, p, sealed.sealedRoot(), chain);
    chain.enter(deal, p.size().leafCount());
    // Nobody asks for the client's signature any more.
    return StoredDeal.accepted(
            id, new SignedProposal(p, Signature.of(new byte[Signature.BYTES])), Instant.EPOCH)
        .sealed(sealed.sealedRoot())
        .at(DealStage.ACTIVE)
        .endingAt(deal.end());
  }

  private static DealSnapshot active(
      DealId id, DealProposal p, Hash32 sealedRoot, ModelChain chain) {
    Period start = new Period(chain.clock(chain.miner).nextDuty(chain.head().number().value() + 1));
    Period never = new Period(0);
    return new DealSnapshot(
        id,
        DealState.ACTIVE,
        p.client(),
        p.miner(),
        p.price(),
        p.collateral(),
        p.periods(),
        start,
        start.plus(p.periods()),
        start,
        0,
        0,
        0,
        new BlockNumber(0),
        new BlockNumber(chain.head().number().value()),
        sealedRoot,
        false,
        false,
        never);
  }
}
