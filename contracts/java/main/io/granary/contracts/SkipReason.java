package io.granary.contracts;

import java.math.BigInteger;
import java.util.List;

/** Names of the contract's SkipReason, in its order. */
final class SkipReason {
  private static final List<String> NAMES =
      List.of(
          "",
          "AlreadyKnown",
          "NotOperator",
          "BadSignature",
          "PublishTooLate",
          "BadActivateBy",
          "BadSize",
          "BadProfile",
          "BadPeriods",
          "PriceTooLow",
          "CollateralTooLow",
          "BadParties",
          "ClientShort",
          "MinerShort",
          "NotPublished",
          "ActivateTooLate",
          "SealBlockPending",
          "SealSeedGone",
          "SetFrozen",
          "SetFull",
          "BadOpening",
          "ReplacesUnknown",
          "NotActive",
          "ExtendTooLate",
          "EndMoved",
          "DealOver",
          "DealDefaulted",
          "DealUnsettled",
          "NoDemand",
          "AnswerTooLate",
          "OverBudget",
          "ReplacesForeign",
          "ReplacesSameMiner",
          "HandOverPending",
          "ReplacedFrozen");

  private SkipReason() {}

  static String name(BigInteger reason) {
    int i = reason.intValueExact();
    return i < NAMES.size() ? NAMES.get(i) : "Unknown" + i;
  }
}
