// Replay events as lines, for a person or for a program.
import type { Endpoint, ReplayEvent } from './events.ts';

const heading = ['TIME', 'KIND', 'FROM', 'TO', 'WHAT'];
const widths = [27, 11, 26, 26];

export function jsonLine(event: ReplayEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** A table: its heading comes with the first event. */
export function textLines(): (event: ReplayEvent) => string {
  let isFirst = true;
  return (event) => {
    const line = `${row(columns(event))}\n`;
    const before = isFirst ? `${row(heading)}\n` : '';
    isFirst = false;
    return before + line;
  };
}

function columns(event: ReplayEvent): string[] {
  switch (event.kind) {
    case 'connection': {
      const { started, protocol, client, server, clientBytes, serverBytes, state, name } = event;
      const what = `${state}, ${clientBytes} B sent, ${serverBytes} B received${name === undefined ? '' : `, ${name}`}`;
      return [started, protocol, endpoint(client), endpoint(server), what];
    }
    case 'dns': {
      const { time, service, client, server, name, type, answered, rcode, addresses = [] } = event;
      const answer = answered ? `rcode ${rcode} ${addresses.join(' ')}` : 'no answer';
      return [time, service, endpoint(client), endpoint(server), `${name} type ${type}: ${answer}`];
    }
    case 'sni': {
      const { time, transport, client, server, name, alpn } = event;
      return [time, transport, endpoint(client), endpoint(server), `${name} ${alpn.join(' ')}`];
    }
    case 'scan': {
      const { first, scan, source, destinations, destinationCount, ports, portCount, packets } = event;
      const to = destinationCount === 1 ? destinations[0]! : `${destinationCount} hosts`;
      const what = `scan of ${portCount === 1 ? `port ${ports[0]}` : `${portCount} ports`} with ${packets} packets`;
      return [first, scan, source, to, what];
    }
    case 'error':
      return ['', 'error', '', '', event.message];
    default:
      return event satisfies never;
  }
}

function endpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function row(cells: string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd();
}
