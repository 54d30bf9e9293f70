// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AnchorRegistry } from "./AnchorRegistry.sol";
import { IAnchorRegistry } from "./interfaces/IAnchorRegistry.sol";
import { NaiveTree } from "./testing/NaiveTree.sol";
import { vm } from "./testing/IVm.sol";

contract AnchorRegistryTest {
    using NaiveTree for bytes32[];

    string private constant ORIGIN = "helpdesk.example/main";
    address private constant OPENER = address(0x0A);
    address private constant ANCHORER = address(0x0B);
    bytes32[] private _none;
    AnchorRegistry private _registry;
    bytes32 private _ledgerId;

    function setUp() external {
        _registry = new AnchorRegistry();
        vm.prank(OPENER);
        _ledgerId = _registry.open(ORIGIN, ANCHORER);
    }

    function test_openGivesTheIdAndSaysSo() external {
        bytes32 expected = keccak256(abi.encode(address(0x0C), ORIGIN));
        vm.expectEmit(true, true, true, true);
        emit IAnchorRegistry.Opened(expected, address(0x0C), ORIGIN);
        vm.expectEmit(true, true, true, true);
        emit IAnchorRegistry.AnchorerChanged(expected, address(0), ANCHORER);
        vm.prank(address(0x0C));
        vm.assertEq(_registry.open(ORIGIN, ANCHORER), expected, "id");
        _assertHead(expected, 0, 0, 0, ANCHORER, address(0x0C));
    }

    function test_openTwiceIsRefused() external {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.AlreadyOpened.selector, _ledgerId));
        vm.prank(OPENER);
        _registry.open(ORIGIN, address(0x0D));
    }

    function test_openWithoutAnchorerIsRefused() external {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.ZeroAnchorer.selector));
        _registry.open("other", address(0));
    }

    function test_originsAreChecked() external {
        _registry.open(string(_filled(200, "x")), ANCHORER);
        _registry.open("!", ANCHORER);
        _registry.open("}", ANCHORER);
        _refuseOrigin("");
        _refuseOrigin(_filled(201, "x"));
        bytes memory bad = hex"00091f202b7e7f80c3ff";
        for (uint256 i = 0; i < bad.length; ++i) {
            _refuseOrigin(bytes.concat(bad[i]));
            _refuseOrigin(bytes.concat("a", bad[i], "b"));
        }
    }

    function test_theOwnerNamesTheAnchorer() external {
        vm.expectEmit(true, true, true, true);
        emit IAnchorRegistry.AnchorerChanged(_ledgerId, ANCHORER, address(0x0E));
        vm.prank(OPENER);
        _registry.setAnchorer(_ledgerId, address(0x0E));
        _assertHead(_ledgerId, 0, 0, 0, address(0x0E), OPENER);

        vm.expectRevert(
            abi.encodeWithSelector(IAnchorRegistry.NotAnchorer.selector, _ledgerId, ANCHORER, address(0x0E))
        );
        vm.prank(ANCHORER);
        _registry.anchor(_ledgerId, 1, "root", _none);
    }

    function test_nobodyElseNamesTheAnchorer() external {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotOwner.selector, _ledgerId, ANCHORER, OPENER));
        vm.prank(ANCHORER);
        _registry.setAnchorer(_ledgerId, ANCHORER);

        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotOwner.selector, bytes32("?"), OPENER, address(0)));
        vm.prank(OPENER);
        _registry.setAnchorer("?", OPENER);

        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.ZeroAnchorer.selector));
        vm.prank(OPENER);
        _registry.setAnchorer(_ledgerId, address(0));
    }

    function test_theFirstHeadNeedsNoProof() external {
        vm.warp(1_800_000_000);
        vm.expectEmit(true, true, true, true);
        emit IAnchorRegistry.Anchored(_ledgerId, 0, 0, 7, "root");
        _anchor(7, "root", _none);
        _assertHead(_ledgerId, 7, "root", 1_800_000_000, ANCHORER, OPENER);
    }

    function test_theFirstHeadTakesNoProof() external {
        bytes32[] memory proof = _none.append("anything");
        vm.expectRevert(_inconsistent(0, 0, 7, "root"));
        _anchor(7, "root", proof);
    }

    function test_sizesGrowAndStayBelowTheLimit() external {
        vm.expectRevert(_invalidSize(0, 0));
        _anchor(0, "root", _none);
        vm.expectRevert(_invalidSize(0, 1 << 40));
        _anchor(1 << 40, "root", _none);
        vm.expectRevert(_invalidSize(0, type(uint64).max));
        _anchor(type(uint64).max, "root", _none);

        _anchor((1 << 40) - 1, "root", _none);
        vm.expectRevert(_invalidSize((1 << 40) - 1, (1 << 40) - 1));
        _anchor((1 << 40) - 1, "root", _none);
        vm.expectRevert(_invalidSize((1 << 40) - 1, 5));
        _anchor(5, "root", _none);
    }

    function test_aHeadFollowsFromTheOneBefore() external {
        bytes32[] memory leaves = NaiveTree.grow("log", 20);
        _anchor(6, leaves.root(0, 6), _none);
        vm.expectEmit(true, true, true, true);
        emit IAnchorRegistry.Anchored(_ledgerId, 0, 6, 20, leaves.root(0, 20));
        _anchor(20, leaves.root(0, 20), leaves.consistency(6, 20));
        _assertHead(_ledgerId, 20, leaves.root(0, 20), block.timestamp, ANCHORER, OPENER);
    }

    function test_anotherHistoryIsRefused() external {
        bytes32[] memory leaves = NaiveTree.grow("log", 20);
        bytes32[] memory others = NaiveTree.grow("another", 20);
        _anchor(6, leaves.root(0, 6), _none);
        _refuseAnchor(leaves.root(0, 6), others.root(0, 20), others.consistency(6, 20));
        _refuseAnchor(leaves.root(0, 6), leaves.root(0, 20), leaves.consistency(7, 20));
        _refuseAnchor(leaves.root(0, 6), leaves.root(0, 20), _none);
        _assertHead(_ledgerId, 6, leaves.root(0, 6), block.timestamp, ANCHORER, OPENER);
    }

    function testFuzz_onlyTheAnchorerAnchors(address stranger, bytes32 ledgerId) external {
        vm.assume(stranger != ANCHORER && stranger != address(0) && ledgerId != _ledgerId);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotAnchorer.selector, _ledgerId, stranger, ANCHORER));
        vm.prank(stranger);
        _registry.anchor(_ledgerId, 1, "root", _none);
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.NotAnchorer.selector, ledgerId, stranger, address(0)));
        vm.prank(stranger);
        _registry.anchor(ledgerId, 1, "root", _none);
    }

    function test_anUnknownLedgerIsAllZero() external view {
        _assertHead("?", 0, 0, 0, address(0), address(0));
        vm.assertFalse(_registry.verifyInclusion("?", 0, "entry", _none), "nothing is in it");
    }

    function test_inclusionIsJudgedByTheHead() external {
        bytes32[] memory leaves = new bytes32[](11);
        for (uint256 i = 0; i < 11; ++i) leaves[i] = sha256(bytes.concat(bytes1(0x00), bytes32(i)));
        vm.assertFalse(_registry.verifyInclusion(_ledgerId, 0, bytes32(uint256(0)), _none), "no head yet");
        _anchor(11, leaves.root(0, 11), _none);
        for (uint64 i = 0; i < 11; ++i) {
            bytes32[] memory path = leaves.inclusion(i, 11);
            vm.assertTrue(_registry.verifyInclusion(_ledgerId, i, bytes32(uint256(i)), path), "included");
            vm.assertFalse(_registry.verifyInclusion(_ledgerId, i + 1, bytes32(uint256(i)), path), "not there");
            vm.assertFalse(_registry.verifyInclusion(_ledgerId, i, leaves[i], path), "an entry, not its leaf");
        }
    }

    function test_anAnchorWritesTwoSlotsAndNeverTheOwner() external {
        _anchor(6, "root", _none);
        bytes32 first = keccak256(abi.encode(_ledgerId, uint256(0)));
        vm.assertEq(vm.load(address(_registry), first), bytes32("root"), "first slot");
        uint256 packed = uint256(uint160(ANCHORER)) | (6 << 160) | (block.timestamp << 200);
        vm.assertEq(vm.load(address(_registry), bytes32(uint256(first) + 1)), bytes32(packed), "second slot");
        vm.assertEq(
            vm.load(address(_registry), bytes32(uint256(first) + 2)),
            bytes32(uint256(uint160(OPENER))),
            "third slot"
        );
    }

    function _anchor(uint64 size, bytes32 root, bytes32[] memory proof) private {
        vm.prank(ANCHORER);
        _registry.anchor(_ledgerId, size, root, proof);
    }

    /// @dev From a head of 6 leaves to one of 20.
    function _refuseAnchor(bytes32 headRoot, bytes32 root, bytes32[] memory proof) private {
        vm.expectRevert(_inconsistent(6, headRoot, 20, root));
        _anchor(20, root, proof);
    }

    function _refuseOrigin(bytes memory origin) private {
        vm.expectRevert(abi.encodeWithSelector(IAnchorRegistry.InvalidOrigin.selector, string(origin)));
        _registry.open(string(origin), ANCHORER);
    }

    function _filled(uint256 length, bytes1 char) private pure returns (bytes memory text) {
        text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) text[i] = char;
    }

    function _invalidSize(uint64 headSize, uint64 size) private view returns (bytes memory reason) {
        return abi.encodeWithSelector(IAnchorRegistry.InvalidSize.selector, _ledgerId, headSize, size);
    }

    function _inconsistent(
        uint64 headSize,
        bytes32 headRoot,
        uint64 size,
        bytes32 root
    ) private view returns (bytes memory reason) {
        return abi.encodeWithSelector(IAnchorRegistry.Inconsistent.selector, _ledgerId, headSize, headRoot, size, root);
    }

    function _assertHead(
        bytes32 ledgerId,
        uint64 size,
        bytes32 root,
        uint256 time,
        address anchorer,
        address owner
    ) private view {
        (uint32 epoch, uint64 size_, bytes32 root_, uint64 time_, address anchorer_, address owner_) = _registry.head(
            ledgerId
        );
        vm.assertEq(epoch, 0, "epoch");
        vm.assertEq(size_, size, "size");
        vm.assertEq(root_, root, "root");
        vm.assertEq(time_, time, "time");
        vm.assertEq(anchorer_, anchorer, "anchorer");
        vm.assertEq(owner_, owner, "owner");
    }
}
