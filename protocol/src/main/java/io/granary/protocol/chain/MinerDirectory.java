package io.granary.protocol.chain;

import io.granary.protocol.values.Address;
import java.util.List;
import java.util.Optional;

/** Who the miners and auditors are. Every method throws {@link ChainUnavailableException}. */
public interface MinerDirectory {
  /** All registered miners. */
  List<MinerRecord> miners();

  /** One miner. */
  Optional<MinerRecord> miner(Address id);

  /** A registered auditor service. */
  Optional<PeerRecord> auditor(Address id);
}
