// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AnchorRegistry } from "../AnchorRegistry.sol";
import { vm } from "./IVm.sol";
import { NaiveTree } from "./NaiveTree.sol";

/// @dev Does to one ledger, in any order, what its owner, its anchorer, a dishonest anchorer and strangers can do, and
/// keeps the leaves that the heads should stand for.
contract AnchorRegistryHandler {
    using NaiveTree for bytes32[];

    string private constant _ORIGIN = "invariant.example";
    AnchorRegistry public immutable REGISTRY;
    bytes32 public immutable LEDGER_ID;
    address public anchorer = address(0x0B);
    uint64 public size;
    bool public wronglyAccepted;
    bool public wronglyRefused;
    bool public sizeFell;
    bytes32[] private _leaves;

    constructor() {
        REGISTRY = new AnchorRegistry();
        LEDGER_ID = REGISTRY.open(_ORIGIN, anchorer);
    }

    function anchorHonestly(bytes32 seed, uint8 growth) external {
        bytes32[] memory more = NaiveTree.grow(seed, 1 + (growth % 8));
        for (uint256 i = 0; i < more.length; ++i) _leaves.push(more[i]);
        bytes32[] memory leaves = _leaves;
        bytes32[] memory proof = size == 0 ? new bytes32[](0) : leaves.consistency(size, leaves.length);
        if (!_try(anchorer, uint64(leaves.length), leaves.root(0, leaves.length), proof)) wronglyRefused = true;
        size = uint64(leaves.length);
    }

    function anchorRewritten(uint256 place, uint8 growth) external {
        if (size == 0) return;
        bytes32[] memory leaves = NaiveTree.grow("rewritten", size + 1 + (growth % 8));
        for (uint256 i = 0; i < size; ++i) leaves[i] = _leaves[i];
        leaves[place % size] = ~leaves[place % size];
        bytes32[] memory proof = leaves.consistency(size, leaves.length);
        if (_try(anchorer, uint64(leaves.length), leaves.root(0, leaves.length), proof)) wronglyAccepted = true;
    }

    function anchorNoLonger(uint64 smaller) external {
        if (size == 0) return;
        bytes32[] memory leaves = _leaves;
        smaller = smaller % (size + 1);
        bytes32 root = smaller == 0 ? bytes32(0) : leaves.root(0, smaller);
        if (_try(anchorer, smaller, root, new bytes32[](0))) wronglyAccepted = true;
    }

    function anchorAsStranger(address stranger, bytes32 seed) external {
        if (stranger == anchorer) return;
        bytes32[] memory leaves = NaiveTree.append(_leaves, seed);
        bytes32[] memory proof = size == 0 ? new bytes32[](0) : leaves.consistency(size, leaves.length);
        if (_try(stranger, uint64(leaves.length), leaves.root(0, leaves.length), proof)) wronglyAccepted = true;
    }

    function setAnchorer(address next) external {
        if (next == address(0)) return;
        REGISTRY.setAnchorer(LEDGER_ID, next);
        anchorer = next;
    }

    function setAnchorerAsStranger(address stranger) external {
        if (stranger == address(this)) return;
        if (_call(stranger, abi.encodeCall(REGISTRY.setAnchorer, (LEDGER_ID, stranger)))) wronglyAccepted = true;
    }

    function openAgain(address other) external {
        if (_call(address(this), abi.encodeCall(REGISTRY.open, (_ORIGIN, other)))) wronglyAccepted = true;
    }

    function expectedRoot() external view returns (bytes32 root) {
        bytes32[] memory leaves = _leaves;
        return leaves.length == 0 ? bytes32(0) : leaves.root(0, leaves.length);
    }

    function _try(
        address sender,
        uint64 newSize,
        bytes32 root,
        bytes32[] memory proof
    ) private returns (bool accepted) {
        (, uint64 sizeBefore, , , , ) = REGISTRY.head(LEDGER_ID);
        accepted = _call(sender, abi.encodeCall(REGISTRY.anchor, (LEDGER_ID, newSize, root, proof)));
        (, uint64 sizeAfter, , , , ) = REGISTRY.head(LEDGER_ID);
        if (sizeAfter < sizeBefore) sizeFell = true;
    }

    function _call(address sender, bytes memory data) private returns (bool accepted) {
        vm.prank(sender);
        // solhint-disable-next-line avoid-low-level-calls
        (accepted, ) = address(REGISTRY).call(data);
    }
}
