// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Checks of consistency and inclusion proofs in a Merkle tree of RFC 9162 section 2.1, with SHA-256
/// @dev A proof climbs from a node to the root, one bit of the node's index at a time, lowest first. Up to the highest
/// bit in which the index differs from that of the level's last node there is a sibling for every bit: on the left if
/// the bit is set, else on the right. Above it the node is itself the last on its level, and only set bits have a
/// sibling, on the left. The sections' algorithms walk both parts in one loop; two loops say the same and are cheaper.
/// Each takes one hash for each sibling, so a proof is of the right length exactly when it is used up. Reading past its
/// end does no harm: it is refused for it.
///
/// Hashes are made in place. A node stands in memory between its possible siblings and is overwritten by its parent:
///
///   node - 64        node - 32     node   node + 32
///   0x01 at its end  left sibling  node   right sibling
///
/// The 65 bytes to hash begin one byte before the left one of the pair. Before a left sibling that byte is 0x01 from
/// the beginning; before the node it is the left sibling's last byte, so it is set each time.
library Rfc9162 {
    /// @notice Whether the first `size1` leaves of the tree (size2, root2) are those of the tree (size1, root1).
    /// @dev Section 2.1.4.2. The caller makes sure that 0 < size1 < size2 < 2^64.
    function isConsistent(
        uint256 size1,
        bytes32 root1,
        uint256 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) internal view returns (bool consistent) {
        assembly ("memory-safe") {
            // Two climbs in step, from one node. The older tree's ends at root1 and never has a sibling on the right;
            // its node stands in free memory. The newer tree's ends at root2; its node stands at 0x40, since constant
            // addresses save a percent of an anchor's gas. That overwrites what Solidity keeps at 0x40 (where free
            // memory begins) and at 0x60 (zero): both are put back at the end, and nothing in between reads them.
            let free := mload(0x40)
            let older := add(free, 0x40)
            mstore(free, 1)
            mstore(0x00, 1)
            let next := proof.offset
            let ok := 1

            // The node is the biggest complete subtree that ends where the older tree ends. It has as many leaves as
            // the lowest set bit of size1 says. If it is the whole older tree, the proof leaves it out.
            let width := and(size1, sub(0, size1))
            let index := div(sub(size1, 1), width)
            let start := root1
            if index {
                start := calldataload(next)
                next := add(next, 0x20)
            }
            mstore(older, start)
            mstore(0x40, start)

            for {
                let differs := xor(index, div(sub(size2, 1), width))
            } differs {
                differs := shr(1, differs)
            } {
                let sibling := calldataload(next)
                next := add(next, 0x20)
                switch and(index, 1)
                case 0 {
                    mstore8(0x3f, 1)
                    mstore(0x60, sibling)
                    ok := and(ok, staticcall(gas(), 2, 0x3f, 0x41, 0x40, 0x20))
                }
                default {
                    mstore(sub(older, 0x20), sibling)
                    mstore(0x20, sibling)
                    ok := and(ok, staticcall(gas(), 2, sub(older, 0x21), 0x41, older, 0x20))
                    ok := and(ok, staticcall(gas(), 2, 0x1f, 0x41, 0x40, 0x20))
                }
                index := shr(1, index)
            }
            for {} index {
                index := and(index, sub(index, 1))
            } {
                let sibling := calldataload(next)
                next := add(next, 0x20)
                mstore(sub(older, 0x20), sibling)
                mstore(0x20, sibling)
                ok := and(ok, staticcall(gas(), 2, sub(older, 0x21), 0x41, older, 0x20))
                ok := and(ok, staticcall(gas(), 2, 0x1f, 0x41, 0x40, 0x20))
            }

            let used := eq(next, add(proof.offset, shl(5, proof.length)))
            let arrived := and(eq(mload(older), root1), eq(mload(0x40), root2))
            mstore(0x40, free)
            mstore(0x60, 0)
            consistent := and(ok, and(used, arrived))
        }
    }

    /// @notice Whether `leaf` is the leaf hash at `index`, counted from 0, of the tree (size, root).
    /// @dev Section 2.1.3.2. Sizes are below 2^64. An index at or past the size is never included.
    function isIncluded(
        bytes32 leaf,
        uint256 index,
        uint256 size,
        bytes32 root,
        bytes32[] calldata path
    ) internal view returns (bool included) {
        if (index >= size) return false;
        assembly ("memory-safe") {
            let node := add(mload(0x40), 0x40)
            mstore(sub(node, 0x40), 1)
            mstore(node, leaf)
            let next := path.offset
            let ok := 1

            for {
                let differs := xor(index, sub(size, 1))
            } differs {
                differs := shr(1, differs)
            } {
                switch and(index, 1)
                case 0 {
                    mstore8(sub(node, 1), 1)
                    mstore(add(node, 0x20), calldataload(next))
                    ok := and(ok, staticcall(gas(), 2, sub(node, 1), 0x41, node, 0x20))
                }
                default {
                    mstore(sub(node, 0x20), calldataload(next))
                    ok := and(ok, staticcall(gas(), 2, sub(node, 0x21), 0x41, node, 0x20))
                }
                next := add(next, 0x20)
                index := shr(1, index)
            }
            for {} index {
                index := and(index, sub(index, 1))
            } {
                mstore(sub(node, 0x20), calldataload(next))
                ok := and(ok, staticcall(gas(), 2, sub(node, 0x21), 0x41, node, 0x20))
                next := add(next, 0x20)
            }

            let used := eq(next, add(path.offset, shl(5, path.length)))
            included := and(ok, and(used, eq(mload(node), root)))
        }
    }

    /// @notice The hash of a leaf: SHA-256(0x00 || entry), section 2.1.1.
    function leafHash(bytes32 entry) internal pure returns (bytes32 leaf) {
        return sha256(abi.encodePacked(bytes1(0x00), entry));
    }
}
