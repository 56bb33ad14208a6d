package io.granary.contracts.tx;

import java.util.Map;

/** What to do about each error of the contracts. A test holds the table complete. */
final class Remedies {
  private static final Map<String, String> BY_ERROR =
      Map.ofEntries(
          Map.entry(
              "AlreadyExcused",
              "that period is announced already; 'granary miner maintenance' shows what is"),
          Map.entry("AlreadyProved", "the period is proved; nothing is left to do"),
          Map.entry(
              "AlreadyRegistered", "this owner is a miner already; update its record instead"),
          Map.entry("BadEndpoint", "an endpoint is host:port with at most 259 characters"),
          Map.entry("BadLookahead", "a RANDAO seed source looks 1 to 128 blocks ahead"),
          Map.entry(
              "BadParameter", "no market can be built with this parameter; choose another value"),
          Map.entry(
              "BadProof",
              "the opening does not lead to the sealed root; check that replica with 'granary miner status'"),
          Map.entry(
              "BadProofLength",
              "the openings do not have the length that the draw asks for; derive them again from the chain"),
          Map.entry(
              "BadRecipient", "pay out to an address that is neither zero nor the channels' own"),
          Map.entry(
              "ChannelClosing",
              "its client has asked to close this channel; only the client's own deposit opens it again"),
          Map.entry(
              "ChannelEmpty", "nothing is in this channel; check the miner's address, or pay in"),
          Map.entry(
              "CloseNotDue",
              "the miner may redeem until that block; close the channel from then on"),
          Map.entry(
              "DealsLive",
              "the stake leaves when no deal of this miner is live; let them end first"),
          Map.entry(
              "AlreadyDemanded",
              "a demand of this side is open on the deal; wait for its answer, or resolve it after its deadline"),
          Map.entry(
              "BadDisputeOpening",
              "the openings do not lead to the deal's two roots; take them from a proof of the miner's"),
          Map.entry("BondTooHigh", "send a smaller bond"),
          Map.entry("BondTooLow", "send at least the bond named; it rises with the base fee"),
          Map.entry(
              "DemandOpen",
              "a demand on the deal is open and holds its collateral; answer it, or resolve it after its deadline"),
          Map.entry("DemandPending", "the miner may still answer; wait until the deadline is over"),
          Map.entry(
              "DemandsOver",
              "the collateral hold of the deal is over; nothing is demanded any more"),
          Map.entry("EtherRefused", "the recipient does not take ether; name another"),
          Map.entry("LeafOutOfRange", "the piece has fewer leaves; count them from zero"),
          Map.entry("NoEther", "no ether of bonds belongs to this account"),
          Map.entry("NotDemanded", "no demand of this side is open on the deal"),
          Map.entry("NotDemander", "only the deal's client and its auditor may demand"),
          Map.entry(
              "SealIsRight", "that leaf is sealed as it must be; there is nothing to dispute"),
          Map.entry(
              "Defaulted",
              "it missed too many periods in a row, or its declared fault lasted too long, and can only be terminated"),
          Map.entry(
              "DrawExhausted",
              "too many ended entries are in the proving set; purge them before the next challenge block"),
          Map.entry(
              "BudgetWithoutWindow",
              "a collateral budget is for a number of blocks; say how many, or lift it with 'granary miner budget --unlimited'"),
          Map.entry("MaintenanceEmpty", "announce at least one period"),
          Map.entry(
              "MaintenanceExhausted",
              "the miner may excuse no more periods of that quarter; take fewer, or later ones"),
          Map.entry(
              "MaintenanceTooFar", "nothing is announced further ahead than the longest deal"),
          Map.entry(
              "MaintenanceTooSoon", "maintenance has a notice; begin at the earliest period named"),
          Map.entry("MinerExiting", "this miner has announced its exit"),
          Map.entry("MinerNotExiting", "announce the exit first"),
          Map.entry("NoDuty", "the miner has no active deal, so nothing is to be proved"),
          Map.entry(
              "NotClosing", "its client asks to close first, or its miner closes it or consents"),
          Map.entry(
              "NotSigner",
              "only that address may send this, or who has its signature over just this"),
          Map.entry(
              "NotClient",
              "only the deal's client may do this, or who has its signature over just this"),
          Map.entry(
              "MandateRevoked",
              "its client has taken the mandate back; it has to sign another one"),
          Map.entry(
              "MandateUsedUp",
              "the mandate has made all its renewals; its client signs another one"),
          Map.entry(
              "MandateTooEarly",
              "a mandate runs near the end of its deal only; wait for that period"),
          Map.entry(
              "MandatesNotTaken",
              "the miner renews nothing by mandate now; its owner sets limits with 'granary miner renewals'"),
          Map.entry("MandateTooLong", "the miner renews for fewer periods at a time"),
          Map.entry("MandateTooDear", "the miner's price for renewals is above the mandate's"),
          Map.entry(
              "MandateCollateralTooHigh", "the miner binds less collateral by mandate than this"),
          Map.entry("MandateOverBudget", "the renewal would take more than the mandate's budget"),
          Map.entry(
              "MandateRefused",
              "an extension of these numbers is refused for the reason of that number in SkipReason"),
          Map.entry("NotDefaulted", "it has not missed enough periods in a row to be terminated"),
          Map.entry(
              "NotExpired", "the deal can still be activated; wait until that block has passed"),
          Map.entry(
              "NotOver", "the deal or its collateral hold is not over; wait until that block"),
          Map.entry("NotMiner", "only the miner's owner or its operator may do this"),
          Map.entry(
              "NotOperator",
              "only the deal's miner or its operator, while it takes deals, may do this"),
          Map.entry("NotPurgeable", "the entry can still be drawn; wait until the deal has ended"),
          Map.entry(
              "PeriodExcused",
              "the period is announced maintenance; nothing is proved in it, and nothing is slashed"),
          Map.entry(
              "NotRegistered", "this address is no miner, or not that miner's owner or operator"),
          Map.entry(
              "NotSooner",
              "the deal ends by itself no later than the notice would end it; nothing is gained"),
          Map.entry("NothingRequested", "announce a withdrawal first with 'granary withdraw'"),
          Map.entry(
              "NotSigned", "only the account may do this, or who has its signature over just this"),
          Map.entry("OrderExpired", "its last block has passed; have a new one signed"),
          Map.entry(
              "PaysTooLittle",
              "deals have locked part of the balance; wait, or have less signed as the least"),
          Map.entry(
              "PermitFailed",
              "the permit is not valid now; sign a new one, or approve and deposit"),
          Map.entry(
              "SeedUnavailable",
              "the seed source has no value of that block: not yet, no longer, or the proof sent is not the header it wants"),
          Map.entry(
              "SetFrozenUntil",
              "the proving set is frozen until that block or until the period is proved"),
          Map.entry("SignatureExpired", "its last block has passed; have a new one signed"),
          Map.entry("StakeTooLow", "stake at least the registry's minimum"),
          Map.entry("TooLate", "its last block has passed; the client signs a new one"),
          Map.entry("TooMuch", "the contract holds all the token units it can count"),
          Map.entry(
              "TransferAmountMismatch",
              "the token takes a fee on transfers; such tokens are refused"),
          Map.entry("Unsettled", "settle the deal's closed periods first"),
          Map.entry(
              "WindowNotOpen",
              "the window opens with the block after the challenge block; wait for it"),
          Map.entry("WithdrawalNotDue", "the notice is not over; wait until the release block"),
          Map.entry(
              "WrongNonce",
              "an order before it is missing, it was used already, or the channel was closed since; have a new one signed"),
          Map.entry("WrongPeriod", "only the current period can be proved"),
          Map.entry(
              "WrongState",
              "the deal is not in the state this needs (0 none, 1 published, 2 active, 3 completed, 4 expired, 5 terminated, 6 cancelled, 7 faulty)"),
          Map.entry("ZeroAddress", "give an address that is not zero"),
          Map.entry(
              "ZeroAmount",
              "give an amount above zero; or there is nothing to pay out: the balance is empty or locked in deals"),
          Map.entry("ZeroOperator", "give the operator key's address"),
          Map.entry("ZeroRecipient", "give an address that is not zero"),
          Map.entry("ZeroTlsKeyHash", "give the hash of the node's TLS key"),
          Map.entry(
              "BadRecovery",
              "these are not the openings that the challenge block of that period drew; make them again from the replica"),
          Map.entry("PastEnd", "the deal has no period left; it completes by itself"),
          Map.entry(
              "RecoveryTooSoon",
              "what is to be opened is drawn by that challenge block, the first after the declaration; wait until it has passed"),
          Map.entry("SetFull", "the proving set holds no more entries of that height"),
          Map.entry(
              "StillFaulty",
              "the fault may last longer; it can be terminated when the periods or the collateral are spent"),
          Map.entry(
              "HandOverPending",
              "a deal that replaces this one is published and counts on its escrow; wait until it is activated, or until it cannot be any more"),
          Map.entry("PageTooLong", "ask for fewer items in one call"),
          Map.entry("NotMarket", "this is a part of an activation; send 'activateDeals'"),
          // OpenZeppelin and Solidity
          Map.entry("ERC20InsufficientAllowance", "approve the contract for the amount first"),
          Map.entry(
              "ERC20InsufficientBalance",
              "the wallet has too few tokens; get more, or use a smaller amount"),
          Map.entry("ERC20InvalidApprover", "the token refuses the zero address"),
          Map.entry("ERC20InvalidReceiver", "the token refuses the zero address"),
          Map.entry("ERC20InvalidSender", "the token refuses the zero address"),
          Map.entry("ERC20InvalidSpender", "the token refuses the zero address"),
          Map.entry("ERC2612ExpiredSignature", "the permit's deadline has passed; sign a new one"),
          Map.entry(
              "ERC2612InvalidSigner",
              "the permit was signed by another key, or for another nonce or chain"),
          Map.entry("InvalidAccountNonce", "the nonce was used; read it again"),
          Map.entry("ECDSAInvalidSignature", "the signature is malformed"),
          Map.entry("ECDSAInvalidSignatureLength", "a signature has 65 bytes"),
          Map.entry(
              "ECDSAInvalidSignatureS", "the signature's s is too high; sign again with low s"),
          Map.entry("InvalidShortString", "the text is malformed"),
          Map.entry("StringTooLong", "the text is too long"),
          Map.entry(
              "ReentrancyGuardReentrantCall",
              "the token called back into the market, which is refused"),
          Map.entry(
              "SafeERC20FailedOperation",
              "the token refused the transfer; check balance and allowance"),
          Map.entry("Error", "the contract gave this reason itself"),
          Map.entry(
              "Panic",
              "an arithmetic or internal check of the contract failed; please report it with the transaction"));

  private Remedies() {}

  static boolean has(String error) {
    return BY_ERROR.containsKey(error);
  }

  static String of(String error) {
    return BY_ERROR.getOrDefault(error, "see the contract's documentation of this error");
  }
}
