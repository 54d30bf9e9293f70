// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The definitions of RFC 9162 section 2.1, word for word and slow: what the proofs are judged by in tests. Leaves
/// are leaf hashes; a tree is the leaves from `from` up to but without `to`.
library NaiveTree {
    /// @dev `size` leaves that differ from one another and from those of another `seed`.
    function grow(bytes32 seed, uint256 size) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i)
            leaves[i] = sha256(abi.encodePacked(bytes1(0x00), sha256(abi.encode(seed, i))));
    }

    /// @dev MTH(D[from:to]), section 2.1.1.
    function root(bytes32[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32 hash) {
        if (to - from == 1) return leaves[from];
        uint256 middle = from + _split(to - from);
        return sha256(abi.encodePacked(bytes1(0x01), root(leaves, from, middle), root(leaves, middle, to)));
    }

    /// @dev PATH(index, D[0:size]), section 2.1.3.1.
    function inclusion(
        bytes32[] memory leaves,
        uint256 index,
        uint256 size
    ) internal pure returns (bytes32[] memory path) {
        return _path(leaves, index, 0, size);
    }

    /// @dev PROOF(size1, D[0:size2]), section 2.1.4.1.
    function consistency(
        bytes32[] memory leaves,
        uint256 size1,
        uint256 size2
    ) internal pure returns (bytes32[] memory proof) {
        return _subproof(leaves, size1, 0, size2, true);
    }

    function _path(
        bytes32[] memory leaves,
        uint256 index,
        uint256 from,
        uint256 to
    ) private pure returns (bytes32[] memory path) {
        if (to - from == 1) return new bytes32[](0);
        uint256 middle = from + _split(to - from);
        return
            index < middle
                ? append(_path(leaves, index, from, middle), root(leaves, middle, to))
                : append(_path(leaves, index, middle, to), root(leaves, from, middle));
    }

    function _subproof(
        bytes32[] memory leaves,
        uint256 size1,
        uint256 from,
        uint256 to,
        bool known
    ) private pure returns (bytes32[] memory proof) {
        if (size1 == to) return known ? new bytes32[](0) : append(new bytes32[](0), root(leaves, from, to));
        uint256 middle = from + _split(to - from);
        return
            size1 <= middle
                ? append(_subproof(leaves, size1, from, middle, known), root(leaves, middle, to))
                : append(_subproof(leaves, size1, middle, to, false), root(leaves, from, middle));
    }

    function append(bytes32[] memory list, bytes32 item) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = item;
    }

    /// @dev The greatest power of two below `size`.
    function _split(uint256 size) private pure returns (uint256 k) {
        k = 1;
        while (k * 2 < size) k *= 2;
    }
}
