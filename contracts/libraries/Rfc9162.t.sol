// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { NaiveTree } from "../testing/NaiveTree.sol";
import { Rfc9162Harness } from "../testing/Rfc9162Harness.sol";
import { vm } from "../testing/IVm.sol";
import { Rfc9162 } from "./Rfc9162.sol";

contract Rfc9162Test {
    using NaiveTree for bytes32[];

    uint256 private constant MAX_SIZE = 96;

    Rfc9162Harness private immutable HARNESS = new Rfc9162Harness();

    function test_everyPairOfSmallTreesIsConsistent() external view {
        bytes32[] memory leaves = NaiveTree.grow("small", 24);
        for (uint256 size2 = 2; size2 <= 24; ++size2) {
            for (uint256 size1 = 1; size1 < size2; ++size1) {
                vm.assertTrue(_isConsistent(leaves, size1, size2, leaves.consistency(size1, size2)), "every pair");
            }
        }
    }

    function test_everyLeafOfSmallTreesIsIncluded() external view {
        bytes32[] memory leaves = NaiveTree.grow("small", 24);
        for (uint256 size = 1; size <= 24; ++size) {
            for (uint256 index = 0; index < size; ++index) {
                vm.assertTrue(_isIncluded(leaves, index, size, leaves.inclusion(index, size)), "every leaf");
            }
        }
    }

    function test_leafHashIsThatOfTheSection() external pure {
        vm.assertEq(Rfc9162.leafHash("entry"), sha256(bytes.concat(bytes1(0x00), bytes32("entry"))), "leaf hash");
    }

    function test_anEmptyProofHoldsOnlyForATreeOfOneLeaf() external view {
        bytes32[] memory leaves = NaiveTree.grow("one", 2);
        vm.assertTrue(_isIncluded(leaves, 0, 1, new bytes32[](0)), "the only leaf is the root");
        vm.assertFalse(_isConsistent(leaves, 1, 2, new bytes32[](0)), "a longer tree needs a proof");
    }

    function testFuzz_proofsHold(bytes32 seed, uint256 size1, uint256 size2) external view {
        (size1, size2) = _sizes(size1, size2);
        bytes32[] memory leaves = NaiveTree.grow(seed, size2);
        vm.assertTrue(_isConsistent(leaves, size1, size2, leaves.consistency(size1, size2)), "consistent");
        vm.assertTrue(_isIncluded(leaves, size1, size2, leaves.inclusion(size1, size2)), "included");
    }

    function testFuzz_aFlippedBitIsRefused(bytes32 seed, uint256 size1, uint256 size2, uint256 bit) external view {
        (size1, size2) = _sizes(size1, size2);
        bytes32[] memory leaves = NaiveTree.grow(seed, size2);
        bytes32[] memory proof = leaves.consistency(size1, size2);
        _flip(proof, bit);
        vm.assertFalse(_isConsistent(leaves, size1, size2, proof), "consistent");
        bytes32[] memory path = leaves.inclusion(size1, size2);
        _flip(path, bit);
        vm.assertFalse(_isIncluded(leaves, size1, size2, path), "included");
    }

    function testFuzz_aWrongLengthIsRefused(bytes32 seed, uint256 size1, uint256 size2, bytes32 more) external view {
        (size1, size2) = _sizes(size1, size2);
        bytes32[] memory leaves = NaiveTree.grow(seed, size2);
        bytes32[] memory proof = leaves.consistency(size1, size2);
        vm.assertFalse(_isConsistent(leaves, size1, size2, proof.append(more)), "longer");
        vm.assertFalse(_isConsistent(leaves, size1, size2, _withoutLast(proof)), "shorter");
        bytes32[] memory path = leaves.inclusion(size1, size2);
        vm.assertFalse(_isIncluded(leaves, size1, size2, path.append(more)), "longer path");
        vm.assertFalse(_isIncluded(leaves, size1, size2, _withoutLast(path)), "shorter path");
    }

    function testFuzz_anotherHistoryIsRefused(bytes32 seed, uint256 size1, uint256 size2, uint256 place) external view {
        (size1, size2) = _sizes(size1, size2);
        bytes32[] memory leaves = NaiveTree.grow(seed, size2);
        bytes32 root1 = leaves.root(0, size1);
        leaves[place % size1] = ~leaves[place % size1];
        bytes32[] memory proof = leaves.consistency(size1, size2);
        vm.assertFalse(HARNESS.isConsistent(size1, root1, size2, leaves.root(0, size2), proof), "rewritten");
    }

    function testFuzz_anIndexPastTheSizeIsRefused(bytes32 leaf, uint64 index, uint64 size) external view {
        vm.assume(index >= size);
        vm.assertFalse(HARNESS.isIncluded(leaf, index, size, leaf, new bytes32[](0)), "past the end");
    }

    function testFuzz_hostileProofsNeitherPassNorRevert(
        uint64 size1,
        uint64 size2,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view {
        vm.assume(size1 > 0 && size1 < size2 && root1 != root2);
        vm.assertFalse(HARNESS.isConsistent(size1, root1, size2, root2, proof), "consistent");
        vm.assertFalse(HARNESS.isIncluded(root1, size1, size2, root2, proof), "included");
    }

    /// @dev 1 <= size1 < size2 <= MAX_SIZE.
    function _sizes(uint256 size1, uint256 size2) private pure returns (uint256 smaller, uint256 greater) {
        greater = 2 + (size2 % (MAX_SIZE - 1));
        smaller = 1 + (size1 % (greater - 1));
    }

    function _flip(bytes32[] memory list, uint256 bit) private pure {
        list[(bit >> 8) % list.length] ^= bytes32(1 << (bit & 0xff));
    }

    function _withoutLast(bytes32[] memory list) private pure returns (bytes32[] memory shorter) {
        shorter = new bytes32[](list.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = list[i];
    }

    function _isConsistent(
        bytes32[] memory leaves,
        uint256 size1,
        uint256 size2,
        bytes32[] memory proof
    ) private view returns (bool consistent) {
        return HARNESS.isConsistent(size1, leaves.root(0, size1), size2, leaves.root(0, size2), proof);
    }

    function _isIncluded(
        bytes32[] memory leaves,
        uint256 index,
        uint256 size,
        bytes32[] memory path
    ) private view returns (bool included) {
        return HARNESS.isIncluded(leaves[index], index, size, leaves.root(0, size), path);
    }
}
