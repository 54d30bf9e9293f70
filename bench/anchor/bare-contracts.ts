// Contracts by hand: what the chain itself takes for keeping and telling a head, with nothing around it.

import { hexlify } from "ethers";

const OPCODES: Readonly<Record<string, number>> = {
  STOP: 0x00,
  ADD: 0x01,
  GT: 0x11,
  ISZERO: 0x15,
  OR: 0x17,
  XOR: 0x18,
  SHL: 0x1b,
  SHR: 0x1c,
  KECCAK256: 0x20,
  CALLER: 0x33,
  CALLDATALOAD: 0x35,
  CALLDATACOPY: 0x37,
  CODECOPY: 0x39,
  MSTORE: 0x52,
  SLOAD: 0x54,
  SSTORE: 0x55,
  JUMPI: 0x57,
  JUMPDEST: 0x5b,
  PUSH0: 0x5f,
  PUSH1: 0x60,
  DUP1: 0x80,
  SWAP1: 0x90,
  LOG0: 0xa0,
  LOG2: 0xa2,
  RETURN: 0xf3,
  REVERT: 0xfd,
};

/** Lines of mnemonics, each with a comment after `;`. A number is the byte that follows a PUSH1. */
function assemble(source: string): number[] {
  const words = source.split("\n").flatMap((line) => line.replace(/;.*/, "").split(/\s+/).filter(Boolean));
  return words.map((word) => {
    const byte = OPCODES[word] ?? Number(word);
    if (!Number.isInteger(byte) || byte < 0 || byte > 255) throw new Error(`${word} is no opcode and no byte`);
    return byte;
  });
}

/** Creation code: it gives back what stands behind it. */
function create(runtime: readonly number[]): string {
  const loader = (length: number): number[] =>
    assemble(`PUSH1 ${runtime.length} DUP1 PUSH1 ${length} PUSH0 CODECOPY PUSH0 RETURN`);
  return hexlify(Uint8Array.from([...loader(loader(0).length), ...runtime]));
}

/** Keeps the root that it is called with, in one slot, and logs it. Calldata: the root. */
export const ONE_SLOT: string = create(
  assemble("PUSH0 CALLDATALOAD DUP1 PUSH0 SSTORE PUSH0 MSTORE PUSH1 32 PUSH0 LOG0 STOP"),
);

/** What the code begins with, up to its second check; a jump names the byte that it goes to. */
const twoSlots = (secondCheck: number, store: number): number[] =>
  assemble(`
    PUSH0 CALLDATALOAD PUSH0 MSTORE PUSH1 32 PUSH0 KECCAK256      ; slot of the ledger
    DUP1 PUSH1 1 ADD DUP1 SLOAD                                   ; slot, next slot, head (size and anchorer)
    DUP1 PUSH1 160 SHR PUSH1 32 CALLDATALOAD GT                   ; slot, next, head, whether the size grows
    PUSH1 ${secondCheck} JUMPI PUSH0 PUSH0 REVERT
    JUMPDEST DUP1 PUSH1 96 SHL CALLER PUSH1 96 SHL XOR ISZERO     ; slot, next, head, whether it is the anchorer
    SWAP1 ISZERO OR                                               ; slot, next, whether it is, or there is none yet
    PUSH1 ${store} JUMPI PUSH0 PUSH0 REVERT
    JUMPDEST PUSH1 32 CALLDATALOAD PUSH1 160 SHL CALLER OR SWAP1 SSTORE   ; slot
    PUSH1 64 CALLDATALOAD SWAP1 SSTORE
    PUSH1 96 PUSH0 PUSH0 CALLDATACOPY
    PUSH0 CALLDATALOAD PUSH0 PUSH1 128 PUSH0 LOG2 STOP            ; topics: zero and the ledger; four words of data
  `);

/**
 * Keeps the newest head of a ledger in two slots (its root; its size and anchorer) and logs it, as AnchorRegistry does, but
 * believes any root: only the size must grow, and the address be the one that came first. Calldata: ledger id, size,
 * root, 32 bytes each.
 */
export const TWO_SLOTS: string = create(jumping(twoSlots));

/** Gives code its own two JUMPDESTs to jump to; their places do not depend on what is jumped to. */
function jumping(code: (first: number, second: number) => number[]): number[] {
  const places = code(0, 0).flatMap((byte, at) => (byte === OPCODES.JUMPDEST ? [at] : []));
  return code(places[0] ?? 0, places[1] ?? 0);
}
