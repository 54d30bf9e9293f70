import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseServerUser, type ServerUser } from "./choose-server-user.ts";
import { canPassTo, reachBinaries, sharedFolderFor } from "./reach-folder.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-reach-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test("a folder that is closed to others stops another user, not its owner", () => {
  chmodSync(dir, 0o700);
  const { getuid, getgid } = process;
  const owner = { name: "owner", uid: getuid?.() ?? 0, gid: getgid?.() ?? 0 };
  const other = { name: "other", uid: owner.uid + 4_000, gid: owner.gid + 4_000 };
  expect(canPassTo(join(dir, "data"), owner)).toBe(true);
  expect(canPassTo(join(dir, "data"), other)).toBe(false);
  chmodSync(dir, 0o711);
  expect(canPassTo(join(dir, "data"), other)).toBe(true);
});

describe.runIf(process.getuid?.() === 0)("as root", () => {
  const user = (): ServerUser => chooseServerUser() as ServerUser;

  test("a server never runs as root", () => {
    expect(user().uid).not.toBe(0);
    expect(() => chooseServerUser("root")).toThrow(expect.objectContaining({ code: "stack-failed" }));
    expect(() => chooseServerUser("no-such-user")).toThrow(expect.objectContaining({ code: "stack-failed" }));
  });

  test("what belongs to a private folder gets a place of its own, kept as long as that folder is there", () => {
    const gone = join(dir, "gone");
    mkdirSync(gone);
    const [one, other] = [sharedFolderFor(dir, user()), sharedFolderFor(gone, user())];
    expect(one).not.toBe(other);
    expect(canPassTo(join(one, "data"), user())).toBe(true);
    rmSync(gone, { recursive: true });
    const third = sharedFolderFor(dir, user());
    expect([one, other, third].map((each) => existsSync(each))).toEqual([true, false, true]);
    for (const each of [one, third]) rmSync(each, { recursive: true });
  });

  test("programs that the user cannot run are copied, once, with their links", () => {
    const binaries = join(dir, "native");
    mkdirSync(join(binaries, "bin"), { recursive: true });
    mkdirSync(join(binaries, "lib"));
    writeFileSync(join(binaries, "bin", "initdb"), "#!/bin/sh\nexit 0\n", { mode: 0o700 });
    writeFileSync(join(binaries, "lib", "libpq.so.5.18"), "code", { mode: 0o600 });
    symlinkSync("libpq.so.5.18", join(binaries, "lib", "libpq.so.5"));
    chmodSync(dir, 0o700);
    const version = `test-${process.pid}`;
    const copy = reachBinaries({ dir: binaries, version }, user());
    try {
      expect(copy).not.toBe(binaries);
      expect(readFileSync(join(copy, "lib", "libpq.so.5"), "utf8")).toBe("code");
      writeFileSync(join(copy, "kept"), "");
      expect(reachBinaries({ dir: binaries, version }, user())).toBe(copy);
      expect(existsSync(join(copy, "kept"))).toBe(true);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
    chmodSync(dir, 0o755);
    chmodSync(join(binaries, "bin", "initdb"), 0o755);
    expect(reachBinaries({ dir: binaries, version }, user())).toBe(binaries);
  });
});
