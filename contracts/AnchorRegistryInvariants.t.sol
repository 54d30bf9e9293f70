// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AnchorRegistryHandler } from "./testing/AnchorRegistryHandler.sol";
import { vm } from "./testing/IVm.sol";

contract AnchorRegistryInvariantsTest {
    AnchorRegistryHandler private _handler;

    function setUp() external {
        _handler = new AnchorRegistryHandler();
    }

    /// @dev Asked for by the test runner: it calls these contracts, and no others.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_theHeadIsThatOfTheHonestLeaves() external view {
        (uint32 epoch, uint64 size, bytes32 root, , address anchorer, address owner) = _handler.REGISTRY().head(
            _handler.LEDGER_ID()
        );
        vm.assertEq(epoch, 0, "epoch");
        vm.assertEq(size, _handler.size(), "size");
        vm.assertEq(root, _handler.expectedRoot(), "root");
        vm.assertEq(anchorer, _handler.anchorer(), "anchorer");
        vm.assertEq(owner, address(_handler), "owner");
    }

    function invariant_theSizeNeverFalls() external view {
        vm.assertFalse(_handler.sizeFell(), "size");
    }

    function invariant_nothingElseIsAcceptedAndNothingHonestRefused() external view {
        vm.assertFalse(_handler.wronglyAccepted(), "accepted");
        vm.assertFalse(_handler.wronglyRefused(), "refused");
    }
}
