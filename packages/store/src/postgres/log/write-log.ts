import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { statement } from "../load-statement.ts";
import { bytes0x, type ContractRow, decodeContract } from "./decode-rows.ts";
import type { LogStore } from "./port.ts";
import { runQuery, runTransaction, runWrite } from "./run-query.ts";

const recordContractSql = statement("log-contract-record");
const contractSql = statement("log-contract");
const raiseSql = statement("alarm-raise");
const clearSql = statement("alarm-clear");
const haltSql = statement("alarm-halt");
const noteWaitingSql = statement("anchor-note-waiting");
const waitsNoMoreSql = statement("anchor-waits-no-more");

type WritingMethods = "recordContract" | "raiseAlarm" | "clearAlarm" | "halt" | "noteWaiting";

/** Contracts, alarms and the anchor's reason to wait. */
export function writeLog(pool: pg.Pool): Pick<LogStore, WritingMethods> {
  return {
    async recordContract(ledgerId, wanted) {
      const { chainId, genesisHash, contract, onchainId, owner, openedBlock } = wanted;
      const values = [bytes0x(genesisHash, 32), bytes0x(contract, 20), bytes0x(onchainId, 32), bytes0x(owner, 20)];
      await runWrite(pool, recordContractSql, [ledgerId, chainId, ...values, openedBlock]);
      const [row] = await runQuery<ContractRow>(pool, contractSql, [ledgerId]);
      const kept = row === undefined ? undefined : decodeContract(row);
      if (
        kept?.chainId !== chainId ||
        kept.onchainId !== onchainId.toLowerCase() ||
        kept.contract !== contract.toLowerCase()
      ) {
        throw new LedgerError("chain-mismatch", "the ledger is anchored elsewhere already", {
          values: {
            ledgerId,
            recorded: kept?.contract,
            recordedChainId: kept?.chainId,
            given: contract,
            givenChainId: chainId,
          },
        });
      }
    },
    async raiseAlarm(ledgerId, code, message) {
      return (await runWrite(pool, raiseSql, [ledgerId, code, message])) === 1;
    },
    async clearAlarm(ledgerId, code) {
      await runWrite(pool, clearSql, [ledgerId, code]);
    },
    async halt(ledgerId, code, reason) {
      await runTransaction(pool, async (connection) => {
        await runWrite(connection, haltSql, [ledgerId, reason]);
        await runWrite(connection, raiseSql, [ledgerId, code, reason]);
      });
    },
    async noteWaiting(ledgerId, reason) {
      if (reason === null) await runWrite(pool, waitsNoMoreSql, [ledgerId]);
      else await runWrite(pool, noteWaitingSql, [ledgerId, reason]);
    },
  };
}
