// How the REST API names the orders of a connections table.

/** The parameter by which the REST API sorts as a column does; both directions together and places it cannot. */
const serverSorts: Readonly<Record<string, string>> = {
  host: 'hostId',
  process: 'process',
  pid: 'pid',
  local: 'localAddress',
  remote: 'remoteAddress',
  // Tables know no places; the addresses of a network lie beside each other.
  country: 'remoteAddress',
  network: 'remoteAddress',
  protocol: 'protocol',
  state: 'state',
  duration: '-startedAt',
  rtt: 'rttUs',
  rx: 'rxRate',
  tx: 'txRate',
  rate: 'rxRate',
};

/** `-rxRate`: which rows are to come first when not all are read. */
export function serverSort({ column, descending }: { column: string; descending: boolean }): string {
  const name = serverSorts[column]!;
  // Duration grows as the start lies further back.
  const turned = name.startsWith('-') !== descending;
  return (turned ? '-' : '') + name.replace(/^-/, '');
}
