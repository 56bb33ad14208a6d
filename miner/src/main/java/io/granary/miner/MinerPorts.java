package io.granary.miner;

import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MinerDirectory;
import io.granary.protocol.chain.MinerMarket;

/**
 * The chain as a miner sees it; the application wires the real ones.
 *
 * @param chain blocks and ether
 * @param reader the market's state
 * @param market what the operator sends
 * @param directory who the miners and auditors are
 * @param events the market's events
 */
public record MinerPorts(
    ChainReader chain,
    MarketReader reader,
    MinerMarket market,
    MinerDirectory directory,
    EventStream events) {}
