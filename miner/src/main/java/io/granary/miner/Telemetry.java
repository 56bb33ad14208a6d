package io.granary.miner;

import io.granary.miner.ops.Health;
import io.granary.miner.ops.MinerMetrics;

/**
 * What a part of the node tells others of itself.
 *
 * @param log for the operator
 * @param metrics for its monitoring
 * @param health for its supervisor
 */
public record Telemetry(OperatorLog log, MinerMetrics metrics, Health health) {}
