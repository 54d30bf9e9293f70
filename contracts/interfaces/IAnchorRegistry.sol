// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The heads of append-only logs, each one proven to extend the one before
/// @notice A ledger is opened once and has two keys: its owner, who names the anchorer, and its anchorer, who can
/// only add heads. No head is replaced or removed, and nobody administers the contract.
interface IAnchorRegistry {
    /// @notice A ledger was opened; its opener is its first owner.
    /// @param ledgerId keccak256(abi.encode(opener, origin))
    event Opened(bytes32 indexed ledgerId, address indexed opener, string origin);

    /// @notice From here on only `current` may anchor the ledger.
    /// @param previous Zero when the ledger was opened.
    event AnchorerChanged(bytes32 indexed ledgerId, address previous, address current);

    /// @notice The ledger's log has `size` leaves under `root` and begins with the `fromSize` leaves anchored before.
    /// @dev Each `fromSize` is the `size` of the event before it (0 at first): a gap shows that one is missing.
    event Anchored(bytes32 indexed ledgerId, uint32 epoch, uint64 fromSize, uint64 size, bytes32 root);

    /// @notice An origin is 1 to 200 printable ASCII characters without space, "+" and "~".
    error InvalidOrigin(string origin);

    /// @notice This opener has opened this origin before.
    error AlreadyOpened(bytes32 ledgerId);

    /// @notice The zero address cannot anchor.
    error ZeroAnchorer();

    /// @notice The caller does not own the ledger; `owner` is zero if nobody opened it.
    error NotOwner(bytes32 ledgerId, address caller, address owner);

    /// @notice The caller does not anchor the ledger; `anchorer` is zero if nobody opened it.
    error NotAnchorer(bytes32 ledgerId, address caller, address anchorer);

    /// @notice A size must be greater than the head's, and below 2^40.
    error InvalidSize(bytes32 ledgerId, uint64 headSize, uint64 size);

    /// @notice The proof does not lead from the head to (`size`, `root`); for the first head it must be empty.
    error Inconsistent(bytes32 ledgerId, uint64 headSize, bytes32 headRoot, uint64 size, bytes32 root);

    /// @notice SHA-256 does not answer at its precompile's address on this chain.
    error NoSha256();

    /// @notice Opens a ledger that the caller owns.
    /// @param origin The log's name, as its checkpoints carry it.
    /// @param anchorer The key that may anchor; it should be another one than the owner's.
    /// @return ledgerId keccak256(abi.encode(caller, origin)): others' ledgers of the same origin have other ids.
    function open(string calldata origin, address anchorer) external returns (bytes32 ledgerId);

    /// @notice Names another anchorer. Only for the owner.
    function setAnchorer(bytes32 ledgerId, address anchorer) external;

    /// @notice Adds a head. Only for the anchorer.
    /// @param size The number of leaves: 1 or more at first, then more than the head's; below 2^40.
    /// @param root The Merkle tree hash of RFC 9162 section 2.1.1 (SHA-256) over those leaves.
    /// @param consistency The proof of section 2.1.4 from the head to (`size`, `root`); empty for the first head.
    function anchor(bytes32 ledgerId, uint64 size, bytes32 root, bytes32[] calldata consistency) external;

    /// @notice The newest head. All zero for a ledger that nobody opened, so `owner` tells whether it exists; `size`
    /// is 0 until the first anchor.
    /// @return epoch How often the owner has superseded a head.
    /// @return size The number of leaves.
    /// @return root Their Merkle tree hash.
    /// @return time The block time of the head, in seconds since 1970.
    /// @return anchorer The address that may anchor.
    /// @return owner The address that names the anchorer.
    function head(
        bytes32 ledgerId
    ) external view returns (uint32 epoch, uint64 size, bytes32 root, uint64 time, address anchorer, address owner);

    /// @notice Whether `entry` stands at `index` of the ledger, as its newest head has it.
    /// @param index Counted from 0: an event's position less 1.
    /// @param entry What the leaf was made of: an event's hash. The leaf is SHA-256(0x00 || entry).
    /// @param path The inclusion proof of RFC 9162 section 2.1.3 for the head's size.
    /// @return included False also for a ledger without a head and for a proof of the wrong length.
    function verifyInclusion(
        bytes32 ledgerId,
        uint64 index,
        bytes32 entry,
        bytes32[] calldata path
    ) external view returns (bool included);
}
