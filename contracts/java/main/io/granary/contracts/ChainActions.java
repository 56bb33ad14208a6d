package io.granary.contracts;

import io.granary.contracts.bindings.MinerRegistry;
import io.granary.contracts.bindings.StorageMarket;
import io.granary.contracts.tx.Selectors;
import io.granary.contracts.tx.TransactionSender;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.AuditMarket;
import io.granary.protocol.chain.BatchItem;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.ClientMarket;
import io.granary.protocol.chain.MandateMarket;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.RegistryWriter;
import io.granary.protocol.chain.RelayMarket;
import io.granary.protocol.chain.RenewalLimits;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.UnderWay;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Seeds;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.Order;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedMandate;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.web3j.protocol.core.RemoteFunctionCall;
import org.web3j.protocol.core.methods.response.Log;

/** Everything one key sends: as a miner's operator, as the owner of an account, to the registry. */
public final class ChainActions
    implements MinerMarket, ClientMarket, AuditMarket, MandateMarket, RegistryWriter, RelayMarket {
  // More than any deal has arrears for in practice; a rest is settled by the next call.
  private static final BigInteger SETTLE_PERIODS = BigInteger.valueOf(1024);
  // A client's own notice needs no deadline: nobody else can hold it back and send it later.
  private static final BlockNumber NO_DEADLINE = new BlockNumber(Long.MAX_VALUE);

  // Of the calldata of prove: selector, miner and period. The rest follows from the seed.
  private static final int PROOF_DUTY = 4 + 32 + 32;

  private final MarketTerms terms;
  private final GranaryChain.Bound bound;
  private final Calls calls;
  private final TransactionSender sender;
  private final EthKey key;
  private final SeedValues seeds;

  ChainActions(
      MarketTerms terms,
      GranaryChain.Bound bound,
      Calls calls,
      TransactionSender sender,
      EthKey key,
      SeedValues seeds) {
    this.terms = terms;
    this.bound = bound;
    this.calls = calls;
    this.sender = sender;
    this.key = key;
    this.seeds = seeds;
  }

  private TransactionSender.Outcome send(Address to, RemoteFunctionCall<?> call) {
    return send(to, call, Urgency.none());
  }

  private TransactionSender.Outcome send(Address to, RemoteFunctionCall<?> call, Urgency urgency) {
    return sender.send(TransactionSender.Call.to(to, call.encodeFunctionCall()), urgency);
  }

  @Override
  public void finishBegun() {
    sender.finish();
  }

  @Override
  public List<UnderWay> underWay() {
    return sender.underWay().stream().map(ChainActions::shown).toList();
  }

  private static UnderWay shown(TransactionJournal.Entry e) {
    TransactionJournal.Signed newest = e.signed().getLast();
    return new UnderWay(
        e.nonce(),
        Selectors.name(e.data()),
        e.since(),
        e.signed().size(),
        newest.hash(),
        newest.maxFee(),
        e.urgency().lastBlock());
  }

  private TxResult market(RemoteFunctionCall<?> call) {
    return send(terms.domain().market(), call).result();
  }

  private TxResult registry(RemoteFunctionCall<?> call) {
    return send(terms.registry(), call).result();
  }

  // ---------------------------------------------------------------- miner

  @Override
  public BatchResult publish(List<Publication> deals) {
    List<StorageMarket.Publication> structs =
        deals.stream()
            .map(
                d ->
                    new StorageMarket.Publication(
                        Structs.struct(d.proposal().proposal()),
                        d.sealedRoot().bytes(),
                        d.proposal().signature().bytes()))
            .toList();
    return batch(
        send(terms.domain().market(), bound.market().publishDeals(structs)),
        deals.stream().map(d -> Eip712.dealId(terms.domain(), d.proposal().proposal())).toList());
  }

  @Override
  public BatchResult activate(List<Activation> deals) {
    List<StorageMarket.Activation> structs =
        deals.stream()
            .map(
                d ->
                    new StorageMarket.Activation(
                        Structs.struct(d.proposal()), sealProof(d.proposal()), d.openings()))
            .toList();
    return batch(
        send(terms.domain().market(), bound.market().activateDeals(structs)),
        deals.stream().map(d -> Eip712.dealId(terms.domain(), d.proposal())).toList());
  }

  /** What the seed source wants for a deal's seal challenge. */
  private byte[] sealProof(DealProposal proposal) {
    if (!seeds.needsProof()) {
      return new byte[0];
    }
    byte[] id = Eip712.dealId(terms.domain(), proposal).hash().bytes();
    StorageMarket.DealView deal =
        calls.call(terms.domain().market(), bound.market().deal(id), StorageMarket.DealView.class);
    return seeds.proof(deal.sealBlock.longValueExact());
  }

  @Override
  public TxResult declareFaults(List<DealId> deals) {
    return market(bound.market().declareFaults(ids(deals)));
  }

  /** What the seed source wants for the latest challenge block, which draws a recovery. */
  private byte[] recoveryProof(Address miner) {
    if (!seeds.needsProof()) {
      return new byte[0];
    }
    PeriodClock clock = clock(miner);
    return seeds.proof(clock.challengeBlock(clock.nextDuty(seeds.head() + 1) - 1));
  }

  @Override
  public TxResult recover(Activation deal) {
    return market(
        bound
            .market()
            .recover(
                new StorageMarket.Activation(
                    Structs.struct(deal.proposal()),
                    recoveryProof(deal.proposal().miner()),
                    deal.openings())));
  }

  @Override
  public BatchResult extend(List<SignedExtension> deals) {
    List<StorageMarket.SignedExtension> structs =
        deals.stream()
            .map(
                d ->
                    new StorageMarket.SignedExtension(
                        Structs.struct(d.extension()), d.signature().bytes()))
            .toList();
    return batch(
        send(terms.domain().market(), bound.market().extendDeals(structs)),
        deals.stream().map(d -> d.extension().dealId()).toList());
  }

  @Override
  public TxResult endEarly(SignedEarlyEnd end) {
    return market(bound.market().endEarly(Structs.struct(end.earlyEnd()), end.signature().bytes()));
  }

  @Override
  public BatchResult answer(List<Answer> answers, Urgency urgency) {
    List<StorageMarket.Answer> structs =
        answers.stream()
            .map(
                a ->
                    new StorageMarket.Answer(
                        Structs.struct(a.proposal()), a.byAuditor(), a.openings()))
            .toList();
    return batch(
        send(terms.domain().market(), bound.market().answerDemands(structs), urgency),
        answers.stream().map(a -> Eip712.dealId(terms.domain(), a.proposal())).toList());
  }

  @Override
  public TxResult executeMandate(SignedMandate mandate) {
    return market(
        bound
            .market()
            .executeMandate(Structs.struct(mandate.mandate()), mandate.signature().bytes()));
  }

  @Override
  public TxResult revokeMandate(Mandate mandate) {
    return market(bound.market().revokeMandate(Structs.struct(mandate)));
  }

  // ---------------------------------------------------------------- relayed orders

  @Override
  public TxResult requestWithdrawal(Order.WithdrawalRequest o, Signature signature) {
    return market(
        bound
            .market()
            .requestWithdrawalFor(
                new StorageMarket.WithdrawalRequest(
                    o.account().toString(),
                    o.amount().units(),
                    BigInteger.valueOf(o.nonce()),
                    BigInteger.valueOf(o.executeBy().value())),
                signature.bytes()));
  }

  @Override
  public TxResult withdraw(Order.WithdrawalPayout o, Signature signature) {
    return market(
        bound
            .market()
            .withdrawFor(
                new StorageMarket.WithdrawalPayout(
                    o.account().toString(),
                    o.to().toString(),
                    o.least().units(),
                    BigInteger.valueOf(o.nonce()),
                    BigInteger.valueOf(o.executeBy().value())),
                signature.bytes()));
  }

  @Override
  public TxResult cancel(DealProposal proposal, BlockNumber executeBy, Signature signature) {
    return market(
        bound
            .market()
            .cancelFor(
                Structs.struct(proposal),
                BigInteger.valueOf(executeBy.value()),
                signature.bytes()));
  }

  @Override
  public TxResult revoke(Mandate mandate, BlockNumber executeBy, Signature signature) {
    return market(
        bound
            .market()
            .revokeMandateFor(
                Structs.struct(mandate), BigInteger.valueOf(executeBy.value()), signature.bytes()));
  }

  private static BatchResult batch(TransactionSender.Outcome outcome, List<DealId> ids) {
    TransactionSender.Mined mined = outcome.mined();
    if (mined == null) {
      return new BatchResult(outcome.result(), List.of());
    }
    Map<DealId, String> skipped = new HashMap<>();
    for (Log log : mined.receipt().getLogs()) {
      if (MarketEvents.decode(log).orElse(null) instanceof MarketEvent.DealSkipped s) {
        skipped.put(s.dealId(), s.reason());
      }
    }
    return new BatchResult(
        mined.result(),
        ids.stream().map(id -> new BatchItem(id, skipped.getOrDefault(id, ""))).toList());
  }

  @Override
  public TxResult prove(Address miner, Period period, byte[] openings, Urgency urgency) {
    long challenge = clock(miner).challengeBlock(period.index());
    Optional<Hash32> value = seeds.value(challenge);
    TransactionSender.Call call = proof(miner, period, seeds.proof(challenge), openings);
    return sender.send(call, urgency, () -> hasChanged(challenge, value)).result();
  }

  /** Whether a reorg gave a block another value since; false while it has none. */
  private boolean hasChanged(long block, Optional<Hash32> value) {
    try {
      return value.isPresent()
          && seeds.value(block).filter(v -> !v.equals(value.get())).isPresent();
    } catch (ChainUnavailableException e) {
      // They do not agree yet; it is asked again as long as the proof waits.
      return false;
    }
  }

  private TransactionSender.Call proof(
      Address miner, Period period, byte[] seedProof, byte[] openings) {
    return new TransactionSender.Call(
        terms.domain().market(),
        bound
            .market()
            .prove(miner.toString(), BigInteger.valueOf(period.index()), seedProof, openings)
            .encodeFunctionCall(),
        BigInteger.ZERO,
        PROOF_DUTY);
  }

  private PeriodClock clock(Address miner) {
    return new PeriodClock(
        terms.periodBlocks(), terms.windowBlocks(), Seeds.clockShift(miner, terms.periodBlocks()));
  }

  /** With a proof for the seed source as given. */
  TxResult prove(Address miner, Period period, byte[] seedProof, byte[] openings, Urgency urgency) {
    return sender.send(proof(miner, period, seedProof, openings), urgency).result();
  }

  @Override
  public TxResult announceMaintenance(Address miner, Period first, long count) {
    return market(
        bound
            .market()
            .announceMaintenance(
                miner.toString(), BigInteger.valueOf(first.index()), BigInteger.valueOf(count)));
  }

  @Override
  public TxResult waiveNotice(List<DealId> deals) {
    return market(bound.market().waiveNotice(ids(deals)));
  }

  @Override
  public TxResult settle(List<DealId> deals) {
    return market(bound.market().settle(ids(deals), SETTLE_PERIODS));
  }

  private static List<byte[]> ids(List<DealId> deals) {
    return deals.stream().map(d -> d.hash().bytes()).toList();
  }

  @Override
  public TxResult complete(DealId deal) {
    return market(bound.market().complete(deal.hash().bytes()));
  }

  @Override
  public TxResult expire(DealId deal) {
    return market(bound.market().expire(deal.hash().bytes()));
  }

  @Override
  public TxResult terminate(DealId deal) {
    return market(bound.market().terminate(deal.hash().bytes()));
  }

  @Override
  public TxResult purge(List<DealId> deals) {
    return market(bound.market().purge(ids(deals)));
  }

  // ---------------------------------------------------------------- account

  @Override
  public TxResult deposit(TokenAmount amount) {
    Permits permit =
        Permits.sign(calls, terms.token(), bound.token(), key, terms.domain().market(), amount);
    return market(
        bound
            .market()
            .depositWithPermit(
                key.address().toString(),
                amount.units(),
                permit.deadline(),
                permit.v(),
                permit.r(),
                permit.s()));
  }

  @Override
  public TxResult requestWithdrawal(TokenAmount amount) {
    return market(bound.market().requestWithdrawal(amount.units()));
  }

  @Override
  public TxResult withdraw() {
    return market(bound.market().withdraw(key.address().toString()));
  }

  @Override
  public TxResult cancel(DealProposal proposal) {
    return market(bound.market().cancel(Structs.struct(proposal)));
  }

  @Override
  public TxResult giveNotice(DealId deal) {
    EarlyEnd notice = new EarlyEnd(deal, false, NO_DEADLINE);
    return market(bound.market().endEarly(Structs.struct(notice), new byte[0]));
  }

  /**
   * Deposits from the wallet into another account, with an allowance: how an owner funds its miner
   * from elsewhere.
   */
  public TxResult depositFor(Address account, TokenAmount amount) {
    TxResult approved =
        send(
                terms.token(),
                bound.token().approve(terms.domain().market().toString(), amount.units()))
            .result();
    return approved instanceof TxResult.Refused
        ? approved
        : market(bound.market().deposit(account.toString(), amount.units()));
  }

  // ---------------------------------------------------------------- demands and disputes

  @Override
  public TxResult demand(DealProposal deal, LeafIndex leaf, BigInteger bond) {
    // The binding has the bond as an argument of its own; only the calldata is taken from it.
    String data =
        bound
            .market()
            .demandProof(Structs.struct(deal), BigInteger.valueOf(leaf.value()), bond)
            .encodeFunctionCall();
    return sender.send(new TransactionSender.Call(terms.domain().market(), data, bond, 0)).result();
  }

  @Override
  public TxResult resolveDemand(DealProposal deal, boolean byAuditor) {
    return market(bound.market().resolveDemand(Structs.struct(deal), byAuditor));
  }

  @Override
  public TxResult disputeSeal(DealProposal deal, LeafIndex leaf, byte[] openings) {
    return market(
        bound
            .market()
            .disputeSeal(Structs.struct(deal), BigInteger.valueOf(leaf.value()), openings));
  }

  @Override
  public TxResult withdrawEther() {
    return market(bound.market().withdrawEther(key.address().toString()));
  }

  // ---------------------------------------------------------------- registry

  @Override
  public TxResult register(
      Address operator,
      TokenAmount stake,
      String endpoint,
      Hash32 tlsKeyHash,
      TokenAmount pricePerLeafPeriod) {
    TxResult approved =
        send(terms.token(), bound.token().approve(terms.registry().toString(), stake.units()))
            .result();
    return approved instanceof TxResult.Refused
        ? approved
        : registry(
            bound
                .registry()
                .register(
                    operator.toString(),
                    stake.units(),
                    endpoint,
                    tlsKeyHash.bytes(),
                    pricePerLeafPeriod.units()));
  }

  @Override
  public TxResult update(
      Address miner, String endpoint, Hash32 tlsKeyHash, TokenAmount pricePerLeafPeriod) {
    return registry(
        bound
            .registry()
            .update(miner.toString(), endpoint, tlsKeyHash.bytes(), pricePerLeafPeriod.units()));
  }

  @Override
  public TxResult registerAuditor(String endpoint, Hash32 tlsKeyHash) {
    return registry(bound.registry().registerAuditor(endpoint, tlsKeyHash.bytes()));
  }

  @Override
  public TxResult setAccepting(boolean accepting) {
    return registry(bound.registry().setAccepting(accepting));
  }

  @Override
  public TxResult setRenewalLimits(RenewalLimits limits) {
    return registry(
        bound
            .registry()
            .setRenewalLimits(
                new MinerRegistry.RenewalLimits(
                    limits.pricePerLeafPeriod().units(),
                    limits.maxCollateralPerLeaf().units(),
                    BigInteger.valueOf(limits.maxPeriods()))));
  }

  @Override
  public TxResult setOperator(Address operator) {
    return registry(bound.registry().setOperator(operator.toString()));
  }

  @Override
  public TxResult setCollateralBudget(TokenAmount amount, long blocks) {
    return registry(
        bound.registry().setCollateralBudget(amount.units(), BigInteger.valueOf(blocks)));
  }

  @Override
  public TxResult announceExit() {
    return registry(bound.registry().announceExit());
  }

  @Override
  public TxResult withdrawStake() {
    return registry(bound.registry().withdrawStake(key.address().toString()));
  }
}
