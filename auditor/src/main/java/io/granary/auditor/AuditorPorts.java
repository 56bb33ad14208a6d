package io.granary.auditor;

import io.granary.protocol.chain.AuditMarket;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ClientMarket;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MinerDirectory;

/**
 * The chain as an auditor needs it.
 *
 * @param chain blocks
 * @param reader the market's state
 * @param directory miners and their keys
 * @param history where the market begins
 * @param events the market's events
 * @param market for ending defaulted deals
 * @param disputes for disputing wrong seals
 */
public record AuditorPorts(
    ChainReader chain,
    MarketReader reader,
    MinerDirectory directory,
    MarketHistory history,
    EventStream events,
    ClientMarket market,
    AuditMarket disputes) {}
