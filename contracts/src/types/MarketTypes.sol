// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a client and a miner agree on. Its EIP-712 digest under the market's domain is the deal id
/// (Protocol §3), so every field is fixed from the start.
/// @param client pays the price and signs this struct
/// @param miner identity of the miner (the owner address it registered with)
/// @param auditor receives the miner's per-deal proofs; may be the client itself, never zero
/// @param pieceRoot root of the piece tree (Protocol §2)
/// @param rawSize bytes of the piece, 1 … 2^38
/// @param sealProfile 1 = STREAM (Protocol §4)
/// @param periods proving periods paid for
/// @param price whole price in token units
/// @param collateral the miner's collateral in token units
/// @param publishBy last block in which the deal may be published
/// @param activateBy last block in which it may be activated
/// @param replaces deal id this one takes over, or zero (Protocol §3.9)
/// @param salt makes otherwise equal proposals distinct
struct DealProposal {
    address client;
    address miner;
    address auditor;
    bytes32 pieceRoot;
    uint64 rawSize;
    uint8 sealProfile;
    uint32 periods;
    uint96 price;
    uint96 collateral;
    uint64 publishBy;
    uint64 activateBy;
    bytes32 replaces;
    bytes32 salt;
}

/// @notice Life of a deal id. Ended deals stay as tombstones, so nothing replays (Protocol §3).
enum DealState {
    None, // never seen
    Published, // both sides locked, the seal challenge is pending
    Active, // in the proving set
    Completed, // ran to its end, collateral freed
    Expired, // published, never activated in time
    Terminated, // forfeited: more than maxMissRun misses in a row, a demand without answer, or a leaf that is sealed wrong
    Cancelled, // the client withdrew the signed proposal before it was published
    Faulty // active, but its miner has declared that it cannot prove the replica: out of the proving set
}

/// @notice Whether an active deal is to end before its end.
enum Leaving {
    No,
    HandOver, // a deal that replaces it was published; it leaves if that one is activated (Protocol §3.9)
    Noticed // by notice or hand-over its end has moved nearer, and it moves away no more
}

/// @notice A deal as the contract stores it: three slots, and a fourth for a root that has left the proving set. While it is
/// Published the fields from `leaving` to `index` hold the first 20 bytes of the sealed root (`DealSlots`).
/// @param price whole price of `periods`; of a Published deal that replaces another one, what is locked of it so far
/// @param collateral what is left of the miner's collateral
/// @param height of its trees while it has an entry in the proving set, else 0
/// @param missRun periods missed in a row up to `cursor`
/// @param activateByOrStart last block for activation; once activated, the first period, which no extension changes
/// @param sealBlock block whose hash draws the seal challenge
/// @param leaving whether it is to end before its end
/// @param periods periods that `price` pays for: those before `end`, from activation or from the last extension or notice on
/// @param proved settled ones of these that were proved
/// @param cursor next period to settle
/// @param end first period no longer covered
/// @param index slot of its entry in the proving set array of its height; while Faulty, periods settled since the declaration
/// @param sealedRoot root of the replica's tree; zero while the entry of the proving set holds it
struct Deal {
    address client;
    uint96 price;
    address miner;
    uint96 collateral;
    DealState state;
    uint8 height;
    uint8 missRun;
    uint40 activateByOrStart;
    uint32 sealBlock;
    Leaving leaving;
    uint32 periods;
    uint32 proved;
    uint32 cursor;
    uint32 end;
    uint24 index;
    bytes32 sealedRoot;
}

/// @notice A deal as views return it. `price`, `periods`, `proved` and `missed` are those of the periods from end - periods
/// on, which is the start, or the period from which its last extension (Protocol §3.6) or its notice (§3.7) counts. A deal that
/// was terminated, or ended by both sides, keeps the end that it had; `cursor` says where it ended.
/// @param price of a Published deal that replaces another one, what is locked of it so far (Protocol §3.9)
/// @param periods 0 before activation, like all that follows but activateBy and sealBlock
/// @param start first period of the deal
/// @param activateBy last block for activation (0 once activated)
/// @param missed settled periods that were not proved, excused ones (Protocol §5.7) included: those the client has back
/// @param removed true once its entry has left the proving set
/// @param noticed true once the client has given notice, or the deal was handed over
/// @param faultySince first period of the declared fault (Protocol §5.8); zero unless Faulty
struct DealView {
    DealState state;
    address client;
    address miner;
    uint96 price;
    uint96 collateral;
    uint32 periods;
    uint32 start;
    uint32 end;
    uint32 cursor;
    uint32 proved;
    uint32 missed;
    uint8 missRun;
    uint40 activateBy;
    uint40 sealBlock;
    bytes32 sealedRoot;
    bool removed;
    bool noticed;
    uint32 faultySince;
}

/// @notice Tokens an address has in the market.
/// @param balance unlocked tokens, including those announced for withdrawal
/// @param requested part announced for withdrawal
/// @param releaseBlock first block in which the announced part may leave
struct Account {
    uint96 balance;
    uint96 requested;
    uint64 releaseBlock;
}

/// @notice One deal to publish.
/// @param sealedRoot root of the miner's replica of the piece
/// @param signature the client's EIP-712 signature over the proposal, 65 bytes r‖s‖v
struct Publication {
    DealProposal proposal;
    bytes32 sealedRoot;
    bytes signature;
}

/// @notice One deal to activate, or to recover (Protocol §5.8).
/// @param openings for each drawn position: piece leaf, piece path, sealed leaf, sealed path; 32 bytes a node,
/// paths bottom-up of exactly ⌈log2 leafCount⌉ nodes, concatenated
/// @param seedProof what the seed source needs to vouch for the block of the draw (empty for BlockHashSeed, a header's RLP for
/// PrevRandaoSeed)
struct Activation {
    DealProposal proposal;
    bytes seedProof;
    bytes openings;
}

/// @notice A client's offer to go on with a deal (Protocol §3.6); it signs the EIP-712 digest under the market's domain.
/// @param dealId the deal
/// @param oldEnd the end it has now; every extension moves the end, so none is taken twice
/// @param newEnd first period no longer covered
/// @param pricePerPeriod price of every period from the first that is not settled
/// @param collateral to which the miner fills up what is left of its own; less than that takes nothing out
/// @param executeBy last block in which it may be taken
struct Extension {
    bytes32 dealId;
    uint32 oldEnd;
    uint32 newEnd;
    uint96 pricePerPeriod;
    uint96 collateral;
    uint64 executeBy;
}

/// @notice One deal to extend.
/// @param signature the client's EIP-712 signature over the extension, 65 bytes r‖s‖v
struct SignedExtension {
    Extension extension;
    bytes signature;
}

/// @notice A client's standing order to go on with a deal (Protocol §3.8); anyone executes it. It signs the EIP-712 digest under
/// the market's domain.
/// @param dealId the deal
/// @param periods that each renewal adds
/// @param times most renewals
/// @param maxPricePerPeriod most that a period may cost from a renewal on
/// @param collateral to which the miner fills up what is left of its own
/// @param budget most tokens that all renewals together take out of the client's balance, tips included
/// @param tip to whoever executes it, at most the market's tipCap
/// @param expiresAt last block in which it may be executed
struct Mandate {
    bytes32 dealId;
    uint32 periods;
    uint32 times;
    uint96 maxPricePerPeriod;
    uint96 collateral;
    uint96 budget;
    uint96 tip;
    uint64 expiresAt;
}

/// @notice What has become of a mandate.
/// @param used renewals made by it
/// @param revoked by its client: no more are made
/// @param spent of its budget
struct MandateUse {
    uint32 used;
    bool revoked;
    uint96 spent;
}

/// @notice A client's wish to end an active deal before its end (Protocol §3.7); to be relayed, or to be agreed to by the
/// miner, it signs the EIP-712 digest under the market's domain.
/// @param dealId the deal
/// @param immediate false: the client's notice, which anyone may relay; true: its consent, which the miner sends
/// @param executeBy last block in which it may be taken
struct EarlyEnd {
    bytes32 dealId;
    bool immediate;
    uint64 executeBy;
}

/// @notice An open demand (Protocol §6.1); all zero when there is none.
/// @param bond wei that goes to the miner with the answer, else back to the demander
/// @param deadline last block in which it may be answered
/// @param leafIndex the leaf to open
struct Demand {
    uint96 bond;
    uint64 deadline;
    uint40 leafIndex;
}

/// @notice The answer to one demand.
/// @param byAuditor whose demand: the auditor's, else the client's (also that of a client which is its own auditor)
/// @param openings piece leaf, piece path, sealed leaf, sealed path of the demanded leaf; 32 bytes a node, paths bottom-up of
/// exactly ⌈log2 leafCount⌉ nodes, concatenated
struct Answer {
    DealProposal proposal;
    bool byAuditor;
    bytes openings;
}

/// @notice An account's announcement of a withdrawal, for others to send (Protocol §3.10).
/// @param amount token units; zero takes an announcement back
/// @param nonce `orderNonce(account)`
/// @param executeBy last block in which it may be taken
struct WithdrawalRequest {
    address account;
    uint96 amount;
    uint256 nonce;
    uint64 executeBy;
}

/// @notice An account's wish to be paid what it has announced, for others to send (Protocol §3.10).
/// @param to where the tokens go
/// @param least token units; what would pay less is refused, so that no relayer picks a moment when the balance is locked
/// @param nonce `orderNonce(account)`
/// @param executeBy last block in which it may be taken
struct WithdrawalPayout {
    address account;
    address to;
    uint96 least;
    uint256 nonce;
    uint64 executeBy;
}

/// @notice A client's wish to take back a proposal that was never published, for others to send (Protocol §3.10).
/// @param executeBy last block in which it may be taken
struct Cancellation {
    bytes32 dealId;
    uint64 executeBy;
}

/// @notice A client's wish to take a mandate back, for others to send (Protocol §3.10).
/// @param mandate `mandateDigest` of it
/// @param executeBy last block in which it may be taken
struct Revocation {
    bytes32 mandate;
    uint64 executeBy;
}

/// @notice Why an item of a batch was skipped; the rest of the batch goes on.
enum SkipReason {
    None,
    AlreadyKnown, // the id was published, cancelled or has ended
    NotOperator, // the sender is not the operator of the deal's miner, or the miner takes no deals
    BadSignature, // not the client's signature over this proposal or extension
    PublishTooLate, // block > publishBy
    BadActivateBy, // activateBy leaves no room for the seal challenge, lies too far ahead, or before publishBy
    BadSize, // rawSize outside 1 … 2^38
    BadProfile, // unknown seal profile
    BadPeriods, // zero, or more than the market's longest deal; extension: an end that is not later
    PriceTooLow, // below minPricePerLeafPeriod · leafCount · periods
    CollateralTooLow, // below minCollateralPerLeaf · leafCount, or less than maxMissRun + 1 misses cost
    BadParties, // a zero address
    ClientShort, // the client's unlocked balance is below the price
    MinerShort, // the miner's unlocked balance is below the collateral
    NotPublished, // activation: the deal is not in state Published
    ActivateTooLate, // activation: block > activateBy
    SealBlockPending, // activation: the seal block is not yet in the past
    SealSeedGone, // activation: no value of the seal block: not yet, no longer, or a wrong proof
    SetFrozen, // activation, extension: the miner's proving set is frozen
    SetFull, // activation: 2^24 - 1 entries of this height
    BadOpening, // activation: wrong length, wrong mask, or a path that misses its root
    ReplacesUnknown, // publication: `replaces` names a deal that cannot be replaced
    NotActive, // extension: the deal is not active
    ExtendTooLate, // extension: block > executeBy
    EndMoved, // extension: oldEnd is not the deal's end
    DealOver, // extension: the last period is over, the entry has left the proving set, or the client has given notice
    DealDefaulted, // extension: more than maxMissRun misses in a row
    DealUnsettled, // extension: more arrears than one call settles
    NoDemand, // answer: no demand of this side is open on the deal, or the deal has ended
    AnswerTooLate, // answer: block > the demand's deadline
    OverBudget, // publication, extension: the operator's collateral budget does not reach for it now
    // Hand-over (Protocol §3.9), together with ReplacesUnknown, DealOver, DealDefaulted and DealUnsettled of the old deal:
    ReplacesForeign, // publication: the old deal is another client's
    ReplacesSameMiner, // publication: the old deal is with the same miner
    HandOverPending, // publication, extension: a deal that replaces this one is published and may yet be activated
    ReplacedFrozen // activation: the proving set of the old deal's miner is frozen
}

/// @notice What a market keeps of a deal's hand-over (Protocol §3.9).
/// @param successor first 23 bytes of the id of the last deal that was published to replace it
/// @param waived true once its miner wants no notice if it is handed over
struct HandOver {
    bytes23 successor;
    bool waived;
}

/// @notice Constructor parameters of a market; immutable.
/// @param token ERC-20 that prices and collateral are counted in
/// @param registry who the miners are
/// @param seedSource where challenge randomness comes from (Protocol §5)
/// @param periodBlocks length of a proving period P
/// @param windowBlocks blocks W from the challenge block to the end of its period; W ≤ P/2
/// @param challenges leaves k opened a period
/// @param sealChallenges leaves s opened at activation
/// @param sealDelay blocks D from publishing to the seal block
/// @param maxMissRun misses in a row M that a deal survives
/// @param withdrawNotice blocks between announcing and making a withdrawal
/// @param collateralHold blocks T that collateral stays after a deal's last period
/// @param maxPeriods longest deal
/// @param maxActivationBlocks most blocks between publishing and activateBy
/// @param missPenaltyBps slash per miss, in 1/10,000 of a period's pay
/// @param priceBurnBps share of every payment that is burned
/// @param expireBurnBps share of the collateral that is burned when a published deal is never activated
/// @param tipCap most a caller earns for expiring or terminating a deal
/// @param minPricePerLeafPeriod least price of one leaf for one period
/// @param minCollateralPerLeaf least collateral of one leaf
/// @param maintenanceNotice whole periods from the current one to the first that an announcement may excuse, at least 1
/// @param maintenancePeriods most periods a miner may excuse in a quarter; none when zero
/// @param maintenanceQuarter periods of a quarter, at least four times maintenancePeriods
/// @param demandBlocks least blocks R that a miner has to answer a demand, windowBlocks … periodBlocks
/// @param demandSpacing least blocks c between the deadlines of two demands on a miner, at least 1
/// @param demandGas gas that the bond of a demand pays for, at the base fee of its block
/// @param maxFaultyPeriods most periods F of a declared fault, at least 1
/// @param faultFeeBps fee of a faulty period, in 1/10,000 of a period's pay: from 10,000 to missPenaltyBps
struct MarketParams {
    address token;
    address registry;
    address seedSource;
    uint32 periodBlocks;
    uint32 windowBlocks;
    uint8 challenges;
    uint8 sealChallenges;
    uint32 sealDelay;
    uint8 maxMissRun;
    uint32 withdrawNotice;
    uint32 collateralHold;
    uint32 maxPeriods;
    uint32 maxActivationBlocks;
    uint16 missPenaltyBps;
    uint16 priceBurnBps;
    uint16 expireBurnBps;
    uint96 tipCap;
    uint96 minPricePerLeafPeriod;
    uint96 minCollateralPerLeaf;
    uint32 maintenanceNotice;
    uint32 maintenancePeriods;
    uint32 maintenanceQuarter;
    uint32 demandBlocks;
    uint32 demandSpacing;
    uint32 demandGas;
    uint16 maxFaultyPeriods;
    uint16 faultFeeBps;
}

/// @notice An entry of a proving set, as views return it.
/// @param end first period in which it is no longer drawn
/// @param dealKey first 23 bytes of the deal id
struct SetEntry {
    bytes32 sealedRoot;
    uint40 leafCount;
    uint32 end;
    bytes23 dealKey;
}

/// @notice One leaf a miner must open.
/// @param dealKey first 23 bytes of the deal id
struct DrawnLeaf {
    bytes23 dealKey;
    uint40 leafIndex;
}
