// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Rfc9162 } from "../libraries/Rfc9162.sol";

/// @dev Lets tests call the library, once or many times in one call. Never deployed to a chain that counts.
contract Rfc9162Harness {
    struct Consistency {
        uint64 size1;
        bytes32 root1;
        uint64 size2;
        bytes32 root2;
        bytes32[] proof;
    }

    struct Inclusion {
        bytes32 leaf;
        uint64 index;
        uint64 size;
        bytes32 root;
        bytes32[] path;
    }

    function isConsistent(
        uint256 size1,
        bytes32 root1,
        uint256 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view returns (bool consistent) {
        return Rfc9162.isConsistent(size1, root1, size2, root2, proof);
    }

    function isIncluded(
        bytes32 leaf,
        uint256 index,
        uint256 size,
        bytes32 root,
        bytes32[] calldata path
    ) external view returns (bool included) {
        return Rfc9162.isIncluded(leaf, index, size, root, path);
    }

    function areConsistent(Consistency[] calldata cases) external view returns (bool[] memory answers) {
        answers = new bool[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            Consistency calldata c = cases[i];
            answers[i] = Rfc9162.isConsistent(c.size1, c.root1, c.size2, c.root2, c.proof);
        }
    }

    function areIncluded(Inclusion[] calldata cases) external view returns (bool[] memory answers) {
        answers = new bool[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            Inclusion calldata c = cases[i];
            answers[i] = Rfc9162.isIncluded(c.leaf, c.index, c.size, c.root, c.path);
        }
    }
}
