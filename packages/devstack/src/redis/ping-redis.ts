import { connect } from "node:net";

/** Whether a Redis server on the loopback address takes the password and answers; see the RESP protocol's inline form. */
export function pingRedis(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let answer = "";
    const finish = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once("error", () => finish(false));
    socket.once("close", () => finish(false));
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answer.includes("+PONG\r\n")) finish(true);
      else if (answer.startsWith("-")) finish(false);
    });
    socket.write(`AUTH ${password}\r\nPING\r\n`);
  });
}
