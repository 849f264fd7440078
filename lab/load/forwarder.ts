// Passes TCP connections between a port and a Unix socket, which is reached from every network namespace.
//
//   node lab/load/forwarder.ts --from tcp:8420 --to unix:/tmp/x.sock
import { connect, createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } });
const from = parseEnd(values.from ?? '');
const to = parseEnd(values.to ?? '');

const server = createServer({ allowHalfOpen: true }, (incoming) => {
  const outgoing = connect({ ...to, allowHalfOpen: true });
  join(incoming, outgoing);
  join(outgoing, incoming);
});
server.listen(from, () => console.log('forwarding'));

/** The end of one half ends the other, a failure both. */
function join(source: Socket, sink: Socket): void {
  source.on('error', () => sink.destroy());
  source.on('close', () => sink.destroySoon());
  source.pipe(sink);
}

function parseEnd(text: string): { path: string } | { host: string; port: number } {
  const [kind, rest = ''] = text.split(/:(.*)/s);
  if (kind === 'unix') return { path: rest };
  return { host: '127.0.0.1', port: Number(rest) };
}
