// Where an installed agent keeps what belongs to it.
import { join } from 'node:path';

export const account = 'foretop-agent';
export const unitName = 'foretop-agent.service';

/** Of a package: there the package manager owns the program. */
export const packagedProgram = '/usr/bin/foretop-agent';

export interface Places {
  program: string;
  library: string;
  nativeModule: string;
  unit: string;
  configuration: string;
  configFile: string;
  ceilingFile: string;
  certificates: string;
  data: string;
  tokenFile: string;
  enrolmentFile: string;
  statusFile: string;
}

/** `isPackaged`: the program came with a package and stays where that put it. */
export function placesOf(isPackaged: boolean): Places {
  const prefix = isPackaged ? '/usr' : '/usr/local';
  const library = join(prefix, 'lib', 'foretop-agent');
  const configuration = '/etc/foretop-agent';
  const data = '/var/lib/foretop-agent';
  return {
    program: join(prefix, 'bin', 'foretop-agent'),
    library,
    nativeModule: join(library, 'koffi.node'),
    unit: join('/etc/systemd/system', unitName),
    configuration,
    configFile: join(configuration, 'agent.json'),
    ceilingFile: join(configuration, 'ceiling.json'),
    certificates: join(configuration, 'ca.pem'),
    data,
    tokenFile: join(data, 'enrolment-token'),
    enrolmentFile: join(data, 'enrolment.json'),
    statusFile: join(data, 'status.json'),
  };
}
