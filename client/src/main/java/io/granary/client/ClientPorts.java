package io.granary.client;

import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ClientMarket;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MinerDirectory;

/**
 * The chain as a client needs it.
 *
 * @param chain blocks
 * @param reader the market's state
 * @param market what the wallet sends
 * @param directory the miners
 * @param history what became of earlier deals
 */
public record ClientPorts(
    ChainReader chain,
    MarketReader reader,
    ClientMarket market,
    MinerDirectory directory,
    MarketHistory history) {}
