// Zeek's connection log as Filebeat ships it (Elastic Common Schema), under the names that Zeek gives the fields.
import type { Row } from '../fields.ts';

const names: Readonly<Record<string, string>> = {
  uid: 'zeek.session_id',
  'id.orig_h': 'source.ip',
  'id.orig_p': 'source.port',
  'id.resp_h': 'destination.ip',
  'id.resp_p': 'destination.port',
  proto: 'network.transport',
  conn_state: 'zeek.connection.state',
  history: 'zeek.connection.history',
  orig_pkts: 'source.packets',
  resp_pkts: 'destination.packets',
};
/** IPv4 and TCP: the bytes there count them. */
const headBytes = 40;

export function ecsRow(row: Row): Row {
  const payload = (side: 'source' | 'destination') => {
    const [bytes, packets] = [row(`${side}.bytes`), row(`${side}.packets`)];
    return bytes === undefined || packets === undefined
      ? bytes
      : String(Math.max(0, Number(bytes) - headBytes * Number(packets)));
  };
  return (name) => {
    if (name === 'ts') return row('ts') ?? row('@timestamp');
    if (name === 'orig_bytes') return payload('source');
    if (name === 'resp_bytes') return payload('destination');
    if (name === 'duration') return nanoseconds(row('event.duration'));
    return row(names[name] ?? name);
  };
}

const nanoseconds = (text: string | undefined) => (text === undefined ? undefined : String(Number(text) / 1e9));
