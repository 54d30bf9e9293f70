// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Checks of consistency and inclusion proofs in a Merkle tree of RFC 9162 section 2.1, with SHA-256
/// @dev A proof walks from one node to the root. In binary, the bits that the node's index does not share with the
/// index of the last node on its level lead through siblings on either side; once the two indices are equal, the node
/// is the last on its level, and each further set bit is a sibling on the left. The sections' algorithms spread this
/// over one loop; two loops say the same and are cheaper. Each takes a hash for each sibling and no other, so a proof
/// is of the right length exactly when it is used up.
///
/// Two nodes to hash share one piece of memory, laid out so that each next hash is written where it is read again:
///
///   word     0                1             2      3
///   older    0x01 at the end  left sibling  node
///   newer    0x01 at the end  left sibling  node   right sibling
///
/// A left hash starts at the last byte of word 0, a right hash at the last byte of word 1, both 65 bytes long.
library Rfc9162 {
    /// @notice Whether the first `size1` leaves of the tree (size2, root2) are those of the tree (size1, root1).
    /// @dev Section 2.1.4.2. The caller makes sure that 0 < size1 < size2 <= 2^64.
    function isConsistent(
        uint256 size1,
        bytes32 root1,
        uint256 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) internal view returns (bool consistent) {
        assembly ("memory-safe") {
            let older := mload(0x40)
            let newer := add(older, 0x60)
            let next := proof.offset
            let end := add(next, shl(5, proof.length))
            mstore(older, 1)
            mstore(newer, 1)

            // Start at the biggest complete subtree that ends where the older tree ends: 2^k leaves, the lowest set
            // bit of size1. It is the older tree itself when that is complete; else the proof begins with it.
            let width := and(size1, sub(0, size1))
            let node := div(sub(size1, 1), width)
            let last := div(sub(size2, 1), width)
            let start := root1
            if node {
                start := calldataload(next)
                next := add(next, 0x20)
            }
            mstore(add(older, 0x40), start)
            mstore(add(newer, 0x40), start)

            let ok := 1
            for {} xor(node, last) {} {
                let sibling := calldataload(next)
                next := add(next, 0x20)
                switch and(node, 1)
                case 0 {
                    // A sibling on the right is newer than the older tree.
                    mstore8(add(newer, 0x3f), 1)
                    mstore(add(newer, 0x60), sibling)
                    ok := and(ok, staticcall(gas(), 2, add(newer, 0x3f), 0x41, add(newer, 0x40), 0x20))
                }
                default {
                    mstore(add(older, 0x20), sibling)
                    mstore(add(newer, 0x20), sibling)
                    ok := and(ok, staticcall(gas(), 2, add(older, 0x1f), 0x41, add(older, 0x40), 0x20))
                    ok := and(ok, staticcall(gas(), 2, add(newer, 0x1f), 0x41, add(newer, 0x40), 0x20))
                }
                node := shr(1, node)
                last := shr(1, last)
            }
            for {} node { node := and(node, sub(node, 1)) } {
                let sibling := calldataload(next)
                next := add(next, 0x20)
                mstore(add(older, 0x20), sibling)
                mstore(add(newer, 0x20), sibling)
                ok := and(ok, staticcall(gas(), 2, add(older, 0x1f), 0x41, add(older, 0x40), 0x20))
                ok := and(ok, staticcall(gas(), 2, add(newer, 0x1f), 0x41, add(newer, 0x40), 0x20))
            }

            consistent := and(
                and(ok, eq(next, end)),
                and(eq(mload(add(older, 0x40)), root1), eq(mload(add(newer, 0x40)), root2))
            )
        }
    }

    /// @notice Whether `leaf` is the leaf hash at `index`, counted from 0, of the tree (size, root).
    /// @dev Section 2.1.3.2. An index at or past the size is never included.
    function isIncluded(
        bytes32 leaf,
        uint256 index,
        uint256 size,
        bytes32 root,
        bytes32[] calldata path
    ) internal view returns (bool included) {
        if (index >= size) return false;
        assembly ("memory-safe") {
            let newer := mload(0x40)
            let next := path.offset
            let end := add(next, shl(5, path.length))
            mstore(newer, 1)
            mstore(add(newer, 0x40), leaf)

            let node := index
            let last := sub(size, 1)
            let ok := 1
            for {} xor(node, last) {} {
                switch and(node, 1)
                case 0 {
                    mstore8(add(newer, 0x3f), 1)
                    mstore(add(newer, 0x60), calldataload(next))
                    ok := and(ok, staticcall(gas(), 2, add(newer, 0x3f), 0x41, add(newer, 0x40), 0x20))
                }
                default {
                    mstore(add(newer, 0x20), calldataload(next))
                    ok := and(ok, staticcall(gas(), 2, add(newer, 0x1f), 0x41, add(newer, 0x40), 0x20))
                }
                next := add(next, 0x20)
                node := shr(1, node)
                last := shr(1, last)
            }
            for {} node { node := and(node, sub(node, 1)) } {
                mstore(add(newer, 0x20), calldataload(next))
                ok := and(ok, staticcall(gas(), 2, add(newer, 0x1f), 0x41, add(newer, 0x40), 0x20))
                next := add(next, 0x20)
            }

            included := and(and(ok, eq(next, end)), eq(mload(add(newer, 0x40)), root))
        }
    }

    /// @notice The hash of a leaf: SHA-256(0x00 || entry), section 2.1.1.
    function leafHash(bytes32 entry) internal pure returns (bytes32 leaf) {
        return sha256(abi.encodePacked(bytes1(0x00), entry));
    }
}
