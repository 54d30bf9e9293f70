/** From values to pixels, and the round values to mark on the way. */
export interface Scale {
  place(value: number): number;
  ticks: readonly number[];
  isLog: boolean;
}

export interface ScaleOptions {
  min: number;
  max: number;
  /** Pixels of the least and the greatest value. */
  from: number;
  to: number;
  isLog?: boolean;
}

/** A linear scale begins at 0, a logarithmic one at the power of ten (or 1, 2 or 5 times one) at or below `min`. */
export function makeScale({ min, max, from, to, isLog = false }: ScaleOptions): Scale {
  return isLog && min > 0 ? logScale(min, max, from, to) : linearScale(max, from, to);
}

function linearScale(max: number, from: number, to: number): Scale {
  const top = max > 0 ? max : 1;
  const step = roundUp(top / 5);
  const end = Math.ceil(top / step - 1e-9) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  return { place: (value) => from + (value / end) * (to - from), ticks, isLog: false };
}

function logScale(min: number, max: number, from: number, to: number): Scale {
  const [low, top] = [roundDown(min), roundUp(max)];
  const high = top > low ? top : low * 10;
  const span = Math.log(high / low);
  const decades = Math.log10(high / low);
  const factors = decades > 3 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1)
    for (const factor of factors) {
      const tick = Number(`${factor}e${power}`);
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  return { place: (value) => from + (Math.log(value / low) / span) * (to - from), ticks, isLog: true };
}

/** The least of 1, 2, 5, 10, 20 … that is not below a value. */
export function roundUp(value: number): number {
  const power = Math.floor(Math.log10(value));
  const candidates = [1, 2, 5, 10].map((factor) => Number(`${factor}e${power}`));
  return candidates.find((each) => each >= value * (1 - 1e-9)) ?? Number(`1e${power + 1}`);
}

function roundDown(value: number): number {
  const power = Math.floor(Math.log10(value));
  const candidates = [5, 2, 1].map((factor) => Number(`${factor}e${power}`));
  return candidates.find((each) => each <= value * (1 + 1e-9)) ?? Number(`1e${power}`);
}
