// What a series of pings sums up to.

export class PingFigures {
  #sent = 0;
  #answered = 0;
  #sumUs = 0;
  #sumSquares = 0;
  #minUs = Infinity;
  #maxUs = 0;
  #lastUs: number | undefined;
  #jitterSumUs = 0;

  /** undefined = lost. In the order of the attempts, since jitter is between neighbours. */
  add(rttUs: number | undefined): void {
    this.#sent += 1;
    if (rttUs === undefined) return;
    this.#answered += 1;
    this.#sumUs += rttUs;
    this.#sumSquares += rttUs * rttUs;
    this.#minUs = Math.min(this.#minUs, rttUs);
    this.#maxUs = Math.max(this.#maxUs, rttUs);
    if (this.#lastUs !== undefined) this.#jitterSumUs += Math.abs(rttUs - this.#lastUs);
    this.#lastUs = rttUs;
  }

  /** jitterUs: mean difference of neighbours among those answered. */
  summary(): Record<string, number> {
    const sent = this.#sent;
    const answered = this.#answered;
    const counts = {
      sent,
      answered,
      lost: sent - answered,
      lossPercent: sent === 0 ? 0 : (100 * (sent - answered)) / sent,
    };
    if (answered === 0) return counts;
    const meanUs = this.#sumUs / answered;
    return {
      ...counts,
      minUs: this.#minUs,
      meanUs: Math.round(meanUs),
      maxUs: this.#maxUs,
      deviationUs: Math.round(Math.sqrt(Math.max(0, this.#sumSquares / answered - meanUs * meanUs))),
      jitterUs: answered < 2 ? 0 : Math.round(this.#jitterSumUs / (answered - 1)),
    };
  }

  detail(): string {
    const { sent = 0, answered = 0, lossPercent = 0, meanUs } = this.summary();
    const mean = meanUs === undefined ? '' : `, ${(meanUs / 1_000).toFixed(1)} ms in the mean`;
    return `${answered} of ${sent} answered, ${Math.round(lossPercent * 10) / 10} % lost${mean}`;
  }
}
