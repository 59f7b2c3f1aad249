// SPDX-License-Identifier: Apache-2.0
// A USB/IP client of a few lines (docs/wire.md): imports a device and keeps URBs going, so that
// there is something to see. Detached at the end of a test, unless it is to be kept. The kernel's
// client is in tests/system.
import { connect } from 'node:net';

const IMPORT_REPLY = 8 + 312, HEADER = 48;

const importRequest = busid => {
  const b = Buffer.alloc(40);
  b.writeUInt16BE(0x0111, 0);
  b.writeUInt16BE(0x8003, 2);
  b.write(busid, 8);
  return b;
};

const submit = (seqnum, devid, ep, length, setup) => {
  const b = Buffer.alloc(HEADER);
  [1, seqnum, devid, 1, ep, 0, length, 0, 0, 0].forEach((n, i) => b.writeUInt32BE(n, i * 4));
  setup?.copy(b, 40);
  return b;
};

// GET_DESCRIPTOR, device: every device answers.
const getDescriptor = Buffer.from([0x80, 6, 0, 1, 0, 0, 18, 0]);

// Takes `have` bytes off the front of what has come, when they are there.
const reader = socket => {
  let have = Buffer.alloc(0), wanted = null;
  const give = () => {
    if (!wanted || have.length < wanted.size) return;
    const { size, done } = wanted;
    wanted = null;
    const part = have.subarray(0, size);
    have = have.subarray(size);
    done(part);
  };
  socket.on('data', part => { have = Buffer.concat([have, part]); give(); });
  return size => new Promise(done => { wanted = { size, done }; give(); });
};

const clients = new Set();
export const detachAll = async () => {
  for (const c of clients) { c.detach(); await c.closed; }
  clients.clear();
};

// ep 0: descriptors; else bulk IN. `ended` is true once the server has closed the connection.
export const attach = async (server, busid, { ep = 0, length = 18, pause = 2, keep = false } = {}) => {
  const socket = connect(server.port, '127.0.0.1');
  const client = { ended: false, urbs: 0, detach: () => socket.destroy() };
  client.closed = new Promise(done => socket.on('close', () => { client.ended = true; done(); }));
  socket.on('error', () => {});
  if (!keep) clients.add(client);
  const read = reader(socket);
  socket.write(importRequest(busid));
  const reply = await Promise.race([read(IMPORT_REPLY), client.closed.then(() => { throw new Error('import refused'); })]);
  if (reply.readUInt32BE(4)) throw new Error(`import refused: ${reply.readUInt32BE(4)}`);
  const devid = reply.readUInt32BE(8 + 288) << 16 | reply.readUInt32BE(8 + 292);
  const move = async () => {
    for (let seqnum = 1; !client.ended; seqnum++) {
      socket.write(submit(seqnum, devid, ep, length, ep ? null : getDescriptor));
      const actual = (await read(HEADER)).readUInt32BE(24);
      if (actual) await read(actual);
      client.urbs++;
      if (pause) await new Promise(done => setTimeout(done, pause));
    }
  };
  move();
  return client;
};
