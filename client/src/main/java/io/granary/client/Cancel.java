package io.granary.client;

import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.DealId;

/** One cancellation of a proposal: refused by name before a transaction would be wasted on it. */
final class Cancel {
  private final ClientPorts ports;
  private final Catalogue catalogue;

  Cancel(ClientPorts ports, Catalogue catalogue) {
    this.ports = ports;
    this.catalogue = catalogue;
  }

  TxResult.Confirmed run(DealId id) {
    ListedDeal deal = find(id);
    requireCancellable(deal);
    TxResult result = ports.market().cancel(deal.proposal());
    if (result instanceof TxResult.Refused) {
      // The miner may have been faster; then there is more to say than the refusal does.
      requireCancellable(find(id));
    }
    TxResult.Confirmed tx = result.orThrow();
    catalogue.update(deal.file(), f -> f.abandoned(id, true));
    return tx;
  }

  private ListedDeal find(DealId id) {
    for (StoredFile file : catalogue.all()) {
      for (StoredFile.StoredDeal deal : file.deals()) {
        if (deal.dealId().equals(id.toString())) {
          return ListedDeal.of(file, deal, ports);
        }
      }
    }
    throw new ClientException(
        ClientException.Code.UNKNOWN_DEAL,
        "none of this wallet's files has a deal " + id + ": 'granary deal list' lists them");
  }

  private static void requireCancellable(ListedDeal deal) {
    String obstacle =
        deal.onChain().map(Cancel::obstacle).orElseGet(() -> deal.isOpen() ? "" : lapsed(deal));
    if (!obstacle.isEmpty()) {
      throw new ClientException(ClientException.Code.NOT_CANCELLABLE, obstacle);
    }
  }

  private static String lapsed(ListedDeal deal) {
    return "deal "
        + deal.id()
        + " could be published until block "
        + deal.proposal().publishBy()
        + " and it is block "
        + deal.head()
        + ": nobody can publish it any more, there is nothing to cancel";
  }

  private static String obstacle(DealSnapshot d) {
    return switch (d.state()) {
      case NONE -> "";
      case PUBLISHED ->
          "deal "
              + d.id()
              + " was published already, its price is locked: if it is not active by block "
              + d.activateBy()
              + ", 'granary deal expire' brings the price back";
      case ACTIVE ->
          "deal "
              + d.id()
              + " is active already: it runs until period "
              + d.end()
              + " and pays the miner only for periods that it proves; 'granary deal end' gives notice, 'granary deal terminate' ends it when the miner misses too many in a row";
      case FAULTY ->
          "deal "
              + d.id()
              + " is published already: its miner has declared a fault, pays for each period of it and is to recover the replica; 'granary deal end' gives notice, 'granary deal terminate' ends it when that takes too long";
      case CANCELLED -> "deal " + d.id() + " is cancelled already: nobody can publish it";
      case COMPLETED, EXPIRED, TERMINATED ->
          "deal " + d.id() + " has ended (" + d.state() + "): there is nothing to cancel";
    };
  }
}
