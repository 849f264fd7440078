// Wald's sequential test, as Jung, Paxson, Berger and Balakrishnan use it on first contacts
// ("Fast Portscan Detection Using Sequential Hypothesis Testing", IEEE S&P 2004).

/** How often a first contact succeeds: of honest senders and of scanners. Both from the paper, section 4.2. */
const honestSuccess = 0.8;
const scannerSuccess = 0.2;
/** Of scanners, how many are found. The paper's. */
const detection = 0.99;

export const steps = {
  failure: Math.log((1 - scannerSuccess) / (1 - honestSuccess)),
  success: Math.log(scannerSuccess / honestSuccess),
} as const;

/** @param falseAlarms how many of the honest may be called scanners, 0 … 1. */
export const scannerFrom = (falseAlarms: number): number => Math.log(detection / falseAlarms);

/** Not below 0, where the test would call the sender honest and begin anew: what one did before does not hide a scan. */
export const walk = (sum: number, step: number): number => Math.max(0, sum + step);
