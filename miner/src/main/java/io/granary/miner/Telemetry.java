package io.granary.miner;

import io.granary.miner.ops.Health;
import io.granary.miner.ops.MinerMetrics;
import io.granary.miner.ops.Traces;

/**
 * What a part of the node tells others of itself.
 *
 * @param log for the operator
 * @param metrics for its monitoring
 * @param health for its supervisor
 * @param traces for its collector
 */
public record Telemetry(OperatorLog log, MinerMetrics metrics, Health health, Traces traces) {}
