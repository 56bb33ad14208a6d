// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A client's consent: ECDSA for keys, ERC-1271 for contracts (Protocol §3.3).
library ClientSignature {
    /// @notice Gas a contract wallet may spend: a publisher of many deals must not pay for one's whims.
    uint256 internal constant WALLET_GAS = 100_000;
    bytes4 private constant MAGIC = 0x1626ba7e;

    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        // The key first: whoever has it needs no look at the account, which would be cold. No key leads to a contract's
        // address, and an account that lends itself code (EIP-7702) is still its key's.
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecover(digest, signature);
        if (error == ECDSA.RecoverError.NoError && recovered == signer) return true;
        if (signer.code.length == 0) return false;
        bytes memory question = abi.encodeWithSelector(MAGIC, digest, signature);
        bytes32 answer;
        bool ok;
        uint256 walletGas = WALLET_GAS;
        assembly ("memory-safe") {
            // At most one word of the answer is copied, however long it is.
            mstore(0x00, 0)
            ok := staticcall(walletGas, signer, add(question, 0x20), mload(question), 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            answer := mload(0x00)
        }
        return ok && answer == bytes32(MAGIC);
    }
}
