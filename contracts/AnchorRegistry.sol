// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAnchorRegistry } from "./interfaces/IAnchorRegistry.sol";
import { Rfc9162 } from "./libraries/Rfc9162.sol";

/// @title AnchorRegistry
/// @notice See IAnchorRegistry. Final as deployed: no proxy, no administrator, no way to take money in.
contract AnchorRegistry is IAnchorRegistry {
    /// @dev Three slots: the root; all else that an anchor reads or writes; what an anchor never touches.
    struct Ledger {
        bytes32 root;
        address anchorer;
        uint40 size;
        uint32 time;
        uint24 epoch;
        address owner;
    }

    uint256 private constant MAX_ORIGIN_LENGTH = 200;

    mapping(bytes32 ledgerId => Ledger) private _ledgers;

    /// @dev On a chain without the precompile a call to it succeeds and answers nothing, and proofs would mean nothing.
    constructor() {
        if (sha256("") != 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855) revert NoSha256();
    }

    /// @inheritdoc IAnchorRegistry
    function open(string calldata origin, address anchorer) external returns (bytes32 ledgerId) {
        if (!_isOrigin(bytes(origin))) revert InvalidOrigin(origin);
        if (anchorer == address(0)) revert ZeroAnchorer();
        ledgerId = keccak256(abi.encode(msg.sender, origin));
        Ledger storage ledger = _ledgers[ledgerId];
        if (ledger.owner != address(0)) revert AlreadyOpened(ledgerId);

        ledger.owner = msg.sender;
        ledger.anchorer = anchorer;

        emit Opened(ledgerId, msg.sender, origin);
        emit AnchorerChanged(ledgerId, address(0), anchorer);
    }

    /// @inheritdoc IAnchorRegistry
    function setAnchorer(bytes32 ledgerId, address anchorer) external {
        Ledger storage ledger = _ledgers[ledgerId];
        if (msg.sender != ledger.owner) revert NotOwner(ledgerId, msg.sender, ledger.owner);
        if (anchorer == address(0)) revert ZeroAnchorer();
        address previous = ledger.anchorer;

        ledger.anchorer = anchorer;

        emit AnchorerChanged(ledgerId, previous, anchorer);
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(bytes32 ledgerId, uint64 size, bytes32 root, bytes32[] calldata consistency) external {
        Ledger storage ledger = _ledgers[ledgerId];
        (address anchorer, uint64 fromSize, uint32 epoch) = (ledger.anchorer, ledger.size, ledger.epoch);
        if (msg.sender != anchorer) revert NotAnchorer(ledgerId, msg.sender, anchorer);
        if (size <= fromSize || size > type(uint40).max) revert InvalidSize(ledgerId, fromSize, size);
        bytes32 fromRoot = ledger.root;
        bool consistent =
            fromSize == 0 ? consistency.length == 0 : Rfc9162.isConsistent(fromSize, fromRoot, size, root, consistency);
        if (!consistent) revert Inconsistent(ledgerId, fromSize, fromRoot, size, root);

        ledger.root = root;
        ledger.size = uint40(size);
        ledger.time = uint32(block.timestamp);

        emit Anchored(ledgerId, epoch, fromSize, size, root);
    }

    /// @inheritdoc IAnchorRegistry
    function head(
        bytes32 ledgerId
    ) external view returns (uint32 epoch, uint64 size, bytes32 root, uint64 time, address anchorer, address owner) {
        Ledger storage ledger = _ledgers[ledgerId];
        return (ledger.epoch, ledger.size, ledger.root, ledger.time, ledger.anchorer, ledger.owner);
    }

    /// @inheritdoc IAnchorRegistry
    function verifyInclusion(
        bytes32 ledgerId,
        uint64 index,
        bytes32 entry,
        bytes32[] calldata path
    ) external view returns (bool included) {
        Ledger storage ledger = _ledgers[ledgerId];
        return Rfc9162.isIncluded(Rfc9162.leafHash(entry), index, ledger.size, ledger.root, path);
    }

    function _isOrigin(bytes calldata origin) private pure returns (bool) {
        if (origin.length == 0 || origin.length > MAX_ORIGIN_LENGTH) return false;
        for (uint256 i = 0; i < origin.length; ++i) {
            bytes1 char = origin[i];
            if (char <= " " || char > "~" || char == "+" || char == "~") return false;
        }
        return true;
    }
}
