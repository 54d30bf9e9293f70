import type { Victim } from "./tamper.ts";

/** What is done to a copy. */
export type Spoil = (victim: Victim) => Promise<unknown>;

/** Statements, one after the other. */
export const run = (...statements: string[]): Spoil => {
  return async (victim) => {
    for (const sql of statements) await victim.sql(sql);
  };
};

export const sequence = (...steps: Spoil[]): Spoil => {
  return async (victim) => {
    for (const step of steps) await step(victim);
  };
};

/** Events past a position, and what was kept about them. */
export const cutEvents = (size: number): Spoil =>
  run(
    `delete from events where position > ${size}`,
    `delete from event_tags where position > ${size}`,
    `delete from commands where last_position > ${size}`,
  );
/** Tiles as they were when the log had this size. */
export const cutTiles = (size: number): Spoil =>
  run(
    `delete from log_tiles where level = -1 and tile * 256 >= ${size}`,
    `update log_tiles set hashes = substr(hashes, 1, ((${size} - tile * 256) * 32)::int) where level = -1 and (tile + 1) * 256 > ${size}`,
    `delete from log_tiles where level = 1 and ${size} < 256`,
  );
/** Tiles, checkpoints and watermarks. */
export const cutLog = (size: number): Spoil =>
  sequence(
    cutTiles(size),
    run(
      `delete from checkpoints where size > ${size}`,
      `update watermarks set sealed_size = ${size}, anchored_size = least(anchored_size, ${size}), final_size = least(final_size, ${size})`,
    ),
  );
/** Anchors, and what the watermarks say of them. */
export const cutAnchors = (size: number): Spoil =>
  run(
    `delete from anchors where size > ${size}`,
    "update watermarks set anchored_size = (select coalesce(max(size), 0) from anchors), final_size = (select coalesce(max(size), 0) from anchors)",
  );
