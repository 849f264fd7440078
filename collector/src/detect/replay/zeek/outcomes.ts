// States of connections as Zeek names them.
import type { Outcome } from '../../observation.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html#type-Conn::Info */
export const zeekOutcomes: Readonly<Record<string, Outcome>> = {
  S0: 'attempted',
  REJ: 'rejected',
  RSTOS0: 'attempted',
  SH: 'attempted',
  SF: 'established',
  S1: 'established',
  S2: 'established',
  S3: 'established',
  RSTO: 'reset',
  RSTR: 'reset',
  // An answer without its question: somebody else's, or backscatter.
  SHR: 'unknown',
  RSTRH: 'unknown',
  OTH: 'unknown',
};
