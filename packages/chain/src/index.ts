export { connectChain, DEFAULT_TIMEOUT_MS } from "./connect-chain.ts";
export { deployRegistry } from "./deploy-registry.ts";
export { anchorRegistryAbi } from "./generated/anchor-registry.ts";
export { isSilent } from "./is-silent.ts";
export { addressOf, parsePrivateKey } from "./private-key.ts";
export { anchorGasLimit } from "./sign-anchor.ts";
export type {
  AnchoredLog,
  Block,
  BlockRange,
  Chain,
  ConnectOptions,
  Depth,
  Fees,
  Finality,
  OnChainHead,
  OpenedLog,
  ReceiptOutcome,
  Registry,
  SendOutcome,
  SignAnchorInput,
  SignedTransaction,
  SupersededLog,
} from "./types.ts";
