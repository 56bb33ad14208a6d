package io.granary.app.doctor;

import io.granary.app.node.MinerSettings;
import io.granary.contracts.EndpointProbe;
import io.granary.contracts.GranaryChain;
import io.granary.miner.ProofFunds;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the chain says of the miner: its entry, its money, its operator's ether. */
final class RegistryChecks {
  private static final BigInteger MANY = BigInteger.valueOf(100_000);

  private RegistryChecks() {}

  static Finding registry(MinerSettings settings, Optional<MinerRecord> registered) {
    if (registered.isEmpty()) {
      return Finding.failed(
          "registry",
          "miner " + settings.miner() + " is not registered",
          "its owner runs 'granary miner init'");
    }
    MinerRecord r = registered.get();
    String found =
        "stake "
            + r.stake().toTokens()
            + ", ask "
            + r.pricePerLeafPeriod().units()
            + ", at "
            + r.peer().endpoint()
            + ", "
            + r.liveDeals()
            + " live deals";
    if (!r.peer().endpoint().equals(settings.endpoint())) {
      return Finding.failed(
          "registry",
          found + "; miner.json says " + settings.endpoint(),
          "the owner runs 'granary miner update --endpoint " + settings.endpoint() + "'");
    }
    List<String> odd = new ArrayList<>();
    List<String> remedies = new ArrayList<>();
    if (r.exiting()) {
      odd.add("it has announced to leave");
      remedies.add("nothing, if that is meant: no new deals come");
    } else if (!r.accepting()) {
      odd.add("it is paused");
      remedies.add("'granary miner resume' takes new deals again");
    }
    if (!r.pricePerLeafPeriod().equals(settings.price())) {
      odd.add("miner.json asks " + settings.pricePerLeafPeriod());
      remedies.add("'granary miner update' makes both the same");
    }
    return odd.isEmpty()
        ? Finding.ok("registry", found)
        : Finding.warning(
            "registry", found + "; " + String.join(", ", odd), String.join("; ", remedies));
  }

  static Finding collateral(GranaryChain chain, Address miner) {
    TokenAmount unlocked = chain.queries().account(miner).balance();
    String found = unlocked.toTokens() + " tokens are not locked";
    return unlocked.units().signum() > 0
        ? Finding.ok("collateral", found)
        : Finding.warning(
            "collateral",
            found,
            "the owner deposits some with 'granary deposit'; no new deals until then");
  }

  static Finding gas(BigInteger wei, Address operator, EndpointProbe.Head head, int periodBlocks) {
    BigInteger proofs = ProofFunds.proofs(wei, head.baseFee());
    String found =
        ether(wei)
            + " ether of the operator pay for "
            + (proofs.compareTo(MANY) > 0 ? "more than " + MANY : proofs)
            + " proofs, one a period, at today's fee ("
            + head.baseFee()
            + " wei a gas)"
            + (proofs.compareTo(MANY) > 0
                ? ""
                : ", " + days(head.between().multipliedBy(proofs.longValue() * periodBlocks)));
    BigInteger wanted =
        ProofFunds.proofWei(head.baseFee()).multiply(BigInteger.valueOf(ProofFunds.WANTED));
    if (wei.compareTo(wanted) >= 0) {
      return Finding.ok("gas", found);
    }
    String remedy = "send " + operator + " " + ether(wanted.subtract(wei)) + " ether or more";
    return proofs.signum() == 0
        ? Finding.failed("gas", found, remedy)
        : Finding.warning("gas", found, remedy);
  }

  private static String days(Duration d) {
    return d.toDays() > 0 ? d.toDays() + " days" : DiskChecks.seconds(d);
  }

  /** Ether has as many decimals as tokens. */
  private static String ether(BigInteger wei) {
    return new TokenAmount(wei).toTokens();
  }
}
